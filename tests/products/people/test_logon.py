"""Who may open the console: every outcome, under a fixed clock."""

from __future__ import annotations

import time
from typing import Any

import pytest

from keystead.products.people import login_profiles, logon
from keystead.products.people.logon import Logon, Outcome
from keystead.products.people.principals import named
from products.people.test_mfa import Phone, new_phone
from products.plane import START, Plane

PASSWORD = "Correct-horse-9"
HOUR, DAY = 3600, 86_400


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With the user `Ann`, who may use the console."""
    plane.call("CreateUser", UserName="Ann")
    plane.call("CreateLoginProfile", UserName="Ann", Password=PASSWORD)
    plane.ims.call("SetPasswordPolicy", InitialPasswordAge="0")
    return plane


def try_it(
    plane: Plane,
    password: str = PASSWORD,
    code: str | None = None,
    *,
    name: str = "ann",
    address: str = "192.0.2.1",
    ticket: str | None = None,
) -> Logon:
    principal = f"{name}@{plane.account_id}.onaliyun.com"
    with plane.database.reading(plane.now) as tx:
        account = logon.account_of(tx, principal)
    assert account == plane.account_id
    with plane.database.reading(plane.now, account) as tx:
        compared = logon.compare(tx, principal, password)
    with plane.database.writing(plane.now, account) as tx:
        return logon.verify(tx, principal, password, code, address, ticket=ticket, compared=compared)


def outcome(plane: Plane, *given: Any, **more: Any) -> Outcome:
    return try_it(plane, *given, **more).outcome


def test_ok_names_the_user_and_the_length_of_the_session(ready: Plane) -> None:
    user_id = ready.call("GetUser", UserName="Ann")["User"]["UserId"]
    assert try_it(ready) == Logon(Outcome.OK, ready.account_id, user_id, "Ann", session_seconds=6 * HOUR)
    assert ready.call("GetUser", UserName="Ann")["User"]["LastLoginDate"] == "2026-01-02T03:04:05Z"
    shown = ready.ims.call("GetLoginProfile", UserPrincipalName="Ann")["LoginProfile"]
    assert shown["LastLoginTime"] == "2026-01-02T03:04:05Z"
    ready.call("SetSecurityPreference", LoginSessionDuration="1")
    assert try_it(ready).session_seconds == HOUR


def test_alias_and_account_id_name_the_same_domain(ready: Plane) -> None:
    alias = f"a{ready.account_id}"
    ready.call("SetAccountAlias", AccountAlias=alias)
    with ready.database.writing(ready.now, ready.account_id) as tx:
        principal = f"ANN@{alias}.onaliyun.com"
        assert logon.account_of(tx, principal) == ready.account_id
        assert logon.verify(tx, principal, PASSWORD, None, "192.0.2.1").outcome is Outcome.OK
    assert outcome(ready) is Outcome.OK


def test_wrong_and_unknown_are_the_same(ready: Plane) -> None:
    ready.call("CreateUser", UserName="bob")  # without a profile
    wrong = Logon(Outcome.WRONG)
    for name, password in (("ann", "x"), ("bob", PASSWORD), ("zoe", PASSWORD), ("ann", ""), ("", PASSWORD)):
        assert try_it(ready, password, name=name) == wrong
    with ready.database.writing(ready.now, "") as tx:
        for principal in ("ann", "ann@nowhere.onaliyun.com", "ann@example.com", "@", ""):
            assert logon.account_of(tx, principal) == ""
            assert logon.verify(tx, principal, PASSWORD, None, "192.0.2.1") == wrong


def test_unknown_names_cost_the_time_of_a_comparison(ready: Plane, full_price: None) -> None:
    def seconds(name: str) -> float:
        with ready.database.reading(ready.now, ready.account_id) as tx:
            best = 9.0
            for _ in range(4):
                began = time.perf_counter()
                logon.compare(tx, f"{name}@x", "Wrong-horse-9")
                best = min(best, time.perf_counter() - began)
        return best

    known, unknown = seconds("ann"), seconds("zoe")
    assert unknown > known / 3  # a name that is not compared at all takes a thousandth


@pytest.mark.parametrize("name", ["ann", "zoe"])
def test_lockout_for_known_and_unknown_names_alike(ready: Plane, name: str) -> None:
    ready.call("SetPasswordPolicy", MaxLoginAttemps="3")
    assert [outcome(ready, "wrong", name=name) for _ in range(3)] == [Outcome.WRONG, Outcome.WRONG, Outcome.LOCKED]
    locked = Logon(Outcome.LOCKED, locked_until=START + HOUR)
    assert try_it(ready, name=name) == locked  # the right password is of no use
    ready.now += HOUR - 1
    assert try_it(ready, name=name) == locked
    ready.now += 1
    assert outcome(ready, name=name) is (Outcome.OK if name == "ann" else Outcome.WRONG)


def test_failures_are_counted_for_an_hour_and_forgotten_by_success(ready: Plane) -> None:
    ready.call("SetPasswordPolicy", MaxLoginAttemps="2")
    assert outcome(ready, "wrong") is Outcome.WRONG
    ready.now += HOUR
    assert outcome(ready, "wrong") is Outcome.WRONG
    assert outcome(ready) is Outcome.OK
    assert outcome(ready, "wrong") is Outcome.WRONG
    ready.call("SetPasswordPolicy", MaxLoginAttemps="0")
    assert {outcome(ready, "wrong") for _ in range(5)} == {Outcome.WRONG}


def test_masks(ready: Plane) -> None:
    ready.call("SetPasswordPolicy", MaxLoginAttemps="1")
    ready.call("SetSecurityPreference", LoginNetworkMasks="192.0.2.0/24; 2001:db8::/32")
    for address in ("198.51.100.1", "unknown", "2001:db9::1"):
        assert try_it(ready, "wrong", address=address) == Logon(Outcome.MASKED)  # and nothing is counted
    for address in ("192.0.2.200", "2001:db8::7", "::ffff:192.0.2.9"):
        assert outcome(ready, address=address) is Outcome.OK
    ready.call("SetSecurityPreference", LoginNetworkMasks="")
    assert outcome(ready, address="198.51.100.1") is Outcome.OK


def test_switched_off_idle_and_frozen_are_told_to_those_who_know_the_password(ready: Plane) -> None:
    ready.ims.call("UpdateLoginProfile", UserPrincipalName="Ann", Status="Inactive")
    assert outcome(ready) is Outcome.INACTIVE
    assert outcome(ready, "wrong") is Outcome.WRONG
    ready.ims.call("UpdateLoginProfile", UserPrincipalName="Ann", Status="Active")
    ready.ims.call("SetSecurityPreference", MaxIdleDaysForUsers="90")
    ready.now += 90 * DAY
    assert outcome(ready) is Outcome.OK
    ready.now += 90 * DAY + 1
    assert outcome(ready) is Outcome.INACTIVE
    ready.call("UpdateLoginProfile", UserName="Ann", Password="Another-horse-9")
    assert outcome(ready, "Another-horse-9") is Outcome.OK


def test_age_resets_and_hard_expiry(ready: Plane) -> None:
    ready.call("SetPasswordPolicy", MaxPasswordAge="10")
    ready.now += 10 * DAY - 1
    assert outcome(ready) is Outcome.OK
    ready.now += 1
    assert outcome(ready) is Outcome.MUST_RESET
    ready.call("SetPasswordPolicy", HardExpiry="true")
    assert outcome(ready) is Outcome.EXPIRED
    ready.call("UpdateLoginProfile", UserName="Ann", Password=PASSWORD)
    assert outcome(ready) is Outcome.OK


def test_an_initial_password_expires(ready: Plane) -> None:
    ready.ims.call("SetPasswordPolicy", InitialPasswordAge="3")
    ready.now += 3 * DAY
    assert outcome(ready) is Outcome.EXPIRED


def test_a_forced_change(ready: Plane) -> None:
    ready.call("UpdateLoginProfile", UserName="Ann", PasswordResetRequired="true")
    found = try_it(ready)
    assert (found.outcome, found.user_name, found.session_seconds) == (Outcome.MUST_RESET, "Ann", 0)
    with ready.database.writing(ready.now, ready.account_id) as tx:
        login_profiles.replace(tx, named(tx, "Ann"), "Another-horse-9")
    assert outcome(ready, "Another-horse-9") is Outcome.OK


@pytest.fixture
def phone(ready: Plane) -> Phone:
    """A device that is bound to Ann."""
    made = new_phone(ready)
    ready.call("BindMFADevice", UserName="Ann", **made.pair())
    ready.now += 300
    return made


def test_codes(ready: Plane, phone: Phone) -> None:
    assert outcome(ready) is Outcome.NEEDS_CODE
    assert outcome(ready, "wrong", phone.code()) is Outcome.WRONG
    found = try_it(ready, PASSWORD, phone.code())
    assert (found.outcome, found.mfa) == (Outcome.OK, True)
    assert outcome(ready, PASSWORD, phone.code()) is Outcome.WRONG_CODE  # replay
    assert outcome(ready, PASSWORD, "") is Outcome.WRONG_CODE
    ready.now += 30
    assert outcome(ready, PASSWORD, phone.code()) is Outcome.OK


def test_wrong_codes_lock_whatever_the_policy_says(ready: Plane, phone: Phone) -> None:
    bad = "000000" if phone.code() != "000000" and phone.code(1) != "000000" else "111111"
    found = [outcome(ready, PASSWORD, bad) for _ in range(10)]
    assert found == [Outcome.WRONG_CODE] * 9 + [Outcome.LOCKED]
    assert outcome(ready, PASSWORD, phone.code()) is Outcome.LOCKED


def test_who_must_bind_a_device(ready: Plane) -> None:
    ready.call("UpdateLoginProfile", UserName="Ann", MFABindRequired="true")
    assert outcome(ready) is Outcome.MUST_BIND_MFA
    ready.call("UpdateLoginProfile", UserName="Ann", MFABindRequired="false")
    assert outcome(ready) is Outcome.OK
    ready.ims.call("SetSecurityPreference", MFAOperationForLogin="mandatory")
    assert outcome(ready) is Outcome.MUST_BIND_MFA
    ready.ims.call("SetSecurityPreference", MFAOperationForLogin="adaptive")
    assert outcome(ready, address="192.0.2.77") is Outcome.OK
    ready.ims.call("SetSecurityPreference", OperationForRiskLogin="enforceVerify")
    assert outcome(ready, address="192.0.2.77") is Outcome.OK
    assert outcome(ready, address="192.0.2.78") is Outcome.MUST_BIND_MFA


def test_adaptive_asks_at_a_new_address(ready: Plane, phone: Phone) -> None:
    assert outcome(ready, PASSWORD, phone.code()) is Outcome.OK
    ready.ims.call("SetSecurityPreference", MFAOperationForLogin="adaptive")
    assert outcome(ready) is Outcome.OK
    assert outcome(ready, address="198.51.100.9") is Outcome.NEEDS_CODE


def test_a_ticket_spares_the_code_for_seven_days(ready: Plane, phone: Phone) -> None:
    def ticket() -> str:
        user_id = ready.call("GetUser", UserName="Ann")["User"]["UserId"]
        with ready.database.reading(ready.now, ready.account_id) as tx:
            return logon.mfa_ticket(tx, user_id)

    assert ticket() == ""
    ready.call("SetSecurityPreference", EnableSaveMFATicket="true")
    kept = ticket()
    found = try_it(ready, ticket=kept)
    assert (found.outcome, found.mfa) == (Outcome.OK, True)
    for other in (kept[:-4], "x", "é", "AAAA" + kept):
        assert outcome(ready, ticket=other) is Outcome.NEEDS_CODE
    ready.now += 7 * DAY - 1
    assert outcome(ready, ticket=kept) is Outcome.OK
    ready.now += 1
    assert outcome(ready, ticket=kept) is Outcome.NEEDS_CODE
    kept = ticket()
    ready.call("UnbindMFADevice", UserName="Ann")
    ready.now += 60
    ready.call("BindMFADevice", UserName="Ann", **phone.pair())
    assert outcome(ready, ticket=kept) is Outcome.NEEDS_CODE
    kept = ticket()
    ready.call("SetSecurityPreference", EnableSaveMFATicket="false")
    assert outcome(ready, ticket=kept) is Outcome.NEEDS_CODE
