"""Statements over failed log-ons: one row per subject, a user's ID or the digest of a name that nobody has."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import logon_attempts

_SUBJECT = logon_attempts.c.subject == sa.bindparam("who")
_GET = sa.select(logon_attempts).where(_SUBJECT)
_DELETE = sa.delete(logon_attempts).where(_SUBJECT)
_INSERT = sa.insert(logon_attempts)
_FORGET = sa.delete(logon_attempts).where(
    logon_attempts.c.first_at < sa.bindparam("before"), logon_attempts.c.locked_until < sa.bindparam("now")
)


def get(tx: Tx, subject: str) -> sa.Row[Any] | None:
    """The failures of a subject that are counted together."""
    return tx.row(_GET, who=subject)


def put(tx: Tx, subject: str, values: dict[str, int]) -> None:
    """Store the counts in place of those before."""
    tx.run(_DELETE, who=subject)
    tx.run(_INSERT, subject=subject, **values)


def clear(tx: Tx, subject: str) -> None:
    """Forget the failures of a subject."""
    tx.run(_DELETE, who=subject)


def forget(tx: Tx, before: int) -> None:
    """Delete rows whose counting began before then, unless they still lock somebody out."""
    tx.run(_FORGET, before=before, now=tx.now)
