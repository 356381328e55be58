"""Statements over groups and who is in them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import attachments, group_members, groups, users

_GET = sa.select(groups).where(
    groups.c.account_id == sa.bindparam("account"), groups.c.name_key == sa.bindparam("name_key")
)
_PAGE = (
    sa.select(groups)
    .where(groups.c.account_id == sa.bindparam("account"), groups.c.name_key > sa.bindparam("after"))
    .order_by(groups.c.name_key)
    .limit(sa.bindparam("most"))
)
_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(groups.c.id).where(groups.c.account_id == sa.bindparam("account")).limit(sa.bindparam("most")).subquery()
)
_INSERT = sa.insert(groups)
_DELETE = sa.delete(groups).where(groups.c.id == sa.bindparam("group"), groups.c.account_id == sa.bindparam("account"))
_DEPENDANTS = sa.select(
    sa.select(sa.func.count())
    .select_from(group_members)
    .where(group_members.c.group_id == sa.bindparam("group"))
    .scalar_subquery()
    .label("users"),
    sa.select(sa.func.count())
    .select_from(attachments)
    .where(attachments.c.entity_id == sa.bindparam("group"))
    .scalar_subquery()
    .label("policies"),
)
_MEMBER = sa.select(group_members.c.joined_at).where(
    group_members.c.group_id == sa.bindparam("group"), group_members.c.user_id == sa.bindparam("user")
)
_MEMBERS = (
    sa.select(users.c.id, users.c.name, users.c.name_key, users.c.display_name, group_members.c.joined_at)
    .select_from(group_members.join(users, users.c.id == group_members.c.user_id))
    .where(group_members.c.group_id == sa.bindparam("group"), users.c.name_key > sa.bindparam("after"))
    .order_by(users.c.name_key)
    .limit(sa.bindparam("most"))
)
_OF_USER = (
    sa.select(groups.c.id, groups.c.name, groups.c.display_name, groups.c.comments, group_members.c.joined_at)
    .select_from(group_members.join(groups, groups.c.id == group_members.c.group_id))
    .where(group_members.c.user_id == sa.bindparam("user"))
    .order_by(groups.c.name_key)
)
_COUNT_OF_USER = (
    sa.select(sa.func.count()).select_from(group_members).where(group_members.c.user_id == sa.bindparam("user"))
)
_JOIN = sa.insert(group_members)
_LEAVE = sa.delete(group_members).where(
    group_members.c.group_id == sa.bindparam("group"), group_members.c.user_id == sa.bindparam("user")
)


def get(tx: Tx, name: str) -> sa.Row[Any] | None:
    """The account's group of that name, without regard to case."""
    return tx.row(_GET, account=tx.account_id, name_key=name.lower())


def page(tx: Tx, after: str, most: int) -> list[sa.Row[Any]]:
    """Groups in order of name, after the name key `after`, at most `most`."""
    return tx.rows(_PAGE, account=tx.account_id, after=after, most=most)


def count(tx: Tx, most: int) -> int:
    """How many groups the account has, counted up to `most`."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id, "most": most}).scalar_one())


def insert(tx: Tx, group_id: str, name: str, texts: dict[str, str]) -> None:
    """Add a group; `texts` holds display_name and comments."""
    tx.run(
        _INSERT,
        id=group_id,
        account_id=tx.account_id,
        name=name,
        name_key=name.lower(),
        created_at=tx.now,
        updated_at=tx.now,
        **texts,
    )
    tx.touch("group", group_id)


def update(tx: Tx, group_id: str, values: dict[str, str]) -> None:
    """Change columns of a group; `values` may hold name (its key follows) and the texts."""
    if "name" in values:
        values = {**values, "name_key": values["name"].lower()}
    mine = (groups.c.id == group_id, groups.c.account_id == tx.account_id)
    tx.run(sa.update(groups).where(*mine).values(updated_at=tx.now, **values))
    tx.touch("group", group_id)


def dependants(tx: Tx, group_id: str) -> sa.Row[Any]:
    """How many users and policies hang on a group."""
    row = tx.row(_DEPENDANTS, group=group_id)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row


def delete(tx: Tx, group_id: str) -> None:
    """Remove a group that nothing hangs on."""
    tx.run(_DELETE, group=group_id, account=tx.account_id)
    tx.touch("group", group_id)


def has_member(tx: Tx, group_id: str, user_id: str) -> bool:
    """Whether the user is in the group."""
    return tx.row(_MEMBER, group=group_id, user=user_id) is not None


def members(tx: Tx, group_id: str, after: str, most: int) -> list[sa.Row[Any]]:
    """The users of a group in order of name, after the name key `after`, at most `most`, with joined_at."""
    return tx.rows(_MEMBERS, group=group_id, after=after, most=most)


def of_user(tx: Tx, user_id: str) -> list[sa.Row[Any]]:
    """The groups of a user in order of name, with joined_at."""
    return tx.rows(_OF_USER, user=user_id)


def count_of_user(tx: Tx, user_id: str) -> int:
    """How many groups a user is in."""
    return int(tx.connection.execute(_COUNT_OF_USER, {"user": user_id}).scalar_one())


def join(tx: Tx, group_id: str, user_id: str) -> None:
    """Put a user into a group."""
    tx.run(_JOIN, group_id=group_id, user_id=user_id, joined_at=tx.now)
    tx.touch("user", user_id)


def leave(tx: Tx, group_id: str, user_id: str) -> bool:
    """Take a user out of a group; whether it was in."""
    tx.touch("user", user_id)
    return tx.run(_LEAVE, group=group_id, user=user_id) > 0
