"""Why was it refused?  By request ID, sealed message and pasted answer, asked by all who may and may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from journeys.house import EXPLAIN, House, document
from services.rpc import Key
from services.server import Server


@pytest.fixture
def house(shared_server: Server) -> House:
    return House(shared_server)


def statements(layer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = layer["Statements"]["Statement"]
    return found


def test_by_request_id_the_near_miss_says_what_was_sent_and_what_was_wanted(house: House) -> None:
    allow = {
        "Effect": "Allow",
        "Action": "ram:GetUser",
        "Resource": "*",
        "Condition": {"IpAddress": {"acs:SourceIp": "10.9.0.0/16"}},
    }
    clerk = house.user("clerk", allow, EXPLAIN)
    denied = house.refused(clerk, "GetUser", UserName=house.name("clerk"))
    found = house.explain(EventRequestId=denied.request_id or "")
    assert found["ContextRecorded"] is True
    assert found["Denied"]["EventRequestId"] == denied.request_id
    assert (found["Denied"]["Decision"], found["Denied"]["Action"]) == ("ImplicitDeny", "ram:GetUser")
    assert found["Denied"]["Identity"].endswith(f":user/{house.name('clerk')}")
    near = found["Now"]["NearMisses"]["Statement"][0]
    assert (near["PolicyName"], near["StatementIndex"]) == (f"p-{house.name('clerk')}", 0)
    assert near["Missed"] == ["Condition"]
    (condition,) = near["Conditions"]["Condition"]
    assert condition["Wanted"] == ["10.9.0.0/16"]
    assert condition["Sent"] == ["127.0.0.1"]
    (change,) = found["WhatWouldAllow"]["Change"]
    (statement,) = json.loads(change["PolicyDocument"])["Statement"]
    assert statement == {"Effect": "Allow", "Action": "ram:GetUser", "Resource": found["Denied"]["Resource"]}


def test_the_smallest_statement_allows_it_when_it_is_attached(house: House) -> None:
    clerk = house.user("clerk", EXPLAIN)
    denied = house.refused(clerk, "GetUser", UserName=house.name("clerk"))
    found = house.explain(EventRequestId=denied.request_id or "")
    text = found["WhatWouldAllow"]["Change"][0]["PolicyDocument"]
    house.do("CreatePolicy", PolicyName=house.name("more"), PolicyDocument=text)
    house.do("AttachPolicyToUser", UserName=house.name("clerk"), PolicyType="Custom", PolicyName=house.name("more"))
    assert house.do("GetUser", key=clerk, UserName=house.name("clerk"))["User"]
    again = house.explain(EventRequestId=denied.request_id or "")
    assert again["Now"]["Decision"] == "Allow"
    assert any("allowed now" in remark for remark in again["Remarks"])
    assert again["WhatWouldAllow"]["Change"] == []


def test_by_message_and_by_the_pasted_answer(house: House) -> None:
    clerk = house.user("clerk", {"Effect": "Deny", "Action": "ram:Delete*", "Resource": "*"}, EXPLAIN)
    denied = house.refused(clerk, "DeleteUser", UserName="somebody")
    message = (denied.detail or {})["EncodedDiagnosticMessage"]
    for given in (
        {"EncodedDiagnosticMessage": message},
        {"ErrorText": json.dumps({"Code": denied.code, "AccessDeniedDetail": denied.detail}).replace("/", "\\/")},
        {"ErrorText": f"SDKError: code: 403, {denied.message} request id: {denied.request_id}"},
    ):
        found = house.explain(**given)
        assert found["Denied"]["Decision"] == "ExplicitDeny"
        (by,) = found["Now"]["DecidedBy"]["Statement"]
        assert (by["PolicyName"], by["Effect"]) == (f"p-{house.name('clerk')}", "Deny")
        kinds = [change["Kind"] for change in found["WhatWouldAllow"]["Change"]]
        assert kinds == ["ChangeDeny", "AddStatement"]


def test_who_may_not_read_policies_is_told_what_was_missed_and_no_name(house: House) -> None:
    allow = {"Effect": "Allow", "Action": "ram:GetUser", "Resource": "acs:ram:*:*:user/somebody-else"}
    clerk = house.user("clerk", allow, EXPLAIN)
    denied = house.refused(clerk, "GetUser", UserName=house.name("clerk"))
    found = house.explain(clerk, EventRequestId=denied.request_id or "")
    near = found["Now"]["NearMisses"]["Statement"][0]
    assert near["Readable"] is False
    assert (near["PolicyName"], near["StatementIndex"], near["Resources"]) == ("", -1, [])
    assert near["Missed"] == ["Resource"]
    assert f"p-{house.name('clerk')}" not in json.dumps(found)
    assert "somebody-else" not in json.dumps(found)


def test_refusals_of_others_need_the_right_to_look_up_events(house: House) -> None:
    clerk, other = house.user("clerk", EXPLAIN), house.user("other", EXPLAIN)
    denied = house.refused(clerk, "DeleteUser", UserName="somebody")
    house.explain(EventRequestId=denied.request_id or "")  # it has reached the audit
    message = (denied.detail or {})["EncodedDiagnosticMessage"]
    for given in ({"EventRequestId": denied.request_id or ""}, {"EncodedDiagnosticMessage": message}):
        assert house.refused(other, "ExplainDenial", "keystead", **given).code == "EntityNotExist.Denial"
    look = {"Effect": "Allow", "Action": "keystead:LookupEvents", "Resource": "*"}
    auditor = house.user("auditor", EXPLAIN, look)
    assert house.explain(auditor, EventRequestId=denied.request_id or "")["Denied"]["Action"] == "ram:DeleteUser"
    nobody = house.user("nobody")
    assert house.refused(nobody, "ExplainDenial", "keystead", EncodedDiagnosticMessage=message).code == "NoPermission"


def test_a_session_is_refused_by_its_own_policy_and_that_is_shown(house: House) -> None:
    role = house.name("role")
    trust = document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"RAM": [f"acs:ram::{house.server.account_id}:root"]},
        }
    )
    arn = house.do("CreateRole", RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    house.do("AttachPolicyToRole", RoleName=role, PolicyType="System", PolicyName="AdministratorAccess")
    narrow = document({"Effect": "Allow", "Action": "ram:ListUsers", "Resource": "*"})
    made: Any = house.do(
        "AssumeRole", "sts", RoleArn=arn, RoleSessionName="narrow", Policy=narrow, DurationSeconds="900"
    )["Credentials"]
    session = Key(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])
    denied = house.refused(session, "GetUser", UserName="admin")
    found = house.explain(EventRequestId=denied.request_id or "")
    assert found["Denied"]["Layer"] == "SessionPolicy"
    by_layer = {layer["Layer"]: layer for layer in found["Now"]["Layers"]["Layer"]}
    assert by_layer["SessionPolicy"]["Decision"] == "ImplicitDeny"
    assert by_layer["AccountLevelIdentityBasedPolicy"]["Decision"] == "Allow"
    assert statements(by_layer["SessionPolicy"])[0]["Actions"] == ["ram:ListUsers"]
    assert [change["Layer"] for change in found["WhatWouldAllow"]["Change"]] == ["SessionPolicy"]


def test_a_trust_policy_that_names_another_is_shown(house: House) -> None:
    role = house.name("role")
    house.user("trusted")
    borrow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    clerk = house.user("clerk", borrow, EXPLAIN)
    account = house.server.account_id
    named = {"RAM": [f"acs:ram::{account}:user/{house.name('trusted')}"]}
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": named})
    arn = house.do("CreateRole", RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    denied = house.refused(clerk, "AssumeRole", "sts", RoleArn=arn, RoleSessionName="mine")
    found = house.explain(EventRequestId=denied.request_id or "")
    assert found["Denied"]["Layer"] == "AssumeRolePolicy"
    near = found["Now"]["NearMisses"]["Statement"][0]
    assert (near["PolicyName"], near["Missed"]) == (role, ["Principal"])
    (change,) = found["WhatWouldAllow"]["Change"]
    (statement,) = json.loads(change["PolicyDocument"])["Statement"]
    assert statement["Principal"] == {"RAM": [f"acs:ram::{account}:user/{house.name('clerk')}"]}
    # Who may not read the role is not told whom it trusts.
    assert house.name("trusted") not in json.dumps(house.explain(clerk, EventRequestId=denied.request_id or ""))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "InvalidParameter.EventRequestId"),
        ({"ErrorText": "it does not work"}, "InvalidParameter.ErrorText"),
        ({"EncodedDiagnosticMessage": "AQ" + "A" * 80}, "InvalidParameter.EncodedDiagnosticMessage"),
        ({"EventRequestId": "x" * 36}, "InvalidParameter.EventRequestId.InvalidChars"),
        ({"EventRequestId": "00000000-0000-4000-8000-000000000000"}, "EntityNotExist.Denial"),
    ],
)
def test_what_explains_nothing_is_refused_in_words(house: House, given: dict[str, str], code: str) -> None:
    assert house.refused(house.server.admin, "ExplainDenial", "keystead", **given).code == code


def test_a_call_that_was_done_is_no_refusal(house: House) -> None:
    done = house.do("CreateUser", UserName=house.name("made"))
    told = house.refused(house.server.admin, "ExplainDenial", "keystead", EventRequestId=str(done["RequestId"]))
    assert told.code == "InvalidParameter.EventRequestId.NotDenied"
    assert "Success" in told.message
