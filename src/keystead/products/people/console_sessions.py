"""Console sessions: opened by a log-on, ended by time, by hand, or with what they rest on.

The cookie holds a random value, the database its SHA-256; nothing that reads the database can take a session over.
A session that has been proven again within ten minutes may do what makes or shows a secret.
Source: reference/console.md 2.5, 3.5.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.identity import passwords
from keystead.identity.transaction import Tx
from keystead.products.people import mfa
from keystead.products.people.logon import Compared, Logon, Outcome
from keystead.store import console_sessions, login_profiles, mfa_devices, owner_logons

VERIFIED_SECONDS = 600
MOST_WRONG = 5
"""Wrong proofs that end the session."""
PENDING_SECONDS = 900
"""How long a session lives that may only change its password or bind a device."""
_SEEN_EVERY = 60

STATES = {Outcome.OK: "open", Outcome.MUST_RESET: "reset", Outcome.MUST_BIND_MFA: "bind"}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a security verification compares: by code where a device is bound, else by password."""

    by_code: bool
    compared: Compared | None = None


def digest(cookie: str) -> bytes:
    """What is stored of a cookie's value."""
    return hashlib.sha256(cookie.encode()).digest()


def open_session(tx: Tx, logon: Logon, address: str, agent: str) -> str:
    """Store a session for a log-on whose outcome is in `STATES`; returns the cookie's value.

    A log-on counts as a security verification: it has just been proven who it is.
    """
    cookie = secrets.token_urlsafe(32)
    seconds = logon.session_seconds if logon.outcome is Outcome.OK else PENDING_SECONDS
    console_sessions.insert(
        tx,
        {
            "digest": digest(cookie),
            "id": secrets.token_hex(8),
            "account_id": tx.account_id,
            "user_id": logon.user_id or None,
            "state": STATES[logon.outcome],
            "mfa": logon.mfa,
            "created_at": tx.now,
            "seen_at": tx.now,
            "expires_at": tx.now + seconds,
            "verified_at": tx.now if logon.outcome is Outcome.OK else 0,
            "wrong_codes": 0,
            "address": address[:64],
            "agent": agent[:256],
            "sealed_role": None,
        },
    )
    return cookie


def find(tx: Tx, cookie: str, idle_seconds: int) -> sa.Row[Any] | None:
    """The live session of a cookie, or None: unknown, over, idle for too long, or its user may not come in any more."""
    row = console_sessions.find(tx, digest(cookie)) if 0 < len(cookie) <= 128 else None
    if row is None or row.expires_at <= tx.now or row.seen_at + idle_seconds <= tx.now:
        return None
    if row.user_id is None:
        return row
    profile = login_profiles.get(tx, row.user_id)
    if row.user_status != "active" or profile is None or profile.status != "Active":
        return None
    return row


def is_stale(row: sa.Row[Any], now: float) -> bool:
    """Whether it is time to note that the session was used."""
    return bool(now - row.seen_at >= _SEEN_EVERY)


def is_verified(row: sa.Row[Any], now: float) -> bool:
    """Whether the session was proven within the last ten minutes."""
    return bool(row.verified_at and now - row.verified_at < VERIFIED_SECONDS)


def needs_code(tx: Tx, row: sa.Row[Any]) -> bool:
    """Whether a verification asks for the MFA code; it asks for the password otherwise."""
    return _device(tx, row) is not None


def _device(tx: Tx, row: sa.Row[Any]) -> sa.Row[Any] | None:
    return mfa_devices.of_account(tx) if row.user_id is None else mfa_devices.of_user(tx, row.user_id)


def compare(tx: Tx, row: sa.Row[Any], proof: str) -> Proof:
    """The slow part of `verify`, for a reader thread."""
    if needs_code(tx, row):
        return Proof(by_code=True)
    found = owner_logons.get(tx) if row.user_id is None else login_profiles.get(tx, row.user_id)
    stored = str(found.password_hash) if found is not None else ""
    matches = passwords.matches(stored or passwords.nobody(), proof)
    return Proof(by_code=False, compared=Compared(stored, matches and bool(stored)))


def verify(tx: Tx, row: sa.Row[Any], proof: str, given: Proof) -> bool:
    """Judge a security verification in a writing transaction; the fifth wrong one ends the session."""
    device = _device(tx, row)
    if device is not None:
        right = mfa.accepts(tx, device, proof)
    else:
        found = owner_logons.get(tx) if row.user_id is None else login_profiles.get(tx, row.user_id)
        right = bool(
            not given.by_code
            and given.compared is not None
            and found is not None
            and given.compared.stored == found.password_hash
            and given.compared.matches
        )
    if right:
        console_sessions.change(tx, row.digest, verified_at=tx.now, wrong_codes=0)
    elif row.wrong_codes + 1 >= MOST_WRONG:
        console_sessions.end(tx, row.digest)
    else:
        console_sessions.change(tx, row.digest, wrong_codes=row.wrong_codes + 1)
    return right
