"""WhoCan: who it finds is who the evaluator allows, asked one by one; page by page, and by which statement."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from keystead.faults import Fault
from keystead.identity.records import identity_layer, user_layer
from keystead.policy import Query, decide
from keystead.store import roles, users
from products.modelstudio.studio import OURS, RAM, REFUSED, Studio

ACTIONS = ("ram:GetUser", "ram:CreateUser", "ims:GetUser", "modelstudio:CallModel", "oss:PutObject")


def policy(studio: Studio, name: str, *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "1", "Statement": list(statements)})
    studio.call(RAM, "CreatePolicy", PolicyName=name, PolicyDocument=document)


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def attach(studio: Studio, kind: str, name: str, policy_name: str, policy_type: str = "Custom") -> None:
    given = {f"{kind}Name": name, "PolicyName": policy_name, "PolicyType": policy_type}
    studio.call(RAM, f"AttachPolicyTo{kind}", **given)


def asked(studio: Studio, action: str, by: str = "", **given: Any) -> list[dict[str, Any]]:
    """Every identity, page after page."""
    found: list[dict[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        answer = studio.call(OURS, "WhoCan", by, Action=action, **given, **marker)
        found += answer["Identities"]["Identity"]
        if not answer["IsTruncated"]:
            return found
        marker = {"Marker": answer["Marker"]}


def names(found: list[dict[str, Any]], decision: str = "Allow") -> list[str]:
    return [f"{each['PrincipalType']}/{each['PrincipalName']}" for each in found if each["Decision"] == decision]


TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}},
        ],
    }
)


def crowd(studio: Studio, chance: random.Random) -> None:
    """Users, groups and roles with policies by chance, some of which allow, some deny, some under conditions."""
    secure = {"Condition": {"Bool": {"acs:SecureTransport": "true"}}}
    policy(studio, "reads", allow("ram:Get*"))
    policy(studio, "one", allow("ram:*", f"acs:ram:*:{studio.account_id}:user/a*"))
    policy(studio, "secure", allow("*", **secure))
    policy(studio, "never", deny("ram:CreateUser"))
    policy(studio, "open-never", deny("*", Condition={"Bool": {"acs:SecureTransport": "false"}}))
    policy(studio, "models", allow("modelstudio:*"), allow("ims:*"))
    own = [("Custom", each) for each in ("reads", "one", "secure", "never", "open-never", "models")]
    every = [*own, ("System", "AdministratorAccess"), ("System", "ReadOnlyAccess"), ("System", "AliyunRAMFullAccess")]
    principals = []
    for number in range(4):
        studio.call(RAM, "CreateGroup", GroupName=f"g{number}")
        principals.append(("Group", f"g{number}"))
    for number in range(24):
        studio.call(RAM, "CreateUser", UserName=f"u{number:02d}")
        principals.append(("User", f"u{number:02d}"))
        for group in chance.sample(range(4), chance.randrange(3)):
            studio.call(RAM, "AddUserToGroup", UserName=f"u{number:02d}", GroupName=f"g{group}")
    for number in range(5):
        studio.call(RAM, "CreateRole", RoleName=f"r{number}", AssumeRolePolicyDocument=TRUST)
        principals.append(("Role", f"r{number}"))
    for kind, name in principals:
        for policy_type, policy_name in chance.sample(every, chance.randrange(3)):
            attach(studio, kind, name, policy_name, policy_type)


def oracle(studio: Studio, action: str, resource: str, context: dict[str, str]) -> list[str]:
    """Everybody, asked one by one through the layers that their calls are judged by."""
    found = []
    alias = f"ims:{action[4:]}" if action.startswith("ram:") else None
    query = Query(action, resource, context, None, alias)
    with studio.write() as tx:
        for number in range(24):
            row = users.get(tx, f"u{number:02d}")
            if decide(query, (user_layer(tx, row.id, set()),)).allowed:
                found.append(f"User/{row.name}")
        for number in range(5):
            row = roles.get(tx, f"r{number}")
            if decide(query, (identity_layer(tx, [row.id], set()),)).allowed:
                found.append(f"Role/{row.name}")
    return found


@pytest.mark.parametrize("seed", range(2))
def test_it_finds_who_the_evaluator_allows(studio: Studio, seed: int) -> None:
    crowd(studio, random.Random(seed))
    sizes = set()
    for action in ACTIONS:
        for resource in ("*", f"acs:ram:*:{studio.account_id}:user/ann", f"acs:ram:*:{studio.account_id}:user/bob"):
            for context in ({}, {"acs:securetransport": "true"}, {"acs:securetransport": "false"}):
                given = {"Resource": resource, "Context": json.dumps(context), "MaxItems": "7"}
                found = asked(studio, action, **given)
                assert names(found) == oracle(studio, action, resource, context), (action, resource, context)
                sizes.add(len(found))
    assert len(sizes) > 4


def test_each_comes_with_the_statement_and_the_group(studio: Studio) -> None:
    for name in ("ann", "bob", "cyd", "dan"):
        studio.call(RAM, "CreateUser", UserName=name)
    policy(studio, "makers", allow("oss:GetObject"), allow("ram:CreateUser"))
    policy(studio, "office", allow("ram:CreateUser", Condition={"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}))
    policy(studio, "nobody", deny("ram:CreateUser"))
    studio.call(RAM, "CreateGroup", GroupName="hr")
    studio.call(RAM, "AddUserToGroup", UserName="ann", GroupName="hr")
    attach(studio, "Group", "hr", "makers")
    attach(studio, "User", "bob", "office")
    attach(studio, "User", "cyd", "makers")
    attach(studio, "User", "dan", "makers")
    attach(studio, "User", "dan", "nobody")
    studio.call(OURS, "SetUserStatus", UserName="cyd", Status="freeze")
    ann, bob, cyd = asked(studio, "ram:CreateUser")
    assert (ann["PrincipalName"], ann["Decision"], ann["Enabled"]) == ("ann", "Allow", True)
    (statement,) = ann["Statements"]["Statement"]
    assert (statement["PolicyName"], statement["StatementIndex"], statement["GroupName"]) == ("makers", 1, "hr")
    assert (bob["PrincipalName"], bob["Decision"]) == ("bob", "Conditional")
    assert bob["Statements"]["Statement"][0]["ConditionKeys"] == ["acs:SourceIp"]
    assert (cyd["PrincipalName"], cyd["Enabled"]) == ("cyd", False)
    assert names(asked(studio, "ram:CreateUser", Context='{"acs:SourceIp": "10.1.2.3"}')) == [
        "User/ann",
        "User/bob",
        "User/cyd",
    ]
    assert asked(studio, "ram:DeleteUser") == []
    assert asked(studio, "ram:CreateUser", PrincipalType="Role") == []


def test_one_call_asks_a_bounded_number(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keystead.products.keystead.who_can.MOST_ASKED", 3)
    monkeypatch.setattr("keystead.products.keystead.who_can._AT_ONCE", 2)
    policy(studio, "makers", allow("ram:CreateUser"))
    policy(studio, "nobody", deny("ram:CreateUser"))
    for number in range(8):
        studio.call(RAM, "CreateUser", UserName=f"u{number}")
        attach(studio, "User", f"u{number}", "makers")
        if number != 7:
            attach(studio, "User", f"u{number}", "nobody")
    first = studio.call(OURS, "WhoCan", Action="ram:CreateUser")
    assert (first["AskedCount"], first["IsTruncated"], first["Identities"]["Identity"]) == (3, True, [])
    assert names(asked(studio, "ram:CreateUser")) == ["User/u7"]


def test_policies_that_the_caller_may_not_read_are_not_named(studio: Studio) -> None:
    policy(studio, "asks", allow("keystead:WhoCan"))
    policy(studio, "makers", allow("ram:CreateUser"))
    studio.user("ann", "ReadOnlyAccess")
    studio.user("bob")
    attach(studio, "User", "bob", "makers")
    with pytest.raises(Fault) as refused:
        studio.call(OURS, "WhoCan", "bob", Action="ram:CreateUser")
    assert refused.value.code == REFUSED
    attach(studio, "User", "bob", "asks")
    (found,) = asked(studio, "ram:CreateUser", "bob")
    (statement,) = found["Statements"]["Statement"]
    assert (statement["Readable"], statement["PolicyName"], statement["StatementIndex"]) == (False, "", -1)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Context": "["}, "InvalidParameter.Context"),
        ({"Marker": "bm90aGluZw=="}, "InvalidParameter.Marker"),
        ({"Action": "everything"}, "InvalidParameter.Action.InvalidChars"),
    ],
)
def test_what_is_wrong_is_named(studio: Studio, given: dict[str, str], code: str) -> None:
    with pytest.raises(Fault) as refused:
        studio.call(OURS, "WhoCan", **{"Action": "ram:GetUser", **given})
    assert refused.value.code == code
