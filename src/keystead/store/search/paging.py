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

FEW = 2000
"""Rows that are sorted after they were found."""


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


def find(
    tx: Tx,
    chosen: sa.Select[Any],
    filters: Sequence[sa.ColumnElement[bool]],
    order: Sequence[sa.ColumnElement[Any]],
    cut: Slice,
    counted: int | None = None,
) -> Found:
    """The page of `chosen`, a select of one ID, under filters; the last column of `order` tells equal rows apart.

    counted: how many rows are counted at most, where it costs too much to look at each.
    """
    rows, total = page(tx, chosen, filters, order, cut, counted)
    return Found([row[0] for row in rows], total)


def page(
    tx: Tx,
    chosen: sa.Select[Any],
    filters: Sequence[sa.ColumnElement[bool]],
    order: Sequence[sa.ColumnElement[Any]],
    cut: Slice,
    counted: int | None = None,
) -> tuple[list[sa.Row[Any]], int]:
    """The rows of a page of `chosen` under filters, and how many there are in all.

    Neither database can tell beforehand how much a filter leaves, and the wrong guess costs a second with 500,000 rows:
    few rows are best sorted after a scan of an index that covers the filters, many are best met along the index of the
    order.  So the first `FEW` that come are taken, and where that is all they are the answer.
    """
    if filters:
        rows = _few(tx, chosen.where(*filters), order, cut)
        if len(rows) <= FEW:
            return rows[cut.skip : cut.skip + cut.most], len(rows)
        chosen = chosen.where(*filters)
    rows = tx.rows(chosen.order_by(*_directed(order, cut)).limit(cut.most + 1).offset(cut.skip))
    if len(rows) <= cut.most and (rows or not cut.skip):
        return rows, cut.skip + len(rows)
    return rows[: cut.most], count(tx, chosen, counted)


def first(
    tx: Tx, chosen: sa.Select[Any], filters: Sequence[sa.ColumnElement[bool]], order: sa.ColumnElement[Any], most: int
) -> list[Any]:
    """The first IDs of `chosen` under filters, as `find` finds them, without counting."""
    cut = Slice("", descending=False, skip=0, most=most)
    rows = _few(tx, chosen.where(*filters), [order], cut)
    if len(rows) > FEW:
        rows = tx.rows(chosen.where(*filters).order_by(order).limit(most))
    return [row[0] for row in rows[:most]]


def _few(tx: Tx, chosen: sa.Select[Any], order: Sequence[sa.ColumnElement[Any]], cut: Slice) -> list[sa.Row[Any]]:
    """The rows in order where there are `FEW` of them; more where there are more."""
    named = [each.label(f"by_{number}") for number, each in enumerate(order)]
    few = chosen.add_columns(*named).limit(FEW + 1).subquery()
    return tx.rows(sa.select(few).order_by(*_directed([few.c[each.name] for each in named], cut)))


def _directed(order: Sequence[sa.ColumnElement[Any]], cut: Slice) -> list[sa.ColumnElement[Any]]:
    return [each.desc() if cut.descending else each.asc() for each in order]


def scanned(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """A number in a filter that SQLite is not to look up by an index of its own: it would read each row it finds."""
    return column + 0


def count(tx: Tx, chosen: sa.Select[Any], most: int | None = None) -> int:
    """How many rows a select has; `most`: where there are more, that many."""
    if most is not None:
        counted = sa.select(sa.func.count()).select_from(chosen.limit(most).subquery())
    else:
        counted = chosen.with_only_columns(sa.func.count(), maintain_column_froms=True)
    return int(tx.connection.execute(counted).scalar_one())


def named(
    tx: Tx,
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
    found = [identity.startswith(text, autoescape=True)]
    found += [each.contains(text.lower(), autoescape=True) for each in keys]
    found += [holds(tx, each, text) for each in texts]
    return [sa.or_(*found)]


def holds(tx: Tx, column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """The condition that a column, as people wrote it, has `text` in it, in capitals or not.

    SQLite's LIKE folds ASCII by itself and nothing else: capitals outside count as other letters there.
    """
    if tx.connection.dialect.name == "sqlite":
        return column.contains(text, autoescape=True)
    return column.icontains(text, autoescape=True)


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
