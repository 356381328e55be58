"""Statements of the lists of workspaces and their members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Found, Slice
from keystead.store.tables import agents, api_keys, roles, usage, users, workspace_members, workspaces

_C = workspaces.c
ORDERS = {"WorkspaceName": (sa.func.lower(_C.name), _C.id), "CreateDate": (_C.created_at, _C.id)}
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_ROWS = sa.select(workspaces).where(_C.id.in_(_IDS))
_COUNTS = sa.select(
    _C.id,
    paging.counted(workspace_members, workspace_members.c.workspace_id, _C.id, "members"),
    paging.counted(agents, agents.c.workspace_id, _C.id, "applications"),
    paging.counted(api_keys, api_keys.c.workspace_id, _C.id, "api_keys"),
).where(_C.id.in_(_IDS))
_SPENT = (
    sa.select(usage.c.workspace_id, sa.func.coalesce(sa.func.sum(usage.c.cost), 0).label("cost"))
    .where(
        usage.c.account_id == sa.bindparam("account"),
        usage.c.workspace_id.in_(_IDS),
        usage.c.at >= sa.bindparam("since", type_=sa.BigInteger),
    )
    .group_by(usage.c.workspace_id)
)

_M = workspace_members.c
MEMBER_ORDERS = {"JoinDate": (_M.created_at, _M.principal_id), "DisplayName": (_M.display_name, _M.principal_id)}
_MEMBERS = (
    sa.select(
        _M.principal_id,
        _M.principal_kind,
        _M.level,
        _M.pages,
        _M.display_name,
        _M.created_at,
        sa.func.coalesce(users.c.name, roles.c.name).label("principal_name"),
        users.c.active_at,
        users.c.created_at.label("user_created_at"),
        users.c.status,
        sa.select(sa.func.count())
        .select_from(api_keys)
        .where(api_keys.c.owner_id == _M.principal_id, api_keys.c.workspace_id == _M.workspace_id)
        .scalar_subquery()
        .label("api_keys"),
    )
    .select_from(
        workspace_members.outerjoin(users, users.c.id == _M.principal_id).outerjoin(
            roles, roles.c.id == _M.principal_id
        )
    )
    .where(_M.workspace_id == sa.bindparam("workspace"), _M.principal_id.in_(_IDS))
)


@dataclass(frozen=True, slots=True)
class WantedMembers:
    """What members are asked for; what is empty is not.  kind: user or role."""

    workspace_id: str
    query: str = ""
    level: str = ""
    kind: str = ""


def search(tx: Tx, among: Sequence[str] | None, query: str, cut: Slice) -> Found:
    """The IDs of the workspaces on a page; only those `among` these IDs where given."""
    where = paging.named(tx, query, _C.id, [], [_C.name])
    if among is not None:
        where.append(_C.id.in_(among))
    return paging.find(tx, sa.select(_C.id).where(_C.account_id == tx.account_id), where, ORDERS[cut.sort], cut)


def rows(tx: Tx, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These workspaces in this order."""
    return paging.in_order(ids, tx.rows(_ROWS, ids=list(ids)))


def counts(tx: Tx, ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
    """How many members, applications and api_keys each of these workspaces has."""
    return {row.id: row for row in tx.rows(_COUNTS, ids=list(ids))} if ids else {}


def spent(tx: Tx, ids: Sequence[str], since_ms: int) -> dict[str, int]:
    """What calls in each of these workspaces cost since a time, in millionths of the currency."""
    found = tx.rows(_SPENT, account=tx.account_id, ids=list(ids), since=since_ms) if ids else ()
    return {row.workspace_id: int(row.cost) for row in found}


def members(tx: Tx, wanted: WantedMembers, cut: Slice) -> tuple[list[sa.Row[Any]], int]:
    """The members on a page, with the names of user or role and their API keys counted; and how many there are."""
    where: list[sa.ColumnElement[bool]] = []
    if wanted.query:
        where.append(_named(tx, wanted.query))
    if wanted.level:
        where.append(_M.level == wanted.level)
    if wanted.kind:
        where.append(_M.principal_kind == wanted.kind)
    chosen = sa.select(_M.principal_id).where(_M.workspace_id == wanted.workspace_id)
    found = paging.find(tx, chosen, where, MEMBER_ORDERS[cut.sort], cut)
    rows = tx.rows(_MEMBERS, workspace=wanted.workspace_id, ids=found.ids) if found.ids else []
    return paging.in_order(found.ids, rows), found.total


def _named(tx: Tx, query: str) -> sa.ColumnElement[bool]:
    def ids(table: sa.Table) -> sa.Select[Any]:
        mine = table.c.account_id == tx.account_id
        return sa.select(table.c.id).where(mine, table.c.name_key.contains(query.lower(), autoescape=True))

    return (
        paging.holds(tx, _M.display_name, query)
        | _M.principal_id.startswith(query, autoescape=True)
        | _M.principal_id.in_(ids(users))
        | _M.principal_id.in_(ids(roles))
    )
