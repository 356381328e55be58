"""Policies on users, groups and roles.  Source: reference/ram-behaviour.md 5.8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa

from keystead import arn
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.policy import SYSTEM_POLICIES
from keystead.products.faults import GROUP_NOT_FOUND, POLICY_NOT_FOUND, ROLE_NOT_FOUND, USER_NOT_FOUND, too_many
from keystead.products.people.groups import find as find_group
from keystead.products.people.principals import named
from keystead.products.ram import policies, roles
from keystead.products.ram.groups import GROUP, GroupNameInput
from keystead.products.ram.policies import ANY_POLICY, PolicyInput
from keystead.products.ram.product import RAM, GroupName, PolicyName, PolicyType, RoleName, UserName
from keystead.products.ram.roles import ROLE, RoleNameInput
from keystead.products.ram.users import USER, UserNameInput
from keystead.store import attachments
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

ResourceGroupId = Annotated[
    str, Text(1, 64, r"[A-Za-z0-9-]+", doc="a resource group; the policy then speaks for what is in it only")
]


@dataclass(frozen=True, slots=True)
class Holder:
    """A kind of thing that policies are attached to: its faults, and its place in the quotas."""

    kind: str
    absent: FaultKind
    attached: FaultKind
    not_attached: FaultKind
    full: FaultKind
    place: int

    @property
    def attach_faults(self) -> tuple[FaultKind, ...]:
        """What attaching may answer."""
        return (self.absent, POLICY_NOT_FOUND, self.attached, self.full)

    @property
    def detach_faults(self) -> tuple[FaultKind, ...]:
        """What detaching may answer."""
        return (self.absent, POLICY_NOT_FOUND, self.not_attached)


def _holder(word: str, place: int, absent: FaultKind) -> Holder:
    kind = word.lower()
    return Holder(
        kind=kind,
        absent=absent,
        attached=FaultKind(
            f"EntityAlreadyExists.{word}.Policy",
            409,
            f"The {{type}} policy {{policy}} is already attached to the {kind} {{name}}.",
            "Nothing is left to do: the policy is in effect.",
        ),
        not_attached=FaultKind(
            f"EntityNotExist.{word}.Policy",
            404,
            f"The {{type}} policy {{policy}} is not attached to the {kind} {{name}}.",
            f"Check both names and ResourceGroupId; ListPoliciesFor{word} shows what is attached.",
        ),
        full=too_many(f"{word}.Policy", f"{{type}} policies attached to a {kind}"),
        place=place,
    )


ON_USER = _holder("User", 0, USER_NOT_FOUND)
ON_GROUP = _holder("Group", 1, GROUP_NOT_FOUND)
ON_ROLE = _holder("Role", 2, ROLE_NOT_FOUND)


class AttachedPolicy(Output, frozen=True):
    """A policy as it is listed for whom it is attached to."""

    policy_name: str
    policy_type: str
    description: str
    default_version: str
    attach_date: str


class AttachedPolicyList(Output, frozen=True):
    policy: list[AttachedPolicy]


class AttachedPolicies(Output, frozen=True):
    policies: AttachedPolicyList


class UserHolding(Output, frozen=True):
    """A user that a policy is attached to."""

    user_id: str
    user_name: str
    display_name: str
    attach_date: str


class GroupHolding(Output, frozen=True):
    """A group that a policy is attached to."""

    group_name: str
    comments: str
    attach_date: str


class RoleHolding(Output, frozen=True):
    """A role that a policy is attached to."""

    role_id: str
    role_name: str
    arn: str
    description: str
    attach_date: str


class UserHoldingList(Output, frozen=True):
    user: list[UserHolding]


class GroupHoldingList(Output, frozen=True):
    group: list[GroupHolding]


class RoleHoldingList(Output, frozen=True):
    role: list[RoleHolding]


class Entities(Output, frozen=True):
    users: UserHoldingList
    groups: GroupHoldingList
    roles: RoleHoldingList


class AttachmentInput(Input, frozen=True):
    policy_type: PolicyType
    policy_name: PolicyName
    resource_group_id: ResourceGroupId | None = None


class UserAttachmentInput(AttachmentInput, frozen=True, kw_only=True):
    user_name: UserName


class GroupAttachmentInput(AttachmentInput, frozen=True, kw_only=True):
    group_name: GroupName


class RoleAttachmentInput(AttachmentInput, frozen=True, kw_only=True):
    role_name: RoleName


def _attach(tx: Tx, holder: Holder, entity: sa.Row[Any], wanted: AttachmentInput) -> Done:
    policy = policies.find(tx, wanted.policy_type, wanted.policy_name)
    scope = wanted.resource_group_id or ""
    if attachments.exists(tx, entity.id, policy.type, policy.id, scope):
        raise holder.attached(type=policy.type.lower(), policy=policy.name, name=entity.name)
    quotas = tx.quotas.attached_system if policy.type == "System" else tx.quotas.attached_custom
    limit = quotas[holder.place]
    if attachments.count(tx, entity.id, policy.type) >= limit:
        raise holder.full(type=policy.type.lower(), limit=limit)
    attachments.insert(tx, holder.kind, entity.id, policy.type, policy.id, scope)
    return Done()


def _detach(tx: Tx, holder: Holder, entity: sa.Row[Any], wanted: AttachmentInput) -> Done:
    policy = policies.find(tx, wanted.policy_type, wanted.policy_name)
    scope = wanted.resource_group_id or ""
    if not attachments.delete(tx, holder.kind, entity.id, policy.type, policy.id, scope):
        raise holder.not_attached(type=policy.type.lower(), policy=policy.name, name=entity.name)
    return Done()


def _attached(tx: Tx, entity: sa.Row[Any]) -> AttachedPolicies:
    found = []
    for row in attachments.of_entity(tx, entity.id):
        if row.policy_type == "Custom":
            name, description, version = row.name, row.description, f"v{row.default_version}"
        elif (system := SYSTEM_POLICIES.get(row.policy_id)) is not None:
            name, description, version = system.name, system.description, system.version
        else:
            continue  # a policy that this version no longer ships grants nothing
        found.append(
            AttachedPolicy(
                policy_name=name,
                policy_type=row.policy_type,
                description=description,
                default_version=version,
                attach_date=iso(row.attached_at),
            )
        )
    return AttachedPolicies(policies=AttachedPolicyList(policy=found))


@RAM.action("AttachPolicyToUser", resource=[USER, ANY_POLICY], writes=True, faults=ON_USER.attach_faults)
def attach_policy_to_user(tx: Tx, _caller: Caller, wanted: UserAttachmentInput) -> Done:
    """Attach a policy to a user."""
    return _attach(tx, ON_USER, named(tx, wanted.user_name), wanted)


@RAM.action("AttachPolicyToGroup", resource=[GROUP, ANY_POLICY], writes=True, faults=ON_GROUP.attach_faults)
def attach_policy_to_group(tx: Tx, _caller: Caller, wanted: GroupAttachmentInput) -> Done:
    """Attach a policy to a group; it then speaks for every user in it."""
    return _attach(tx, ON_GROUP, find_group(tx, wanted.group_name), wanted)


@RAM.action(
    "AttachPolicyToRole",
    resource=[ROLE, ANY_POLICY],
    writes=True,
    faults=(*ON_ROLE.attach_faults, roles.SERVICE_LINKED),
)
def attach_policy_to_role(tx: Tx, _caller: Caller, wanted: RoleAttachmentInput) -> Done:
    """Attach a policy to a role; it then speaks for every session of it."""
    row = roles.find(tx, wanted.role_name)
    roles.refuse_service_linked(tx, row)
    return _attach(tx, ON_ROLE, row, wanted)


@RAM.action("DetachPolicyFromUser", resource=[USER, ANY_POLICY], writes=True, faults=ON_USER.detach_faults)
def detach_policy_from_user(tx: Tx, _caller: Caller, wanted: UserAttachmentInput) -> Done:
    """Detach a policy from a user."""
    return _detach(tx, ON_USER, named(tx, wanted.user_name), wanted)


@RAM.action("DetachPolicyFromGroup", resource=[GROUP, ANY_POLICY], writes=True, faults=ON_GROUP.detach_faults)
def detach_policy_from_group(tx: Tx, _caller: Caller, wanted: GroupAttachmentInput) -> Done:
    """Detach a policy from a group."""
    return _detach(tx, ON_GROUP, find_group(tx, wanted.group_name), wanted)


@RAM.action(
    "DetachPolicyFromRole",
    resource=[ROLE, ANY_POLICY],
    writes=True,
    faults=(*ON_ROLE.detach_faults, roles.SERVICE_LINKED),
)
def detach_policy_from_role(tx: Tx, _caller: Caller, wanted: RoleAttachmentInput) -> Done:
    """Detach a policy from a role."""
    row = roles.find(tx, wanted.role_name)
    roles.refuse_service_linked(tx, row)
    return _detach(tx, ON_ROLE, row, wanted)


@RAM.action("ListPoliciesForUser", resource=USER, faults=(USER_NOT_FOUND,))
def list_policies_for_user(tx: Tx, _caller: Caller, wanted: UserNameInput) -> AttachedPolicies:
    """List the policies attached to a user itself, without those of its groups."""
    return _attached(tx, named(tx, wanted.user_name))


@RAM.action("ListPoliciesForGroup", resource=GROUP, faults=(GROUP_NOT_FOUND,))
def list_policies_for_group(tx: Tx, _caller: Caller, wanted: GroupNameInput) -> AttachedPolicies:
    """List the policies attached to a group."""
    return _attached(tx, find_group(tx, wanted.group_name))


@RAM.action("ListPoliciesForRole", resource=ROLE, faults=(ROLE_NOT_FOUND,))
def list_policies_for_role(tx: Tx, _caller: Caller, wanted: RoleNameInput) -> AttachedPolicies:
    """List the policies attached to a role."""
    return _attached(tx, roles.find(tx, wanted.role_name))


@RAM.action("ListEntitiesForPolicy", resource=ANY_POLICY, faults=(POLICY_NOT_FOUND,))
def list_entities_for_policy(tx: Tx, _caller: Caller, wanted: PolicyInput) -> Entities:
    """List the users, groups and roles that a policy is attached to."""
    policy = policies.find(tx, wanted.policy_type, wanted.policy_name)

    def holders(kind: str) -> list[sa.Row[Any]]:
        return attachments.holders(tx, kind, policy.type, policy.id)

    return Entities(
        users=UserHoldingList(
            user=[
                UserHolding(
                    user_id=row.id, user_name=row.name, display_name=row.about, attach_date=iso(row.attached_at)
                )
                for row in holders("user")
            ]
        ),
        groups=GroupHoldingList(
            group=[
                GroupHolding(group_name=row.name, comments=row.about, attach_date=iso(row.attached_at))
                for row in holders("group")
            ]
        ),
        roles=RoleHoldingList(
            role=[
                RoleHolding(
                    role_id=row.id,
                    role_name=row.name,
                    arn=arn.ram(tx.account_id, f"role/{row.name}"),
                    description=row.about,
                    attach_date=iso(row.attached_at),
                )
                for row in holders("role")
            ]
        ),
    )
