"""Statements over what has not been used for long or is too old: AccessKey pairs and console log-ons."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys, accounts, login_profiles, users

_BEFORE: sa.BindParameter[int] = sa.bindparam("before", type_=sa.BigInteger)
_MOST: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer)
_ACCOUNTS = sa.select(accounts.c.id).order_by(accounts.c.id)
# A pair that was enabled again a moment ago is not idle: its change counts as a use.
_KEYS = (
    sa.select(access_keys.c.id, access_keys.c.used_at)
    .where(
        access_keys.c.account_id == sa.bindparam("account"),
        access_keys.c.status == "Active",
        access_keys.c.updated_at < _BEFORE,
        sa.func.coalesce(access_keys.c.used_at, 0) < _BEFORE,
    )
    .order_by(access_keys.c.id)
    .limit(_MOST)
)
_OLD_KEYS = (
    sa.select(access_keys.c.id, access_keys.c.used_at)
    .where(
        access_keys.c.account_id == sa.bindparam("account"),
        access_keys.c.status == "Active",
        access_keys.c.created_at <= _BEFORE,
    )
    .order_by(access_keys.c.id)
    .limit(_MOST)
)
_LOGONS = (
    sa.select(users.c.id, users.c.name, users.c.last_login_at)
    .join(login_profiles, login_profiles.c.user_id == users.c.id)
    .where(
        users.c.account_id == sa.bindparam("account"),
        login_profiles.c.status == "Active",
        login_profiles.c.updated_at < _BEFORE,
        sa.func.coalesce(users.c.last_login_at, 0) < _BEFORE,
    )
    .order_by(users.c.id)
    .limit(_MOST)
)


def account_ids(tx: Tx) -> list[str]:
    """Every account."""
    return [str(row.id) for row in tx.rows(_ACCOUNTS)]


def keys(tx: Tx, before: int, most: int) -> list[sa.Row[Any]]:
    """Active pairs neither used nor changed since `before` (seconds), at most `most`."""
    return tx.rows(_KEYS, account=tx.account_id, before=before, most=most)


def old_keys(tx: Tx, before: int, most: int) -> list[sa.Row[Any]]:
    """Active pairs created at `before` (seconds) or earlier, at most `most`."""
    return tx.rows(_OLD_KEYS, account=tx.account_id, before=before, most=most)


def logons(tx: Tx, before: int, most: int) -> list[sa.Row[Any]]:
    """Users with an active login profile that neither logged on nor were changed since `before`, at most `most`."""
    return tx.rows(_LOGONS, account=tx.account_id, before=before, most=most)
