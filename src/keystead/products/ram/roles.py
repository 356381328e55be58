"""RAM roles.  Source: reference/ram-behaviour.md 5.9; service-linked roles are made in `service_linked_roles`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead import arn, ids
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.policy import DocumentKind, PolicyError, principal_kinds
from keystead.products import documents, pages
from keystead.products.action import Context
from keystead.products.documents import MALFORMED
from keystead.products.faults import ROLE_NOT_FOUND, exists, in_use, too_many
from keystead.products.people import tagging
from keystead.products.people.tagging import TAG_TWICE, TagFilters, TagList, Tags
from keystead.products.ram.product import RAM, Description, Marker, MaxItems, RoleName
from keystead.store import accounts, roles, service_linked_roles, tags
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text, Whole

ROLE_EXISTS = exists("Role", "role")
TOO_MANY_ROLES = too_many("Role", "roles")
HAS_POLICIES = in_use("Role.Policy", "role", "policies attached", "Detach its policies first.")
SERVICE_LINKED = FaultKind(
    "NotSupport.ServiceLinkedRole",
    400,
    "The role {name} is linked to the service {service}, which alone decides what it is.",
    "Leave the role as it is, or delete it with DeleteServiceLinkedRole.",
)
TRUST_TOO_LONG = documents.too_long("AssumeRolePolicyDocument")
NEW_TRUST_TOO_LONG = documents.too_long("NewAssumeRolePolicyDocument")

ROLE = "acs:ram:*:{account}:role/{role_name}"
ROLES = "acs:ram:*:{account}:role/*"

TrustPolicy = Annotated[str, Text(doc="a trust policy")]
SessionDuration = Annotated[int, Whole(3600, 43200, doc="seconds")]


class RoleShape(Output, frozen=True):
    """What every answer says of a role."""

    role_id: str
    role_name: str
    arn: str
    description: str
    max_session_duration: int
    allow_console_login: bool
    create_date: str


class Role(RoleShape, frozen=True, kw_only=True):
    """A role as CreateRole and UpdateRole answer it."""

    assume_role_policy_document: str
    update_date: str | UnsetType = UNSET


class LatestDeletionTask(Output, frozen=True):
    """The latest task that deleted a service-linked role of that name."""

    deletion_task_id: str
    create_date: str


class WholeRole(Role, frozen=True, kw_only=True):
    """A role as GetRole answers it."""

    is_service_linked_role: bool
    role_principal_name: str
    latest_deletion_task: LatestDeletionTask | UnsetType = UNSET


class ListedRole(RoleShape, frozen=True, kw_only=True):
    """A role as ListRoles shows it."""

    update_date: str
    tags: TagList


class RoleAnswer(Output, frozen=True):
    role: Role


class WholeRoleAnswer(Output, frozen=True):
    role: WholeRole


class RoleList(Output, frozen=True):
    role: list[ListedRole]


class RolesPage(Output, frozen=True):
    roles: RoleList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class CreateRoleInput(Input, frozen=True):
    role_name: RoleName
    assume_role_policy_document: TrustPolicy
    description: Description | None = None
    max_session_duration: SessionDuration = 3600
    allow_console_login: bool = True
    tag: Tags = ()


class RoleNameInput(Input, frozen=True):
    role_name: RoleName


class UpdateRoleInput(Input, frozen=True):
    role_name: RoleName
    new_assume_role_policy_document: TrustPolicy | None = None
    new_description: Description | None = None
    new_max_session_duration: SessionDuration | None = None
    new_allow_console_login: bool | None = None


class ListRolesInput(Input, frozen=True):
    marker: Marker | None = None
    max_items: MaxItems = 100
    tag: TagFilters = ()


def _shape(row: sa.Row[Any]) -> dict[str, Any]:
    """What every answer says of a role, by field."""
    return {
        "role_id": row.id,
        "role_name": row.name,
        "arn": arn.ram(row.account_id, f"role/{row.name}"),
        "description": row.description,
        "max_session_duration": row.max_session_duration,
        "allow_console_login": row.allow_console_login,
        "create_date": iso(row.created_at),
    }


def show(row: sa.Row[Any], *, updated: bool = True) -> Role:
    """A row of the roles table with its trust policy."""
    return Role(
        **_shape(row),
        assume_role_policy_document=row.trust_policy,
        update_date=iso(row.updated_at) if updated else UNSET,
    )


def show_listed(row: sa.Row[Any], pairs: Iterable[tuple[str, str]]) -> ListedRole:
    """A row of the roles table as lists show it, without its trust policy."""
    return ListedRole(**_shape(row), update_date=iso(row.updated_at), tags=tagging.show(pairs))


def find(tx: Tx, name: str) -> sa.Row[Any]:
    """The role of that name.  Raises `EntityNotExist.Role`."""
    row = roles.get(tx, name)
    if row is None:
        raise ROLE_NOT_FOUND(name=name)
    return row


def refuse_service_linked(tx: Tx, row: sa.Row[Any]) -> None:
    """Raise `NotSupport.ServiceLinkedRole` for a role that belongs to a service."""
    service = service_linked_roles.service_of(tx, row.id)
    if service is not None:
        raise SERVICE_LINKED(name=row.name, service=service)


def new_role_facts(wanted: CreateRoleInput) -> Context:
    """Whom the new role will trust, and its tags, for policies that limit CreateRole."""
    try:
        trusted = principal_kinds(wanted.assume_role_policy_document)
    except PolicyError:
        # INVARIANT: `validate` refuses whatever cannot be read here, so no role comes of it, whoever may create one.
        return tagging.facts(wanted.tag)
    return {
        "ram:TrustedPrincipalTypes": trusted.kinds,
        "ram:ServiceNames": trusted.services,
        **tagging.facts(wanted.tag),
    }


@RAM.action(
    "CreateRole",
    resource=(ROLE, ROLES),
    writes=True,
    context=new_role_facts,
    faults=(ROLE_EXISTS, TOO_MANY_ROLES, MALFORMED, TRUST_TOO_LONG, TAG_TWICE),
)
def create_role(tx: Tx, _caller: Caller, wanted: CreateRoleInput) -> RoleAnswer:
    """Create a role that the principals of its trust policy may take on."""
    given = tagging.given(wanted.tag)
    _check_trust(tx, wanted.assume_role_policy_document, TRUST_TOO_LONG)
    if roles.get(tx, wanted.role_name) is not None:
        raise ROLE_EXISTS(name=wanted.role_name)
    if roles.count(tx, tx.quotas.roles) >= tx.quotas.roles:
        raise TOO_MANY_ROLES(limit=tx.quotas.roles)
    role_id = ids.role_id()
    values: dict[str, object] = {
        "description": wanted.description or "",
        "trust_policy": wanted.assume_role_policy_document,
        "max_session_duration": wanted.max_session_duration,
        "allow_console_login": wanted.allow_console_login,
    }
    roles.insert(tx, role_id, wanted.role_name, values)
    tags.put(tx, "role", role_id, given)
    return RoleAnswer(role=show(find(tx, wanted.role_name), updated=False))


@RAM.action("GetRole", resource=ROLE, faults=(ROLE_NOT_FOUND,))
def get_role(tx: Tx, _caller: Caller, wanted: RoleNameInput) -> WholeRoleAnswer:
    """Show a role with its trust policy."""
    row = find(tx, wanted.role_name)
    deletion = service_linked_roles.latest_deletion(tx, row.name)
    role = WholeRole(
        **_shape(row),
        assume_role_policy_document=row.trust_policy,
        update_date=iso(row.updated_at),
        role_principal_name=f"{row.name}@role.{accounts.alias(tx)}.onaliyunservice.com",
        is_service_linked_role=service_linked_roles.service_of(tx, row.id) is not None,
        latest_deletion_task=LatestDeletionTask(deletion_task_id=deletion.id, create_date=iso(deletion.created_at))
        if deletion is not None
        else UNSET,
    )
    return WholeRoleAnswer(role=role)


@RAM.action(
    "UpdateRole",
    resource=ROLE,
    writes=True,
    faults=(ROLE_NOT_FOUND, MALFORMED, NEW_TRUST_TOO_LONG, SERVICE_LINKED),
)
def update_role(tx: Tx, _caller: Caller, wanted: UpdateRoleInput) -> RoleAnswer:
    """Change a role's trust policy or settings; what is left out stays, an empty description is cleared."""
    if wanted.new_assume_role_policy_document is not None:
        _check_trust(tx, wanted.new_assume_role_policy_document, NEW_TRUST_TOO_LONG)
    row = find(tx, wanted.role_name)
    refuse_service_linked(tx, row)
    values: dict[str, object] = {
        column: value
        for column, value in (
            ("trust_policy", wanted.new_assume_role_policy_document),
            ("description", wanted.new_description),
            ("max_session_duration", wanted.new_max_session_duration),
            ("allow_console_login", wanted.new_allow_console_login),
        )
        if value is not None
    }
    roles.update(tx, row.id, values)
    return RoleAnswer(role=show(find(tx, row.name)))


