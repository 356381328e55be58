"""Passkeys of users: kept, renamed, removed; made and used on the console.  Source: reference/ram-behaviour.md 5.5."""

from __future__ import annotations

import secrets
import string
from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity import passkeys as webauthn
from keystead.identity import preferences
from keystead.identity.passkeys import PasskeyError, Site
from keystead.identity.transaction import Tx
from keystead.products.faults import absent
from keystead.products.people.logon import Logon, Outcome, is_idle
from keystead.products.people.preferences import lets_in
from keystead.products.people.principals import principal_name
from keystead.store import login_profiles, nonces, passkeys, users

PASSKEY_NOT_FOUND = absent("Passkey", "passkey of the user")
TOO_MANY_PASSKEYS = FaultKind(
    "LimitExceeded.User.Passkey",
    409,
    "The user {name} has {limit} passkeys, and may not have more.",
    "Delete one that is not used any more.",
)
MOST = 10
_ALPHABET = string.ascii_letters + string.digits


def find(tx: Tx, user: sa.Row[Any], passkey_id: str) -> sa.Row[Any]:
    """The user's passkey.  Raises `EntityNotExist.Passkey`."""
    row = passkeys.get(tx, user.id, passkey_id)
    if row is None:
        raise PASSKEY_NOT_FOUND(name=passkey_id)
    return row


def begin_registration(tx: Tx, site: Site, user: sa.Row[Any]) -> tuple[str, str]:
    """Options for the browser as JSON, and the sealed challenge that comes back with its answer."""
    known = [row.credential_id for row in passkeys.of_user(tx, user.id)]
    if len(known) >= MOST:
        raise TOO_MANY_PASSKEYS(name=user.name, limit=MOST)
    name = principal_name(tx, user.name)
    return webauthn.begin_registration(tx.keyring, site, user_id=user.id, user_name=name, known=known, now=tx.now)


def register(tx: Tx, site: Site, user: sa.Row[Any], sealed: str, answer: str, name: str) -> str:
    """Keep a new passkey; returns its ID.  Raises `PasskeyError`, `LimitExceeded.User.Passkey`."""
    challenge = webauthn.open_challenge(tx.keyring, sealed, "register", tx.now)
    if challenge.user_id != user.id:
        raise PasskeyError("the challenge was made for another user")
    if not nonces.accept(tx, challenge.mark, challenge.until):
        raise PasskeyError("the challenge was used before")
    made = webauthn.register(site, challenge, answer)
    if passkeys.by_credential(tx, made.credential_id) is not None:
        raise PasskeyError("the passkey is known already")
    if len(passkeys.of_user(tx, user.id)) >= MOST:
        raise TOO_MANY_PASSKEYS(name=user.name, limit=MOST)
    passkey_id = "PASSKEY-" + "".join(secrets.choice(_ALPHABET) for _ in range(20))
    passkeys.insert(tx, passkey_id, user.id, name, made.credential_id, made.public_key, made.sign_count)
    return passkey_id


def begin_logon(tx: Tx, site: Site) -> tuple[str, str]:
    """Options for the browser as JSON, and the sealed challenge that comes back with its answer."""
    return webauthn.begin_logon(tx.keyring, site, tx.now)


def account_of(tx: Tx, answer: str) -> str:
    """The account that an answer's passkey belongs to, or "": the account to begin the transaction with."""
    row = passkeys.by_credential(tx, webauthn.credential_of(answer))
    return str(row.account_id) if row is not None else ""


def log_on(tx: Tx, site: Site, sealed: str, answer: str, address: str) -> Logon:
    """Judge a log-on by passkey, in a writing transaction of `account_of(answer)`.  Raises `PasskeyError`.

    It counts as password and MFA in one: the authenticator has verified the person.
    """
    challenge = webauthn.open_challenge(tx.keyring, sealed, "log on", tx.now)
    if not nonces.accept(tx, challenge.mark, challenge.until):
        raise PasskeyError("the challenge was used before")
    row = passkeys.by_credential(tx, webauthn.credential_of(answer))
    if row is None or row.account_id != tx.account_id:
        return Logon(Outcome.WRONG)
    preference = preferences.get(tx)
    if not lets_in(preference, address):
        return Logon(Outcome.MASKED)
    count = webauthn.prove(site, challenge, answer, public_key=row.public_key, sign_count=row.sign_count)
    user, profile = users.by_id(tx, row.user_id), login_profiles.get(tx, row.user_id)
    if user is None or profile is None:
        return Logon(Outcome.INACTIVE)
    allowed = preference.allow_user_to_login_with_passkey and (user.status, profile.status) == ("active", "Active")
    outcome = Outcome.OK if allowed and not is_idle(tx, user, profile, preference) else Outcome.INACTIVE
    passkeys.used(tx, row.id, count)
    if outcome is Outcome.OK:
        login_profiles.logged_on(tx, user.id, address)
    seconds = preference.login_session_duration * 3600 if outcome is Outcome.OK else 0
    return Logon(outcome, tx.account_id, user.id, user.name, 0, seconds, mfa=outcome is Outcome.OK)
