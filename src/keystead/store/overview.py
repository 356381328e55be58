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
_ADMINISTRATOR = sa.select(attachments.c.entity_id).where(
    attachments.c.account_id == _ACCOUNT,
    attachments.c.policy_type == "System",
    attachments.c.policy_id == "AdministratorAccess",
    attachments.c.resource_group_id == "",
)


def _count(over: Any, *where: Any) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(over).where(*where).scalar_subquery()


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
    _mine(workspaces).label("workspaces"),
    _mine(agents).label("applications"),
    _mine(api_keys).label("api_keys"),
)


def _sum(condition: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


# One scan of the users, one of the pairs: each in an index that holds all that is asked.
_HAS_MFA = sa.exists(1).where(mfa_devices.c.user_id == users.c.id)
_HAS_PAIR = sa.exists(1).where(_K.user_id == users.c.id, *_LIVE)
_LOGS_ON = sa.exists(1).where(login_profiles.c.user_id == users.c.id, login_profiles.c.status == "Active")
_PEOPLE = sa.select(
    sa.func.count().label("console_users"),
    _sum(~_HAS_MFA).label("console_users_without_mfa"),
    _sum(_HAS_PAIR).label("users_with_both"),
).where(users.c.account_id == _ACCOUNT, users.c.status == "active", _LOGS_ON)
_PAIRS = sa.select(
    sa.func.count().label("access_keys"),
    _sum(_K.user_id.is_(None)).label("account_keys"),
    _sum(sa.and_(*_LIVE)).label("live_keys"),
    _sum(sa.and_(*_LIVE, _K.active_at < _SINCE)).label("unused_keys"),
    _sum(sa.and_(*_LIVE, _K.created_at < _SINCE)).label("old_keys"),
    _sum(sa.and_(_K.status == "Active", _K.expires_at > _NOW, _K.expires_at <= _SOON)).label("expiring_keys"),
).where(_K.account_id == _ACCOUNT)
_OTHERS = sa.select(
    _count(mfa_devices, mfa_devices.c.account_id == _ACCOUNT, mfa_devices.c.of_account.is_(True)).label("account_mfa"),
    _count(users, users.c.account_id == _ACCOUNT, users.c.active_at < _SINCE).label("idle_users"),
    _count(_ADMINISTRATORS).label("administrators"),
)


def counts(tx: Tx) -> sa.Row[Any]:
    """How many groups, roles, policies, workspaces, applications and api_keys there are."""
    row = tx.row(_COUNTS, account=tx.account_id)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row


def guards(tx: Tx, since: int, soon: int) -> dict[str, int]:
    """The numbers behind the security score, by name.

    since: what was not used, or made, after it (seconds) is unused, or old.  soon: what expires before it does so soon.
    Users that log on are those with an active profile that are not disabled; pairs are live that are active and not
    expired; administrators have AdministratorAccess on the whole account, by themselves or by a group.
    """
    found: dict[str, int] = {}
    for statement in (_PEOPLE, _PAIRS, _OTHERS):
        given = {"account": tx.account_id, "now": tx.now, "since": since, "soon": soon}
        for row in tx.rows(statement, **given):
            found |= {name: int(value) for name, value in row._mapping.items()}
    return found
