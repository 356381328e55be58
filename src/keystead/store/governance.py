"""Statements over who and what an account should look at, and the figures of the last governance report."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import (
    access_keys,
    attachments,
    audit,
    governance_reports,
    login_profiles,
    mfa_devices,
    users,
)

_GET = sa.select(governance_reports).where(governance_reports.c.account_id == sa.bindparam("account"))
_DROP = sa.delete(governance_reports).where(governance_reports.c.account_id == sa.bindparam("account"))
_INSERT = sa.insert(governance_reports)

_ACCOUNT: sa.BindParameter[str] = sa.bindparam("account", type_=sa.String)
_SINCE: sa.BindParameter[int] = sa.bindparam("since", type_=sa.BigInteger)
_ACTIVE = access_keys.c.status == "Active"
_OF_USERS = access_keys.join(users, users.c.id == access_keys.c.user_id)
_MY_USERS = users.c.account_id == _ACCOUNT
_OWN_KEYS = (access_keys.c.account_id == _ACCOUNT) & access_keys.c.user_id.is_(None)
_UNUSED = sa.func.coalesce(access_keys.c.used_at, access_keys.c.created_at) < _SINCE
_OLD = access_keys.c.created_at < _SINCE
_LOGS_ON = users.join(login_profiles, login_profiles.c.user_id == users.c.id)
_ATTACHED = attachments.join(users, users.c.id == attachments.c.entity_id)


def _users(*conditions: Any, over: Any = users, columns: tuple[Any, ...] = ()) -> sa.Select[Any]:
    """Users by name; `sort` is what a page continues after."""
    return (
        sa.select(users.c.name_key.label("sort"), users.c.name, *columns)
        .select_from(over)
        .where(_MY_USERS, *conditions)
        .distinct()
    )


def _keys(*conditions: Any, over: Any = _OF_USERS, name: Any = users.c.name) -> sa.Select[Any]:
    columns = (access_keys.c.id, access_keys.c.status, access_keys.c.created_at, access_keys.c.used_at)
    return sa.select(access_keys.c.id.label("sort"), name, *columns).select_from(over).where(*conditions)


SELECTIONS: dict[str, sa.Select[Any]] = {
    "account calls": sa.select(
        sa.cast(audit.c.id, sa.String).label("sort"), audit.c.at, audit.c.product, audit.c.action, audit.c.address
    ).where(
        audit.c.account_id == _ACCOUNT,
        audit.c.identity_type == "Account",
        audit.c.outcome == "Success",
        audit.c.at >= _SINCE * 1000,
    ),
    "account keys": _keys(_OWN_KEYS, over=access_keys, name=sa.literal("<root>").label("name")),
    "account's old keys": _keys(_OWN_KEYS, _ACTIVE, _OLD, over=access_keys, name=sa.literal("<root>").label("name")),
    "account's unused keys": _keys(
        _OWN_KEYS, _ACTIVE, _UNUSED, over=access_keys, name=sa.literal("<root>").label("name")
    ),
    "users": _users(),
    "users with MFA": _users(over=users.join(mfa_devices, mfa_devices.c.user_id == users.c.id)),
    "users without MFA": _users(
        login_profiles.c.status == "Active",
        mfa_devices.c.id.is_(None),
        over=_LOGS_ON.outerjoin(mfa_devices, mfa_devices.c.user_id == users.c.id),
    ),
    "users with old keys": _users(_ACTIVE, _OLD, over=_OF_USERS),
    "users with unused keys": _users(_ACTIVE, _UNUSED, over=_OF_USERS),
    "old keys": _keys(_MY_USERS, _ACTIVE, _OLD),
    "unused keys": _keys(_MY_USERS, _ACTIVE, _UNUSED),
    "idle users": _users(
        login_profiles.c.status == "Active",
        sa.func.coalesce(users.c.last_login_at, login_profiles.c.created_at) < _SINCE,
        over=_LOGS_ON,
        columns=(users.c.last_login_at,),
    ),
    "administrators": _users(
        attachments.c.policy_type == "System", attachments.c.policy_id == "AdministratorAccess", over=_ATTACHED
    ),
    "users with policies": _users(attachments.c.entity_kind == "user", over=_ATTACHED),
}
"""What can be counted and listed; `since` is a time in seconds, for those that ask for one."""


def count(tx: Tx, what: str, since: int) -> int:
    """How many rows a selection has."""
    statement = sa.select(sa.func.count()).select_from(SELECTIONS[what].subquery())
    return int(tx.connection.execute(statement, {"account": tx.account_id, "since": since}).scalar_one())


def page(tx: Tx, what: str, since: int, after: str, most: int) -> list[sa.Row[Any]]:
    """Rows of a selection after the sort key `after`, in order, at most `most`."""
    rows = SELECTIONS[what].subquery()
    statement = sa.select(rows).where(rows.c.sort > after).order_by(rows.c.sort).limit(most)
    return tx.rows(statement, account=tx.account_id, since=since)


def last(tx: Tx) -> sa.Row[Any] | None:
    """When the account's governance report was made, and its figures as JSON."""
    return tx.row(_GET, account=tx.account_id)


def keep(tx: Tx, metrics: str) -> None:
    """Store a governance report in place of the one before."""
    tx.run(_DROP, account=tx.account_id)
    tx.run(_INSERT, account_id=tx.account_id, generated_at=tx.now, metrics=metrics)
