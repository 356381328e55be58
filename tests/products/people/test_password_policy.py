"""One password policy, two faces."""

from __future__ import annotations

import pytest

from products.plane import Plane

DEFAULTS = {
    "MinimumPasswordLength": 8,
    "RequireLowercaseCharacters": False,
    "RequireUppercaseCharacters": False,
    "RequireNumbers": False,
    "RequireSymbols": False,
    "MaxPasswordAge": 0,
    "PasswordReusePrevention": 0,
    "MaxLoginAttemps": 0,
}
MORE = {
    "HardExpire": False,
    "MinimumPasswordDifferentCharacter": 0,
    "PasswordNotContainUserName": False,
    "InitialPasswordAge": 14,
    "InterceptRiskPasswordOnApi": False,
}


def test_defaults(plane: Plane) -> None:
    assert plane.ram.call("GetPasswordPolicy")["PasswordPolicy"] == {**DEFAULTS, "HardExpiry": False}
    assert plane.ims.call("GetPasswordPolicy")["PasswordPolicy"] == {**DEFAULTS, **MORE}


def test_what_one_face_sets_the_other_shows_and_what_is_left_out_stays(plane: Plane) -> None:
    set_one = plane.ram.call("SetPasswordPolicy", HardExpiry="true", MaxPasswordAge="90")
    assert plane.touched == {("account", plane.account_id)}
    assert set_one["PasswordPolicy"]["HardExpiry"] is True
    plane.ims.call("SetPasswordPolicy", MinimumPasswordDifferentCharacter="4", InitialPasswordAge="0")
    shown = plane.ims.call("SetPasswordPolicy", MinimumPasswordLength="14")["PasswordPolicy"]
    wanted = {
        "HardExpire": True,
        "MaxPasswordAge": 90,
        "MinimumPasswordDifferentCharacter": 4,
        "InitialPasswordAge": 0,
        "MinimumPasswordLength": 14,
    }
    assert shown == {**DEFAULTS, **MORE, **wanted}
    assert plane.ram.call("GetPasswordPolicy")["PasswordPolicy"]["MinimumPasswordLength"] == 14


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MinimumPasswordLength", "7"),
        ("MinimumPasswordLength", "33"),
        ("MaxPasswordAge", "1096"),
        ("PasswordReusePrevention", "25"),
        ("MaxLoginAttemps", "33"),
        ("MinimumPasswordDifferentCharacter", "9"),
        ("InitialPasswordAge", "91"),
    ],
)
def test_ranges(plane: Plane, name: str, value: str) -> None:
    assert plane.ims.refused("SetPasswordPolicy", **{name: value}) == f"InvalidParameter.{name}.Range"


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        ({"MinimumPasswordLength": "12"}, "Short-1234", "Longer-123456"),
        ({"RequireLowercaseCharacters": "true"}, "UPPER-1234", "lower-1234"),
        ({"RequireUppercaseCharacters": "true"}, "lower-1234", "Upper-1234"),
        ({"RequireNumbers": "true"}, "No-digits-here", "1-digit-here"),
        ({"RequireSymbols": "true"}, "NoSymbol123", "One-Symbol123"),
        ({"MinimumPasswordDifferentCharacter": "8"}, "aabbccddee", "abcdefgh"),
        ({"PasswordNotContainUserName": "true"}, "it-is-ann-123", "it-is-bob-123"),
        ({"InterceptRiskPasswordOnApi": "true"}, "Password123", "Passwort-9876"),
    ],
)
def test_every_rule_binds_every_way_to_set_a_password(plane: Plane, rule: dict[str, str], bad: str, good: str) -> None:
    plane.call("CreateUser", UserName="Ann")
    plane.ims.call("SetPasswordPolicy", **rule)
    weak = "InvalidParameter.Password.TooWeak"
    assert plane.ram.refused("CreateLoginProfile", UserName="Ann", Password=bad) == weak
    assert plane.ims.refused("CreateLoginProfile", UserPrincipalName="Ann", Password=bad) == weak
    plane.ram.call("CreateLoginProfile", UserName="Ann", Password=good)
    assert plane.ram.refused("UpdateLoginProfile", UserName="Ann", Password=bad) == weak
    assert plane.ims.refused("UpdateLoginProfile", UserPrincipalName="Ann", Password=bad) == weak
    for face in (plane.ram, plane.ims):
        fault = face.refusal("ChangePassword", plane.user("Ann"), OldPassword=good, NewPassword=bad)
        assert fault.code == "InvalidParameter.NewPassword.TooWeak"
        assert bad not in fault.message


def test_accounts_have_policies_of_their_own(plane: Plane, make_plane: type[Plane]) -> None:
    plane.ram.call("SetPasswordPolicy", MaxLoginAttemps="5")
    assert make_plane().ram.call("GetPasswordPolicy")["PasswordPolicy"]["MaxLoginAttemps"] == 0
