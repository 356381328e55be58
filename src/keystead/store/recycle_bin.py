"""Statements over the recycle bin: what is deleted moves there, and back, or is purged.

A user in the bin keeps its groups, policies and tags as a JSON text: nothing live refers to it, so its groups and
policies may be deleted meanwhile.  Source: reference/ram-behaviour.md 5.6.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from keystead.store import accounts, user_access, workspaces
from keystead.store.database import Tx
from keystead.store.tables import (
    access_keys,
    attachments,
    group_members,
    groups,
    mfa_devices,
    policies,
    recycled_keys,
    recycled_users,
    tags,
    users,
)

KEPT_SECONDS = 30 * 86_400

_MINE = recycled_users.c.account_id == sa.bindparam("account")
_MY_KEY = recycled_keys.c.account_id == sa.bindparam("account")
_GET = sa.select(recycled_users).where(_MINE, recycled_users.c.id == sa.bindparam("user"))
_PLACE = (sa.cast(recycled_users.c.recycled_at, sa.String) + "/" + recycled_users.c.id).label("place")
_PAGE = sa.select(recycled_users, _PLACE).where(_MINE).order_by(_PLACE.desc()).limit(sa.bindparam("most"))
_BEYOND = (
    sa.select(recycled_users.c.id)
    .where(_MINE)
    .order_by(recycled_users.c.recycled_at.desc(), recycled_users.c.id.desc())
    .offset(sa.bindparam("most"))
)
_INSERT = sa.insert(recycled_users)
_DELETE = sa.delete(recycled_users).where(_MINE, recycled_users.c.id == sa.bindparam("user"))

_KEY_COLUMNS = (
    recycled_keys.c.id,
    recycled_keys.c.user_id,
    recycled_keys.c.created_at,
    recycled_keys.c.recycled_at,
)
_KEY = sa.select(*_KEY_COLUMNS).where(_MY_KEY, recycled_keys.c.id == sa.bindparam("key"))
_KEYS_OF = (
    sa.select(*_KEY_COLUMNS)
    .where(_MY_KEY, recycled_keys.c.user_id == sa.bindparam("user"))
    .order_by(recycled_keys.c.recycled_at, recycled_keys.c.created_at, recycled_keys.c.id)
)
_WHOLE_KEY = sa.select(recycled_keys).where(_MY_KEY, recycled_keys.c.id == sa.bindparam("key"))
_INSERT_KEY = sa.insert(recycled_keys)
_DELETE_KEY = sa.delete(recycled_keys).where(_MY_KEY, recycled_keys.c.id == sa.bindparam("key"))
_DELETE_KEYS_OF = sa.delete(recycled_keys).where(_MY_KEY, recycled_keys.c.user_id == sa.bindparam("user"))

_LIVE_USER = sa.select(users).where(users.c.account_id == sa.bindparam("account"), users.c.id == sa.bindparam("user"))
_LIVE_KEYS = sa.select(access_keys.c.id).where(
    access_keys.c.account_id == sa.bindparam("account"), access_keys.c.user_id == sa.bindparam("user")
)
_LIVE_KEY = sa.select(access_keys).where(
    access_keys.c.account_id == sa.bindparam("account"), access_keys.c.id == sa.bindparam("key")
)
_REMOVE_KEY = sa.delete(access_keys).where(access_keys.c.id == sa.bindparam("key"))
_REMOVE_USER = sa.delete(users).where(users.c.id == sa.bindparam("user"))

_JOINED = sa.select(group_members.c.group_id, group_members.c.joined_at).where(
    group_members.c.user_id == sa.bindparam("user")
)
_ATTACHED = sa.select(
    attachments.c.policy_type, attachments.c.policy_id, attachments.c.resource_group_id, attachments.c.attached_at
).where(attachments.c.entity_id == sa.bindparam("user"))
_TAGGED = sa.select(tags.c.tag_key, tags.c.tag_value).where(tags.c.entity_id == sa.bindparam("user"))
_HANGING = tuple(
    sa.delete(table).where(column == sa.bindparam("user"))
    for table, column in (
        (group_members, group_members.c.user_id),
        (attachments, attachments.c.entity_id),
        (tags, tags.c.entity_id),
    )
)
_UNBIND = (
    sa.update(mfa_devices)
    .where(mfa_devices.c.user_id == sa.bindparam("user"))
    .values(user_id=None, of_account=False, bound_at=None)
)
_GROUPS_LEFT = sa.select(groups.c.id).where(groups.c.account_id == sa.bindparam("account"))
_POLICIES_LEFT = sa.select(policies.c.id).where(policies.c.account_id == sa.bindparam("account"))
_FORGET = tuple(
    sa.delete(table).where(table.c.recycled_at <= sa.bindparam("until")) for table in (recycled_users, recycled_keys)
)


class Kept(msgspec.Struct, frozen=True):
    """What a user in the bin comes back with.  user: its row.  The others: the rows that hung on it, as columns."""

    user: dict[str, Any]
    groups: list[tuple[str, int]]
    policies: list[tuple[str, str, str, int]]
    tags: dict[str, str]


def get(tx: Tx, user_id: str) -> sa.Row[Any] | None:
    """The account's user of that ID if it is in the bin."""
    return tx.row(_GET, account=tx.account_id, user=user_id)


