"""Login profiles and their passwords."""

from __future__ import annotations

from typing import Any

import pytest

from keystead.identity import passwords
from keystead.products.ram.product import RAM
from keystead.store import login_profiles, users
from products.plane import Plane

GOOD = "Correct-horse-9"


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With the user `Ann`."""
    plane.call("CreateUser", UserName="Ann")
    return plane


def stored(plane: Plane) -> Any:
    with plane.database.reading(plane.now, plane.account_id) as tx:
        user = users.get(tx, "Ann")
        assert user is not None
        return login_profiles.get(tx, user.id)


def test_create_and_get(ready: Plane) -> None:
    made = ready.call("CreateLoginProfile", UserName="ann", Password=GOOD, PasswordResetRequired="true")
    assert made["LoginProfile"] == {
        "UserName": "Ann",
        "PasswordResetRequired": True,
        "MFABindRequired": False,
        "CreateDate": "2026-01-02T03:04:05Z",
    }
    assert [kind for kind, _ in ready.touched] == ["user"]
    assert ready.call("GetLoginProfile", UserName="ANN") == made
    assert GOOD not in str(stored(ready))
    assert passwords.matches(stored(ready).password_hash, GOOD)


def test_without_one_there_is_none(ready: Plane) -> None:
    for action in ("GetLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile"):
        assert ready.refusal(action, UserName="Ann").status == 404
        assert ready.refused(action, UserName="Ann") == "EntityNotExist.User.LoginProfile"
        assert ready.refused(action, UserName="zoe") == "EntityNotExist.User"


@pytest.mark.parametrize("password", ["short-1", "x" * 33, "aaaaaaaa", "with blank 1", "x" * 300, "umläut-123"])
def test_weak_passwords(ready: Plane, password: str) -> None:
    fault = ready.refusal("CreateLoginProfile", UserName="Ann", Password=password)
    assert fault.code == "InvalidParameter.Password.TooWeak"
    assert password not in fault.message


def test_the_name_is_no_password(plane: Plane) -> None:
    plane.call("CreateUser", UserName="Annabelle")
    weak = plane.refused("CreateLoginProfile", UserName="Annabelle", Password="annabellE")
    assert weak == "InvalidParameter.Password.TooWeak"


def test_create_refusals(ready: Plane) -> None:
    assert ready.refused("CreateLoginProfile", UserName="zoe", Password=GOOD) == "EntityNotExist.User"
    assert ready.refused("CreateLoginProfile", UserName="Ann") == "MissingPassword"
    ready.call("CreateLoginProfile", UserName="Ann", Password=GOOD)
    again = ready.refused("CreateLoginProfile", UserName="Ann", Password=GOOD)
    assert again == "EntityAlreadyExists.User.LoginProfile"


def test_update(ready: Plane) -> None:
    ready.call("CreateLoginProfile", UserName="Ann", Password=GOOD)
    before = stored(ready).password_hash
    assert ready.call("UpdateLoginProfile", UserName="Ann", MFABindRequired="True") == {}
    assert [kind for kind, _ in ready.touched] == ["user"]
    found = ready.call("GetLoginProfile", UserName="Ann")["LoginProfile"]
    assert (found["MFABindRequired"], found["PasswordResetRequired"]) == (True, False)
    assert stored(ready).password_hash == before
    ready.call("UpdateLoginProfile", UserName="Ann", Password="Another-horse-9", PasswordResetRequired="true")
    assert passwords.matches(stored(ready).password_hash, "Another-horse-9")
    assert stored(ready).mfa_bind_required is True
    for weak in ("", "weak"):
        refused = ready.refused("UpdateLoginProfile", UserName="Ann", Password=weak)
        assert refused == "InvalidParameter.Password.TooWeak"


def test_delete(ready: Plane) -> None:
    ready.call("CreateLoginProfile", UserName="Ann", Password=GOOD)
    assert ready.refused("DeleteUser", UserName="Ann") == "DeleteConflict.User.LoginProfile"
    ready.call("DeleteLoginProfile", UserName="Ann")
    assert [kind for kind, _ in ready.touched] == ["user"]
    assert stored(ready) is None
    ready.call("DeleteUser", UserName="Ann")


def test_passwords_are_kept_out_of_the_audit() -> None:
    for name in ("CreateLoginProfile", "UpdateLoginProfile"):
        kept = RAM.actions[name].audited({"UserName": "Ann", "Password": GOOD})
        assert kept == {"UserName": "Ann", "Password": "(secret)"}
