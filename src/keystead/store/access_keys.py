"""Statements over AccessKey pairs, a user's or the account's own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store import accounts, user_access
from keystead.store.database import Tx
from keystead.store.tables import access_keys

_COLUMNS = (
    access_keys.c.id,
    access_keys.c.user_id,
    access_keys.c.status,
    access_keys.c.status_reason,
    access_keys.c.created_at,
    access_keys.c.updated_at,
    access_keys.c.used_at,
    access_keys.c.used_service,
    access_keys.c.note,
    access_keys.c.expires_at,
)
_MINE = access_keys.c.account_id == sa.bindparam("account")
_KEY = access_keys.c.id == sa.bindparam("key")
_ORDER = (access_keys.c.created_at, access_keys.c.id)
_GET = sa.select(*_COLUMNS).where(_MINE, _KEY)
_OF_USER = sa.select(*_COLUMNS).where(_MINE, access_keys.c.user_id == sa.bindparam("user")).order_by(*_ORDER)
_OF_ACCOUNT = sa.select(*_COLUMNS).where(_MINE, access_keys.c.user_id.is_(None)).order_by(*_ORDER)
_INSERT = sa.insert(access_keys)
_UPDATE = (
    sa.update(access_keys)
    .where(_MINE, _KEY)
    .values(status=sa.bindparam("word"), status_reason=sa.bindparam("reason"), updated_at=sa.bindparam("now"))
)
_DELETE = sa.delete(access_keys).where(_MINE, _KEY)


def get(tx: Tx, access_key_id: str, user_id: str | None) -> sa.Row[Any] | None:
    """The pair of that ID if it is this user's (None: the account's own), without its secret."""
    row = tx.row(_GET, account=tx.account_id, key=access_key_id)
    return row if row is not None and row.user_id == user_id else None


def of_owner(tx: Tx, user_id: str | None) -> list[sa.Row[Any]]:
    """The pairs of a user (None: the account's own), oldest first, without their secrets."""
    if user_id is None:
        return tx.rows(_OF_ACCOUNT, account=tx.account_id)
    return tx.rows(_OF_USER, account=tx.account_id, user=user_id)


def insert(tx: Tx, access_key_id: str, user_id: str | None, sealed_secret: bytes, **more: object) -> None:
    """Add an active pair; `more` may hold note, expires_at (seconds) and network_policy."""
    tx.run(
        _INSERT,
        id=access_key_id,
        account_id=tx.account_id,
        user_id=user_id,
        sealed_secret=sealed_secret,
        status="Active",
        created_at=tx.now,
        updated_at=tx.now,
        **more,
    )
    accounts.add(tx, "access_keys", 1)
    user_access.refresh(tx, user_id)
    tx.touch("key", access_key_id)


def update(tx: Tx, access_key_id: str, **values: object) -> None:
    """Change columns of a pair: note, expires_at.  With another expiry the warnings before it begin anew."""
    if "expires_at" in values:
        values["warned_days"] = None
    mine = (access_keys.c.account_id == tx.account_id) & (access_keys.c.id == access_key_id)
    tx.run(sa.update(access_keys).where(mine).values(updated_at=tx.now, **values))
    user_access.refresh_owner(tx, access_key_id)
    tx.touch("key", access_key_id)


def set_status(tx: Tx, access_key_id: str, status: str, reason: str = "") -> None:
    """Make a pair Active or Inactive; reason: why it is inactive, Leaked, Idle or Old, "" where somebody did it."""
    tx.run(_UPDATE, account=tx.account_id, key=access_key_id, word=status, reason=reason, now=tx.now)
    user_access.refresh_owner(tx, access_key_id)
    tx.touch("key", access_key_id)


def delete(tx: Tx, access_key_id: str) -> None:
    """Remove a pair for good."""
    row = tx.row(_GET, account=tx.account_id, key=access_key_id)
    accounts.add(tx, "access_keys", -tx.run(_DELETE, account=tx.account_id, key=access_key_id))
    user_access.refresh(tx, row.user_id if row is not None else None)
    tx.touch("key", access_key_id)
