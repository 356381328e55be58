"""Statements over users."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys, attachments, group_members, login_profiles, users

_GET = sa.select(users).where(
    users.c.account_id == sa.bindparam("account"), users.c.name_key == sa.bindparam("name_key")
)
_PAGE = (
    sa.select(users)
    .where(users.c.account_id == sa.bindparam("account"), users.c.name_key > sa.bindparam("after"))
    .order_by(users.c.name_key)
    .limit(sa.bindparam("most"))
)
_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(users.c.id).where(users.c.account_id == sa.bindparam("account")).limit(sa.bindparam("most")).subquery()
)
_INSERT = sa.insert(users)
_DELETE = sa.delete(users).where(users.c.id == sa.bindparam("user"))


def _hanging(table: sa.Table, column: sa.Column[Any]) -> sa.ScalarSelect[int]:
    counted = sa.select(sa.func.count()).select_from(table).where(column == sa.bindparam("user"))
    return counted.scalar_subquery()


_DEPENDANTS = sa.select(
    _hanging(access_keys, access_keys.c.user_id).label("access_keys"),
    _hanging(group_members, group_members.c.user_id).label("groups"),
    _hanging(attachments, attachments.c.entity_id).label("policies"),
    _hanging(login_profiles, login_profiles.c.user_id).label("login_profiles"),
)


def get(tx: Tx, name: str) -> sa.Row[Any] | None:
    """The account's user of that name, without regard to case."""
    return tx.row(_GET, account=tx.account_id, name_key=name.lower())


def page(tx: Tx, after: str, most: int) -> list[sa.Row[Any]]:
    """Users in order of name, after the name key `after`, at most `most`."""
    return tx.rows(_PAGE, account=tx.account_id, after=after, most=most)


def count(tx: Tx, most: int) -> int:
    """How many users the account has, counted up to `most`."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id, "most": most}).scalar_one())


def insert(tx: Tx, user_id: str, name: str, texts: dict[str, str]) -> None:
    """Add a user; `texts` holds display_name, mobile_phone, email, comments."""
    tx.run(
        _INSERT,
        id=user_id,
        account_id=tx.account_id,
        name=name,
        name_key=name.lower(),
        created_at=tx.now,
        updated_at=tx.now,
        **texts,
    )
    tx.touch("user", user_id)


def update(tx: Tx, user_id: str, values: dict[str, str]) -> None:
    """Change columns of a user; `values` may hold name (its key follows) and the texts."""
    if "name" in values:
        values = {**values, "name_key": values["name"].lower()}
    tx.run(sa.update(users).where(users.c.id == user_id).values(updated_at=tx.now, **values))
    tx.touch("user", user_id)


def dependants(tx: Tx, user_id: str) -> sa.Row[Any]:
    """How many access_keys, groups, policies and login_profiles hang on a user."""
    row = tx.row(_DEPENDANTS, user=user_id)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row


def delete(tx: Tx, user_id: str) -> None:
    """Remove a user that nothing hangs on."""
    tx.run(_DELETE, user=user_id)
    tx.touch("user", user_id)
