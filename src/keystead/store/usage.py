"""What model calls used: written behind the answers, summed by whoever asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import usage

_C = usage.c
GROUPS = {
    "workspace": _C.workspace_id,
    "application": _C.application_id,
    "key": _C.key_id,
    "owner": _C.owner_id,
    "model": _C.model,
    "outcome": _C.outcome,
    "operation": _C.operation,
}
"""What sums can be grouped by; `day` and `hour` too, which are cut from the time."""
_STEPS = {"hour": 3_600_000, "day": 86_400_000}
_SCOPES = {
    "account": None,
    "workspace": _C.workspace_id,
    "application": _C.application_id,
    "owner": _C.owner_id,
    "key": _C.key_id,
}
_MEASURES: dict[str, Any] = {
    "requests": sa.func.count(),
    "tokens": sa.func.coalesce(sa.func.sum(_C.input_tokens + _C.output_tokens), 0),
    "money": sa.func.coalesce(sa.func.sum(_C.cost), 0),
}


def known(tx: Tx, call_ids: Collection[str]) -> set[str]:
    """Those of these calls that have their rows."""
    rows = tx.connection.execute(sa.select(_C.call_id).where(_C.call_id.in_(call_ids)))
    return set(rows.scalars())


def insert(tx: Tx, rows: list[dict[str, object]]) -> None:
    """Add rows; one whose `call_id` is there already stays as it is."""
    make: Any
    if tx.connection.dialect.name == "sqlite":  # the other dialect is slow to import
        from sqlalchemy.dialects.sqlite import insert as make
    else:
        from sqlalchemy.dialects.postgresql import insert as make
    tx.connection.execute(make(usage).on_conflict_do_nothing(index_elements=["call_id"]), rows)


def total(tx: Tx, account_id: str, scope: str, scope_id: str, model: str, measure: str, since_ms: int) -> int:
    """How much of a measure one scope used since a time; model "" is all of them."""
    query = sa.select(_MEASURES[measure]).where(_C.account_id == account_id, _C.at >= since_ms)
    column = _SCOPES[scope]
    if column is not None:
        query = query.where(column == (int(scope_id) if scope == "key" else scope_id))
    if model:
        query = query.where(_C.model == model)
    return int(tx.connection.execute(query).scalar_one())


def sums(
    tx: Tx, by: list[str], start_ms: int, end_ms: int, equal: dict[str, Any], most: int, offset: int = 0
) -> list[sa.Row[Any]]:
    """Calls, tokens and cost of the account by group, the most tokens first.  equal: by the names of `GROUPS`."""
    groups = [((_C.at - _C.at % _STEPS[name]) if name in _STEPS else GROUPS[name]).label(f"by_{name}") for name in by]
    tokens = sa.func.sum(_C.input_tokens + _C.output_tokens)
    query = sa.select(
        *groups,
        sa.func.count().label("calls"),
        sa.func.coalesce(sa.func.sum(_C.input_tokens), 0).label("input_tokens"),
        sa.func.coalesce(sa.func.sum(_C.output_tokens), 0).label("output_tokens"),
        sa.func.coalesce(sa.func.sum(sa.case((_C.estimated, 1), else_=0)), 0).label("estimated_calls"),
        sa.func.coalesce(sa.func.sum(sa.case((_C.outcome == "Success", 0), else_=1)), 0).label("failed_calls"),
        sa.func.coalesce(sa.func.sum(_C.cost), 0).label("cost"),
    ).where(_C.account_id == tx.account_id, _C.at >= start_ms, _C.at < end_ms)
    for name, value in equal.items():
        query = query.where(GROUPS[name] == value)
    if groups:
        names = [sa.text(f"by_{name}") for name in by]  # by alias: PostgreSQL takes two parameters for two expressions
        query = query.group_by(*names).order_by(tokens.desc(), *names)
    return tx.rows(query.limit(most).offset(offset))
