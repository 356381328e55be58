"""Who may open the console: the rules behind the log-on page, without the page.

`verify` judges a name, a password and a code, and answers with one of the outcomes.  It counts failures, notes
log-ons, and tells an unknown name from a wrong password neither by its answer nor by its time.  Call `compare` first,
in a reader thread, and pass its result on: argon2 then runs outside of the write lock.
Source: reference/ram-behaviour.md 5.3, 5.4, 5.12; reference/console.md 3.1.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
import sqlalchemy as sa

from keystead.identity import passwords, preferences
from keystead.identity.keyring import SealBrokenError
from keystead.identity.preferences import SecurityPreference
from keystead.identity.transaction import Tx
from keystead.products.people import attempts, login_profiles, mfa, password_policy
from keystead.products.people.preferences import lets_in
from keystead.products.people.principals import DOMAIN
from keystead.store import accounts, mfa_devices, users
from keystead.store import login_profiles as profiles

TICKET_SECONDS = 7 * passwords.DAY
_TICKET = "mfa-ticket"


class Outcome(Enum):
    """What the log-on page does next.  Only OK opens a session; MUST_RESET and MUST_BIND_MFA open that one page."""

    OK = "ok"
    WRONG = "wrong name or password"
    LOCKED = "too many attempts"
    MASKED = "not from this address"
    INACTIVE = "the console is switched off for the user"
    EXPIRED = "the password has expired; an administrator must set another"
    NEEDS_CODE = "the MFA code is asked for"
    WRONG_CODE = "the MFA code is wrong or was used before"
    MUST_RESET = "the password must be changed first"
    MUST_BIND_MFA = "an MFA device must be bound first"


@dataclass(frozen=True, slots=True)
class Compared:
    """What argon2 said: the stored text that the password was compared with, and whether it is the one behind it."""

    stored: str
    matches: bool


@dataclass(frozen=True, slots=True)
class Logon:
    """An outcome.  locked_until: seconds since 1970, with LOCKED.  session_seconds: how long the session may last.
    mfa: a code or a ticket was accepted.  The user is named only where the password was right.
    """

    outcome: Outcome
    account_id: str = ""
    user_id: str = ""
    user_name: str = ""
    locked_until: int = 0
    session_seconds: int = 0
    mfa: bool = False


def account_of(tx: Tx, principal: str) -> str:
    """The ID of the account that a full logon name belongs to, or "": the account to begin the transaction with."""
    domain = principal.partition("@")[2].lower()
    if not domain.endswith(DOMAIN):
        return ""
    alias = domain.removesuffix(DOMAIN)
    row = accounts.by_alias(tx, alias) or accounts.get(tx, alias)
    return str(row.id) if row is not None else ""


def compare(tx: Tx, principal: str, password: str) -> Compared:
    """The slow part of `verify`; it takes the same time for a name that nobody has."""
    _, profile = _who(tx, principal)
    return _compare(profile, password)


def _compare(profile: sa.Row[Any] | None, password: str) -> Compared:
    stored = str(profile.password_hash) if profile is not None else ""
    matches = passwords.matches(stored or passwords.nobody(), password)
    return Compared(stored, matches and bool(stored))


def _who(tx: Tx, principal: str) -> tuple[sa.Row[Any] | None, sa.Row[Any] | None]:
    user = users.get(tx, principal.partition("@")[0]) if tx.account_id else None
    return user, profiles.get(tx, user.id) if user is not None else None


def verify(
    tx: Tx,
    principal: str,
    password: str,
    code: str | None,
    address: str,
    *,
    ticket: str | None = None,
    compared: Compared | None = None,
) -> Logon:
    """Judge a log-on of a RAM user in a writing transaction of `account_of(principal)`.

    code: of the MFA device, None before it was asked for.  ticket: what `mfa_ticket` gave this browser.
    """
    preference = preferences.get(tx) if tx.account_id else preferences.DEFAULT
    if not lets_in(preference, address):
        return Logon(Outcome.MASKED)
    user, profile = _who(tx, principal)
    subject = user.id if user is not None else _nobody(tx, principal)
    until = attempts.locked_until(tx, subject)
    if until:
        return Logon(Outcome.LOCKED, locked_until=until)
    if compared is None or compared.stored != (profile.password_hash if profile is not None else ""):
        compared = _compare(profile, password)
    if not tx.account_id:
        return Logon(Outcome.WRONG)
    if user is None or profile is None or not compared.matches:
        until = attempts.wrong_password(tx, subject, password_policy.get(tx).max_login_attemps)
        return Logon(Outcome.LOCKED, locked_until=until) if until else Logon(Outcome.WRONG)
    return _proven(tx, user, profile, preference, code, address, ticket)


def _proven(
    tx: Tx,
    user: sa.Row[Any],
    profile: sa.Row[Any],
    preference: SecurityPreference,
    code: str | None,
    address: str,
    ticket: str | None,
) -> Logon:
    """The password is right: what else there is to ask for."""

    def found(outcome: Outcome, *, until: int = 0, proven: bool = False) -> Logon:
        seconds = preference.login_session_duration * 3600 if outcome is Outcome.OK else 0
        return Logon(outcome, tx.account_id, user.id, user.name, until, seconds, proven)

    if user.status != "active" or profile.status != "Active" or is_idle(tx, user, profile, preference):
        return found(Outcome.INACTIVE)
    state = login_profiles.expiry(profile, password_policy.get(tx), tx.now)
    if state in (login_profiles.EXPIRED, login_profiles.INITIAL_EXPIRED):
        return found(Outcome.EXPIRED)
    device = mfa_devices.of_user(tx, user.id)
    risky = bool(profile.last_login_address) and profile.last_login_address != address
    asked = device is not None and (preference.mfa_operation_for_login != "adaptive" or risky)
    proven = False
    if device is not None and asked:
        proven = _ticket_holds(tx, device, preference, ticket)
        if not proven and code is None:
            return found(Outcome.NEEDS_CODE)
        if not proven and not mfa.accepts(tx, device, code or ""):
            until = attempts.wrong_code(tx, user.id)
            return found(Outcome.LOCKED, until=until) if until else found(Outcome.WRONG_CODE)
        proven = True
    attempts.clear(tx, user.id)
    if profile.password_reset_required or state == login_profiles.AGED:
        return found(Outcome.MUST_RESET, proven=proven)
    if device is None and _must_bind(preference, profile, risky=risky):
        return found(Outcome.MUST_BIND_MFA)
    profiles.logged_on(tx, user.id, address)
    return found(Outcome.OK, proven=proven)


def _must_bind(preference: SecurityPreference, profile: sa.Row[Any], *, risky: bool) -> bool:
    """Whether a user without a device must bind one before it may go on."""
    match preference.mfa_operation_for_login:
        case "mandatory":
            return True
        case "adaptive":
            return bool(risky and preference.operation_for_risk_login == "enforceVerify")
        case _:
            return bool(profile.mfa_bind_required)


def is_idle(tx: Tx, user: sa.Row[Any], profile: sa.Row[Any], preference: SecurityPreference) -> bool:
    """Whether a user has not logged on for so long that the console is closed; a changed profile opens it again."""
    last = max(user.last_login_at or 0, profile.updated_at)
    return bool(tx.now - last > preference.max_idle_days_for_users * passwords.DAY)


class _Ticket(msgspec.Struct, frozen=True, array_like=True):
    device_id: str
    user_id: str
    until: int


def mfa_ticket(tx: Tx, user_id: str) -> str:
    """A sealed text for the browser that gave a code: no code is asked for during seven days.  "" where not allowed."""
    device = mfa_devices.of_user(tx, user_id)
    if device is None or not preferences.get(tx).enable_save_mfa_ticket:
        return ""
    ticket = _Ticket(device.id, user_id, tx.now + TICKET_SECONDS)
    return base64.urlsafe_b64encode(tx.keyring.seal(msgspec.msgpack.encode(ticket), _TICKET)).decode()


def _ticket_holds(tx: Tx, device: sa.Row[Any], preference: SecurityPreference, ticket: str | None) -> bool:
    if not ticket or not preference.enable_save_mfa_ticket or len(ticket) > 512:
        return False
    try:
        opened = tx.keyring.open(base64.urlsafe_b64decode(ticket.encode()), _TICKET)
        found = msgspec.msgpack.decode(opened, type=_Ticket)
    except (ValueError, SealBrokenError, msgspec.DecodeError):
        return False
    # A ticket of a device that was unbound since is of no use, nor is one from before it was bound again.
    issued = found.until - TICKET_SECONDS
    same = (found.device_id, found.user_id) == (device.id, device.user_id)
    return same and issued >= device.bound_at and found.until > tx.now


def _nobody(tx: Tx, principal: str) -> str:
    """What failures of a name that nobody has are counted under, so that it locks like any other."""
    return hashlib.sha256(f"{tx.account_id}/{principal.partition('@')[0].lower()}".encode()).hexdigest()
