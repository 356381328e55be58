"""What a user or role may do, what of it was used, and the smaller policy that follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead.clock import iso
from keystead.store import action_uses
from keystead.store.action_uses import Use
from products.modelstudio.studio import OURS, RAM, REFUSED, Studio

DAY_MS = 86_400_000
AUDITOR = {"Effect": "Allow", "Action": ["ram:ListPoliciesFor*", "keystead:LookupEvents"], "Resource": "*"}


@pytest.fixture
def house(studio: Studio) -> Studio:
    """alice may read users, delete some, and by her group read roles but one; her policies forbid nothing else."""
    studio.user("alice", "AliyunSTSAssumeRoleAccess")
    own = [
        {"Effect": "Allow", "Action": ["ram:GetUser", "ram:ListUsers"], "Resource": "*"},
        {"Effect": "Allow", "Action": "ram:DeleteUser", "Resource": "acs:ram:*:*:user/test-*"},
    ]
    attach(studio, "own", "User", "alice", *own)
    studio.call(RAM, "CreateGroup", GroupName="readers")
    studio.call(RAM, "AddUserToGroup", GroupName="readers", UserName="alice")
    keep = {"Effect": "Deny", "Action": "ram:GetRole", "Resource": "acs:ram:*:*:role/secret"}
    attach(studio, "roles", "Group", "readers", {"Effect": "Allow", "Action": "ram:GetRole", "Resource": "*"}, keep)
    return studio


def attach(studio: Studio, name: str, kind: str, whom: str, *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "1", "Statement": list(statements)})
    studio.call(RAM, "CreatePolicy", PolicyName=name, PolicyDocument=document)
    studio.call(RAM, f"AttachPolicyTo{kind}", PolicyName=name, PolicyType="Custom", **{f"{kind}Name": whom})
    studio.directory.clear()


def note(studio: Studio, action: str, *days_ago: int, whom: str = "alice") -> None:
    entity = studio.caller(whom).user_id
    with studio.write() as tx:
        action_uses.note(
            tx, [Use(studio.account_id, entity, action, studio.now * 1000 - days * DAY_MS) for days in days_ago]
        )


def access(studio: Studio, by: str = "", /, **given: str) -> dict[str, Any]:
    answer = studio.call(OURS, "GetIdentityAccess", by, **{"UserName": "alice", "PageSize": "100", **given})
    return {each["Action"]: each for each in answer["Actions"]["Action"]} | {"": answer}


def test_each_action_says_whether_by_what_and_how_often(house: Studio) -> None:
    note(house, "ram:ListUsers", 0, 0, 3, 89, 95)
    note(house, "oss:GetObject", 1)
    found = access(house)
    listed = found["ram:ListUsers"]
    assert (listed["Allowed"], listed["Calls"], listed["LastUsedDate"]) == ("Yes", 4, iso(house.now))
    assert [(one["PolicyName"], one["StatementIndex"]) for one in listed["Statements"]["Statement"]] == [("own", 0)]
    assert (found["ram:GetUser"]["Calls"], "LastUsedDate" in found["ram:GetUser"]) == (0, False)
    assert found["ram:DeleteUser"]["Allowed"] == "Partly"
    assert found["ram:GetRole"]["Allowed"] == "Partly", "a Deny takes a part of it"
    assert (found["oss:GetObject"]["Allowed"], found["oss:GetObject"]["Calls"]) == ("No", 1)
    assert "ram:CreateUser" not in found
    assert found[""]["AllowedCount"] == 5  # those four and sts:AssumeRole
    assert found[""]["UsedCount"] == 1
    assert set(access(house, Used="yes")) == {"", "ram:ListUsers", "oss:GetObject"}
    assert set(access(house, Used="no", Service="ram")) == {"", "ram:GetUser", "ram:DeleteUser", "ram:GetRole"}
    assert set(access(house, Query="delete")) == {"", "ram:DeleteUser"}
    assert access(house, PageSize="2", Page="2")[""]["TotalCount"] == 6


def test_the_suggestion_holds_what_was_used_as_it_was_allowed(house: Studio) -> None:
    note(house, "ram:DeleteUser", 5)
    note(house, "ram:GetRole", 5)
    found = house.call(OURS, "SuggestSmallerPolicy", UserName="alice")
    statements = json.loads(found["PolicyDocument"])["Statement"]
    by_effect = {(each["Effect"], str(each["Action"]), each["Resource"]) for each in statements}
    assert by_effect == {
        ("Allow", "['ram:DeleteUser']", "acs:ram:*:*:user/test-*"),
        ("Allow", "['ram:GetRole']", "*"),
        ("Deny", "ram:GetRole", "acs:ram:*:*:role/secret"),
    }
    assert found["UnusedServices"] == ["sts"]
    assert (found["UsedCount"], found["Withheld"]) == (2, 0)
    assert "ram:ListUsers" in found["CurrentDocument"]


def test_who_holds_more_than_was_used_is_listed(house: Studio) -> None:
    note(house, "ram:GetUser", 5)
    note(house, "ram:DeleteUser", 95)

    def rows(by: str = "", /, **given: str) -> dict[str, Any]:
        answer = house.call(OURS, "SearchUnusedPermissions", by, **given)
        return {each["PrincipalName"]: each for each in answer["Identities"]["Identity"]}

    (alice,) = rows(Query="ali").values()
    assert (alice["AllowedCount"], alice["UsedCount"]) == (5, 1)
    assert alice["UnusedServices"]["Service"] == ["sts"]
    assert rows(PrincipalType="Role") == {}
    house.user("lister", "AliyunRAMReadOnlyAccess")
    assert house.refused(OURS, "SearchUnusedPermissions", "lister") == REFUSED
    house.user("reader")
    events = {"Effect": "Allow", "Action": "keystead:LookupEvents", "Resource": "*"}
    attach(house, "events", "User", "reader", events)
    assert house.refused(OURS, "SearchUnusedPermissions", "reader") == REFUSED


def test_roles_that_did_nothing_are_found(house: Studio) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [house.account.arn]}}
    document = json.dumps({"Version": "1", "Statement": [trust]})
    made = {
        name: house.call(RAM, "CreateRole", RoleName=name, AssumeRolePolicyDocument=document)["Role"]["RoleId"]
        for name in ("busy", "idle")
    }
    house.now += 40 * 86_400
    house.call(RAM, "CreateRole", RoleName="young", AssumeRolePolicyDocument=document)
    with house.write() as tx:
        action_uses.note(tx, [Use(house.account_id, made["busy"], "ram:GetRole", (house.now - 86_405) * 1000)])

    def names(**given: str) -> dict[str, str]:
        answer = house.call(OURS, "SearchRoles", **given)
        return {each["RoleName"]: each.get("LastUsedDate", "") for each in answer["Roles"]["Role"]}

    assert names(UnusedDays="30") == {"idle": ""}
    assert names(UnusedDays="1") == {"idle": "", "busy": iso(house.now - 86_405)}
    assert set(names()) == {"busy", "idle", "young"}


def test_nothing_used_suggests_nothing(house: Studio) -> None:
    assert house.call(OURS, "SuggestSmallerPolicy", UserName="alice")["PolicyDocument"] == ""


def test_who_asks_needs_the_right_to_the_trail_and_sees_no_policy_that_he_may_not_read(house: Studio) -> None:
    house.user("lister", "AliyunRAMReadOnlyAccess")
    for action in ("GetIdentityAccess", "SuggestSmallerPolicy"):
        assert house.refused(OURS, action, "lister", UserName="alice") == REFUSED
    house.user("auditor")
    attach(house, "auditor", "User", "auditor", AUDITOR)
    note(house, "ram:ListUsers", 1)
    row = access(house, "auditor")["ram:ListUsers"]
    (one,) = row["Statements"]["Statement"]
    assert (one["Readable"], one["PolicyName"], one["StatementIndex"]) == (False, "", -1)
    found = house.call(OURS, "SuggestSmallerPolicy", "auditor", UserName="alice")
    assert found["Withheld"] == 3
    assert (found["PolicyDocument"], found["CurrentDocument"]) == ("", "")


def test_wrong_names_are_refused(house: Studio) -> None:
    assert house.refused(OURS, "GetIdentityAccess", UserName="nobody") == "EntityNotExist.User"
    assert house.refused(OURS, "GetIdentityAccess", RoleName="nobody") == "EntityNotExist.Role"
    assert house.refused(OURS, "GetIdentityAccess") == "MissingUserName"
    assert house.refused(OURS, "SuggestSmallerPolicy", UserName="a", RoleName="b") == "InvalidParameter.UserName"


def test_old_days_are_forgotten(house: Studio) -> None:
    note(house, "ram:ListUsers", 3, 89, 91, 200)
    with house.write() as tx:
        action_uses.forget(tx)
        (row,) = action_uses.of(tx, house.caller("alice").user_id)
    assert row.calls == 2
