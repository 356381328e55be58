"""Statements over console sessions: a row each, found by the digest of what the cookie holds."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import console_sessions, users

_DIGEST = console_sessions.c.digest == sa.bindparam("which")
_FIND = (
    sa.select(console_sessions, users.c.name.label("user_name"), users.c.status.label("user_status"))
    .select_from(console_sessions.outerjoin(users, users.c.id == console_sessions.c.user_id))
    .where(_DIGEST)
)
_INSERT = sa.insert(console_sessions)
_END = sa.delete(console_sessions).where(_DIGEST)
_LISTED = (
    sa.select(console_sessions, users.c.name.label("user_name"))
    .select_from(console_sessions.outerjoin(users, users.c.id == console_sessions.c.user_id))
    .where(
        console_sessions.c.account_id == sa.bindparam("account"), console_sessions.c.expires_at > sa.bindparam("now")
    )
    .order_by(console_sessions.c.created_at.desc(), console_sessions.c.id)
    .limit(sa.bindparam("most"))
)
_END_ONE = sa.delete(console_sessions).where(
    console_sessions.c.account_id == sa.bindparam("account"), console_sessions.c.id == sa.bindparam("session")
)
_FORGET = sa.delete(console_sessions).where(console_sessions.c.expires_at <= sa.bindparam("now"))


def find(tx: Tx, digest: bytes) -> sa.Row[Any] | None:
    """The session of that digest, with its user's name and status; None of both for the account itself."""
    return tx.row(_FIND, which=digest)


def insert(tx: Tx, values: dict[str, object]) -> None:
    """Add a session; `values` holds every column."""
    tx.run(_INSERT, **values)


def change(tx: Tx, digest: bytes, **values: object) -> int:
    """Change columns of a session; returns how many there were of it."""
    return tx.connection.execute(
        sa.update(console_sessions).where(console_sessions.c.digest == digest).values(**values)
    ).rowcount


def end(tx: Tx, digest: bytes) -> None:
    """Remove a session by its digest."""
    tx.run(_END, which=digest)


def end_by_id(tx: Tx, session_id: str) -> int:
    """Remove a session of the account by its ID; returns how many there were."""
    return tx.run(_END_ONE, account=tx.account_id, session=session_id)


def end_of(tx: Tx, user_id: str | None, *, but: bytes = b"") -> int:
    """Remove every session of a user (None: of the account itself) except one; returns how many."""
    owner = console_sessions.c.user_id.is_(None) if user_id is None else console_sessions.c.user_id == user_id
    statement = sa.delete(console_sessions).where(
        console_sessions.c.account_id == tx.account_id, owner, console_sessions.c.digest != but
    )
    return tx.connection.execute(statement).rowcount


def by_id(tx: Tx, session_id: str) -> sa.Row[Any] | None:
    """A session of the account by its ID."""
    return tx.row(
        sa.select(console_sessions).where(
            console_sessions.c.account_id == tx.account_id, console_sessions.c.id == session_id
        )
    )


def listed(tx: Tx, user_id: str | None, most: int) -> list[sa.Row[Any]]:
    """Live sessions of the account, or of one of its users, the newest first."""
    statement = _LISTED if user_id is None else _LISTED.where(console_sessions.c.user_id == user_id)
    return tx.rows(statement, account=tx.account_id, now=tx.now, most=most)


def forget(tx: Tx) -> None:
    """Remove sessions that are over."""
    tx.run(_FORGET, now=tx.now)
