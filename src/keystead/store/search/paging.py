"""Which rows of a list a page shows, and how many the whole list has.

A page takes a bounded number of statements: one picks its IDs along an index, one counts where the page does not tell,
and a few read what hangs on those IDs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a page: in order of which column, how many are passed over, and how many are wanted at most."""

    sort: str
    descending: bool
    skip: int
    most: int


@dataclass(frozen=True, slots=True)
class Found:
    """The IDs of a page in its order, and the length of the whole list."""

    ids: list[Any]
    total: int


def find(tx: Tx, chosen: sa.Select[Any], order: Sequence[sa.ColumnElement[Any]], cut: Slice) -> Found:
    """The page of `chosen`, a select of one ID, in that order; the last column of `order` tells equal rows apart."""
    rows, total = page(tx, chosen, order, cut)
    return Found([row[0] for row in rows], total)


def page(
    tx: Tx, chosen: sa.Select[Any], order: Sequence[sa.ColumnElement[Any]], cut: Slice
) -> tuple[list[sa.Row[Any]], int]:
    """The rows of a page of `chosen`, and how many it has in all."""
    ordered = chosen.order_by(*(each.desc() if cut.descending else each.asc() for each in order))
    rows = tx.rows(ordered.limit(cut.most + 1).offset(cut.skip))
    if len(rows) <= cut.most and (rows or not cut.skip):
        return rows, cut.skip + len(rows)
    return rows[: cut.most], count(tx, chosen)


def count(tx: Tx, chosen: sa.Select[Any]) -> int:
    """How many rows a select has."""
    counted = chosen.with_only_columns(sa.func.count(), maintain_column_froms=True)
    return int(tx.connection.execute(counted).scalar_one())


def named(
    text: str,
    identity: sa.ColumnElement[Any],
    keys: Sequence[sa.ColumnElement[Any]],
    texts: Sequence[sa.ColumnElement[Any]] = (),
) -> list[sa.ColumnElement[bool]]:
    """The condition that a row has `text` in it, nothing where that is empty.

    identity: begins with it.  keys: columns in lower case.  texts: columns as people wrote them, as in `holds`.
    """
    if not text:
        return []
    low = text.lower()
    found = [identity.startswith(text, autoescape=True)]
    found += [each.contains(low, autoescape=True) for each in keys]
    found += [holds(each, text) for each in texts]
    return [sa.or_(*found)]


def holds(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """The condition that a column, as people wrote it, has `text` in it.

    Capitals outside ASCII count as other letters, because SQLite folds only those within.
    """
    return sa.func.lower(column).contains(text.lower(), autoescape=True) | column.contains(text, autoescape=True)


def begins(tx: Tx, column: sa.ColumnElement[Any], text: str) -> list[sa.ColumnElement[bool]]:
    """The conditions that a column begins with `text`, in the same letters; on SQLite along its index.

    PostgreSQL compares by the rules of a language, under which a range is no beginning.
    """
    exact = column.startswith(text, autoescape=True)
    if tx.connection.dialect.name == "sqlite":
        return [column >= text, column < text + "\U0010ffff", exact]
    return [exact]


def counted(table: sa.Table, column: sa.ColumnElement[Any], of: sa.ColumnElement[Any], name: str) -> sa.Label[int]:
    """How many rows of a table hang on a row by a column, to be read beside it."""
    return sa.select(sa.func.count()).select_from(table).where(column == of).scalar_subquery().label(name)


def in_order(ids: Sequence[Any], rows: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
    """The rows, whose first column is the ID, in the order of the IDs; one that went away meanwhile is left out."""
    by_id = {row[0]: row for row in rows}
    return [by_id[each] for each in ids if each in by_id]
