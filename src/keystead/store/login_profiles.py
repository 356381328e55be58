"""Statements over login profiles: whether and how a user may use the console, and its passwords before."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store import user_access
from keystead.store.database import Tx
from keystead.store.tables import login_profiles, password_history, users

_USER = login_profiles.c.user_id == sa.bindparam("user")
_GET = sa.select(login_profiles).where(_USER)
_INSERT = sa.insert(login_profiles)
_DELETE = sa.delete(login_profiles).where(_USER)
_OLD = password_history.c.user_id == sa.bindparam("user")
_HISTORY = (
    sa.select(password_history.c.password_hash, password_history.c.number)
    .where(_OLD)
    .order_by(password_history.c.number.desc())
)
_REMEMBER = sa.insert(password_history)
_FORGET = sa.delete(password_history).where(_OLD, password_history.c.number <= sa.bindparam("upto"))
_LOGGED_ON = (
    sa.update(users)
    .where(users.c.id == sa.bindparam("user"))
    .values(last_login_at=sa.bindparam("at"), active_at=sa.bindparam("at"))
)
_FROM = sa.update(login_profiles).where(_USER).values(last_login_address=sa.bindparam("address"))


def get(tx: Tx, user_id: str) -> sa.Row[Any] | None:
    """The login profile of a user."""
    return tx.row(_GET, user=user_id)


def insert(tx: Tx, user_id: str, values: dict[str, object]) -> None:
    """Add a profile; `values` holds status, the password columns, and what the user must do."""
    tx.run(_INSERT, user_id=user_id, last_login_address="", created_at=tx.now, updated_at=tx.now, **values)
    user_access.refresh(tx, user_id)
    tx.touch("user", user_id)


def update(tx: Tx, user_id: str, values: dict[str, object]) -> None:
    """Change columns of a profile; `values` may hold the names that `insert` takes."""
    changed = login_profiles.c.user_id == user_id
    tx.run(sa.update(login_profiles).where(changed).values(updated_at=tx.now, **values))
    user_access.refresh(tx, user_id)
    tx.touch("user", user_id)


def delete(tx: Tx, user_id: str) -> None:
    """Remove a profile: the user may no longer use the console."""
    tx.run(_DELETE, user=user_id)
    user_access.refresh(tx, user_id)
    tx.touch("user", user_id)


def history(tx: Tx, user_id: str) -> list[str]:
    """The texts of a user's passwords before, the newest first."""
    return [row.password_hash for row in tx.rows(_HISTORY, user=user_id)]


def remember(tx: Tx, user_id: str, password_hash: str, keep: int) -> None:
    """Add a password to those before; only the newest `keep` stay."""
    rows = tx.rows(_HISTORY, user=user_id)
    number = rows[0].number + 1 if rows else 1
    tx.run(_REMEMBER, user_id=user_id, password_hash=password_hash, number=number, replaced_at=tx.now)
    tx.run(_FORGET, user=user_id, upto=number - keep)


def logged_on(tx: Tx, user_id: str, address: str) -> None:
    """Note a log-on to the console; no caller depends on it."""
    tx.run(_LOGGED_ON, user=user_id, at=tx.now)
    tx.run(_FROM, user=user_id, address=address)
