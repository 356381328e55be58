""" "Compare" and "What If" in the policy editor, by real calls: what saving would change, and that nothing is saved."""

from __future__ import annotations

import json
import time

import pytest

from journeys.house import House
from services.rpc import ApiError
from services.server import Server

from .furnished import Furnished


@pytest.fixture
def house(console: Server) -> House:
    return House(console)


def test_a_version_is_held_against_the_default_and_the_trail(furnished: Furnished, house: House) -> None:
    name, reader = house.name("against"), furnished.reader
    pair = house.user("against", {"Effect": "Allow", "Action": "ram:ListUsers", "Resource": "*"})
    house.do("ListUsers", key=pair)
    with pytest.raises(ApiError, match="NoPermission"):
        house.do("ListGroups", key=pair)
    statement = {"Effect": "Allow", "Action": "ram:ListGroups", "Resource": "*"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    page = f"/policies/custom/p-{name}/edit"
    reader.get(page)
    text = reader.post(page, PolicyDocument=document, _step="compare")
    assert "Compared with v1, the default" in text
    assert "Neither Each allows something that the other does not." in text
    assert "Would be allowed, and is not now: ram:ListGroups on" in text
    assert "Is allowed now, and would not be: ram:ListUsers on" in text
    for _ in range(50):  # the trail is written behind the answers
        text = reader.post(page, PolicyDocument=document, _step="preview")
        if "1 would be allowed, 1 would be refused." in text:
            break
        time.sleep(0.2)
    assert f"user/{name} ram:ListUsers" in text, text
    assert "ram:ListGroups" in text
    versions = house.do("ListPolicyVersions", PolicyName=f"p-{name}", PolicyType="Custom")
    assert len(versions["PolicyVersions"]["PolicyVersion"]) == 1, "nothing is saved"
