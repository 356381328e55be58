"""Statements over what has not been used for long or is too old: AccessKey pairs, API keys and console log-ons."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys, accounts, api_keys, login_profiles, usage, users

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
_A = api_keys.c
_CALLED_AT = (
    sa.select(sa.func.max(usage.c.at))
    .where(usage.c.account_id == _A.account_id, usage.c.key_id == _A.id)
    .scalar_subquery()
)
_IDLE_API_KEYS = (
    sa.select(_A.id, _A.workspace_id, _A.generation, _CALLED_AT.label("called_at"))
    .where(
        _A.account_id == sa.bindparam("account"),
        ~_A.disabled,
        _A.created_at < _BEFORE,
        _A.updated_at < _BEFORE,
        sa.func.coalesce(_CALLED_AT, 0) < _BEFORE * 1000,
    )
    .limit(_MOST)
)
_LATE_API_KEYS = (
    sa.select(api_keys.c.id, api_keys.c.created_at, api_keys.c.workspace_id)
    .where(
        api_keys.c.account_id == sa.bindparam("account"),
        api_keys.c.expires_at > api_keys.c.created_at + sa.bindparam("span", type_=sa.BigInteger),
    )
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


def unused_api_keys(tx: Tx, before: int, most: int) -> list[sa.Row[Any]]:
    """Enabled API keys neither called with nor changed since `before` (seconds), at most `most`; called_at: their last
    call (ms), None for never."""
    return tx.rows(_IDLE_API_KEYS, account=tx.account_id, before=before, most=most)


def late_api_keys(tx: Tx, span: int, most: int) -> list[sa.Row[Any]]:
    """API keys that are to count for longer than `span` seconds after their creation, at most `most`."""
    return tx.rows(_LATE_API_KEYS, account=tx.account_id, span=span, most=most)


def logons(tx: Tx, before: int, most: int) -> list[sa.Row[Any]]:
    """Users with an active login profile that neither logged on nor were changed since `before`, at most `most`."""
    return tx.rows(_LOGONS, account=tx.account_id, before=before, most=most)