def page(tx: Tx, before: str, most: int, *, name_key: str | None = None) -> list[sa.Row[Any]]:
    """Users in the bin, the last deleted first, behind the `place` of another row ("": from the start)."""
    statement = _PAGE if name_key is None else _PAGE.where(recycled_users.c.name_key == name_key)
    if before:
        statement = statement.where(before > _PLACE)
    return tx.rows(statement, account=tx.account_id, most=most)


def key(tx: Tx, access_key_id: str) -> sa.Row[Any] | None:
    """The account's pair of that ID if it is in the bin, without its secret."""
    return tx.row(_KEY, account=tx.account_id, key=access_key_id)


def keys_of(tx: Tx, user_id: str) -> list[sa.Row[Any]]:
    """The pairs of a user that are in the bin, the first deleted first, without their secrets."""
    return tx.rows(_KEYS_OF, account=tx.account_id, user=user_id)


def put_key(tx: Tx, access_key_id: str, most: int) -> None:
    """Move a user's pair into the bin, where its user has at most `most`: the oldest are purged."""
    row = tx.row(_LIVE_KEY, account=tx.account_id, key=access_key_id)
    assert row is not None  # noqa: S101 - the caller has just found it
    values = {name: value for name, value in row._mapping.items() if name in recycled_keys.c}
    tx.run(_REMOVE_KEY, key=access_key_id)
    accounts.add(tx, "access_keys", -1)
    user_access.refresh(tx, row.user_id)
    tx.run(_INSERT_KEY, **values, recycled_at=tx.now, recycled_by=tx.by)
    tx.touch("key", access_key_id)
    for extra in keys_of(tx, row.user_id)[:-most]:
        tx.run(_DELETE_KEY, account=tx.account_id, key=extra.id)


def restore_key(tx: Tx, access_key_id: str) -> None:
    """Move a pair back to its live user, inactive."""
    row = tx.row(_WHOLE_KEY, account=tx.account_id, key=access_key_id)
    assert row is not None  # noqa: S101 - the caller has just found it
    values = {name: value for name, value in row._mapping.items() if name in access_keys.c}
    tx.run(_DELETE_KEY, account=tx.account_id, key=access_key_id)
    tx.run(sa.insert(access_keys), **values, status="Inactive", updated_at=tx.now)
    accounts.add(tx, "access_keys", 1)
    user_access.refresh(tx, row.user_id)
    tx.touch("key", access_key_id)


def purge_key(tx: Tx, access_key_id: str) -> None:
    """Remove a pair from the bin for good."""
    tx.run(_DELETE_KEY, account=tx.account_id, key=access_key_id)


