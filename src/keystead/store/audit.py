"""The audit trail: one row for every call that was made by a known identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import audit

_INSERT = sa.insert(audit)

EQUAL_FILTERS = ("access_key_id", "action", "request_id", "kind", "product")
"""Columns that LookupEvents compares as they are."""


def insert(tx: Tx, rows: list[dict[str, object]]) -> None:
    """Add rows; the keys are the table's columns without `id`."""
    tx.connection.execute(_INSERT, rows)


def insert_many(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Add many rows by few statements.

    One statement of many rows, given to the driver as it is, costs a tenth of as many statements: of the work on a row,
    and of handing the interpreter to and fro between this thread and the event loop.
    """
    mark = "?" if tx.connection.dialect.paramstyle == "qmark" else "%s"
    done = 0
    for size in _SIZES:
        while len(rows) - done >= size:
            values = tuple(chain.from_iterable(map(_in_order, rows[done : done + size])))
            tx.connection.exec_driver_sql(_statement(mark, size), values)
            done += size


_COLUMNS = tuple(column.name for column in audit.columns if column.name != "id")
_SIZES = (500, 20, 1)  # a few fixed lengths, so that the driver keeps the statements prepared
_in_order = itemgetter(*_COLUMNS)


@cache
def _statement(mark: str, size: int) -> str:
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    group = "(" + ", ".join([mark] * len(_COLUMNS)) + ")"
    return f"INSERT INTO audit ({names}) VALUES {', '.join([group] * size)}"  # noqa: S608 - names of our own columns


def find(
    tx: Tx,
    *,
    equal: dict[str, str],
    principal: str,
    resource: str,
    outcome: str,
    start: int,
    end: int,
    before: int | None,
    most: int,
) -> list[sa.Row[Any]]:
    """Rows of the account, newest first.

    start, end: milliseconds since 1970, end excluded.  before: only rows with a smaller id (the page before's last).
    principal and resource: a part of the text.  outcome: Success, Failure (everything else), or one error code.
    """
    columns = audit.c
    query = sa.select(audit).where(columns.account_id == tx.account_id, columns.at >= start, columns.at < end)
    for name, value in equal.items():
        query = query.where(columns[name] == value)
    if principal:
        query = query.where(columns.principal.contains(principal, autoescape=True))
    if resource:
        query = query.where(columns.resource.contains(resource, autoescape=True))
    if outcome == "Failure":
        query = query.where(columns.outcome != "Success")
    elif outcome:
        query = query.where(columns.outcome == outcome)
    if before is not None:
        query = query.where(columns.id < before)
    return tx.rows(query.order_by(columns.id.desc()).limit(most))


def of_request(tx: Tx, request_id: str) -> list[sa.Row[Any]]:
    """The account's rows of one request; one for each action that it did."""
    mine = (audit.c.account_id == tx.account_id, audit.c.request_id == request_id)
    return tx.rows(sa.select(audit).where(*mine).order_by(audit.c.id).limit(10))


def callers_of(tx: Tx, action: str, since: int, most: int) -> list[sa.Row[Any]]:
    """Who of the account called an action since a time (milliseconds): principal, access_key_id, calls and last."""
    columns = audit.c
    last = sa.func.max(columns.at).label("last")
    query = (
        sa.select(columns.principal, columns.access_key_id, sa.func.count().label("calls"), last)
        .where(
            columns.account_id == tx.account_id,
            columns.action == action,
            columns.outcome == "Success",
            columns.at >= since,
        )
        .group_by(columns.principal, columns.access_key_id)
        .order_by(last.desc(), columns.principal, columns.access_key_id)
    )
    return tx.rows(query.limit(most))
