"""Statements over who reaches a model, and how its newest calls ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Found, Slice
from keystead.store.tables import agents, api_keys, audit, usage, usage_limits, workspace_models, workspaces

MOST_CALLS = 20_000
"""Calls that are looked at, the newest: what a page may cost has a bound, however busy a model is."""

_W = workspaces.c
ORDERS = {"WorkspaceName": (sa.func.lower(_W.name), _W.id), "CreateDate": (_W.created_at, _W.id)}
_LIMITS = (
    sa.select(usage_limits)
    .where(
        usage_limits.c.account_id == sa.bindparam("account"),
        usage_limits.c.scope == "workspace",
        usage_limits.c.scope_id.in_(sa.bindparam("ids", expanding=True)),
        usage_limits.c.model.in_(("", sa.bindparam("model"))),
    )
    .order_by(usage_limits.c.scope_id, usage_limits.c.measure, usage_limits.c.period, usage_limits.c.model)
)


def granted(model: str) -> sa.ColumnElement[bool]:
    """The condition that a workspace may call a model."""
    named = sa.exists(1).where(
        workspace_models.c.workspace_id == _W.id, workspace_models.c.model == model, workspace_models.c.inference
    )
    return _W.is_default | _W.all_models | named


def places(tx: Tx, model: str, among: Sequence[str] | None, query: str, cut: Slice) -> Found:
    """The IDs of the account's workspaces that may call a model, on a page; of these IDs alone where given."""
    where = [granted(model), *paging.named(tx, query, _W.id, [], [_W.name])]
    if among is not None:
        where.append(_W.id.in_(among))
    return paging.find(tx, sa.select(_W.id).where(_W.account_id == tx.account_id), where, ORDERS[cut.sort], cut)


def limits(tx: Tx, ids: Sequence[str], model: str) -> dict[str, list[sa.Row[Any]]]:
    """The limits of each of these workspaces that bind a call of the model."""
    found: dict[str, list[sa.Row[Any]]] = {}
    for row in tx.rows(_LIMITS, account=tx.account_id, ids=list(ids), model=model) if ids else ():
        found.setdefault(row.scope_id, []).append(row)
    return found


def keys_reach(member: str, name: str) -> sa.ColumnElement[bool]:
    """The condition that an API key's scope lets a model or an application through.

    member: `models` or `applications`, as the scope's JSON has it.  A name is a text of its own there, in quotes, and
    no model's name is an application's ID.
    """
    scope = api_keys.c.scope
    anything = ~scope.contains(f'"{member}": [', autoescape=True)
    return anything | (scope.contains(f'"{member}": [', autoescape=True) & scope.contains(f'"{name}"', autoescape=True))


def keys_beside(tx: Tx, application_id: str) -> sa.ColumnElement[bool]:
    """The condition that an API key is in the workspace of an application."""
    home = sa.select(agents.c.workspace_id).where(agents.c.account_id == tx.account_id, agents.c.id == application_id)
    return api_keys.c.workspace_id.in_(home)


def keys_within(tx: Tx, model: str) -> sa.ColumnElement[bool]:
    """The condition that an API key is in a workspace that may call a model."""
    return api_keys.c.workspace_id.in_(sa.select(_W.id).where(_W.account_id == tx.account_id, granted(model)))


def endings(tx: Tx, model: str, since_ms: int) -> list[sa.Row[Any]]:
    """How the newest calls that went to a server ended: upstream_id, outcome, calls, last (ms), first looked at."""
    columns = usage.c
    newest = (
        sa.select(columns.upstream_id, columns.outcome, columns.at)
        .where(columns.account_id == tx.account_id, columns.model == model, columns.at >= since_ms)
        .order_by(columns.at.desc())
        .limit(MOST_CALLS)
        .subquery()
    )
    counted = (sa.func.count().label("calls"), sa.func.max(newest.c.at).label("last"), sa.func.min(newest.c.at))
    query = sa.select(newest.c.upstream_id, newest.c.outcome, *counted)
    return tx.rows(query.group_by(newest.c.upstream_id, newest.c.outcome))


def refusals(tx: Tx, resource: str, since_ms: int) -> list[sa.Row[Any]]:
    """What refused calls of a model before they went to a server: outcome, calls, last (ms).

    A call that went to one has its row in `usage` and is not counted here.
    """
    columns = audit.c
    newest = (
        sa.select(columns.request_id, columns.resource, columns.outcome, columns.at)
        .where(columns.account_id == tx.account_id, columns.action == "InvokeModel", columns.at >= since_ms)
        .order_by(columns.at.desc())
        .limit(MOST_CALLS)
        .subquery()
    )
    metered = sa.exists(1).where(usage.c.call_id == newest.c.request_id)
    counted = (sa.func.count().label("calls"), sa.func.max(newest.c.at).label("last"))
    query = sa.select(newest.c.outcome, *counted)
    return tx.rows(
        query.where(newest.c.resource == resource, newest.c.outcome != "Success", ~metered).group_by(newest.c.outcome)
    )
