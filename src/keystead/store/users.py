"""Statements over users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store import accounts, tags
from keystead.store.database import Tx
from keystead.store.tables import access_keys, attachments, group_members, login_profiles, mfa_devices, users

_GET = sa.select(users).where(
    users.c.account_id == sa.bindparam("account"), users.c.name_key == sa.bindparam("name_key")
)
_BY_ID = sa.select(users).where(users.c.account_id == sa.bindparam("account"), users.c.id == sa.bindparam("user"))
_BY_KEY = (
    sa.select(users)
    .select_from(access_keys.join(users, users.c.id == access_keys.c.user_id))
    .where(users.c.account_id == sa.bindparam("account"), access_keys.c.id == sa.bindparam("key"))
)
_PAGE = (
    sa.select(users)
    .where(users.c.account_id == sa.bindparam("account"), users.c.name_key > sa.bindparam("after"))
    .order_by(users.c.name_key)
    .limit(sa.bindparam("most"))
)
_INSERT = sa.insert(users)


def _hanging(table: sa.Table, column: sa.Column[Any]) -> sa.ScalarSelect[int]:
    counted = sa.select(sa.func.count()).select_from(table).where(column == sa.bindparam("user"))
    return counted.scalar_subquery()


_DEPENDANTS = sa.select(
    _hanging(access_keys, access_keys.c.user_id).label("access_keys"),
    _hanging(group_members, group_members.c.user_id).label("groups"),
    _hanging(attachments, attachments.c.entity_id).label("policies"),
    _hanging(login_profiles, login_profiles.c.user_id).label("login_profiles"),
    _hanging(mfa_devices, mfa_devices.c.user_id).label("mfa_devices"),
)


def get(tx: Tx, name: str) -> sa.Row[Any] | None:
    """The account's user of that name, without regard to case."""
    return tx.row(_GET, account=tx.account_id, name_key=name.lower())


def by_id(tx: Tx, user_id: str) -> sa.Row[Any] | None:
    """The account's user of that ID."""
    return tx.row(_BY_ID, account=tx.account_id, user=user_id)


def by_access_key(tx: Tx, access_key_id: str) -> sa.Row[Any] | None:
    """The account's user whose AccessKey pair that is."""
    return tx.row(_BY_KEY, account=tx.account_id, key=access_key_id)


def page(
    tx: Tx,
    after: str,
    most: int,
    *,
    statuses: Sequence[str] = (),
    tagged: Sequence[tuple[str, str | None]] = (),
) -> list[sa.Row[Any]]:
    """Users in order of name, after the name key `after`, at most `most`.

    statuses: only those of one of these; empty for all.  tagged: only those with all these tags.
    """
    statement = _PAGE.where(*tags.holding(users.c.id, tagged))
    if statuses:
        statement = statement.where(users.c.status.in_(statuses))
    return tx.rows(statement, account=tx.account_id, after=after, most=most)


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
    accounts.add(tx, "users", 1)
    tx.touch("user", user_id)


def update(tx: Tx, user_id: str, values: dict[str, str]) -> None:
    """Change columns of a user; `values` may hold name (its key follows) and the texts."""
    if "name" in values:
        values = {**values, "name_key": values["name"].lower()}
    tx.run(sa.update(users).where(users.c.id == user_id).values(updated_at=tx.now, **values))
    tx.touch("user", user_id)


def dependants(tx: Tx, user_id: str) -> sa.Row[Any]:
    """How many access_keys, groups, policies, login_profiles and mfa_devices hang on a user."""
    row = tx.row(_DEPENDANTS, user=user_id)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row
