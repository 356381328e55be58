"""Roles and their trust policies."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from products.plane import ALLOW_ALL, Plane, trust

TRUST = trust("acs:ram::1234567890123456:root")


def names(page: dict[str, dict[str, list[dict[str, str]]]]) -> list[str]:
    return [role["RoleName"] for role in page["Roles"]["Role"]]


def test_create_and_get(plane: Plane) -> None:
    made = plane.call("CreateRole", RoleName="Ops", AssumeRolePolicyDocument=TRUST, Description="on call")["Role"]
    assert made == {
        "RoleId": made["RoleId"],
        "RoleName": "Ops",
        "Arn": f"acs:ram::{plane.account_id}:role/Ops",
        "Description": "on call",
        "AssumeRolePolicyDocument": TRUST,
        "MaxSessionDuration": 3600,
        "AllowConsoleLogin": True,
        "CreateDate": "2026-01-02T03:04:05Z",
    }
    assert ("role", made["RoleId"]) in plane.touched
    found = plane.call("GetRole", RoleName="ops")["Role"]
    assert found == {
        **made,
        "UpdateDate": made["CreateDate"],
        "IsServiceLinkedRole": False,
        "RolePrincipalName": f"Ops@role.{plane.account_id}.onaliyunservice.com",
    }


def test_settings_are_kept(plane: Plane) -> None:
    made = plane.call(
        "CreateRole",
        RoleName="r",
        AssumeRolePolicyDocument=TRUST,
        MaxSessionDuration="43200",
        AllowConsoleLogin="False",
    )["Role"]
    assert (made["MaxSessionDuration"], made["AllowConsoleLogin"]) == (43200, False)
    plane.call("SetAccountAlias", AccountAlias="acme")
    assert plane.call("GetRole", RoleName="r")["Role"]["RolePrincipalName"] == "r@role.acme.onaliyunservice.com"


def test_the_trust_policy_is_returned_byte_for_byte(plane: Plane) -> None:
    text = json.dumps(json.loads(TRUST), indent=3) + "\n "
    plane.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=text)
    assert plane.call("GetRole", RoleName="r")["Role"]["AssumeRolePolicyDocument"] == text


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"AssumeRolePolicyDocument": TRUST}, "MissingRoleName"),
        ({"RoleName": "r"}, "MissingAssumeRolePolicyDocument"),
        ({"RoleName": "a_b"}, "InvalidParameter.RoleName.InvalidChars"),
        ({"RoleName": "a" * 65}, "InvalidParameter.RoleName.Length"),
        ({"RoleName": "r", "MaxSessionDuration": "3599"}, "InvalidParameter.MaxSessionDuration.Range"),
        ({"RoleName": "r", "MaxSessionDuration": "43201"}, "InvalidParameter.MaxSessionDuration.Range"),
        ({"RoleName": "r", "AllowConsoleLogin": "maybe"}, "InvalidParameter.AllowConsoleLogin.Format"),
        ({"RoleName": "r", "Description": "x" * 1025}, "InvalidParameter.Description.Length"),
        ({"RoleName": "r", "Tag": '[{"Key":"acs:x"}]'}, "InvalidParameter.Tag.Key"),
        ({"RoleName": "r", "Tag": '[{"Key":"a"},{"Key":"a","Value":"b"}]'}, "InvalidParameter.Tag.Key"),
        ({"RoleName": "r", "Tag__1__Key": "k", "Tag__1__Value": "v" * 257}, "InvalidParameter.Tag.Value"),
    ],
)
def test_what_cannot_be_created(plane: Plane, given: dict[str, str], code: str) -> None:
    if "RoleName" in given and code != "MissingAssumeRolePolicyDocument":
        given = {**given, "AssumeRolePolicyDocument": TRUST}
    assert plane.refused("CreateRole", **given) == code


def test_a_document_is_measured_before_it_is_read(plane: Plane) -> None:
    fault = plane.refusal("CreateRole", RoleName="r", AssumeRolePolicyDocument="x" * 4097)
    assert fault.code == "InvalidParameter.AssumeRolePolicyDocument.Length"
    assert "4097" in fault.message
    assert "4096" in fault.message
    fault = plane.refusal("CreateRole", RoleName="r", AssumeRolePolicyDocument="x" * 4096)
    assert fault.code == "MalformedPolicyDocument"
    assert "Line 1" in fault.message
    assert plane.refused("CreateRole", RoleName="r", AssumeRolePolicyDocument=ALLOW_ALL) == "MalformedPolicyDocument"


def test_names_quota_and_their_order(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(roles=1)
    plane.call("CreateRole", RoleName="Ops", AssumeRolePolicyDocument=TRUST)
    assert plane.refused("CreateRole", RoleName="oPS", AssumeRolePolicyDocument=TRUST) == "EntityAlreadyExists.Role"
    assert plane.refused("CreateRole", RoleName="b", AssumeRolePolicyDocument=TRUST) == "LimitExceeded.Role"


def test_update(plane: Plane) -> None:
    made = plane.call("CreateRole", RoleName="Ops", AssumeRolePolicyDocument=TRUST, Description="d")["Role"]
    plane.now += 5
    other = trust("ecs.aliyuncs.com", kind="Service")
    changed = plane.call("UpdateRole", RoleName="ops", NewAssumeRolePolicyDocument=other)["Role"]
    assert changed == {**made, "AssumeRolePolicyDocument": other, "UpdateDate": "2026-01-02T03:04:10Z"}
    assert plane.touched == {("role", made["RoleId"])}
    changed = plane.call(
        "UpdateRole", RoleName="Ops", NewDescription="", NewMaxSessionDuration="7200", NewAllowConsoleLogin="false"
    )["Role"]
    assert changed["AssumeRolePolicyDocument"] == other
    assert (changed["Description"], changed["MaxSessionDuration"], changed["AllowConsoleLogin"]) == ("", 7200, False)


def test_update_refusals(plane: Plane) -> None:
    assert plane.refused("UpdateRole", RoleName="r", NewDescription="d") == "EntityNotExist.Role"
    plane.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    for text, code in (
        ("x" * 4097, "InvalidParameter.NewAssumeRolePolicyDocument.Length"),
        ("{}", "MalformedPolicyDocument"),
        ("", "MalformedPolicyDocument"),
    ):
        assert plane.refused("UpdateRole", RoleName="r", NewAssumeRolePolicyDocument=text) == code
    assert plane.call("GetRole", RoleName="r")["Role"]["AssumeRolePolicyDocument"] == TRUST


def test_pages_with_tags(plane: Plane) -> None:
    assert plane.call("ListRoles") == {"Roles": {"Role": []}, "IsTruncated": False}
    for name, tag in (("a", "x"), ("B", "y"), ("c", "x")):
        plane.call("CreateRole", RoleName=name, AssumeRolePolicyDocument=TRUST, Tag=json.dumps([{"Key": tag}]))
    first = plane.call("ListRoles", MaxItems="2")
    assert names(first) == ["a", "B"]
    assert first["Roles"]["Role"][1]["Tags"] == {"Tag": [{"TagKey": "y", "TagValue": ""}]}
    assert "AssumeRolePolicyDocument" not in first["Roles"]["Role"][0]
    plane.call("DeleteRole", RoleName="b")
    plane.call("CreateRole", RoleName="bb", AssumeRolePolicyDocument=TRUST)
    second = plane.call("ListRoles", MaxItems="2", Marker=first["Marker"])
    assert names(second) == ["bb", "c"]
    assert second["IsTruncated"] is False


def test_filter_by_tag(plane: Plane) -> None:
    for name, tags in (
        ("a", {"env": "prod", "team": "blue"}),
        ("b", {"env": "test", "team": "blue"}),
        ("c", {"env": "prod"}),
        ("d", {}),
    ):
        given = json.dumps([{"Key": key, "Value": value} for key, value in tags.items()])
        plane.call("CreateRole", RoleName=name, AssumeRolePolicyDocument=TRUST, Tag=given)
    assert names(plane.call("ListRoles", Tag='[{"Key":"env","Value":"prod"}]')) == ["a", "c"]
    assert names(plane.call("ListRoles", Tag='[{"Key":"env"}]')) == ["a", "b", "c"]
    assert names(plane.call("ListRoles", Tag__1__Key="env", Tag__1__Value="prod", Tag__2__Key="team")) == ["a"]
    assert names(plane.call("ListRoles", Tag='[{"Key":"env","Value":"PROD"}]')) == []
    page = plane.call("ListRoles", Tag='[{"Key":"env"}]', MaxItems="1")
    assert names(plane.call("ListRoles", Tag='[{"Key":"env"}]', MaxItems="2", Marker=page["Marker"])) == ["b", "c"]


def test_delete(plane: Plane) -> None:
    made = plane.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST, Tag='[{"Key":"k"}]')["Role"]
    plane.call("AttachPolicyToRole", RoleName="r", PolicyName="ReadOnlyAccess", PolicyType="System")
    assert plane.refused("DeleteRole", RoleName="r") == "DeleteConflict.Role.Policy"
    plane.call("DetachPolicyFromRole", RoleName="r", PolicyName="ReadOnlyAccess", PolicyType="System")
    plane.call("DeleteRole", RoleName="R")
    assert plane.touched == {("role", made["RoleId"])}
    assert plane.refused("DeleteRole", RoleName="r") == "EntityNotExist.Role"
    assert plane.refused("GetRole", RoleName="r") == "EntityNotExist.Role"
    plane.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert plane.call("ListTagResources", ResourceType="role")["TagResources"] == []


def test_accounts_do_not_see_each_other(make_plane: Callable[..., Plane]) -> None:
    one, other = make_plane(), make_plane()
    one.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    for action in ("GetRole", "DeleteRole", "UpdateRole", "ListPoliciesForRole"):
        assert other.refused(action, RoleName="r") == "EntityNotExist.Role"
    assert names(other.call("ListRoles")) == []
