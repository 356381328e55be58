"""Users and roles by what they may do and did not do in the 90 days that are known.  Source: reference/console.md 5."""

from __future__ import annotations

from typing import Annotated

from keystead.identity.callers import Caller
from keystead.identity.records import held
from keystead.identity.transaction import Tx
from keystead.policy import Layer
from keystead.products import permissions
from keystead.products.keystead.denials import EVENTS
from keystead.products.keystead.identity_access import allowing
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import SearchInput, SearchOutput
from keystead.store import action_uses
from keystead.store.search import holders, roles, users
from keystead.store.search.paging import Slice
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice


class SearchUnusedPermissionsInput(SearchInput, frozen=True):
    principal_type: Annotated[str, Choice(("User", "Role"))] = "User"


class ServiceList(Output, frozen=True):
    service: list[str]


class IdentityPermissions(Output, frozen=True):
    """An identity.  allowed_count, used_count: actions that are allowed somewhere, and those of them that were used.

    unused_services: those that something is allowed of, and of which nothing was used.
    """

    principal_type: str
    principal_name: str
    principal_id: str
    allowed_count: int
    used_count: int
    unused_services: ServiceList


class IdentityPermissionsList(Output, frozen=True):
    identity: list[IdentityPermissions]


class SearchUnusedPermissionsOutput(SearchOutput, frozen=True, kw_only=True):
    identities: IdentityPermissionsList


@KEYSTEAD.action("SearchUnusedPermissions", permission="keystead:LookupEvents", resource=EVENTS)
def search_unused_permissions(
    tx: Tx, _caller: Caller, wanted: SearchUnusedPermissionsInput
) -> SearchUnusedPermissionsOutput:
    """Find users or roles by name, with how much of what they may do they did not do in 90 days.

    Who asks must also be allowed ram:ListPoliciesForUser or ram:ListPoliciesForRole on all of them.
    """
    kind = wanted.principal_type
    tx.rights.must(f"ram:ListPoliciesFor{kind}", f"acs:ram:*:{tx.account_id}:{kind.lower()}/*")
    cut = Slice(f"{kind}Name", False, (wanted.page - 1) * wanted.page_size, wanted.page_size)
    if kind == "User":
        found = users.search(tx, users.Wanted(query=wanted.query), cut)
        named = {row.id: str(row.name) for row in (users.rows(tx, found.ids) if found.ids else ())}
    else:
        found = roles.search(tx, wanted.query, cut)
        named = {row.id: str(row.name) for row in (roles.rows(tx, found.ids) if found.ids else ())}
    joined = holders.groups_of(tx, list(named)) if kind == "User" else {}
    layers = held(tx, {each: [each, *(group for group, _ in joined.get(each, ()))] for each in named})
    used = action_uses.actions_of(tx, list(named))
    known: dict[Layer, frozenset[str]] = {}
    shown = []
    for entity, name in named.items():
        layer = layers[entity].layer
        if layer not in known:
            known[layer] = frozenset(each.name for each in permissions.known() if allowing(layer, each.name))
        shown.append(_shown(kind, entity, name, known[layer], used.get(entity, frozenset())))
    return SearchUnusedPermissionsOutput(
        total_count=found.total,
        page=wanted.page,
        page_size=wanted.page_size,
        identities=IdentityPermissionsList(identity=shown),
    )


def _shown(kind: str, entity: str, name: str, allowed: frozenset[str], used: frozenset[str]) -> IdentityPermissions:
    services = {each.partition(":")[0] for each in allowed} - {each.partition(":")[0] for each in used}
    return IdentityPermissions(
        principal_type=kind,
        principal_name=name,
        principal_id=entity,
        allowed_count=len(allowed),
        used_count=len(allowed & used),
        unused_services=ServiceList(service=sorted(services)),
    )
