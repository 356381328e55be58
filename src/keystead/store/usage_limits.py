"""Statements over usage limits: of the account, a workspace, an application, an owner or a key."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead import ids
from keystead.store.database import Tx
from keystead.store.tables import usage_limits

_MINE = usage_limits.c.account_id == sa.bindparam("account")
_ORDER = (usage_limits.c.scope, usage_limits.c.scope_id, usage_limits.c.model, usage_limits.c.measure)
_ALL = sa.select(usage_limits).where(_MINE).order_by(*_ORDER, usage_limits.c.period)
_ONE = sa.select(usage_limits).where(_MINE, usage_limits.c.id == sa.bindparam("limit"))

_SUBJECTS = {"key": ("apikey",), "owner": ("user", "role")}


def every(tx: Tx, scope: str = "", scope_id: str = "") -> list[sa.Row[Any]]:
    """The account's limits, of one scope where given."""
    statement = _ALL
    if scope:
        statement = statement.where(usage_limits.c.scope == scope)
    if scope_id:
        statement = statement.where(usage_limits.c.scope_id == scope_id)
    return tx.rows(statement, account=tx.account_id)


def get(tx: Tx, limit_id: str) -> sa.Row[Any] | None:
    """The account's limit of that ID."""
    return tx.row(_ONE, account=tx.account_id, limit=limit_id)


def put(
    tx: Tx, scope: str, scope_id: str, model: str, measure: str, period: str, amount: int, time_zone: str = "UTC"
) -> str:
    """Set a limit in place of the one for the same things; returns its ID."""
    mine = (
        (usage_limits.c.account_id == tx.account_id)
        & (usage_limits.c.scope == scope)
        & (usage_limits.c.scope_id == scope_id)
        & (usage_limits.c.model == model)
        & (usage_limits.c.measure == measure)
        & (usage_limits.c.period == period)
    )
    values: dict[str, Any] = {"amount": amount, "time_zone": time_zone, "updated_at": tx.now}
    row = tx.row(sa.select(usage_limits.c.id).where(mine))
    if row is not None:
        tx.run(sa.update(usage_limits).where(mine).values(**values))
        limit_id = str(row.id)
    else:
        limit_id = ids.request_id().replace("-", "").lower()
        tx.run(
            sa.insert(usage_limits),
            id=limit_id,
            account_id=tx.account_id,
            scope=scope,
            scope_id=scope_id,
            model=model,
            measure=measure,
            period=period,
            **values,
        )
    _touch(tx, scope, scope_id)
    return limit_id


def remove(tx: Tx, scope: str, scope_id: str, *, model: str | None = None, limit_id: str | None = None) -> int:
    """Remove limits of one scope: those on a model, or the one of that ID; returns how many."""
    statement = sa.delete(usage_limits).where(
        usage_limits.c.account_id == tx.account_id,
        usage_limits.c.scope == scope,
        usage_limits.c.scope_id == scope_id,
    )
    if model is not None:
        statement = statement.where(usage_limits.c.model == model)
    if limit_id is not None:
        statement = statement.where(usage_limits.c.id == limit_id)
    gone = tx.run(statement)
    _touch(tx, scope, scope_id)
    return gone


def _touch(tx: Tx, scope: str, scope_id: str) -> None:
    for kind in _SUBJECTS.get(scope, (scope,)):
        tx.touch(kind, scope_id)
