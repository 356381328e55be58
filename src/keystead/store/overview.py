"""Statements over how an account is guarded: what there is, and how much of it needs a look."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import (
    access_keys,
    agents,
    api_keys,
    attachments,
    group_members,
    groups,
    login_profiles,
    mfa_devices,
    policies,
    roles,
    users,
    workspaces,
)

_ACCOUNT: sa.BindParameter[str] = sa.bindparam("account", type_=sa.String)
_NOW: sa.BindParameter[int] = sa.bindparam("now", type_=sa.BigInteger)
_SINCE: sa.BindParameter[int] = sa.bindparam("since", type_=sa.BigInteger)
_SOON: sa.BindParameter[int] = sa.bindparam("soon", type_=sa.BigInteger)

_K = access_keys.c
_LIVE = (_K.status == "Active", _K.expires_at.is_(None) | (_K.expires_at > _NOW))
_LOGS_ON = login_profiles.join(users, users.c.id == login_profiles.c.user_id)
_MAY_LOG_ON = (users.c.account_id == _ACCOUNT, login_profiles.c.status == "Active", users.c.status == "active")
_ADMINISTRATOR = sa.select(attachments.c.entity_id).where(
    attachments.c.account_id == _ACCOUNT,
    attachments.c.policy_type == "System",
    attachments.c.policy_id == "AdministratorAccess",
    attachments.c.resource_group_id == "",
)


def _count(over: Any, *where: Any) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(over).where(*where).scalar_subquery()


def _keys(*where: Any) -> sa.ScalarSelect[int]:
    return _count(access_keys, _K.account_id == _ACCOUNT, *where)


def _mine(table: sa.Table) -> sa.ScalarSelect[int]:
    return _count(table, table.c.account_id == _ACCOUNT)


_ADMINISTRATORS = sa.union(
    _ADMINISTRATOR.where(attachments.c.entity_kind == "user"),
    sa.select(group_members.c.user_id).where(
        group_members.c.group_id.in_(_ADMINISTRATOR.where(attachments.c.entity_kind == "group"))
    ),
).subquery()

_COUNTS = sa.select(
    _mine(groups).label("groups"),
    _mine(roles).label("roles"),
    _mine(policies).label("policies"),
    _mine(access_keys).label("access_keys"),
    _mine(workspaces).label("workspaces"),
    _mine(agents).label("applications"),
    _mine(api_keys).label("api_keys"),
)
_GUARDS = sa.select(
    _keys(_K.user_id.is_(None)).label("account_keys"),
    _count(mfa_devices, mfa_devices.c.account_id == _ACCOUNT, mfa_devices.c.of_account.is_(True)).label("account_mfa"),
    _count(_LOGS_ON, *_MAY_LOG_ON).label("console_users"),
    _count(_LOGS_ON, *_MAY_LOG_ON, ~sa.exists().where(mfa_devices.c.user_id == login_profiles.c.user_id)).label(
        "console_users_without_mfa"
    ),
    _count(_LOGS_ON, *_MAY_LOG_ON, sa.exists().where(_K.user_id == login_profiles.c.user_id, *_LIVE)).label(
        "users_with_both"
    ),
    _count(users, users.c.account_id == _ACCOUNT, users.c.active_at < _SINCE).label("idle_users"),
    _keys(*_LIVE).label("live_keys"),
    _keys(*_LIVE, _K.active_at < _SINCE).label("unused_keys"),
    _keys(*_LIVE, _K.created_at < _SINCE).label("old_keys"),
    _keys(_K.status == "Active", _K.expires_at > _NOW, _K.expires_at <= _SOON).label("expiring_keys"),
    _count(_ADMINISTRATORS).label("administrators"),
)


def counts(tx: Tx) -> sa.Row[Any]:
    """How many groups, roles, policies, access_keys, workspaces, applications and api_keys there are."""
    row = tx.row(_COUNTS, account=tx.account_id)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row


def guards(tx: Tx, since: int, soon: int) -> sa.Row[Any]:
    """The numbers behind the security score.

    since: what was not used, or made, after it (seconds) is unused, or old.  soon: what expires before it does so soon.
    Users that log on are those with an active profile that are not disabled; pairs are live that are active and not
    expired; administrators have AdministratorAccess on the whole account, by themselves or by a group.
    """
    row = tx.row(_GUARDS, account=tx.account_id, now=tx.now, since=since, soon=soon)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row
