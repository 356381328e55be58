"""Versions of RAM policies.  Source: reference/ram-behaviour.md 5.8."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.documents import MALFORMED
from keystead.products.faults import POLICY_NOT_FOUND, absent
from keystead.products.people.policies import (
    DOCUMENT_TOO_LONG,
    POLICY,
    ROTATE,
    TOO_MANY_VERSIONS,
    check_document,
    find_custom,
    make_room,
)
from keystead.products.ram.policies import (
    ANY_POLICY,
    Document,
    PolicyInput,
    PolicyVersion,
    find_system,
    show_system_version,
    show_version,
)
from keystead.products.ram.product import RAM, PolicyName, PolicyType
from keystead.store import policies
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Text

VERSION_NOT_FOUND = absent("Policy.Version", "policy version")
IS_DEFAULT = FaultKind(
    "DeleteConflict.Policy.Version.Default",
    409,
    "The version {version} may not be deleted while it is the default version of the policy {name}.",
    "Make another version the default with SetDefaultPolicyVersion, or delete the policy.",
)

VersionId = Annotated[
    str, Text(2, 10, r"v[1-9][0-9]{0,8}", fault="InvalidParameter.VersionId.Format", doc="'v' and a number")
]


class PolicyVersionAnswer(Output, frozen=True):
    policy_version: PolicyVersion


class PolicyVersionList(Output, frozen=True):
    policy_version: list[PolicyVersion]


class PolicyVersions(Output, frozen=True):
    policy_versions: PolicyVersionList


class CreatePolicyVersionInput(Input, frozen=True):
    policy_name: PolicyName
    policy_document: Document
    set_as_default: bool = False
    rotate_strategy: Annotated[str, Choice(("None", ROTATE), doc="what to do at the limit")] = "None"


class AnyVersionInput(Input, frozen=True):
    policy_type: PolicyType
    policy_name: PolicyName
    version_id: VersionId


class VersionInput(Input, frozen=True):
    policy_name: PolicyName
    version_id: VersionId


def find_version(tx: Tx, policy: sa.Row[Any], version_id: str) -> sa.Row[Any]:
    """The version of a custom policy.  Raises `EntityNotExist.Policy.Version`."""
    row = policies.version(tx, policy.id, int(version_id[1:]))
    if row is None:
        raise VERSION_NOT_FOUND(name=f"{version_id} of {policy.name}")
    return row


@RAM.action(
    "CreatePolicyVersion",
    resource=POLICY,
    writes=True,
    faults=(POLICY_NOT_FOUND, TOO_MANY_VERSIONS, MALFORMED, DOCUMENT_TOO_LONG),
)
def create_policy_version(tx: Tx, _caller: Caller, wanted: CreatePolicyVersionInput) -> PolicyVersionAnswer:
    """Add a version to a custom policy; it counts only when it is made the default."""
    check_document(tx, wanted.policy_document, unit="bytes")
    policy = find_custom(tx, wanted.policy_name)
    make_room(tx, policy, rotate=wanted.rotate_strategy == ROTATE)
    number = policies.add_version(tx, policy, wanted.policy_document, default=wanted.set_as_default)
    default = number if wanted.set_as_default else policy.default_version
    return PolicyVersionAnswer(policy_version=show_version(find_version(tx, policy, f"v{number}"), default))


@RAM.action("GetPolicyVersion", resource=ANY_POLICY, faults=(POLICY_NOT_FOUND, VERSION_NOT_FOUND))
def get_policy_version(tx: Tx, _caller: Caller, wanted: AnyVersionInput) -> PolicyVersionAnswer:
    """Show a version of a policy."""
    if wanted.policy_type == "System":
        system = find_system(wanted.policy_name)
        if wanted.version_id != system.version:
            raise VERSION_NOT_FOUND(name=f"{wanted.version_id} of {system.name}")
        return PolicyVersionAnswer(policy_version=show_system_version(system))
    policy = find_custom(tx, wanted.policy_name)
    version = find_version(tx, policy, wanted.version_id)
    return PolicyVersionAnswer(policy_version=show_version(version, policy.default_version))


@RAM.action("ListPolicyVersions", resource=ANY_POLICY, faults=(POLICY_NOT_FOUND,))
def list_policy_versions(tx: Tx, _caller: Caller, wanted: PolicyInput) -> PolicyVersions:
    """List the versions of a policy, oldest first."""
    if wanted.policy_type == "System":
        found = [show_system_version(find_system(wanted.policy_name))]
    else:
        policy = find_custom(tx, wanted.policy_name)
        found = [show_version(row, policy.default_version) for row in policies.versions(tx, policy.id)]
    return PolicyVersions(policy_versions=PolicyVersionList(policy_version=found))


@RAM.action("SetDefaultPolicyVersion", resource=POLICY, writes=True, faults=(POLICY_NOT_FOUND, VERSION_NOT_FOUND))
def set_default_policy_version(tx: Tx, _caller: Caller, wanted: VersionInput) -> Done:
    """Let another version of a custom policy be the one that counts, at once."""
    policy = find_custom(tx, wanted.policy_name)
    policies.set_default(tx, policy.id, find_version(tx, policy, wanted.version_id).number)
    return Done()


@RAM.action(
    "DeletePolicyVersion",
    resource=POLICY,
    writes=True,
    faults=(POLICY_NOT_FOUND, VERSION_NOT_FOUND, IS_DEFAULT),
)
def delete_policy_version(tx: Tx, _caller: Caller, wanted: VersionInput) -> Done:
    """Delete a version that is not the default; its number is never used again."""
    policy = find_custom(tx, wanted.policy_name)
    version = find_version(tx, policy, wanted.version_id)
    if version.number == policy.default_version:
        raise IS_DEFAULT(version=wanted.version_id, name=policy.name)
    policies.delete_version(tx, policy.id, version.number)
    return Done()
