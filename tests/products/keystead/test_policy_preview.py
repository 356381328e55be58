"""What a new version of a policy would change: against its default version, and against the decisions of the trail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead import ids
from keystead.faults import Fault
from keystead.identity import denial
from keystead.policy import Query, decide
from keystead.store import audit
from products.modelstudio.studio import OURS, RAM, REFUSED, Studio

DAY = 86_400


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def house(studio: Studio) -> Studio:
    """alice has the policy `work`, which lets her read users; bob has another one."""
    studio.user("alice", "AliyunSTSAssumeRoleAccess")
    studio.user("bob", "AliyunRAMReadOnlyAccess")
    studio.call(RAM, "CreatePolicy", PolicyName="work", PolicyDocument=text(allow("ram:Get*")))
    studio.call(RAM, "AttachPolicyToUser", PolicyName="work", PolicyType="Custom", UserName="alice")
    studio.directory.clear()
    return studio


def done(house: Studio, who: str, action: str, *, days_ago: int = 1, product: str = "Ram") -> audit.Event:
    arn = f"acs:ram::{house.account_id}:user/{who}"
    resource = f"acs:ram:*:{house.account_id}:user/carol"
    at = (house.now - days_ago * DAY) * 1000
    known = ("read", "RAMUser", arn, "LTAI", resource, "Success", "10.1.2.3", "", "{}")
    return audit.Event(house.account_id, at, ids.request_id(), product, action, *known)


def refused(house: Studio, who: str, action: str) -> audit.Event:
    """A refusal as the server audits it, with what was evaluated."""
    caller = house.caller(who)
    query = Query(action, f"acs:ram:*:{house.account_id}:user/carol", {"acs:mfapresent": "true"})
    decision = decide(query, caller.layers)
    assert not decision.allowed
    fault: Fault = denial.by_layers(decision, query, caller, house.keyring, house.now)
    event = done(house, who, action.partition(":")[2])
    at, message = (house.now - DAY) * 1000, denial.message_of(fault)
    known = ("read", "RAMUser", event.principal, "LTAI", event.resource, "NoPermission", "10.1.2.3", "", "{}", message)
    return audit.Event(house.account_id, at, event.request_id, "Ram", event.action, *known)


def preview(house: Studio, *statements: dict[str, Any], by: str = "", **given: str) -> dict[str, Any]:
    found: dict[str, Any] = house.call(
        OURS, "PreviewPolicyVersion", by, PolicyName="work", PolicyDocument=text(*statements), **given
    )
    return found


def flips(found: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    return [
        (each["Identity"].rpartition("/")[2], each["Action"], each["Becomes"], each["Calls"])
        for each in found["Flips"]["Flip"]
    ]


def test_decisions_that_would_flip_are_grouped(house: Studio) -> None:
    events = [
        done(house, "alice", "GetUser"),
        done(house, "alice", "GetUser", days_ago=3),
        done(house, "alice", "GetUser", days_ago=40),
        done(house, "bob", "GetUser"),
        refused(house, "alice", "ram:ListUsers"),
    ]
    with house.write() as tx:
        audit.insert(tx, events)
    found = preview(house, allow("ram:ListUsers"))
    assert flips(found) == [("alice", "ram:GetUser", "Refused", 2), ("alice", "ram:ListUsers", "Allowed", 1)]
    assert (found["AllowedCalls"], found["RefusedCalls"], found["LookedAt"], found["UndecidedCalls"]) == (1, 2, 3, 0)
    assert found["Flips"]["Flip"][0]["EventRequestId"] == events[0].request_id
    assert flips(preview(house, allow("ram:ListUsers"), Days="90"))[0][3] == 3
    assert flips(preview(house, allow("ram:Get*"))) == []


def test_conditions_are_asked_as_far_as_the_trail_tells(house: Studio) -> None:
    with house.write() as tx:
        audit.insert(tx, [done(house, "alice", "GetUser"), refused(house, "alice", "ram:ListUsers")])
    near = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    assert flips(preview(house, allow("ram:GetUser", Condition=near))) == []
    far = {"IpAddress": {"acs:SourceIp": "192.0.2.0/24"}}
    assert flips(preview(house, allow("ram:GetUser", Condition=far))) == [("alice", "ram:GetUser", "Refused", 1)]
    mfa = {"Bool": {"acs:MFAPresent": "true"}}
    found = preview(house, allow(["ram:GetUser", "ram:ListUsers"], Condition=mfa))
    assert found["UndecidedCalls"] == 1, "an event of success does not say whether there was a device"
    assert flips(found) == [("alice", "ram:ListUsers", "Allowed", 1)], "a refusal does"


def test_another_policy_that_allows_it_keeps_the_decision(house: Studio) -> None:
    house.call(RAM, "AttachPolicyToUser", PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System", UserName="alice")
    with house.write() as tx:
        audit.insert(tx, [done(house, "alice", "GetUser")])
    assert flips(preview(house, allow("oss:GetObject"))) == []


def test_the_preview_needs_the_right_to_the_trail(house: Studio) -> None:
    assert (
        house.refused(OURS, "PreviewPolicyVersion", "bob", PolicyName="work", PolicyDocument=text(allow("ram:*")))
        == REFUSED
    )
    for action in ("PreviewPolicyVersion", "ComparePolicyVersion"):
        given = {"PolicyName": "work", "PolicyDocument": "{"}
        assert house.refused(OURS, action, **given) == "MalformedPolicyDocument"
        missing = {"PolicyName": "nothing", "PolicyDocument": text(allow("ram:*"))}
        assert house.refused(OURS, action, **missing) == "EntityNotExist.Policy"


def test_it_is_compared_with_the_default_version(house: Studio) -> None:
    def compared(*statements: dict[str, Any]) -> dict[str, Any]:
        given = {"PolicyName": "work", "PolicyDocument": text(*statements)}
        found: dict[str, Any] = house.call(OURS, "ComparePolicyVersion", "bob", **given)
        return found

    wider = compared(allow("ram:*"))
    assert (wider["Relation"], wider["DefaultVersion"], wider["Lost"]["Example"]) == ("Wider", "v1", [])
    (example,) = wider["Gained"]["Example"]
    assert example["Action"].startswith("ram:")
    assert not example["Action"].startswith("ram:Get")
    assert compared(allow("ram:GetUser"))["Relation"] == "Narrower"
    assert compared(allow("ram:get*"))["Relation"] == "Equal"
    assert compared(allow("oss:*"))["Relation"] == "Neither"
