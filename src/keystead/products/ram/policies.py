"""RAM policies, custom and system.  Source: reference/ram-behaviour.md 5.8."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.policy import SYSTEM_POLICIES, SystemPolicy
from keystead.products import pages
from keystead.products.action import Context
from keystead.products.documents import MALFORMED
from keystead.products.faults import POLICY_NOT_FOUND, exists, in_use, too_many
from keystead.products.people import tagging
from keystead.products.people.policies import (
    DOCUMENT_TOO_LONG,
    POLICIES,
    POLICY,
    check_document,
    default_of,
    find_custom,
)
from keystead.products.people.tagging import TAG_TWICE, TagFilters, TagList, Tags
from keystead.products.ram.product import RAM, Description, Marker, MaxItems, PolicyName, PolicyType
from keystead.store import attachments, policies, tags
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

POLICY_EXISTS = exists("Policy", "policy")
TOO_MANY_POLICIES = too_many("Policy", "custom policies")
ON_USERS = in_use("Policy.User", "policy", "users that it is attached to", "Detach it from its users first.")
ON_GROUPS = in_use("Policy.Group", "policy", "groups that it is attached to", "Detach it from its groups first.")
ON_ROLES = in_use("Policy.Role", "policy", "roles that it is attached to", "Detach it from its roles first.")
HAS_VERSIONS = FaultKind(
    "DeleteConflict.Policy.Version",
    409,
    "The policy {name} may not be deleted while it has versions besides the default one; it has {count}.",
    "Delete them first, or send CascadingDelete=true.",
)

ANY_POLICY = "acs:ram:*:{policy_account}:policy/{policy_name}"

Document = Annotated[str, Text(doc="a policy in the policy language")]

_SYSTEM = {name.lower(): policy for name, policy in sorted(SYSTEM_POLICIES.items(), key=lambda item: item[0].lower())}


@dataclass(frozen=True, slots=True)
class Known:
    """A policy of either type as attachments refer to it; `id` is what `attachments.policy_id` holds."""

    type: str
    id: str
    name: str


class PolicyShape(Output, frozen=True):
    """What every answer says of a policy."""

    policy_name: str
    policy_type: str
    description: str
    default_version: str
    create_date: str


class Policy(PolicyShape, frozen=True, kw_only=True):
    """A policy as CreatePolicy and UpdatePolicyDescription answer it."""

    update_date: str | UnsetType = UNSET


class ListedPolicy(PolicyShape, frozen=True, kw_only=True):
    """A policy as ListPolicies shows it."""

    update_date: str
    attachment_count: int
    tags: TagList


class WholePolicy(PolicyShape, frozen=True, kw_only=True):
    """A policy as GetPolicy answers it."""

    update_date: str
    attachment_count: int
    policy_document: str


class PolicyVersion(Output, frozen=True):
    """A version of a policy."""

    version_id: str
    is_default_version: bool
    policy_document: str
    create_date: str


class PolicyAnswer(Output, frozen=True):
    policy: Policy


class WholePolicyAnswer(Output, frozen=True):
    policy: WholePolicy
    default_policy_version: PolicyVersion


class PolicyList(Output, frozen=True):
    policy: list[ListedPolicy]


class PoliciesPage(Output, frozen=True):
    policies: PolicyList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class CreatePolicyInput(Input, frozen=True):
    policy_name: PolicyName
    policy_document: Document
    description: Description | None = None
    tag: Tags = ()


class PolicyInput(Input, frozen=True):
    policy_name: PolicyName
    policy_type: PolicyType


class ListPoliciesInput(Input, frozen=True):
    policy_type: PolicyType | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100
    tag: TagFilters = ()


class UpdatePolicyDescriptionInput(Input, frozen=True):
    policy_name: PolicyName
    new_description: Description


class DeletePolicyInput(Input, frozen=True):
    policy_name: PolicyName
    cascading_delete: bool = False


def find_system(name: str) -> SystemPolicy:
    """The system policy of that name, without regard to case.  Raises `EntityNotExist.Policy`."""
    policy = _SYSTEM.get(name.lower())
    if policy is None:
        raise POLICY_NOT_FOUND(name=name)
    return policy


def find(tx: Tx, policy_type: str, name: str) -> Known:
    """The policy of that type and name.  Raises `EntityNotExist.Policy`."""
    if policy_type == "System":
        policy = find_system(name)
        return Known(policy_type, policy.name, policy.name)
    row = find_custom(tx, name)
    return Known(policy_type, row.id, row.name)


def show_version(row: sa.Row[Any], default: int) -> PolicyVersion:
    """A row of the policy_versions table; `default` is the number of the default version."""
    return PolicyVersion(
        version_id=f"v{row.number}",
        is_default_version=row.number == default,
        policy_document=row.document,
        create_date=iso(row.created_at),
    )


def show_system_version(policy: SystemPolicy) -> PolicyVersion:
    """The one version of a system policy that is known."""
    return PolicyVersion(
        version_id=policy.version,
        is_default_version=True,
        policy_document=policy.document,
        create_date=policy.update_date,
    )


def _shape(row: sa.Row[Any]) -> dict[str, Any]:
    """What every answer says of a custom policy, by field."""
    return {
        "policy_name": row.name,
        "policy_type": "Custom",
        "description": row.description,
        "default_version": f"v{row.default_version}",
        "create_date": iso(row.created_at),
    }


def _system_shape(policy: SystemPolicy) -> dict[str, Any]:
    """What every answer says of a system policy, by field."""
    return {
        "policy_name": policy.name,
        "policy_type": "System",
        "description": policy.description,
        "default_version": policy.version,
        "create_date": policy.create_date,
        "update_date": policy.update_date,
    }


def new_policy_facts(wanted: CreatePolicyInput) -> Context:
    """The new policy's tags."""
    return tagging.facts(wanted.tag)


