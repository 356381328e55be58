"""Roles with whom they trust and their policies counted.  Judged as `ram:ListRoles`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead import arn
from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import SearchInput, SearchOutput, TagList, by, shown_tags
from keystead.store import action_uses, tags
from keystead.store.action_uses import KEPT_DAYS
from keystead.store.search import roles as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Whole

_KINDS = {"RAM": "account", "Service": "service", "Federated": "identity provider"}


class SearchRolesInput(SearchInput, frozen=True):
    """unused_days: made before, and no session of it did anything since."""

    unused_days: Annotated[int, Whole(1, KEPT_DAYS, doc="not used for so many days")] | None = None
    sort: Annotated[str, by(*store.ORDERS)] = "RoleName"


class Trusted(Output, frozen=True):
    """Whom a role trusts.  type: account, service or identity provider."""

    type: str
    principal: str


class TrustedList(Output, frozen=True):
    trusted: list[Trusted]


class FoundRole(Output, frozen=True):
    """A role.  max_session_duration: seconds.  last_used_date: when a session of it last did what a policy allows, in
    the last 90 days.  sessions_revoked_until: of sessions given out until then none counts.
    """

    role_id: str
    role_name: str
    arn: str
    description: str
    trusted_by: TrustedList
    max_session_duration: int
    policy_count: int
    is_service_linked: bool
    tags: TagList
    create_date: str
    last_used_date: str | UnsetType = UNSET
    sessions_revoked_until: str | UnsetType = UNSET


class FoundRoleList(Output, frozen=True):
    role: list[FoundRole]


class SearchRolesOutput(SearchOutput, frozen=True, kw_only=True):
    roles: FoundRoleList


@KEYSTEAD.action("SearchRoles", permission="ram:ListRoles", resource="acs:ram:*:{account}:role/*")
def search_roles(tx: Tx, _caller: Caller, wanted: SearchRolesInput) -> SearchRolesOutput:
    """Find roles by name or description, with whom they trust and their policies counted."""
    found = store.search(tx, wanted.query, wanted.cut(wanted.sort), wanted.unused_days)
    rows = store.rows(tx, found.ids) if found.ids else []
    tagged, used = tags.of(tx, found.ids), action_uses.last_of(tx, found.ids)
    return SearchRolesOutput(
        total_count=found.total,
        page=wanted.page,
        page_size=wanted.page_size,
        roles=FoundRoleList(role=[_role(row, tagged.get(row.id, []), used.get(row.id)) for row in rows]),
    )


def _role(row: sa.Row[Any], pairs: list[tuple[str, str]], used_at: int | None) -> FoundRole:
    return FoundRole(
        role_id=row.id,
        role_name=row.name,
        arn=arn.ram(row.account_id, f"role/{row.name}"),
        description=row.description,
        trusted_by=TrustedList(trusted=_trusted(row.trust_policy)),
        max_session_duration=row.max_session_duration,
        policy_count=row.policies,
        is_service_linked=bool(row.service_linked),
        tags=shown_tags(pairs),
        create_date=iso(row.created_at),
        last_used_date=UNSET if used_at is None else iso(used_at / 1000),
        sessions_revoked_until=iso(row.sessions_until) if row.sessions_until else UNSET,
    )


def _trusted(document: str) -> list[Trusted]:
    """Whom the Allow statements of a trust policy name, each once.  The document was checked when it was stored."""
    found: dict[tuple[str, str], None] = {}
    statements = json.loads(document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {}) if statement.get("Effect") == "Allow" else {}
        for kind, named in principal.items() if isinstance(principal, dict) else ():
            for each in named if isinstance(named, list) else [named]:
                found[_KINDS.get(str(kind), str(kind)), str(each)] = None
    return [Trusted(type=kind, principal=each) for kind, each in found]
