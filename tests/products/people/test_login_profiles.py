"""Login profiles on both faces, and changing one's own password."""

from __future__ import annotations

from typing import Any

import pytest

from keystead.identity import passwords
from keystead.products.people import login_profiles as rules
from keystead.products.ram.product import RAM
from products.plane import Plane

ONE, TWO, THREE, FOUR = "First-horse-1", "Second-horse-2", "Third-horse-3", "Fourth-horse-4"
DAY = 86_400


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With the user `Ann`, who has the password ONE."""
    plane.call("CreateUser", UserName="Ann")
    plane.call("CreateLoginProfile", UserName="Ann", Password=ONE)
    return plane


def ims_profile(plane: Plane) -> Any:
    return plane.ims.call("GetLoginProfile", UserPrincipalName="Ann")["LoginProfile"]


def change(plane: Plane, old: str, new: str) -> None:
    assert plane.call("ChangePassword", plane.user("Ann"), OldPassword=old, NewPassword=new) == {}


def refused(plane: Plane, old: str, new: str) -> str:
    return plane.ims.refused("ChangePassword", plane.user("Ann"), OldPassword=old, NewPassword=new)


def test_ims_shows_more(ready: Plane) -> None:
    upn = f"Ann@{ready.account_id}.onaliyun.com"
    assert ims_profile(ready) == {
        "UserPrincipalName": upn,
        "Status": "Active",
        "PasswordResetRequired": False,
        "MFABindRequired": False,
        "PasswordStatus": "InitialValid",
        "UpdateDate": "2026-01-02T03:04:05Z",
        "AutoDisableLoginStatus": "true",
    }
    answer = ready.ims.call("UpdateLoginProfile", UserPrincipalName=upn, Status="Inactive", MFABindRequired="true")[
        "LoginProfile"
    ]
    assert (answer["Status"], answer["MFABindRequired"]) == ("Inactive", True)
    assert ready.call("GetLoginProfile", UserName="Ann")["LoginProfile"]["MFABindRequired"] is True
    assert ready.ims.refused("UpdateLoginProfile", UserPrincipalName=upn, Status="off").startswith("InvalidParameter")
    ready.ims.call("DeleteLoginProfile", UserPrincipalName=upn)
    for action in ("GetLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile"):
        assert ready.ims.refusal(action, UserPrincipalName=upn).status == 404
        assert ready.ims.refused(action, UserPrincipalName="Ann@elsewhere.onaliyun.com") == "EntityNotExist.User"


def test_ims_needs_no_password(plane: Plane) -> None:
    plane.call("CreateUser", UserName="Ann")
    made = plane.ims.call("CreateLoginProfile", UserPrincipalName="Ann", Status="Inactive")["LoginProfile"]
    assert (made["Status"], made["PasswordStatus"]) == ("Inactive", "NotInitial")
    again = plane.ims.refused("CreateLoginProfile", UserPrincipalName="Ann")
    assert again == "EntityAlreadyExists.User.LoginProfile"
    assert refused(plane, "", TWO) == "MissingOldPassword"
    assert refused(plane, "anything-1", TWO) == "InvalidParameter.OldPassword.Incorrect"


def test_an_initial_password_expires_and_ends_with_the_first_change(ready: Plane) -> None:
    ready.now += 14 * DAY - 1
    assert ims_profile(ready)["PasswordStatus"] == "InitialValid"
    ready.now += 1
    assert ims_profile(ready)["PasswordStatus"] == "InitialExpired"
    assert refused(ready, ONE, TWO) == "InvalidParameter.OldPassword.Incorrect"
    ready.ims.call("SetPasswordPolicy", InitialPasswordAge="0")
    assert ims_profile(ready)["PasswordStatus"] == "InitialValid"
    change(ready, ONE, TWO)
    assert ims_profile(ready)["PasswordStatus"] == "NotInitial"
    off, on = {"Status": "Inactive"}, {"Status": "Active", "Password": THREE}
    ready.ims.call("UpdateLoginProfile", UserPrincipalName="Ann", **off)
    ready.ims.call("UpdateLoginProfile", UserPrincipalName="Ann", **on)
    assert ims_profile(ready)["PasswordStatus"] == "InitialValid"
    ready.call("UpdateLoginProfile", UserName="Ann", Password=FOUR)
    assert ims_profile(ready)["PasswordStatus"] == "NotInitial"


def test_a_user_changes_its_own_password(ready: Plane) -> None:
    ready.call("UpdateLoginProfile", UserName="Ann", PasswordResetRequired="true")
    change(ready, ONE, TWO)
    assert [kind for kind, _ in ready.touched] == ["user"]
    assert ready.call("GetLoginProfile", UserName="Ann")["LoginProfile"]["PasswordResetRequired"] is False
    assert refused(ready, ONE, THREE) == "InvalidParameter.OldPassword.Incorrect"
    change(ready, TWO, ONE)


def test_change_password_is_for_users(ready: Plane) -> None:
    given = {"OldPassword": ONE, "NewPassword": TWO}
    ready.call("CreateRole", RoleName="r", AssumeRolePolicyDocument='{"Version": "1", "Statement": [{"Effect": '
               '"Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}]}')  # fmt: skip
    for face in (ready.ram, ready.ims):
        assert face.refusal("ChangePassword", **given).code == "NotSupport.Account"
        assert face.refused("ChangePassword", ready.session("r"), **given) == "NotSupport.Account"


def test_change_password_needs_the_preference(ready: Plane) -> None:
    ready.call("SetSecurityPreference", AllowUserToChangePassword="false")
    fault = ready.refusal("ChangePassword", ready.user("Ann"), OldPassword=ONE, NewPassword=TWO)
    assert (fault.code, fault.status) == ("NoPermission", 403)
    assert "AllowUserToChangePassword" in fault.message


def test_the_last_passwords_may_not_return(ready: Plane) -> None:
    change(ready, ONE, TWO)
    change(ready, TWO, ONE)  # nothing is remembered yet
    ready.call("SetPasswordPolicy", PasswordReusePrevention="3")
    reused = "InvalidParameter.NewPassword.ReusePrevention"
    assert refused(ready, ONE, ONE) == reused
    change(ready, ONE, TWO)
    change(ready, TWO, THREE)
    for used in (ONE, TWO, THREE):
        assert refused(ready, THREE, used) == reused
        fault = ready.refusal("UpdateLoginProfile", UserName="Ann", Password=used)
        assert fault.code == "InvalidParameter.Password.TooWeak"
        assert "last 3" in fault.message
    change(ready, THREE, FOUR)
    change(ready, FOUR, ONE)
    ready.call("DeleteLoginProfile", UserName="Ann")  # which is no way round
    for used in (ONE, FOUR, THREE):
        weak = ready.refused("CreateLoginProfile", UserName="Ann", Password=used)
        assert weak == "InvalidParameter.Password.TooWeak"
    ready.call("CreateLoginProfile", UserName="Ann", Password=TWO)


def test_wrong_old_passwords_lock(ready: Plane) -> None:
    ready.call("SetPasswordPolicy", MaxLoginAttemps="2")
    wrong = {"OldPassword": "Wrong-horse-1", "NewPassword": TWO}
    first = ready.refusal("ChangePassword", ready.user("Ann"), **wrong)
    assert "1 more may be" in first.message
    assert "lock" in ready.refusal("ChangePassword", ready.user("Ann"), **wrong).message
    locked = ready.refusal("ChangePassword", ready.user("Ann"), OldPassword=ONE, NewPassword=TWO)
    assert locked.code == "InvalidParameter.OldPassword.Incorrect"
    assert "2026-01-02T04:04:05Z" in locked.message
    ready.now += 3600
    change(ready, ONE, TWO)


def test_a_new_password_by_an_administrator_ends_the_lock(ready: Plane) -> None:
    ready.call("SetPasswordPolicy", MaxLoginAttemps="1")
    assert refused(ready, "Wrong-horse-1", TWO) == "InvalidParameter.OldPassword.Incorrect"
    ready.call("UpdateLoginProfile", UserName="Ann", Password=THREE)
    change(ready, THREE, TWO)


def test_what_was_hashed_before_the_write_is_used_only_while_it_holds(ready: Plane, monkeypatch: Any) -> None:
    calls = []
    digest = passwords.digest
    monkeypatch.setattr(passwords, "digest", lambda text: calls.append(text) or digest(text))
    change(ready, ONE, TWO)
    assert calls == [TWO]  # once: by `first`, not again under the lock
    with ready.database.writing(ready.now, ready.account_id) as tx:
        tx.prepared = rules.Hashed("stale", frozenset({"other"}), frozenset(), "other")
        rules.change_password(tx, ready.user("Ann"), TWO, THREE)
    assert calls == [TWO, THREE]


def test_passwords_stay_out_of_the_audit() -> None:
    kept = RAM.actions["ChangePassword"].audited({"OldPassword": ONE, "NewPassword": TWO})
    assert kept == {"OldPassword": "(secret)", "NewPassword": "(secret)"}
