"""How often a password or a code may be wrong.  Source: reference/ram-behaviour.md 5.4 (MaxLoginAttemps per hour)."""

from __future__ import annotations

from keystead.identity.transaction import Tx
from keystead.store import logon_attempts

WINDOW = 3600
"""Seconds that failures are counted together, and that a lock lasts."""

CODE_LIMIT = 10
"""Wrong MFA codes within the window that lock, whatever the password policy says (RFC 4226 section 7.3)."""


def locked_until(tx: Tx, subject: str) -> int:
    """When the lock of a subject ends, seconds since 1970; 0 when it is not locked."""
    row = logon_attempts.get(tx, subject)
    return int(row.locked_until) if row is not None and row.locked_until > tx.now else 0


def wrong_password(tx: Tx, subject: str, limit: int) -> int:
    """Count a wrong password; returns when the lock ends that it brought, or 0.  A limit of 0 never locks."""
    first_at, passwords, codes = _so_far(tx, subject)
    return _store(tx, subject, first_at, passwords + 1, codes, locks=0 < limit <= passwords + 1)


def wrong_code(tx: Tx, subject: str) -> int:
    """Count a wrong MFA code; returns when the lock ends that it brought, or 0."""
    first_at, passwords, codes = _so_far(tx, subject)
    return _store(tx, subject, first_at, passwords, codes + 1, locks=codes + 1 >= CODE_LIMIT)


def clear(tx: Tx, subject: str) -> None:
    """Start counting anew: somebody proved who they are, or an administrator set a new password."""
    logon_attempts.clear(tx, subject)


def left(tx: Tx, subject: str, limit: int) -> int:
    """How many more wrong passwords there may be before the lock, for a limit that is not 0."""
    return limit - _so_far(tx, subject)[1]


def _so_far(tx: Tx, subject: str) -> tuple[int, int, int]:
    """When counting began, and the wrong passwords and codes since then."""
    row = logon_attempts.get(tx, subject)
    if row is None or tx.now - row.first_at >= WINDOW:
        return tx.now, 0, 0
    return row.first_at, row.passwords, row.codes


def _store(tx: Tx, subject: str, first_at: int, passwords: int, codes: int, *, locks: bool) -> int:
    until = tx.now + WINDOW if locks else 0
    counts = {"first_at": first_at, "passwords": passwords, "codes": codes, "locked_until": until}
    logon_attempts.put(tx, subject, counts)
    logon_attempts.forget(tx, tx.now - 2 * WINDOW)
    return until