def put_user(tx: Tx, user_id: str, *, most_users: int, most_keys: int) -> None:
    """Move a user with its pairs into the bin.

    How it signs in goes with its row: login profile, passwords, passkeys, service credentials; a virtual MFA device
    stays, unbound.  Memberships of workspaces and API keys end for good.
    The bin holds at most `most_users` users and `most_keys` pairs of each: the oldest are purged.
    """
    row = tx.row(_LIVE_USER, account=tx.account_id, user=user_id)
    assert row is not None  # noqa: S101 - the caller has just found it
    kept = Kept(
        user=dict(row._mapping),
        groups=[tuple(each) for each in tx.rows(_JOINED, user=user_id)],
        policies=[tuple(each) for each in tx.rows(_ATTACHED, user=user_id)],
        tags={each.tag_key: each.tag_value for each in tx.rows(_TAGGED, user=user_id)},
    )
    for each in tx.rows(_LIVE_KEYS, account=tx.account_id, user=user_id):
        put_key(tx, each.id, most_keys)
    for statement in (*_HANGING, _UNBIND):
        tx.run(statement, user=user_id)
    workspaces.forget(tx, user_id)
    tx.run(_REMOVE_USER, user=user_id)
    accounts.add(tx, "users", -1)
    tx.run(
        _INSERT,
        id=user_id,
        account_id=tx.account_id,
        name=row.name,
        name_key=row.name_key,
        display_name=row.display_name,
        created_at=row.created_at,
        recycled_at=tx.now,
        recycled_by=tx.by,
        kept=msgspec.json.encode(kept).decode(),
    )
    tx.touch("user", user_id)
    for extra in tx.rows(_BEYOND, account=tx.account_id, most=most_users):
        purge_user(tx, extra.id)


def restore_user(tx: Tx, user_id: str) -> None:
    """Move a user back, with the groups and policies that still exist and its tags; its pairs stay in the bin."""
    row = get(tx, user_id)
    assert row is not None  # noqa: S101 - the caller has just found it
    kept = msgspec.json.decode(row.kept, type=Kept)
    tx.run(_DELETE, account=tx.account_id, user=user_id)
    tx.run(sa.insert(users), **kept.user)
    accounts.add(tx, "users", 1)
    left = {each.id for each in tx.rows(_GROUPS_LEFT, account=tx.account_id)} if kept.groups else set()
    for group, joined_at in kept.groups:
        if group in left:
            tx.run(sa.insert(group_members), group_id=group, user_id=user_id, joined_at=joined_at)
    left = {each.id for each in tx.rows(_POLICIES_LEFT, account=tx.account_id)} if kept.policies else set()
    mine = {"account_id": tx.account_id, "entity_kind": "user", "entity_id": user_id}
    for policy_type, policy, scope, attached_at in kept.policies:
        if policy_type == "System" or policy in left:
            tx.run(
                sa.insert(attachments),
                **mine,
                policy_type=policy_type,
                policy_id=policy,
                resource_group_id=scope,
                attached_at=attached_at,
            )
    for tag_key, tag_value in kept.tags.items():
        tx.run(sa.insert(tags), **mine, tag_key=tag_key, tag_value=tag_value)
    user_access.refresh(tx, user_id)
    tx.touch("user", user_id)


def purge_user(tx: Tx, user_id: str) -> None:
    """Remove a user from the bin for good, with its pairs there."""
    tx.run(_DELETE_KEYS_OF, account=tx.account_id, user=user_id)
    tx.run(_DELETE, account=tx.account_id, user=user_id)


def forget(tx: Tx) -> int:
    """Remove what has been in the bin of any account for `KEPT_SECONDS`; returns how many users and pairs."""
    until = tx.now - KEPT_SECONDS
    return sum(
        tx.run(sa.delete(table).where(table.c.recycled_at <= until)) for table in (recycled_users, recycled_keys)
    )
