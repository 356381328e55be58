"""Policy documents while they are written: what is found in them, and that an edit never overwrites another one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead.policy import SYSTEM_POLICIES, DocumentKind, findings
from keystead.products import permissions
from products.modelstudio.studio import OURS, RAM, Studio

ALLOW = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ram:GetUser", "Resource": "*"}]}'


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


NOWHERE = {"StringEquals": {"acs:SourceVpc": "vpc-1"}}
HOME = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}


@pytest.mark.parametrize(
    ("statements", "codes"),
    [
        ([allow("ram:GetUser")], []),
        ([allow("*")], ["AllowsEverything"]),
        ([allow("*", Condition=HOME)], []),
        ([allow("*", "acs:ram:*:*:user/a")], []),
        ([allow("RAM:*")], ["GivesRights"]),
        ([allow("modelstudio:*")], ["WholeService"]),
        ([{"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}], ["AllowsTheRest"]),
        ([allow("ram:GetUsr")], ["UnknownAction"]),
        ([allow("ram:Fetch*")], ["NothingMatches"]),
        ([allow("ecs:DescribeInstances")], ["UnknownService"]),
        ([allow("ims:GetUser"), allow("sfm:InvokeModel"), allow("bailiancontrol:CreateApiKey")], []),
        ([allow("ram:GetUser", "acs:ecs:*:*:instance/*")], ["NeverMatches.Resource"]),
        ([allow("ram:Get*", ["acs:ecs:*:*:*", "acs:ram:*:*:user/*"])], []),
        ([allow("sts:AssumeRole", "acs:ram:*:*:role/*")], []),
        ([allow("ram:GetUser", Condition=NOWHERE)], ["NeverMatches.Key"]),
        ([allow("ram:Get*"), deny("ram:GetUser", Condition=NOWHERE)], ["DenyWithoutEffect.Key"]),
        ([deny("ram:GetUser", Condition={"StringNotEquals": {"acs:SourceVpc": "vpc-1"}})], ["OnlyDenies"]),
        (
            [
                allow(
                    "ram:GetUser",
                    Condition={"StringEquals": {"ram:X": "a"}, "StringNotEquals": {"ram:X": ["a", "b"]}},
                )
            ],
            ["NeverMatches.Contradiction"],
        ),
        ([allow("ram:GetUser"), deny("ram:*")], ["AllowWithoutEffect"]),
        ([allow("ram:GetUser"), deny("ram:*", Condition=HOME)], []),
        ([allow("ram:Get*"), allow("ram:GetUser", "acs:ram:*:*:user/a")], ["Repeated"]),
        ([allow("ram:GetUser"), allow("ram:GetUser")], ["Repeated"]),
        ([allow("ram:GetUse?"), allow("ram:GetUse*", "acs:ram:*:*:user/a")], []),
    ],
)
def test_what_is_found_in_a_document(statements: list[dict[str, Any]], codes: list[str]) -> None:
    found = findings(document(*statements), DocumentKind.IDENTITY, permissions.services())
    assert [each.code for each in found] == codes
    assert all(each.line == 1 and each.column > 1 and each.next_step for each in found if each.path)


def test_a_trust_policy_is_checked_by_its_own_rules() -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": "acs:ram::1234567890123456:root"}}
    assert findings(document(trust), DocumentKind.TRUST, permissions.services()) == ()
    [found] = findings(document(allow("ram:GetUser")), DocumentKind.TRUST, permissions.services())
    assert found.level.value == "Error"


@pytest.mark.parametrize("name", sorted(SYSTEM_POLICIES))
def test_no_system_policy_is_said_never_to_apply(name: str) -> None:
    found = findings(SYSTEM_POLICIES[name].document, DocumentKind.IDENTITY, permissions.services())
    certain = {"NeverMatches", "DenyWithoutEffect", "AllowWithoutEffect", "MalformedPolicyDocument"}
    assert not certain & {each.code.split(".", 1)[0] for each in found}


def test_an_error_says_where(studio: Studio) -> None:
    found = studio.call(OURS, "CheckPolicyDocument", PolicyDocument='{"Version": "1",\n "Statment": []}')
    assert found["Valid"] is False
    [error] = found["Findings"]["Finding"]
    assert (error["Level"], error["Line"], error["Column"]) == ("Error", 2, 2)
    assert "Statment" in error["Message"]
    assert error["NextStep"]


def test_the_limit_is_that_of_the_kind(studio: Studio) -> None:
    long = document(*[allow("ram:GetUser", "acs:ram:*:*:user/" + "a" * 60)] * 36)
    assert studio.call(OURS, "CheckPolicyDocument", PolicyDocument=long)["Valid"] is True
    found = studio.call(OURS, "CheckPolicyDocument", PolicyDocument=long, Kind="Trust")
    [error] = found["Findings"]["Finding"]
    assert found["Limit"] < len(long)
    assert error["Code"] == "InvalidParameter.PolicyDocument.Length"


def test_every_declared_permission_can_be_named(studio: Studio) -> None:
    listed = studio.call(OURS, "ListPermissions")["Permissions"]["Permission"]
    by_name = {each["Name"]: each for each in listed}
    assert {"ram:CreateUser", "sts:AssumeRole", "modelstudio:InvokeModel", "keystead:LookupEvents"} <= set(by_name)
    assert by_name["ram:AttachPolicyToUser"]["Level"] == "Permissions"
    assert by_name["ram:ListUsers"]["Level"] == "List"
    assert by_name["ram:SetPasswordPolicy"]["Level"] == "Write"
    for each in listed:
        text = document(allow(each["Name"], [one.replace("{account}", "*") for one in each["Resources"]]))
        assert not findings(text, DocumentKind.IDENTITY, permissions.services()), each


def test_a_version_is_saved_with_its_reason(studio: Studio) -> None:
    studio.call(RAM, "CreatePolicy", PolicyName="p", PolicyDocument=ALLOW)
    given = {"PolicyName": "p", "PolicyDocument": ALLOW.replace("GetUser", "ListUsers"), "BaseVersion": "v1"}
    saved = studio.call(OURS, "SavePolicyVersion", **given, SetAsDefault="true", Reason=" for the report ")
    assert saved["PolicyVersion"]["VersionId"] == "v2"
    found = studio.call(OURS, "SearchPolicyVersions", PolicyName="p")
    assert found["TotalCount"] == 2
    newest, first = found["PolicyVersions"]["PolicyVersion"]
    assert (newest["VersionId"], newest["IsDefaultVersion"], newest["Reason"]) == ("v2", True, "for the report")
    assert (first["VersionId"], first["IsDefaultVersion"], first["Reason"]) == ("v1", False, "")


def test_an_edit_that_began_before_another_one_is_refused(studio: Studio) -> None:
    studio.call(RAM, "CreatePolicy", PolicyName="p", PolicyDocument=ALLOW)
    given = {"PolicyName": "p", "PolicyDocument": ALLOW, "BaseVersion": "v1", "BaseDefault": "v1"}
    studio.call(OURS, "SavePolicyVersion", **given)
    assert studio.refused(OURS, "SavePolicyVersion", **given) == "Conflict.Policy.Changed"
    studio.call(RAM, "SetDefaultPolicyVersion", PolicyName="p", VersionId="v2")
    newest = given | {"BaseVersion": "v2"}
    assert studio.refused(OURS, "SavePolicyVersion", **newest) == "Conflict.Policy.Changed"
    assert studio.call(OURS, "SearchPolicyVersions", PolicyName="p")["TotalCount"] == 2
