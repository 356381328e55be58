"""The tab "Access": real calls are counted, however they were made; the smaller policy is shown and not applied."""

from __future__ import annotations

import json
import time

import pytest

from journeys.house import House
from services import rpc
from services.rpc import ApiError
from services.server import Server

from .furnished import Furnished
from .plain import Reader

EVERYTHING = {"Effect": "Allow", "Action": ["ram:*", "sts:AssumeRole"], "Resource": "*"}


@pytest.fixture
def house(console: Server) -> House:
    return House(console)


def until(reader: Reader, path: str, *wanted: str) -> str:
    """Open a page until the trail has reached it."""
    for _ in range(100):
        text = reader.get(path)
        if all(each in text for each in wanted):
            return text
        time.sleep(0.2)
    raise AssertionError(text)


def test_a_users_calls_are_counted_by_action(furnished: Furnished, house: House) -> None:
    pair, name = house.user("used", EVERYTHING), house.name("used")
    for _ in range(3):
        house.do("ListUsers", key=pair)
    house.do("CreateGroup", key=pair, GroupName=house.name("group"))
    with pytest.raises(ApiError, match=r"EntityNotExist\.User"):  # allowed, and there was nobody
        house.do("GetUser", key=pair, UserName="nobody-" + house.mark)
    with pytest.raises(ApiError, match="NoPermission"):
        rpc.call(house.server.url, pair, "keystead", "ListModels")
    here = f"/users/{name}/access"
    text = until(furnished.reader, here + "?used=yes", "ram:ListUsers", "ram:CreateGroup", "ram:GetUser")
    assert "1–3 of 3" in text
    row = text[text.index("ram:ListUsers") :]
    assert row.index(" 3 ") > 0
    assert f"p-{name} Statement[0]" in text
    assert "keystead:ListModels" not in text
    text = furnished.reader.get(here + "?show=smaller")
    assert "3 actions were used in 90 days." in text
    assert '"ram:ListUsers"' in text
    assert "keystead ram create-policy" in text
    assert "keystead ram attach-policy-to-user" in text
    assert house.do("ListPoliciesForUser", UserName=name)["Policies"]["Policy"][0]["PolicyName"] == f"p-{name}"


def test_a_roles_calls_are_counted_for_the_role(furnished: Furnished, house: House) -> None:
    pair, role = house.user("taker", EVERYTHING), house.name("taken")
    account = house.server.account_id
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{account}:root"]}}
    document = json.dumps({"Version": "1", "Statement": [trust]})
    house.do("CreateRole", RoleName=role, AssumeRolePolicyDocument=document)
    house.do("AttachPolicyToRole", RoleName=role, PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System")
    found = house.do("AssumeRole", "sts", pair, RoleArn=f"acs:ram::{account}:role/{role}", RoleSessionName="counted")
    given = found["Credentials"]
    session = rpc.Key(given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
    house.do("ListRoles", key=session)
    text = until(furnished.reader, f"/roles/{role}/access?used=yes", "ram:ListRoles")
    assert "1–1 of 1" in text
    assert "AliyunRAMReadOnlyAccess" in text