@RAM.action("ListRoles", resource=ROLES)
def list_roles(tx: Tx, _caller: Caller, wanted: ListRolesInput) -> RolesPage:
    """List the account's roles, a page at a time."""
    found = roles.page(tx, pages.after(wanted.marker), wanted.max_items + 1, tagging.wanted_pairs(wanted.tag))
    rows, marker = pages.cut(found, wanted.max_items, "name_key")
    pairs = tags.of(tx, [row.id for row in rows])
    return RolesPage(
        roles=RoleList(role=[show_listed(row, pairs.get(row.id, ())) for row in rows]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@RAM.action("DeleteRole", resource=ROLE, writes=True, faults=(ROLE_NOT_FOUND, HAS_POLICIES, SERVICE_LINKED))
def delete_role(tx: Tx, _caller: Caller, wanted: RoleNameInput) -> Done:
    """Delete a role that has no policies any more; its sessions end at once."""
    row = find(tx, wanted.role_name)
    refuse_service_linked(tx, row)
    count = roles.policies(tx, row.id)
    if count:
        raise HAS_POLICIES(name=row.name, count=count)
    roles.delete(tx, row.id)
    return Done()


def _check_trust(tx: Tx, text: str, too_long: FaultKind) -> None:
    limit = tx.quotas.trust_policy_size
    if len(text) > limit:
        raise too_long(length=len(text), unit="characters", limit=limit)
    documents.check(tx, text, DocumentKind.TRUST)
