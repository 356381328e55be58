"""Versions of policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keystead.policy import SYSTEM_POLICIES
from products.plane import ALLOW_ALL, Plane

ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


@pytest.fixture
def policy(plane: Plane) -> Plane:
    """An account with the policy `p`."""
    plane.call("CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL)
    return plane


def add(plane: Plane, **given: str) -> Any:
    return plane.call("CreatePolicyVersion", PolicyName="p", PolicyDocument=ALLOW_ALL, **given)["PolicyVersion"]


def versions(plane: Plane) -> dict[str, bool]:
    found = plane.call("ListPolicyVersions", PolicyName="p", PolicyType="Custom")["PolicyVersions"]["PolicyVersion"]
    return {version["VersionId"]: version["IsDefaultVersion"] for version in found}


def test_a_version_counts_only_as_the_default(policy: Plane) -> None:
    policy.now += 60
    document = ALLOW_ALL + "\n"
    made = policy.call("CreatePolicyVersion", PolicyName="P", PolicyDocument=document)["PolicyVersion"]
    assert made == {
        "VersionId": "v2",
        "IsDefaultVersion": False,
        "PolicyDocument": document,
        "CreateDate": "2026-01-02T03:05:05Z",
    }
    assert policy.touched == set()
    assert versions(policy) == {"v1": True, "v2": False}
    policy.call("SetDefaultPolicyVersion", PolicyName="p", VersionId="v2")
    assert [kind for kind, _ in policy.touched] == ["policy"]
    assert versions(policy) == {"v1": False, "v2": True}
    assert policy.call("GetPolicy", PolicyName="p", PolicyType="Custom")["Policy"]["PolicyDocument"] == document


def test_set_as_default(policy: Plane) -> None:
    assert add(policy, SetAsDefault="true")["IsDefaultVersion"] is True
    assert [kind for kind, _ in policy.touched] == ["policy"]
    assert versions(policy) == {"v1": False, "v2": True}


def test_numbers_are_never_reused(policy: Plane) -> None:
    add(policy)
    policy.call("DeletePolicyVersion", PolicyName="p", VersionId="v2")
    assert add(policy)["VersionId"] == "v3"
    assert versions(policy) == {"v1": True, "v3": False}


def test_limit_and_rotation(policy: Plane) -> None:
    for _ in range(4):
        add(policy)
    refused = policy.refused("CreatePolicyVersion", PolicyName="p", PolicyDocument=ALLOW_ALL)
    assert refused == "LimitExceeded.Policy.Version"
    none = policy.refused("CreatePolicyVersion", PolicyName="p", PolicyDocument=ALLOW_ALL, RotateStrategy="None")
    assert none == "LimitExceeded.Policy.Version"
    assert add(policy, RotateStrategy=ROTATE)["VersionId"] == "v6"
    assert list(versions(policy)) == ["v1", "v3", "v4", "v5", "v6"]
    policy.call("SetDefaultPolicyVersion", PolicyName="p", VersionId="v3")
    add(policy, RotateStrategy=ROTATE, SetAsDefault="true")
    assert versions(policy) == {"v3": False, "v4": False, "v5": False, "v6": False, "v7": True}


def test_rotation_needs_something_to_rotate(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(policy_versions=1)
    plane.call("CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL)
    given = {"PolicyName": "p", "PolicyDocument": ALLOW_ALL, "RotateStrategy": ROTATE}
    assert plane.refused("CreatePolicyVersion", **given) == "LimitExceeded.Policy.Version"


def test_rotation_below_the_limit_deletes_nothing(policy: Plane) -> None:
    add(policy, RotateStrategy=ROTATE)
    assert list(versions(policy)) == ["v1", "v2"]


def test_refusals(policy: Plane) -> None:
    known = {"PolicyName": "p", "PolicyType": "Custom"}
    for version, code in (
        ("v2", "EntityNotExist.Policy.Version"),
        ("v999999999", "EntityNotExist.Policy.Version"),
        ("v0", "InvalidParameter.VersionId.Format"),
        ("1", "InvalidParameter.VersionId.Format"),
        ("V1", "InvalidParameter.VersionId.Format"),
        ("v" + "9" * 30, "InvalidParameter.VersionId.Format"),
    ):
        assert policy.refused("GetPolicyVersion", **known, VersionId=version) == code
        assert policy.refused("SetDefaultPolicyVersion", PolicyName="p", VersionId=version) == code
        assert policy.refused("DeletePolicyVersion", PolicyName="p", VersionId=version) == code
    conflict = policy.refused("DeletePolicyVersion", PolicyName="p", VersionId="v1")
    assert conflict == "DeleteConflict.Policy.Version.Default"
    odd = policy.refused("CreatePolicyVersion", PolicyName="p", PolicyDocument=ALLOW_ALL, RotateStrategy="All")
    assert odd == "InvalidParameter.RotateStrategy.Format"
    for document, code in (
        ("x" * 6145, "InvalidParameter.PolicyDocument.Length"),
        ("{}", "MalformedPolicyDocument"),
    ):
        assert policy.refused("CreatePolicyVersion", PolicyName="p", PolicyDocument=document) == code
    for action in ("SetDefaultPolicyVersion", "DeletePolicyVersion"):
        assert policy.refused(action, PolicyName="x", VersionId="v1") == "EntityNotExist.Policy"
    assert policy.refused("ListPolicyVersions", PolicyName="x", PolicyType="Custom") == "EntityNotExist.Policy"
    assert policy.refused("ListPolicyVersions", PolicyName="p", PolicyType="x") == "InvalidParameter.PolicyType"
    assert policy.refused("GetPolicyVersion", PolicyName="x", PolicyType="Custom", VersionId="v1") == (
        "EntityNotExist.Policy"
    )
    assert policy.refused("CreatePolicyVersion", PolicyName="x", PolicyDocument=ALLOW_ALL) == "EntityNotExist.Policy"


def test_a_system_policy_shows_its_current_version(plane: Plane) -> None:
    system = next(policy for policy in SYSTEM_POLICIES.values() if policy.version == "v3")
    known = {"PolicyName": system.name.upper(), "PolicyType": "System"}
    listed = plane.call("ListPolicyVersions", **known)["PolicyVersions"]["PolicyVersion"]
    assert [version["VersionId"] for version in listed] == ["v3"]
    found = plane.call("GetPolicyVersion", **known, VersionId="v3")["PolicyVersion"]
    assert found == listed[0]
    assert found["PolicyDocument"] == system.document
    assert plane.refused("GetPolicyVersion", **known, VersionId="v1") == "EntityNotExist.Policy.Version"
