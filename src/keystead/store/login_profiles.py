"""Statements over login profiles: whether and how a user may use the console."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import login_profiles

_USER = login_profiles.c.user_id == sa.bindparam("user")
_GET = sa.select(login_profiles).where(_USER)
_INSERT = sa.insert(login_profiles)
_DELETE = sa.delete(login_profiles).where(_USER)


def get(tx: Tx, user_id: str) -> sa.Row[Any] | None:
    """The login profile of a user."""
    return tx.row(_GET, user=user_id)


def insert(tx: Tx, user_id: str, values: dict[str, object]) -> None:
    """Add a profile; `values` holds password_hash, password_reset_required, mfa_bind_required."""
    tx.run(_INSERT, user_id=user_id, created_at=tx.now, updated_at=tx.now, **values)
    tx.touch("user", user_id)


def update(tx: Tx, user_id: str, values: dict[str, object]) -> None:
    """Change columns of a profile; `values` may hold the names that `insert` takes."""
    changed = login_profiles.c.user_id == user_id
    tx.run(sa.update(login_profiles).where(changed).values(updated_at=tx.now, **values))
    tx.touch("user", user_id)


def delete(tx: Tx, user_id: str) -> None:
    """Remove a profile: the user may no longer use the console."""
    tx.run(_DELETE, user=user_id)
    tx.touch("user", user_id)
