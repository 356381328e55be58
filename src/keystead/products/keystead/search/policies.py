"""Policies of both types, and every grant of one.  Judged as `ram:ListPolicies` and `ram:ListEntitiesForPolicy`."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.policy import SYSTEM_POLICIES
from keystead.products.faults import GROUP_NOT_FOUND, POLICY_NOT_FOUND, ROLE_NOT_FOUND, USER_NOT_FOUND
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import SearchInput, SearchOutput, by
from keystead.store import groups, policies, roles, users
from keystead.store.search import policies as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Text, missing

PolicyType = Annotated[str, Choice(("System", "Custom"))]
PrincipalName = Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="with PrincipalType: its grants alone")]
_KINDS = {
    "User": ("user", users.get, USER_NOT_FOUND),
    "Group": ("group", groups.get, GROUP_NOT_FOUND),
    "Role": ("role", roles.get, ROLE_NOT_FOUND),
}
_WORDS = {kind: word for word, (kind, _, _) in _KINDS.items()}


class SearchPoliciesInput(SearchInput, frozen=True):
    policy_type: PolicyType | None = None
    sort: Annotated[str, by("PolicyName", "UpdateDate")] = "PolicyName"


class FoundPolicy(Output, frozen=True):
    """A policy.  policy_id: empty for a system policy, which is known by its name."""

    policy_id: str
    policy_name: str
    policy_type: str
    description: str
    default_version: str
    attachment_count: int
    create_date: str
    update_date: str


class FoundPolicyList(Output, frozen=True):
    policy: list[FoundPolicy]


class SearchPoliciesOutput(SearchOutput, frozen=True, kw_only=True):
    policies: FoundPolicyList


class SearchGrantsInput(SearchInput, frozen=True):
    principal_type: Annotated[str, Choice(tuple(_KINDS))] | None = None
    principal_name: PrincipalName | None = None
    policy_type: PolicyType | None = None
    policy_name: Annotated[str, Text(1, 128, r"[A-Za-z0-9-]+", doc="with PolicyType: its grants alone")] | None = None
    sort: Annotated[str, by(*store.GRANT_ORDERS)] = "-AttachDate"


class Grant(Output, frozen=True):
    """A policy that somebody was given.  scope: Account, or the ID of a resource group.  attached_by: an ARN."""

    principal_type: str
    principal_id: str
    principal_name: str
    policy_type: str
    policy_name: str
    scope: str
    attach_date: str
    attached_by: str | UnsetType = UNSET


class GrantList(Output, frozen=True):
    grant: list[Grant]


class SearchGrantsOutput(SearchOutput, frozen=True, kw_only=True):
    grants: GrantList


@KEYSTEAD.action("SearchPolicies", permission="ram:ListPolicies", resource="acs:ram:*:{account}:policy/*")
def search_policies(tx: Tx, _caller: Caller, wanted: SearchPoliciesInput) -> SearchPoliciesOutput:
    """Find custom and system policies by name or description, with how often each is attached."""
    found: list[tuple[str, str, str]] = []  # what they are sorted by, type, ID or name
    by_name = wanted.sort.endswith("PolicyName")
    if wanted.policy_type != "System":
        found += [
            (row.name.lower() if by_name else iso(row.updated_at), "Custom", row.id)
            for row in store.custom(tx, wanted.query)
        ]
    if wanted.policy_type != "Custom":
        found += [
            (name.lower() if by_name else each.update_date, "System", name)
            for name, each in SYSTEM_POLICIES.items()
            if wanted.query.lower() in name.lower() or wanted.query.lower() in each.description.lower()
        ]
    cut = wanted.cut(wanted.sort)
    found.sort(reverse=cut.descending)
    page = [(kind, key) for _, kind, key in found[cut.skip : cut.skip + cut.most]]
    return SearchPoliciesOutput(
        total_count=len(found),
        page=wanted.page,
        page_size=wanted.page_size,
        policies=FoundPolicyList(policy=_policies(tx, page)),
    )


def _policies(tx: Tx, page: list[tuple[str, str]]) -> list[FoundPolicy]:
    custom = [key for kind, key in page if kind == "Custom"]
    rows = store.custom_rows(tx, custom)
    attached = {
        kind: store.attachments_of(tx, kind, [key for word, key in page if word == kind])
        for kind in ("Custom", "System")
    }
    shown = []
    for kind, key in page:
        count = attached[kind].get(key, 0)
        if kind == "System":
            system = SYSTEM_POLICIES[key]
            shown.append(
                FoundPolicy(
                    policy_id="",
                    policy_name=system.name,
                    policy_type=kind,
                    description=system.description,
                    default_version=system.version,
                    attachment_count=count,
                    create_date=system.create_date,
                    update_date=system.update_date,
                )
            )
        elif key in rows:
            shown.append(_custom(rows[key], count))
    return shown


def _custom(row: sa.Row[Any], count: int) -> FoundPolicy:
    return FoundPolicy(
        policy_id=row.id,
        policy_name=row.name,
        policy_type="Custom",
        description=row.description,
        default_version=f"v{row.default_version}",
        attachment_count=count,
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
    )


@KEYSTEAD.action(
    "SearchGrants",
    permission="ram:ListEntitiesForPolicy",
    resource=["acs:ram:*:{account}:policy/*", "acs:ram:*:system:policy/*"],
    faults=(USER_NOT_FOUND, GROUP_NOT_FOUND, ROLE_NOT_FOUND, POLICY_NOT_FOUND),
)
def search_grants(tx: Tx, _caller: Caller, wanted: SearchGrantsInput) -> SearchGrantsOutput:
    """Find which policy is attached to which user, group or role."""
    rows, total = store.grants(tx, _wanted(tx, wanted), wanted.cut(wanted.sort))
    names = store.principals(tx, rows)
    custom = store.custom_rows(tx, [row.policy_id for row in rows if row.policy_type == "Custom"])
    return SearchGrantsOutput(
        total_count=total,
        page=wanted.page,
        page_size=wanted.page_size,
        grants=GrantList(
            grant=[
                Grant(
                    principal_type=_WORDS[row.entity_kind],
                    principal_id=row.entity_id,
                    principal_name=names.get(row.entity_id, ""),
                    policy_type=row.policy_type,
                    policy_name=custom[row.policy_id].name if row.policy_type == "Custom" else row.policy_id,
                    scope=row.resource_group_id or "Account",
                    attach_date=iso(row.attached_at),
                    attached_by=row.attached_by or UNSET,
                )
                for row in rows
            ]
        ),
    )


def _wanted(tx: Tx, wanted: SearchGrantsInput) -> store.Wanted:
    principal_id = policy_id = kind = ""
    if wanted.principal_type:
        kind, get, absent = _KINDS[wanted.principal_type]
        if wanted.principal_name:
            found = get(tx, wanted.principal_name)
            if found is None:
                raise absent(name=wanted.principal_name)
            principal_id = found.id
    elif wanted.principal_name:
        raise missing("PrincipalType")
    if wanted.policy_name:
        if wanted.policy_type is None:
            raise missing("PolicyType")
        policy_id = _policy_id(tx, wanted.policy_type, wanted.policy_name)
    return store.Wanted(
        query=wanted.query,
        kind=kind,
        principal_id=principal_id,
        policy_type=wanted.policy_type or "",
        policy_id=policy_id,
    )


def _policy_id(tx: Tx, policy_type: str, name: str) -> str:
    """What attachments call a policy.  Raises `EntityNotExist.Policy`."""
    if policy_type == "Custom":
        row = policies.get(tx, name)
        found = None if row is None else str(row.id)
    else:
        found = next((each for each in SYSTEM_POLICIES if each.lower() == name.lower()), None)
    if found is None:
        raise POLICY_NOT_FOUND(name=name)
    return found
