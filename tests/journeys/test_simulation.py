"""What would be decided, for a user, a group's policies and a role; and that the server decides the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from journeys.house import House, document
from services.rpc import ApiError
from services.server import Server

LIST_POLICIES = {"Effect": "Allow", "Action": ["ram:ListPoliciesFor*"], "Resource": "*"}


@pytest.fixture
def house(shared_server: Server) -> House:
    return House(shared_server)


def simulate(house: House, *queries: dict[str, Any], key: Any = None, **given: str) -> list[dict[str, Any]]:
    for number, query in enumerate(queries, 1):
        for name, value in query.items():
            text = value if isinstance(value, str) else json.dumps(value)
            given[f"Queries.{number}.{name}"] = text
    answer: Any = house.do("SimulateAccess", "keystead", key, **given)
    found: list[dict[str, Any]] = answer["Results"]["Result"]
    assert answer["AllowedCount"] + answer["DeniedCount"] == len(queries) == len(found)
    return found


def test_a_set_is_decided_and_the_server_does_the_same(house: House) -> None:
    mine = f"acs:ram:*:*:user/{house.name('clerk')}"
    inside = {"IpAddress": {"acs:SourceIp": "127.0.0.0/8"}}
    clerk = house.user(
        "clerk",
        {"Effect": "Allow", "Action": "ram:GetUser", "Resource": mine, "Condition": inside},
        {"Effect": "Allow", "Action": "ram:List*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ram:ListGroups", "Resource": "*"},
    )
    account = house.server.account_id
    here = {"acs:SourceIp": "127.0.0.1", "acs:SecureTransport": False}
    asked = [
        ("GetUser", f"acs:ram:*:{account}:user/{house.name('clerk')}", {"UserName": house.name("clerk")}),
        ("GetUser", f"acs:ram:*:{account}:user/admin", {"UserName": "admin"}),
        ("ListUsers", f"acs:ram:*:{account}:user/*", {}),
        ("ListGroups", f"acs:ram:*:{account}:group/*", {}),
    ]
    queries = [{"Action": f"ram:{name}", "Resource": arn, "Context": here} for name, arn, _ in asked]
    found = simulate(house, *queries, UserName=house.name("clerk"))
    assert [each["Result"]["Decision"] for each in found] == ["Allow", "ImplicitDeny", "Allow", "ExplicitDeny"]
    for (name, _, given), simulated in zip(asked, found, strict=True):
        try:
            house.do(name, key=clerk, **given)
            served = "Allow"
        except ApiError as error:
            served = (error.detail or {})["NoPermissionType"]
        assert simulated["Result"]["Decision"] == served
    (layer,) = found[0]["Result"]["Layers"]["Layer"]
    assert layer["StatementCount"] == len(layer["Statements"]["Statement"]) == 3


def test_without_the_address_the_missing_key_is_named(house: House) -> None:
    inside = {"IpAddress": {"acs:SourceIp": "127.0.0.0/8"}}
    house.user("clerk", {"Effect": "Allow", "Action": "ram:GetUser", "Resource": "*", "Condition": inside})
    (found,) = simulate(house, {"Action": "ram:GetUser"}, UserName=house.name("clerk"))
    assert (found["Result"]["Decision"], found["MissingKeys"]) == ("ImplicitDeny", ["acs:sourceip"])


def test_groups_roles_and_a_policy_that_is_not_attached_yet(house: House) -> None:
    group, role, account = house.name("group"), house.name("role"), house.server.account_id
    house.do("CreateGroup", GroupName=group)
    house.do("AttachPolicyToGroup", GroupName=group, PolicyType="System", PolicyName="AliyunRAMReadOnlyAccess")
    (found,) = simulate(house, {"Action": "ram:GetUser"}, GroupName=group)
    (by,) = found["Result"]["DecidedBy"]["Statement"]
    assert (by["PolicyName"], by["AttachedTo"]) == ("AliyunRAMReadOnlyAccess", "RamGroup")
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{account}:root"]}}
    house.do("CreateRole", RoleName=role, AssumeRolePolicyDocument=document(trusted))
    query = {"Action": "modelstudio:InvokeModel", "Resource": "acs:modelstudio:*:1:model/m"}
    (refused,) = simulate(house, query, RoleName=role)
    remedy = refused["WhatWouldAllow"]["Change"][0]["PolicyDocument"]
    (allowed,) = simulate(house, query, RoleName=role, AdditionalPolicy=remedy)
    assert (refused["Result"]["Decision"], allowed["Result"]["Decision"]) == ("ImplicitDeny", "Allow")
    assert allowed["Result"]["DecidedBy"]["Statement"][0]["PolicyName"] == "AdditionalPolicy"


def test_it_needs_the_right_to_list_that_very_identitys_policies(house: House) -> None:
    own = {"Effect": "Allow", "Action": "ram:ListPoliciesForUser"}
    clerk = house.user("clerk", {**own, "Resource": f"acs:ram:*:*:user/{house.name('clerk')}"})
    query = {"Action": "ram:GetUser"}
    (found,) = simulate(house, query, key=clerk, UserName=house.name("clerk"))
    assert found["Result"]["Decision"] == "ImplicitDeny"
    assert [each["Readable"] for each in found["Result"]["Layers"]["Layer"][0]["Statements"]["Statement"]] == [False]
    with pytest.raises(ApiError) as other:
        simulate(house, query, key=clerk, UserName="admin")
    assert other.value.code == "NoPermission"
    assert (other.value.detail or {})["AuthAction"] == "ram:ListPoliciesForUser"
    with pytest.raises(ApiError) as group:
        simulate(house, query, key=clerk, GroupName="g")
    assert (group.value.detail or {})["AuthAction"] == "ram:ListPoliciesForGroup"


@pytest.mark.parametrize(
    ("query", "given", "code"),
    [
        ({"Action": "ram:GetUser"}, {}, "MissingUserName"),
        ({"Action": "ram:GetUser"}, {"UserName": "a", "RoleName": "b"}, "InvalidParameter.UserName"),
        ({"Action": "ram:GetUser"}, {"UserName": "nobody-at-all"}, "EntityNotExist.User"),
        ({"Action": "ram:*"}, {"UserName": "admin"}, "InvalidParameter.Action.InvalidChars"),
        ({"Action": "ram:GetUser", "Context": "[1]"}, {"UserName": "admin"}, "InvalidParameter.Queries.Context"),
        ({"Action": "ram:GetUser", "Context": "{"}, {"UserName": "admin"}, "InvalidParameter.Queries.Context"),
        (
            {"Action": "ram:GetUser", "Context": {"k": {"a": 1}}},
            {"UserName": "admin"},
            "InvalidParameter.Queries.Context",
        ),
        ({"Action": "ram:GetUser"}, {"UserName": "admin", "AdditionalPolicy": "{}"}, "MalformedPolicyDocument"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(
    house: House, query: dict[str, Any], given: dict[str, str], code: str
) -> None:
    with pytest.raises(ApiError) as refused:
        simulate(house, query, **given)
    assert refused.value.code == code
