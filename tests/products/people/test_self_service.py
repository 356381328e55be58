"""What users may do to themselves without a policy, as the wire sees it: the matrix of the security preference."""

from __future__ import annotations

import json
import time
from typing import Any

import pyotp
import pytest

from services import rpc
from services.rpc import ApiError, Key
from services.server import Server

# Preference, then calls of a user on itself: product, action, parameters; the user is `{me}` in them.
MATRIX: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    "AllowUserToManageAccessKeys": [
        ("ram", "ListAccessKeys", {}),
        ("ram", "ListAccessKeys", {"UserName": "{me}"}),
        ("ims", "ListAccessKeys", {"UserPrincipalName": "{me}"}),
        ("ram", "GetAccessKeyLastUsed", {"UserAccessKeyId": "{key}"}),
        ("ims", "GetAccessKeyLastUsed", {"UserAccessKeyId": "{key}"}),
        ("ram", "UpdateAccessKey", {"UserAccessKeyId": "{key}", "Status": "Active"}),
    ],
    "AllowUserToManageMFADevices": [
        ("ims", "GetUserMFAInfo", {}),
        ("ims", "GetUserMFAInfo", {"UserPrincipalName": "{me}"}),
    ],
    "AllowUserToLoginWithPasskey": [
        ("ims", "ListPasskeys", {}),
        ("ims", "ListPasskeys", {"UserPrincipalName": "{me}"}),
    ],
}
ALLOW_SELF = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["ram:*"], "Resource": "*"}],
}


class Person:
    """A RAM user without policies, with a pair and a password, on a running server."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name
        self.admin("ram", "CreateUser", UserName=name)
        made: Any = self.admin("ram", "CreateAccessKey", UserName=name)["AccessKey"]
        self.key = Key(made["AccessKeyId"], made["AccessKeySecret"])

    def admin(self, product: str, action: str, **given: str) -> dict[str, Any]:
        return rpc.call(self.server.url, self.server.admin, product, action, **given)

    def call(self, product: str, action: str, **given: str) -> dict[str, Any]:
        filled = {name: value.format(me=self.name, key=self.key.id) for name, value in given.items()}
        return rpc.call(self.server.url, self.key, product, action, **filled)

    def refused(self, product: str, action: str, **given: str) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.call(product, action, **given)
        return caught.value

    def prefer(self, **leaves: str) -> None:
        self.admin("ims", "SetSecurityPreference", **leaves)

    def attach(self, name: str, document: dict[str, Any]) -> None:
        self.admin("ram", "CreatePolicy", PolicyName=name, PolicyDocument=json.dumps(document))
        self.admin("ram", "AttachPolicyToUser", PolicyName=name, PolicyType="Custom", UserName=self.name)


@pytest.fixture
def ann(server: Server) -> Person:
    """A user on a server of this test's own, whose preference it may change."""
    return Person(server, "ann")


def test_each_preference_grants_its_calls_on_oneself_and_nothing_else(ann: Person) -> None:
    other = Person(ann.server, "other")
    for preference, calls in MATRIX.items():
        ann.prefer(**{preference: "false"})
        for product, action, given in calls:
            assert ann.refused(product, action, **given).code == "NoPermission", (preference, action)
        ann.prefer(**{preference: "true"})
        for product, action, given in calls:
            ann.call(product, action, **given)
        for action, product, name in (
            ("ListAccessKeys", "ram", "UserName"),
            ("GetUserMFAInfo", "ims", "UserPrincipalName"),
            ("ListPasskeys", "ims", "UserPrincipalName"),
        ):
            assert ann.refused(product, action, **{name: other.name}).code == "NoPermission"
    assert ann.refused("ram", "ListUsers").code == "NoPermission"
    assert ann.refused("ims", "GetUserMFAInfo", UserPrincipalName="ann@else.onaliyun.com").code == "NoPermission"


def test_an_explicit_deny_wins(ann: Person) -> None:
    ann.prefer(AllowUserToManageAccessKeys="true")
    ann.call("ram", "ListAccessKeys")
    deny = {"Effect": "Deny", "Action": ["ram:ListAccessKeys", "ram:ChangePassword"], "Resource": "*"}
    ann.attach("deny", {"Version": "1", "Statement": [deny]})
    for product in ("ram", "ims"):
        refused = ann.refused(product, "ListAccessKeys")
        assert refused.code == "NoPermission"
        assert refused.detail is not None
        assert refused.detail["NoPermissionType"] == "ExplicitDeny"
    assert ann.refused("ram", "ChangePassword", OldPassword="x", NewPassword="y").code == "NoPermission"
    ann.call("ram", "GetAccessKeyLastUsed", UserAccessKeyId="{key}")


def test_a_policy_holds_without_the_preference_except_for_change_password(ann: Person) -> None:
    ann.prefer(AllowUserToManageMFADevices="false", AllowUserToChangePassword="false")
    ann.attach("allow", ALLOW_SELF)
    ann.admin("ram", "CreateLoginProfile", UserName="ann", Password="First-horse-1")
    ann.call("ims", "GetUserMFAInfo")
    given = {"OldPassword": "First-horse-1", "NewPassword": "Second-horse-2"}
    refused = ann.refused("ram", "ChangePassword", **given)
    assert (refused.code, refused.status) == ("NoPermission", 403)
    assert "AllowUserToChangePassword" in refused.message
    ann.prefer(AllowUserToChangePassword="true")
    ann.call("ims", "ChangePassword", **given)


def test_a_wrong_old_password_is_counted_although_the_call_is_refused(ann: Person) -> None:
    ann.admin("ram", "SetPasswordPolicy", MaxLoginAttemps="2")
    ann.admin("ram", "CreateLoginProfile", UserName="ann", Password="First-horse-1")
    wrong = {"OldPassword": "Wrong-horse-1", "NewPassword": "Second-horse-2"}
    texts = [ann.refused("ram", "ChangePassword", **wrong).message for _ in range(3)]
    assert "1 more may be" in texts[0]
    assert "lock" in texts[1]
    assert "too many" in texts[2]
    events: Any = ann.admin("ram", "GetLoginProfile", UserName="ann")
    assert events["LoginProfile"]["UserName"] == "ann"


def test_a_user_binds_and_drops_a_device_of_its_own(ann: Person) -> None:
    made = ann.call("ram", "CreateVirtualMFADevice", VirtualMFADeviceName="phone")["VirtualMFADevice"]
    serial, totp = made["SerialNumber"], pyotp.TOTP(made["Base32StringSeed"])
    spare = ann.admin("ram", "CreateVirtualMFADevice", VirtualMFADeviceName="spare")["VirtualMFADevice"]
    assert ann.refused("ram", "DeleteVirtualMFADevice", SerialNumber=spare["SerialNumber"]).code == "NoPermission"
    now = int(time.time())
    codes = {"AuthenticationCode1": totp.at(now - 30), "AuthenticationCode2": totp.at(now)}
    ann.call("ram", "BindMFADevice", UserName="{me}", SerialNumber=serial, **codes)
    assert ann.call("ram", "GetUserMFAInfo", UserName="{me}")["MFADevice"]["SerialNumber"] == serial
    assert ann.refused("ims", "DeleteVirtualMFADevice", SerialNumber=serial).code == "NoPermission"
    ann.call("ims", "UnbindMFADevice", UserPrincipalName="{me}")
    ann.call("ims", "DeleteVirtualMFADevice", SerialNumber=serial)
    assert ann.refused("ram", "ListVirtualMFADevices").code == "NoPermission"