@RAM.action(
    "CreatePolicy",
    resource=(POLICY, POLICIES),
    writes=True,
    context=new_policy_facts,
    faults=(POLICY_EXISTS, TOO_MANY_POLICIES, MALFORMED, DOCUMENT_TOO_LONG, TAG_TWICE),
)
def create_policy(tx: Tx, _caller: Caller, wanted: CreatePolicyInput) -> PolicyAnswer:
    """Create a custom policy, its document as version v1."""
    given = tagging.given(wanted.tag)
    check_document(tx, wanted.policy_document, unit="characters")
    if wanted.policy_name.lower() in _SYSTEM or policies.get(tx, wanted.policy_name) is not None:
        raise POLICY_EXISTS(name=wanted.policy_name)
    if policies.count(tx, tx.quotas.policies) >= tx.quotas.policies:
        raise TOO_MANY_POLICIES(limit=tx.quotas.policies)
    policy_id = "p-" + secrets.token_hex(8)  # never on the wire; its form keeps it apart from the ids that are
    policies.insert(tx, policy_id, wanted.policy_name, wanted.description or "", wanted.policy_document)
    tags.put(tx, "policy", policy_id, given)
    return PolicyAnswer(policy=Policy(**_shape(find_custom(tx, wanted.policy_name))))


@RAM.action("GetPolicy", resource=ANY_POLICY, faults=(POLICY_NOT_FOUND,))
def get_policy(tx: Tx, _caller: Caller, wanted: PolicyInput) -> WholePolicyAnswer:
    """Show a policy with the version that counts."""
    if wanted.policy_type == "System":
        system = find_system(wanted.policy_name)
        count = attachments.count_by_system_policy(tx).get(system.name, 0)
        whole = WholePolicy(**_system_shape(system), attachment_count=count, policy_document=system.document)
        return WholePolicyAnswer(policy=whole, default_policy_version=show_system_version(system))
    row, version = default_of(tx, wanted.policy_name)
    whole = WholePolicy(
        **_shape(row),
        update_date=iso(row.updated_at),
        attachment_count=row.attachments,
        policy_document=version.document,
    )
    return WholePolicyAnswer(policy=whole, default_policy_version=show_version(version, row.default_version))


