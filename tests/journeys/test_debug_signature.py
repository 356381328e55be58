"""A refused request looked into: pasted or by its request ID, over the wire and by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any
from urllib.parse import quote

import pytest

from journeys.house import EXPLAIN, House
from journeys.wire import Wire
from services.rpc import ApiError, Key
from services.server import PROGRAM, Server

DEBUG = {"Effect": "Allow", "Action": "keystead:DebugSignature", "Resource": "*"}
LOOK = {"Effect": "Allow", "Action": "keystead:LookupEvents", "Resource": "*"}


@pytest.fixture
def house(shared_server: Server) -> House:
    return House(shared_server)


def debug(house: House, key: Key | None = None, **given: str) -> dict[str, Any]:
    return house.do("DebugSignature", "keystead", key, **given)


def named(answer: dict[str, Any]) -> list[str]:
    return [cause["Name"] for cause in answer["Causes"]["Cause"]]


def test_a_pasted_request_with_a_line_feed_behind_the_secret(house: House) -> None:
    clerk = house.user("clerk")
    wire = Wire(house, clerk, secret=clerk.secret + "\n", UserName=house.name("clerk"))
    found = debug(house, Request=wire.text)
    assert (named(found), found["Verdict"], found["SecretVerifies"]) == (["SecretHasBlank"], "Refused", "No")
    assert found["Causes"]["Cause"][0]["Certainty"] == "Proven"
    assert clerk.secret not in json.dumps(found)
    signature = wire.headers["authorization"].rpartition("=")[2]
    assert signature not in json.dumps(found)


def test_the_same_by_its_request_id(house: House) -> None:
    clerk = house.user("clerk")
    house.do("GetCallerIdentity", "sts", clerk)
    wire = Wire(house, clerk, secret=clerk.secret + " ", UserName=house.name("clerk"))
    found = debug(house, FailedRequestId=wire.refused())
    assert (named(found), found["Scheme"]) == (["SecretHasBlank"], "ACS3-HMAC-SHA256")
    assert f"UserName={house.name('clerk')}" in found["Server"]["CanonicalRequest"]


def test_a_header_that_a_proxy_changed_is_found_by_the_clients_canonical_request(house: House) -> None:
    clerk = house.user("clerk")
    wire = Wire(house, clerk, UserName=house.name("clerk"))
    right = debug(house, Request=wire.text)
    assert (right["Verdict"], right["SecretVerifies"], named(right)) == ("Genuine", "Yes", [])
    wire.headers["host"] = "keystead.example"
    found = debug(house, Request=wire.text, CanonicalRequest=right["Server"]["CanonicalRequest"])
    assert named(found) == ["HostHeader"]
    (difference,) = found["Differences"]["Difference"]
    assert difference["Part"] == "headers"
    assert difference["Client"].startswith("127.0.0.1:")
    assert difference["Server"].startswith("keystead.example")


def test_the_clock_and_the_nonce(house: House) -> None:
    clerk = house.user("clerk")
    house.do("GetCallerIdentity", "sts", clerk)
    slow = Wire(house, clerk, seconds=-17 * 60, UserName=house.name("clerk"))
    found = debug(house, FailedRequestId=slow.refused())
    assert named(found) == ["ClockOff"]
    assert "17 minutes behind" in found["Causes"]["Cause"][0]["Message"]
    assert named(debug(house, Request=slow.text)) == ["RequestTooOld"]
    twice = Wire(house, clerk)
    twice.send()
    assert named(debug(house, FailedRequestId=twice.refused())) == ["NonceUsed"]
    assert named(debug(house, Request=twice.text)) == ["NonceUsed"]


def test_pairs_that_are_disabled_unknown_or_anothers(house: House) -> None:
    clerk = house.user("clerk")
    wire = Wire(house, clerk)
    house.do("UpdateAccessKey", UserName=house.name("clerk"), UserAccessKeyId=clerk.id, Status="Inactive")
    assert named(debug(house, Request=wire.text)) == ["AccessKeyInactive"]
    nobody = Wire(house, Key("LTAI" + "0" * 20, "x"))
    assert named(debug(house, Request=nobody.text)) == ["AccessKeyUnknown"]
    mixed = Wire(house, Key(clerk.id, house.server.admin.secret))
    assert "SecretOfAnotherPair" not in named(debug(house, Request=mixed.text))  # only pairs of the same owner


def test_the_secret_of_the_users_other_pair(house: House) -> None:
    clerk = house.user("clerk")
    pair: Any = house.do("CreateAccessKey", UserName=house.name("clerk"))["AccessKey"]
    wire = Wire(house, clerk, secret=pair["AccessKeySecret"])
    found = debug(house, Request=wire.text)
    assert named(found) == ["SecretOfAnotherPair"]
    assert pair["AccessKeyId"] in found["Causes"]["Cause"][0]["Message"]


def test_what_is_secret_in_a_kept_request_is_blanked(house: House) -> None:
    clerk, auditor = house.user("clerk"), house.user("auditor", DEBUG, LOOK)
    house.do("GetCallerIdentity", "sts", clerk)
    password = "Not-for-0thers!"
    wire = Wire(house, Key(clerk.id, "wrong"), UserName=house.name("clerk"), Password=password)
    wire.headers["x-acs-action"] = "CreateLoginProfile"
    found = debug(house, auditor, FailedRequestId=wire.refused())
    assert found["Blanked"] == ["Password"]
    assert password not in json.dumps(found)
    assert quote(password) not in json.dumps(found)
    assert "Password=%28hidden%29" in found["Server"]["CanonicalRequest"]


def test_a_sessions_request_is_looked_into_and_its_token_blanked(house: House) -> None:
    role, account = house.name("role"), house.server.account_id
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{account}:root"]}}
    document = json.dumps({"Version": "1", "Statement": [trust]})
    arn: Any = house.do("CreateRole", RoleName=role, AssumeRolePolicyDocument=document)["Role"]
    made: Any = house.do("AssumeRole", "sts", RoleArn=arn["Arn"], RoleSessionName="mine")["Credentials"]
    session = Key(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])
    wire = Wire(house, session, secret=session.secret + "\n")
    found = debug(house, FailedRequestId=wire.refused())
    assert named(found) == ["SecretHasBlank"]
    assert found["Blanked"] == ["x-acs-security-token"]
    assert made["SecurityToken"] not in json.dumps(found)
    assert named(debug(house, Request=wire.text)) == ["SecretHasBlank"]


def test_requests_of_others_need_the_right_to_look_up_events(house: House) -> None:
    clerk, other = house.user("clerk", DEBUG), house.user("other", DEBUG, EXPLAIN)
    house.do("GetCallerIdentity", "sts", clerk)
    wire = Wire(house, clerk, secret=clerk.secret + "\n")
    request_id = wire.refused()
    assert named(debug(house, clerk, FailedRequestId=request_id)) == ["SecretHasBlank"]
    with pytest.raises(ApiError) as refused:
        debug(house, other, FailedRequestId=request_id)
    assert refused.value.code == "EntityNotExist.RefusedRequest"
    told = debug(house, other, Request=wire.text)
    assert (told["SecretVerifies"], named(told)) == ("NotChecked", ["Unknown"])
    with pytest.raises(ApiError) as denied:
        debug(house, house.user("nobody"), Request=wire.text)
    assert denied.value.code == "NoPermission"


def test_nothing_of_the_request_is_in_the_audit(house: House) -> None:
    mark = house.name("marked")
    wire = Wire(house, house.server.admin, UserName=mark)
    debug(house, Request=wire.text)
    waited = ("--wait", "Events.Event[0]", "--wait-timeout", "10", "--output", "json")
    events = house.server.cli("audit", "--action", "DebugSignature", "--limit", "1000", *waited)
    assert events.returncode == 0, events.stderr
    assert mark not in events.stdout


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "InvalidParameter.FailedRequestId"),
        ({"Request": "hello"}, "InvalidParameter.Request.Format"),
        ({"FailedRequestId": "00000000-0000-4000-8000-000000000000"}, "EntityNotExist.RefusedRequest"),
    ],
)
def test_what_cannot_be_looked_into_is_refused_in_words(house: House, given: dict[str, str], code: str) -> None:
    with pytest.raises(ApiError) as refused:
        debug(house, **given)
    assert refused.value.code == code


def test_a_request_without_signature_is_named_so(house: House) -> None:
    assert named(debug(house, Request="GET /?Action=GetUser HTTP/1.1\nhost: h\n\n")) == ["NotSigned"]


def run(house: House, *arguments: str, pasted: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), *arguments] if PROGRAM.suffix == ".py" else [str(PROGRAM), *arguments],
        env=house.server.environment, input=pasted, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_by_the_command_line(house: House, tmp_path: Any) -> None:
    clerk = house.user("clerk", EXPLAIN)
    wire = Wire(house, clerk, secret=clerk.secret + "\n", UserName=house.name("clerk"))
    told = run(house, "debug", "signature", pasted=wire.text)
    assert told.returncode == 0, told.stderr
    assert "SecretHasBlank" in told.stdout
    assert "does not make this signature" in told.stdout
    file = tmp_path / "request.txt"
    file.write_text(wire.text)
    as_json = run(house, "debug", "signature", str(file), "--output", "json")
    assert named(json.loads(as_json.stdout)) == ["SecretHasBlank"]
    denied = house.refused(clerk, "DeleteUser", UserName="somebody")
    house.explain(EventRequestId=denied.request_id or "")
    for told in (
        run(house, "debug", "denial", denied.request_id or ""),
        run(house, "debug", "denial", "-", pasted=f"NoPermission: {denied.message} RequestId: {denied.request_id}"),
    ):
        assert told.returncode == 0, told.stderr
        assert "ram:DeleteUser" in told.stdout
        assert '"Effect": "Allow"' in told.stdout
    nothing = run(house, "debug", "denial", "-", pasted=" ")
    assert nothing.returncode == 2
    assert "Nothing was pasted" in nothing.stderr
