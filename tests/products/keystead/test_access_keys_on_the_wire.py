"""Pairs with an expiry and a note, as clients and users without a policy meet them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from keystead.clock import iso
from services import rpc
from services.rpc import ApiError, Key
from services.server import Server

OPEN = json.dumps({"Status": "Active", "Statements": [{"Type": "ClassicWhiteList", "IPList": ["127.0.0.0/8"]}]})


def admin(server: Server, product: str, action: str, **given: str) -> Any:
    return rpc.call(server.url, server.admin, product, action, **given)


def refused(server: Server, key: Key, product: str, action: str, **given: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        rpc.call(server.url, key, product, action, **given)
    return caught.value


def user(server: Server, name: str) -> Key:
    admin(server, "ram", "CreateUser", UserName=name)
    made = admin(server, "ram", "CreateAccessKey", UserName=name)["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])


def test_an_expired_pair_is_refused_and_counts_again_with_more_time(server: Server) -> None:
    admin(server, "ram", "CreateUser", UserName="ann")
    until = int(time.time()) + 3
    made = admin(server, "keystead", "CreateAccessKeyPair", UserName="ann", ExpireDate=iso(until))["AccessKey"]
    key = Key(made["AccessKeyId"], made["AccessKeySecret"])
    assert rpc.call(server.url, key, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
    time.sleep(max(0, until - time.time()) + 0.1)  # nothing is written meanwhile: the node itself knows
    fault = refused(server, key, "sts", "GetCallerIdentity")
    assert (fault.code, fault.status) == ("InvalidAccessKeyId.Expired", 400)
    assert iso(until) in fault.message
    later = iso(until + 3600)
    admin(server, "keystead", "UpdateAccessKeyPair", UserName="ann", UserAccessKeyId=key.id, ExpireDate=later)
    assert rpc.call(server.url, key, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"


def test_self_service_is_that_of_create_access_key_and_lifts_no_network_policy(server: Server) -> None:
    key = user(server, "ann")
    assert refused(server, key, "keystead", "CreateAccessKeyPair").code == "NoPermission"
    admin(server, "ims", "SetSecurityPreference", AllowUserToManageAccessKeys="true")
    fault = refused(server, key, "keystead", "CreateAccessKeyPair", AccessKeyPolicy=OPEN)
    assert fault.code == "NoPermission"
    assert fault.detail is not None
    assert fault.detail["AuthAction"] == "ram:SetAccessKeyPolicy"
    assert refused(server, key, "keystead", "CreateAccessKeyPair", UserName="admin").code == "NoPermission"
    made: Any = rpc.call(server.url, key, "keystead", "CreateAccessKeyPair", Note="second")
    assert made["AccessKey"]["Note"] == "second"
    own = {"UserAccessKeyId": made["AccessKey"]["AccessKeyId"]}
    rpc.call(server.url, key, "keystead", "UpdateAccessKeyPair", **own, Note="spare")
    listed: Any = rpc.call(server.url, key, "keystead", "SearchAccessKeys", UserName="ann")
    assert {each["Note"] for each in listed["AccessKeys"]["AccessKey"]} == {"", "spare"}
    rpc.call(server.url, key, "keystead", "GetAccessKeyActivity", **own)
    assert refused(server, key, "keystead", "SearchAccessKeys").code == "NoPermission"
    admin(server, "keystead", "CreateAccessKeyPair", UserName="admin", AccessKeyPolicy=OPEN)


def test_a_deny_on_a_users_tags_holds_for_our_actions_too(server: Server) -> None:
    key = user(server, "ann")
    user(server, "bob")
    tag = {"ResourceType": "user", "ResourcePrincipalName.1": "bob", "Tag.1.Key": "team", "Tag.1.Value": "red"}
    admin(server, "ims", "TagResources", **tag)
    red = {"StringEquals": {"acs:ResourceTag/team": "red"}}
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "ram:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ram:*", "Resource": "*", "Condition": red},
    ]
    document = json.dumps({"Version": "1", "Statement": statements})
    admin(server, "ram", "CreatePolicy", PolicyName="not-red", PolicyDocument=document)
    admin(server, "ram", "AttachPolicyToUser", PolicyName="not-red", PolicyType="Custom", UserName="ann")
    for action, given in (
        ("CreateAccessKeyPair", {}),
        ("SearchAccessKeys", {}),
        ("SetUserStatus", {"Status": "freeze"}),
    ):
        rpc.call(server.url, key, "keystead", action, UserName="admin", **(given and {"Status": "active"}))
        assert refused(server, key, "keystead", action, UserName="bob", **given).code == "NoPermission", action
