"""Passkeys of users: made and used by the console's rules, shown and removed by IMS."""

from __future__ import annotations

import re

import pytest

from keystead.faults import Fault
from keystead.identity.passkeys import PasskeyError, Site
from keystead.products.people import passkeys as rules
from keystead.products.people.logon import Logon, Outcome
from keystead.products.people.principals import named
from products.plane import Plane
from services.authenticator import Authenticator

SITE = Site("https://keystead.example", "keystead.example")


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With users `Ann`, who may use the console, and `bob`."""
    plane.call("CreateUser", UserName="Ann")
    plane.call("CreateUser", UserName="bob")
    plane.ims.call("CreateLoginProfile", UserPrincipalName="Ann")
    return plane


def device() -> Authenticator:
    return Authenticator(SITE.origin, SITE.rp_id)


def register(plane: Plane, authenticator: Authenticator, name: str = "laptop") -> str:
    with plane.database.reading(plane.now, plane.account_id) as tx:
        options, sealed = rules.begin_registration(tx, SITE, named(tx, "Ann"))
    answer = authenticator.create(options)
    with plane.database.writing(plane.now, plane.account_id) as tx:
        return rules.register(tx, SITE, named(tx, "Ann"), sealed, answer, name)


def log_on(plane: Plane, authenticator: Authenticator, address: str = "192.0.2.1") -> Logon:
    with plane.database.reading(plane.now) as tx:
        options, sealed = rules.begin_logon(tx, SITE)
        answer = authenticator.get(options)
        account = rules.account_of(tx, answer)
    with plane.database.writing(plane.now, account) as tx:
        return rules.log_on(tx, SITE, sealed, answer, address)


def listed(plane: Plane) -> list[dict[str, str]]:
    found: list[dict[str, str]] = plane.ims.call("ListPasskeys", UserPrincipalName="Ann")["Passkeys"]
    return found


def test_made_used_renamed_removed(ready: Plane) -> None:
    ours = device()
    passkey = register(ready, ours)
    assert re.fullmatch(r"PASSKEY-[A-Za-z0-9]{20}", passkey)
    made = {"PasskeyId": passkey, "PasskeyName": "laptop", "CreateDate": "1767323045"}
    assert listed(ready) == ready.ims.call("ListPasskeys", ready.user("Ann"))["Passkeys"] == [made]
    ready.now += 60
    user_id = ready.call("GetUser", UserName="Ann")["User"]["UserId"]
    assert log_on(ready, ours) == Logon(Outcome.OK, ready.account_id, user_id, "Ann", 0, 6 * 3600, mfa=True)
    assert listed(ready) == [{**made, "LastUseDate": "1767323105"}]
    assert ready.call("GetUser", UserName="Ann")["User"]["LastLoginDate"] == "2026-01-02T03:05:05Z"
    ready.ims.call("UpdatePasskey", UserPrincipalName="Ann", PasskeyId=passkey, PasskeyName="phone")
    assert [each["PasskeyName"] for each in listed(ready)] == ["phone"]
    ready.ims.call("DeletePasskey", ready.user("Ann"), PasskeyId=passkey)
    assert listed(ready) == []
    assert log_on(ready, ours).outcome is Outcome.WRONG


def test_a_challenge_is_good_once_and_for_one_user(ready: Plane) -> None:
    ours = device()
    with ready.database.reading(ready.now, ready.account_id) as tx:
        options, sealed = rules.begin_registration(tx, SITE, named(tx, "Ann"))
    answer = ours.create(options)
    with (
        pytest.raises(PasskeyError, match="another user"),
        ready.database.writing(ready.now, ready.account_id) as tx,
    ):
        rules.register(tx, SITE, named(tx, "bob"), sealed, answer, "x")
    with ready.database.writing(ready.now, ready.account_id) as tx:
        rules.register(tx, SITE, named(tx, "Ann"), sealed, answer, "x")
    with (
        pytest.raises(PasskeyError, match="used before"),
        ready.database.writing(ready.now, ready.account_id) as tx,
    ):
        rules.register(tx, SITE, named(tx, "Ann"), sealed, answer, "x")
    with pytest.raises(PasskeyError, match="known already"):
        register(ready, ours)


def test_replayed_log_on(ready: Plane) -> None:
    ours = device()
    register(ready, ours)
    with ready.database.reading(ready.now, ready.account_id) as tx:
        options, sealed = rules.begin_logon(tx, SITE)
    answer = ours.get(options)
    with ready.database.writing(ready.now, ready.account_id) as tx:
        assert rules.log_on(tx, SITE, sealed, answer, "192.0.2.1").outcome is Outcome.OK
    with (
        pytest.raises(PasskeyError, match="used before"),
        ready.database.writing(ready.now, ready.account_id) as tx,
    ):
        rules.log_on(tx, SITE, sealed, answer, "192.0.2.1")


def test_a_copied_passkey_is_noticed(ready: Plane) -> None:
    ours = device()
    register(ready, ours)
    log_on(ready, ours)
    ours.count -= 1
    with pytest.raises(PasskeyError, match="count"):
        log_on(ready, ours)


def test_preference_masks_and_profile(ready: Plane) -> None:
    ours = device()
    register(ready, ours)
    ready.ims.call("SetSecurityPreference", LoginNetworkMasks="192.0.2.0/24")
    assert log_on(ready, ours, "198.51.100.1").outcome is Outcome.MASKED
    ready.ims.call("SetSecurityPreference", AllowUserToLoginWithPasskey="false")
    assert log_on(ready, ours).outcome is Outcome.INACTIVE
    ready.ims.call("SetSecurityPreference", AllowUserToLoginWithPasskey="true")
    ready.ims.call("UpdateLoginProfile", UserPrincipalName="Ann", Status="Inactive")
    assert log_on(ready, ours).outcome is Outcome.INACTIVE
    ready.ims.call("DeleteLoginProfile", UserPrincipalName="Ann")
    assert log_on(ready, ours).outcome is Outcome.INACTIVE


def test_ten_at_most(ready: Plane) -> None:
    for _ in range(rules.MOST):
        register(ready, device())
    with pytest.raises(Fault) as caught:
        register(ready, device())
    assert caught.value.code == "LimitExceeded.User.Passkey"


def test_refusals(ready: Plane) -> None:
    register(ready, device())
    passkey = listed(ready)[0]["PasskeyId"]
    for action in ("UpdatePasskey", "DeletePasskey"):
        assert ready.ims.refused(action, UserPrincipalName="Ann") == "MissingPasskeyId"
        assert ready.ims.refused(action, UserPrincipalName="bob", PasskeyId=passkey) == "EntityNotExist.Passkey"
        assert ready.ims.refused(action, UserPrincipalName="zoe", PasskeyId=passkey) == "EntityNotExist.User"
        assert ready.ims.refused(action, PasskeyId=passkey) == "MissingUserPrincipalName"
