"""One security preference, two faces."""

from __future__ import annotations

import pytest

from keystead.identity import directory, preferences
from keystead.products.people.preferences import lets_in
from products.plane import Plane

LOGIN = {
    "AllowUserToChangePassword": True,
    "EnableSaveMFATicket": False,
    "LoginNetworkMasks": "",
    "LoginSessionDuration": 6,
}
RAM_DEFAULTS = {
    "LoginProfilePreference": LOGIN,
    "AccessKeyPreference": {"AllowUserToManageAccessKeys": False},
    "PublicKeyPreference": {"AllowUserToManagePublicKeys": False},
    "MFAPreference": {"AllowUserToManageMFADevices": True},
}
IMS_DEFAULTS = {
    "LoginProfilePreference": {
        **LOGIN,
        "AllowUserToLoginWithPasskey": True,
        "MFAOperationForLogin": "independent",
        "OperationForRiskLogin": "autonomous",
    },
    "AccessKeyPreference": {"AllowUserToManageAccessKeys": False, "AllowUserToManageServiceCredentials": False},
    "MFAPreference": {"AllowUserToManageMFADevices": True},
    "PersonalInfoPreference": {"AllowUserToManagePersonalDingTalk": True},
    "VerificationPreference": {"VerificationTypes": []},
    "MaxIdleDays": {"MaxIdleDaysForAccessKeys": 730, "MaxIdleDaysForUsers": 730},
}
LEAVES = [
    ("AllowUserToChangePassword", "false", False),
    ("AllowUserToLoginWithPasskey", "false", False),
    ("AllowUserToManageAccessKeys", "true", True),
    ("AllowUserToManageMFADevices", "false", False),
    ("AllowUserToManagePersonalDingTalk", "false", False),
    ("AllowUserToManageServiceCredentials", "true", True),
    ("EnableSaveMFATicket", "true", True),
    ("LoginNetworkMasks", "10.0.0.0/8;::1", "10.0.0.0/8;::1"),
    ("LoginSessionDuration", "24", 24),
    ("MFAOperationForLogin", "mandatory", "mandatory"),
    ("OperationForRiskLogin", "enforceVerify", "enforceVerify"),
    ("MaxIdleDaysForAccessKeys", "90", 90),
    ("MaxIdleDaysForUsers", "365", 365),
]


def leaf(preference: dict[str, dict[str, object]], name: str) -> object:
    return next(part[name] for part in preference.values() if name in part)


def test_defaults(plane: Plane) -> None:
    assert plane.ram.call("GetSecurityPreference") == {"SecurityPreference": RAM_DEFAULTS}
    assert plane.ims.call("GetSecurityPreference") == {"SecurityPreference": IMS_DEFAULTS}


def test_every_leaf_is_kept_and_the_rest_stays(plane: Plane) -> None:
    for name, sent, kept in LEAVES:
        shown = plane.ims.call("SetSecurityPreference", **{name: sent})["SecurityPreference"]
        assert leaf(shown, name) == kept
        assert plane.touched == {("account", plane.account_id)}
    shown = plane.ims.call("GetSecurityPreference")["SecurityPreference"]
    assert {name: leaf(shown, name) for name, _, _ in LEAVES} == {name: kept for name, _, kept in LEAVES}
    ram = plane.ram.call("SetSecurityPreference", AllowUserToManagePublicKeys="true")["SecurityPreference"]
    assert leaf(ram, "AllowUserToManagePublicKeys") is True
    assert leaf(ram, "LoginSessionDuration") == 24
    plane.ram.call("SetSecurityPreference", LoginNetworkMasks="")
    assert leaf(plane.ims.call("GetSecurityPreference")["SecurityPreference"], "LoginNetworkMasks") == ""


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("LoginSessionDuration", "0", "InvalidParameter.LoginSessionDuration.Range"),
        ("LoginSessionDuration", "25", "InvalidParameter.LoginSessionDuration.Range"),
        ("LoginNetworkMasks", ";".join(["10.0.0.1"] * 41), "InvalidParameter.LoginNetworkMasks"),
        ("LoginNetworkMasks", "10.0.0.1/8", "InvalidParameter.LoginNetworkMasks"),
        ("LoginNetworkMasks", "somewhere", "InvalidParameter.LoginNetworkMasks"),
        ("LoginNetworkMasks", "1" * 513, "InvalidParameter.LoginNetworkMasks.Length"),
        ("MFAOperationForLogin", "never", "InvalidParameter.MFAOperationForLogin.Format"),
        ("MaxIdleDaysForUsers", "91", "InvalidParameter.MaxIdleDaysForUsers"),
        ("MaxIdleDaysForAccessKeys", "89", "InvalidParameter.MaxIdleDaysForAccessKeys.Range"),
        ("VerificationTypes", '["sms"]', "InvalidParameter.VerificationTypes"),
        ("VerificationTypes", '["email"]', "InvalidParameter.VerificationTypes"),
    ],
)
def test_what_could_not_be_obeyed_is_refused(plane: Plane, name: str, value: str, code: str) -> None:
    assert plane.ims.refused("SetSecurityPreference", **{name: value}) == code
    assert plane.ims.call("GetSecurityPreference") == {"SecurityPreference": IMS_DEFAULTS}


def test_masks() -> None:
    preference = preferences.SecurityPreference(login_network_masks=" 192.0.2.1 ;10.0.0.0/8;")
    assert lets_in(preference, "192.0.2.1")
    assert lets_in(preference, "10.9.9.9")
    assert not lets_in(preference, "192.0.2.2")
    assert lets_in(preferences.DEFAULT, "anything")


def test_the_directory_knows_what_users_may_do_to_themselves(plane: Plane) -> None:
    plane.call("CreateUser", UserName="Ann")
    key = plane.call("CreateAccessKey", UserName="Ann")["AccessKey"]["AccessKeyId"]

    def granted() -> frozenset[str]:
        with plane.database.reading(plane.now) as tx:
            loaded = directory.load_key(tx, key)
        assert loaded.value is not None
        assert ("account", plane.account_id) in loaded.depends
        return loaded.value.caller.self_service

    usual = {"AllowUserToChangePassword", "AllowUserToLoginWithPasskey", "AllowUserToManageMFADevices"}
    assert granted() == usual
    plane.call("SetSecurityPreference", AllowUserToManageAccessKeys="true", AllowUserToManageMFADevices="false")
    assert granted() == usual - {"AllowUserToManageMFADevices"} | {"AllowUserToManageAccessKeys"}
