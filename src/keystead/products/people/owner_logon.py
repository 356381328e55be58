"""The account itself on the console: set up once by a token, then by its name and password.

Kept apart from `logon`: the account has no login profile and no policy, and is locked by its own count of failures.
Source: reference/console.md 3.1; reference/ram-behaviour.md 5.4 (attempts), 5.5 (MFA).
"""

from __future__ import annotations

import hashlib
import re

from keystead.faults import FaultKind
from keystead.identity import passwords, preferences
from keystead.identity.transaction import Tx
from keystead.products.people import aliases, attempts, mfa
from keystead.products.people.logon import Compared, Logon, Outcome
from keystead.products.people.preferences import lets_in
from keystead.store import accounts, mfa_devices, owner_logons

MOST_WRONG = 10
"""Wrong passwords within an hour that lock the account's own log-on; no policy can switch that off."""

TOKEN_WRONG = FaultKind(
    "InvalidParameter.SetupToken",
    403,
    "The set-up token is not one of this server, or was used before.",
    "Copy the token that the server printed at its first start; `keystead account setup-token` makes a new one.",
)
PASSWORD_WEAK = FaultKind(
    "InvalidParameter.Password.Strength",
    400,
    "The password does not meet the rules: {why}.",
    "Choose another one.",
)
ALIAS_WRONG = FaultKind(
    "InvalidParameter.AccountAlias.Format",
    400,
    "The alias {alias!r} is not {least} to {most} small letters, digits and single hyphens.",
    "Choose another one, or leave it out.",
)
LEAST_LENGTH = 12
"""Characters of the account's own password: it opens everything."""


def check_password(password: str, alias: str) -> None:
    """Raise `InvalidParameter.Password.Strength` for one that is too weak for the account itself."""
    policy = passwords.PasswordPolicy(minimum_password_length=LEAST_LENGTH, intercept_risk_password_on_api=True)
    why = passwords.weakness(password, alias, policy)
    if why:
        raise PASSWORD_WEAK(why=why)


def check_alias(alias: str) -> None:
    """Raise `InvalidParameter.AccountAlias.Format` for one that no account may have; "" keeps the one it has."""
    if alias and not (aliases.MIN <= len(alias) <= aliases.MAX and re.fullmatch(aliases.PATTERN, alias)):
        raise ALIAS_WRONG(alias=alias[:64], least=aliases.MIN, most=aliases.MAX)


def account_of_token(tx: Tx, token: str) -> str:
    """The ID of the account that a set-up token belongs to, or ""."""
    row = owner_logons.account_of_token(tx, hashlib.sha256(token.strip().encode()).digest())
    return str(row.id) if row is not None else ""


def set_up(tx: Tx, token: str, hashed: str, alias: str) -> None:
    """Set the account's first password and its alias; the token is void from then on.  Raises the faults above."""
    if not tx.account_id or account_of_token(tx, token) != tx.account_id:
        raise TOKEN_WRONG()
    if alias and alias != accounts.alias(tx):
        aliases.set_alias(tx, alias)
    owner_logons.put(tx, hashed)
    owner_logons.set_token(tx, None)


def account_of(tx: Tx, name: str) -> str:
    """The account that a name means: its ID or its alias; "" for none."""
    row = accounts.get(tx, name) or accounts.by_alias(tx, name.lower())
    return str(row.id) if row is not None else ""


def compare(tx: Tx, password: str) -> Compared:
    """The slow part of `verify`, for a reader thread; takes the same time where there is no account or password."""
    row = owner_logons.get(tx) if tx.account_id else None
    stored = str(row.password_hash) if row is not None else ""
    matches = passwords.matches(stored or passwords.nobody(), password)
    return Compared(stored, matches and bool(stored))


def verify(tx: Tx, compared: Compared, code: str | None, address: str, *, name: str) -> Logon:
    """Judge a log-on of the account itself, in a writing transaction of `account_of(name)`."""
    preference = preferences.get(tx) if tx.account_id else preferences.DEFAULT
    if not lets_in(preference, address):
        return Logon(Outcome.MASKED)
    subject = _subject(tx.account_id or name)
    until = attempts.locked_until(tx, subject)
    if until:
        return Logon(Outcome.LOCKED, locked_until=until)
    row = owner_logons.get(tx) if tx.account_id else None
    if row is None or compared.stored != row.password_hash or not compared.matches:
        until = attempts.wrong_password(tx, subject, MOST_WRONG)
        return Logon(Outcome.LOCKED, locked_until=until) if until else Logon(Outcome.WRONG)
    device = mfa_devices.of_account(tx)
    if device is not None:
        if code is None:
            return Logon(Outcome.NEEDS_CODE, tx.account_id)
        if not mfa.accepts(tx, device, code):
            until = attempts.wrong_code(tx, subject)
            return Logon(Outcome.LOCKED, locked_until=until) if until else Logon(Outcome.WRONG_CODE, tx.account_id)
    attempts.clear(tx, subject)
    owner_logons.logged_on(tx, address)
    seconds = preference.login_session_duration * 3600
    return Logon(Outcome.OK, tx.account_id, session_seconds=seconds, mfa=device is not None)


def _subject(account: str) -> str:
    return hashlib.sha256(f"owner/{account.lower()}".encode()).hexdigest()