@RAM.action("ListPolicies", resource=POLICIES)
def list_policies(tx: Tx, _caller: Caller, wanted: ListPoliciesInput) -> PoliciesPage:
    """List custom policies and then system policies, a page at a time."""
    most = wanted.max_items + 1
    part, _, after = pages.after(wanted.marker).partition("/")
    if part not in ("", "Custom", "System"):
        raise pages.MARKER_INVALID()
    found: list[_Entry] = []
    if wanted.policy_type != "System" and part != "System":
        found = _custom_entries(tx, after, most, wanted)
    if wanted.policy_type != "Custom" and not wanted.tag and len(found) < most:
        found += _system_entries(tx, after if part == "System" else "")
    entries, marker = pages.cut(found, wanted.max_items, "key")
    return PoliciesPage(
        policies=PolicyList(policy=[entry.policy for entry in entries]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """A policy in the one list of both types, with its place in it."""

    key: str
    policy: ListedPolicy


def _custom_entries(tx: Tx, after: str, most: int, wanted: ListPoliciesInput) -> list[_Entry]:
    rows = policies.page(tx, after, most, tagging.wanted_pairs(wanted.tag))
    pairs = tags.of(tx, [row.id for row in rows])

    def listed(row: sa.Row[Any], its: Iterable[tuple[str, str]]) -> ListedPolicy:
        return ListedPolicy(
            **_shape(row),
            update_date=iso(row.updated_at),
            attachment_count=row.attachments,
            tags=tagging.show(its),
        )

    return [_Entry(f"Custom/{row.name_key}", listed(row, pairs.get(row.id, ()))) for row in rows]


def _system_entries(tx: Tx, after: str) -> list[_Entry]:
    counts = attachments.count_by_system_policy(tx)
    none = tagging.show(())
    return [
        _Entry(
            f"System/{key}",
            ListedPolicy(**_system_shape(policy), attachment_count=counts.get(policy.name, 0), tags=none),
        )
        for key, policy in _SYSTEM.items()
        if key > after
    ]


@RAM.action("UpdatePolicyDescription", resource=POLICY, writes=True, faults=(POLICY_NOT_FOUND,))
def update_policy_description(tx: Tx, _caller: Caller, wanted: UpdatePolicyDescriptionInput) -> PolicyAnswer:
    """Change the description of a custom policy."""
    policies.describe(tx, find_custom(tx, wanted.policy_name).id, wanted.new_description)
    row = find_custom(tx, wanted.policy_name)
    return PolicyAnswer(policy=Policy(**_shape(row), update_date=iso(row.updated_at)))


@RAM.action(
    "DeletePolicy",
    resource=POLICY,
    writes=True,
    faults=(POLICY_NOT_FOUND, ON_USERS, ON_GROUPS, ON_ROLES, HAS_VERSIONS),
)
def delete_policy(tx: Tx, _caller: Caller, wanted: DeletePolicyInput) -> Done:
    """Delete a custom policy that is attached to nothing; CascadingDelete drops its other versions with it."""
    row = find_custom(tx, wanted.policy_name)
    attached = attachments.count_by_kind(tx, "Custom", row.id)
    for kind, fault in (("user", ON_USERS), ("group", ON_GROUPS), ("role", ON_ROLES)):
        if attached.get(kind):
            raise fault(name=row.name, count=attached[kind])
    others = len(policies.versions(tx, row.id)) - 1
    if others and not wanted.cascading_delete:
        raise HAS_VERSIONS(name=row.name, count=others)
    policies.delete(tx, row.id)
    return Done()
