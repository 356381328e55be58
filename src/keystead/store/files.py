"""Statements over files, their categories, and the leases that they are sent under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import file_categories, files, upload_leases


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    return (table.c.account_id == sa.bindparam("account")) & (table.c.workspace_id == sa.bindparam("workspace"))


_CATEGORIES = sa.select(file_categories).where(_of(file_categories)).order_by(file_categories.c.id)
_SHOWN = [column for column in files.c if column.name != "sealed_text"]
_FILE = sa.select(*_SHOWN).where(_of(files), files.c.id == sa.bindparam("file"))
_TEXTS = sa.select(files.c.id, files.c.name, files.c.status, files.c.sealed_text).where(_of(files))
_IN_CATEGORY = sa.select(files.c.id).where(_of(files), files.c.category_id == sa.bindparam("category"))
_COUNT = sa.select(sa.func.count()).select_from(files).where(_of(files))
_LEASE = sa.select(upload_leases).where(_of(upload_leases), upload_leases.c.id == sa.bindparam("lease"))
_ANY_LEASE = sa.select(*(column for column in upload_leases.c if column.name != "content")).where(
    upload_leases.c.id == sa.bindparam("lease")
)
_COUNT_LEASES = sa.select(sa.func.count()).select_from(upload_leases).where(_of(upload_leases))


def categories(tx: Tx, workspace_id: str) -> list[sa.Row[Any]]:
    """The categories of a workspace by ID."""
    return tx.rows(_CATEGORIES, account=tx.account_id, workspace=workspace_id)


def add_category(tx: Tx, workspace_id: str, category_id: str, name: str, parent_id: str) -> None:
    """Add a category."""
    place = {"id": category_id, "account_id": tx.account_id, "workspace_id": workspace_id}
    tx.run(sa.insert(file_categories), **place, name=name, parent_id=parent_id, created_at=tx.now)


def delete_category(tx: Tx, category_id: str) -> None:
    """Remove a category."""
    tx.run(sa.delete(file_categories).where(file_categories.c.id == category_id))


def get(tx: Tx, workspace_id: str, file_id: str) -> sa.Row[Any] | None:
    """The file of that ID, without its text."""
    return tx.row(_FILE, account=tx.account_id, workspace=workspace_id, file=file_id)


def page(
    tx: Tx, workspace_id: str, category_id: str, name: str, ids: Sequence[str], after: str, most: int, skipped: int = 0
) -> list[sa.Row[Any]]:
    """Files of a category in order of ID, behind `after` and `skipped` more.

    `name` is a part of theirs, `ids` the only ones.
    """
    statement = sa.select(*_SHOWN).where(_matching(category_id, name, ids), files.c.id > after)
    return tx.rows(
        statement.order_by(files.c.id).limit(most).offset(skipped), account=tx.account_id, workspace=workspace_id
    )


def total(tx: Tx, workspace_id: str, category_id: str, name: str, ids: Sequence[str]) -> int:
    """How many files `page` would show in all."""
    statement = sa.select(sa.func.count()).select_from(files).where(_matching(category_id, name, ids))
    return int(tx.connection.execute(statement, {"account": tx.account_id, "workspace": workspace_id}).scalar_one())


def _matching(category_id: str, name: str, ids: Sequence[str]) -> sa.ColumnElement[bool]:
    found = _of(files) & (files.c.category_id == category_id)
    if name:
        found &= files.c.name.contains(name, autoescape=True)
    if ids:
        found &= files.c.id.in_(ids)
    return found


def count(tx: Tx, workspace_id: str) -> int:
    """How many files a workspace has."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id, "workspace": workspace_id}).scalar_one())


def in_category(tx: Tx, workspace_id: str, category_id: str) -> list[str]:
    """The IDs of the files of a category."""
    rows = tx.rows(_IN_CATEGORY, account=tx.account_id, workspace=workspace_id, category=category_id)
    return [row.id for row in rows]


def texts(tx: Tx, workspace_id: str, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These files with their sealed texts."""
    return tx.rows(_TEXTS.where(files.c.id.in_(ids)), account=tx.account_id, workspace=workspace_id) if ids else []


def insert(tx: Tx, workspace_id: str, file_id: str, **values: object) -> None:
    """Add a file; `values` holds category_id, name, parser, size, status, problem, tags and sealed_text."""
    place = {"id": file_id, "account_id": tx.account_id, "workspace_id": workspace_id}
    tx.run(sa.insert(files), **place, created_at=tx.now, **values)


def set_tags(tx: Tx, file_id: str, tags: str) -> None:
    """Replace a file's tags."""
    tx.run(sa.update(files).where(files.c.id == file_id).values(tags=tags))


def delete(tx: Tx, file_id: str) -> None:
    """Remove a file; its chunks must be gone."""
    tx.run(sa.delete(files).where(files.c.id == file_id))


def add_lease(tx: Tx, workspace_id: str, lease_id: str, **values: object) -> None:
    """Add a lease; `values` holds category_id, name, md5, size, token_digest and expires_at."""
    place = {"id": lease_id, "account_id": tx.account_id, "workspace_id": workspace_id}
    tx.run(sa.insert(upload_leases), **place, **values)


def lease(tx: Tx, workspace_id: str, lease_id: str) -> sa.Row[Any] | None:
    """The lease of that ID, with what was sent."""
    return tx.row(_LEASE, account=tx.account_id, workspace=workspace_id, lease=lease_id)


def any_lease(tx: Tx, lease_id: str) -> sa.Row[Any] | None:
    """The lease of that ID, of whatever account, without what was sent."""
    return tx.row(_ANY_LEASE, lease=lease_id)


def count_leases(tx: Tx, workspace_id: str) -> int:
    """How many leases of a workspace are open."""
    found = tx.connection.execute(_COUNT_LEASES, {"account": tx.account_id, "workspace": workspace_id})
    return int(found.scalar_one())


def put_content(tx: Tx, lease_id: str, content: bytes) -> None:
    """Keep what was sent under a lease."""
    tx.run(sa.update(upload_leases).where(upload_leases.c.id == lease_id).values(content=content))


def delete_lease(tx: Tx, lease_id: str) -> None:
    """End a lease."""
    tx.run(sa.delete(upload_leases).where(upload_leases.c.id == lease_id))


def forget_leases(tx: Tx) -> int:
    """Remove the leases whose time is over; returns how many."""
    return tx.run(sa.delete(upload_leases).where(upload_leases.c.expires_at <= tx.now))
