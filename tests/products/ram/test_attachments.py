"""Policies on users, groups and roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from products.plane import ALLOW_ALL, Plane, trust

KINDS = ("User", "Group", "Role")


def prepared(plane: Plane) -> Plane:
    """With user, group and role `x` and policies `p`, `q`."""
    plane.call("CreateUser", UserName="x", DisplayName="Mx X")
    plane.call("CreateGroup", GroupName="x", Comments="the group")
    plane.call("CreateRole", RoleName="x", AssumeRolePolicyDocument=trust("acs:ram::1:root"), Description="the role")
    for name in ("p", "q"):
        plane.call("CreatePolicy", PolicyName=name, PolicyDocument=ALLOW_ALL, Description=f"about {name}")
    return plane


@pytest.fixture
def ready(plane: Plane) -> Plane:
    return prepared(plane)


def attach(plane: Plane, kind: str, name: str = "p", policy_type: str = "Custom", **more: str) -> Any:
    return plane.call(f"AttachPolicyTo{kind}", **{f"{kind}Name": "X"}, PolicyName=name, PolicyType=policy_type, **more)


def listed(plane: Plane, kind: str) -> list[dict[str, str]]:
    found = plane.call(f"ListPoliciesFor{kind}", **{f"{kind}Name": "x"})
    policies: list[dict[str, str]] = found["Policies"]["Policy"]
    return policies


def entity_id(plane: Plane, kind: str) -> str:
    return str(plane.call(f"Get{kind}", **{f"{kind}Name": "x"})[kind][f"{kind}Id"])


@pytest.mark.parametrize("kind", KINDS)
def test_attach_list_detach(ready: Plane, kind: str) -> None:
    entity = (kind.lower(), entity_id(ready, kind))
    assert listed(ready, kind) == []
    ready.now += 1
    assert attach(ready, kind, "P") == {}
    assert ready.touched == {entity}
    attach(ready, kind, "readonlyaccess", "System")
    assert listed(ready, kind)[0] == {
        "PolicyName": "p",
        "PolicyType": "Custom",
        "Description": "about p",
        "DefaultVersion": "v1",
        "AttachDate": "2026-01-02T03:04:06Z",
    }
    assert [(policy["PolicyName"], policy["PolicyType"]) for policy in listed(ready, kind)] == [
        ("p", "Custom"),
        ("ReadOnlyAccess", "System"),
    ]
    given = {f"{kind}Name": "x", "PolicyName": "READONLYACCESS", "PolicyType": "System"}
    ready.call(f"DetachPolicyFrom{kind}", **given)
    assert ready.touched == {entity}
    assert ready.refused(f"DetachPolicyFrom{kind}", **given) == f"EntityNotExist.{kind}.Policy"
    assert [policy["PolicyName"] for policy in listed(ready, kind)] == ["p"]


@pytest.mark.parametrize("kind", KINDS)
def test_refusals(ready: Plane, kind: str) -> None:
    attach(ready, kind)
    known = {f"{kind}Name": "x", "PolicyName": "p", "PolicyType": "Custom"}
    assert ready.refused(f"AttachPolicyTo{kind}", **known) == f"EntityAlreadyExists.{kind}.Policy"
    for action in (f"AttachPolicyTo{kind}", f"DetachPolicyFrom{kind}"):
        assert ready.refused(action, **{**known, f"{kind}Name": "y"}) == f"EntityNotExist.{kind}"
        assert ready.refused(action, **{**known, "PolicyName": "y"}) == "EntityNotExist.Policy"
        assert ready.refused(action, **{**known, "PolicyType": "System"}) == "EntityNotExist.Policy"
        assert ready.refused(action, **{**known, "PolicyType": "custom"}) == "InvalidParameter.PolicyType"
        assert ready.refused(action, **{**known, "PolicyName": "p_"}) == "InvalidParameter.PolicyName.InvalidChars"
        bad = ready.refused(action, **{**known, f"{kind}Name": "a/b"})
        assert bad == f"InvalidParameter.{kind}Name.InvalidChars"
    assert ready.refused(f"ListPoliciesFor{kind}", **{f"{kind}Name": "y"}) == f"EntityNotExist.{kind}"


@pytest.mark.parametrize(("place", "kind"), list(enumerate(KINDS)))
def test_quotas_per_type_and_kind(make_plane: Callable[..., Plane], place: int, kind: str) -> None:
    one = tuple(1 if each == place else 0 for each in range(3))
    plane = prepared(make_plane(attached_custom=one, attached_system=one))
    attach(plane, kind)
    attach(plane, kind, "ReadOnlyAccess", "System")
    for name, policy_type in (("q", "Custom"), ("AdministratorAccess", "System")):
        given = {f"{kind}Name": "x", "PolicyName": name, "PolicyType": policy_type}
        fault = plane.refusal(f"AttachPolicyTo{kind}", **given)
        assert fault.code == f"LimitExceeded.{kind}.Policy"
        assert f"{policy_type.lower()} policies" in fault.message
    again = {f"{kind}Name": "x", "PolicyName": "p", "PolicyType": "Custom"}
    assert plane.refused(f"AttachPolicyTo{kind}", **again) == f"EntityAlreadyExists.{kind}.Policy"


def test_a_resource_group_is_a_scope_of_its_own(make_plane: Callable[..., Plane]) -> None:
    plane = prepared(make_plane(attached_custom=(2, 2, 2)))
    plane.now += 1
    attach(plane, "User", ResourceGroupId="rg-abc")
    plane.now += 1
    attach(plane, "User")
    known = {"UserName": "x", "PolicyName": "p", "PolicyType": "Custom"}
    twice = plane.refused("AttachPolicyToUser", **known, ResourceGroupId="rg-abc")
    assert twice == "EntityAlreadyExists.User.Policy"
    third = plane.refused("AttachPolicyToUser", **known, ResourceGroupId="rg-d")
    assert third == "LimitExceeded.User.Policy"  # the scopes share the quota
    assert [policy["AttachDate"] for policy in listed(plane, "User")] == ["2026-01-02T03:04:06Z"]
    assert plane.call("GetPolicy", PolicyName="p", PolicyType="Custom")["Policy"]["AttachmentCount"] == 2
    plane.call("DetachPolicyFromUser", **known)
    assert plane.refused("DetachPolicyFromUser", **known) == "EntityNotExist.User.Policy"
    plane.call("DetachPolicyFromUser", **known, ResourceGroupId="rg-abc")
    assert listed(plane, "User") == []
    bad = plane.refused("AttachPolicyToUser", **known, ResourceGroupId="rg_1")
    assert bad == "InvalidParameter.ResourceGroupId.InvalidChars"


def test_a_group_s_policies_are_not_the_user_s(ready: Plane) -> None:
    ready.call("AddUserToGroup", UserName="x", GroupName="x")
    attach(ready, "Group")
    assert listed(ready, "User") == []


def test_entities(ready: Plane) -> None:
    empty = ready.call("ListEntitiesForPolicy", PolicyName="p", PolicyType="Custom")
    assert empty == {"Users": {"User": []}, "Groups": {"Group": []}, "Roles": {"Role": []}}
    for kind in KINDS:
        attach(ready, kind)
        attach(ready, kind, "ReadOnlyAccess", "System")
    date = "2026-01-02T03:04:05Z"
    wanted = {
        "Users": {
            "User": [{"UserId": entity_id(ready, "User"), "UserName": "x", "DisplayName": "Mx X", "AttachDate": date}]
        },
        "Groups": {"Group": [{"GroupName": "x", "Comments": "the group", "AttachDate": date}]},
        "Roles": {
            "Role": [
                {
                    "RoleId": entity_id(ready, "Role"),
                    "RoleName": "x",
                    "Arn": f"acs:ram::{ready.account_id}:role/x",
                    "Description": "the role",
                    "AttachDate": date,
                }
            ]
        },
    }
    assert ready.call("ListEntitiesForPolicy", PolicyName="P", PolicyType="Custom") == wanted
    assert ready.call("ListEntitiesForPolicy", PolicyName="readonlyaccess", PolicyType="System") == wanted
    assert ready.refused("ListEntitiesForPolicy", PolicyName="y", PolicyType="Custom") == "EntityNotExist.Policy"
    assert ready.refused("ListEntitiesForPolicy", PolicyName="p", PolicyType="-") == "InvalidParameter.PolicyType"


def test_renaming_keeps_attachments(ready: Plane) -> None:
    attach(ready, "User")
    attach(ready, "Group")
    ready.call("UpdateUser", UserName="x", NewUserName="y")
    ready.call("UpdateGroup", GroupName="x", NewGroupName="y")
    found = ready.call("ListEntitiesForPolicy", PolicyName="p", PolicyType="Custom")
    assert found["Users"]["User"][0]["UserName"] == "y"
    assert found["Groups"]["Group"][0]["GroupName"] == "y"


def test_the_policy_listed_is_the_default_version(ready: Plane) -> None:
    attach(ready, "Role")
    ready.call("CreatePolicyVersion", PolicyName="p", PolicyDocument=ALLOW_ALL, SetAsDefault="true")
    assert listed(ready, "Role")[0]["DefaultVersion"] == "v2"


def test_accounts_do_not_see_each_other(make_plane: Callable[..., Plane]) -> None:
    one, other = prepared(make_plane()), prepared(make_plane())
    attach(one, "User", "ReadOnlyAccess", "System")
    found = other.call("ListEntitiesForPolicy", PolicyName="ReadOnlyAccess", PolicyType="System")
    assert found["Users"]["User"] == []
    assert listed(other, "User") == []
