"""Statements over how an account is guarded: what there is, and how much of it needs a look."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store import accounts
from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.tables import (
    NEVER,
    access_keys,
    agents,
    api_keys,
    attachments,
    group_members,
    groups,
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
_INACTIVE: sa.ColumnElement[str] = sa.literal_column("'Inactive'")  # as the index of those says it
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


def _pairs(*where: Any) -> sa.ScalarSelect[int]:
    return _count(access_keys, _K.account_id == _ACCOUNT, *where)


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
)


def _sum(condition: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


# One scan of the users, in an index that holds all that is asked.
_PEOPLE = sa.select(
    sa.func.count().label("console_users"),
    _sum(~users.c.mfa_bound).label("console_users_without_mfa"),
    _sum(users.c.pairs_until > _NOW).label("users_with_both"),
).where(users.c.account_id == _ACCOUNT, users.c.status == "active", users.c.console_access)
# Most pairs are live, unused and old, so the others are counted, each along an index; see `guards`.
_PAIRS = sa.select(
    _pairs(_K.user_id.is_(None)).label("account_keys"),
    _pairs(_K.status == _INACTIVE).label("inactive_keys"),
    _pairs(_K.status == _INACTIVE, _K.status_reason == "Leaked").label("restricted_keys"),
    _pairs(_K.expires_at <= _NOW, _K.status != _INACTIVE).label("expired_keys"),
    _pairs(*_LIVE, _K.active_at >= _SINCE).label("used_keys"),
    _pairs(*_LIVE, _K.created_at >= _SINCE).label("new_keys"),
    _pairs(_K.expires_at > _NOW, _K.expires_at <= _SOON, _K.status != _INACTIVE).label("expiring_keys"),
)
_A = api_keys.c
_DISABLED = sa.literal_column("api_keys.disabled", sa.Boolean)  # as the index of those says it


def _api_keys(*where: Any) -> sa.ScalarSelect[int]:
    return _count(api_keys, _A.account_id == _ACCOUNT, *where)


_API_KEYS = sa.select(
    _api_keys(_DISABLED, paging.scanned(_A.expires_at) > _NOW).label("disabled_api_keys"),
    _api_keys(_A.expires_at <= _NOW).label("expired_api_keys"),
    _api_keys(_A.expires_at > _NOW, _A.expires_at < NEVER, ~_A.disabled).label("ending_api_keys"),
    _api_keys(_A.expires_at > _NOW, _A.expires_at <= _SOON, ~_A.disabled).label("expiring_api_keys"),
)
_OTHERS = sa.select(
    _count(mfa_devices, mfa_devices.c.account_id == _ACCOUNT, mfa_devices.c.of_account.is_(True)).label("account_mfa"),
    _count(users, users.c.account_id == _ACCOUNT, users.c.active_at < _SINCE).label("idle_users"),
    _count(_ADMINISTRATORS).label("administrators"),
)


def counts(tx: Tx) -> sa.Row[Any]:
    """How many groups, roles, policies, workspaces and applications there are."""
    row = tx.row(_COUNTS, account=tx.account_id)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row


def guards(tx: Tx, since: int, soon: int) -> dict[str, int]:
    """The numbers behind the security score, by name.

    since: what was not used, or made, after it (seconds) is unused, or old.  soon: what expires before it does so soon.
    Users that log on are those with an active profile that are not disabled; pairs are live that are active and not
    expired; administrators have AdministratorAccess on the whole account, by themselves or by a group.
    """
    found = {"access_keys": accounts.count(tx, "access_keys")}
    for statement in (_PEOPLE, _PAIRS, _API_KEYS, _OTHERS):
        given = {"account": tx.account_id, "now": tx.now, "since": since, "soon": soon}
        for row in tx.rows(statement, **given):
            found |= {name: int(value) for name, value in row._mapping.items()}
    live = found["access_keys"] - found.pop("inactive_keys") - found.pop("expired_keys")
    live_api_keys = accounts.count(tx, "api_keys") - found.pop("disabled_api_keys") - found.pop("expired_api_keys")
    return found | {
        "live_api_keys": live_api_keys,
        "endless_api_keys": live_api_keys - found.pop("ending_api_keys"),
        "live_keys": live,
        "unused_keys": live - found.pop("used_keys"),
        "old_keys": live - found.pop("new_keys"),
    }
