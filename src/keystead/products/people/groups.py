"""The rules of groups and their members.  Source: reference/ram-behaviour.md 5.7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from keystead import ids
from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.products.faults import GROUP_NOT_FOUND, exists, in_use, too_many
from keystead.store import groups

GROUP_EXISTS = exists("Group", "group")
TOO_MANY_GROUPS = too_many("Group", "groups")
HAS_USERS = in_use("Group.User", "group", "users", "Remove its users first.")
HAS_POLICIES = in_use("Group.Policy", "group", "policies attached", "Detach its policies first.")
ALREADY_MEMBER = FaultKind(
    "EntityAlreadyExists.User.Group",
    409,
    "The user {user} is already in the group {group}.",
    "Nothing is left to do: the user has the group's policies.",
)
NOT_A_MEMBER = FaultKind(
    "EntityNotExist.User.Group",
    404,
    "The user {user} is not in the group {group}.",
    "Check both names; ListUsersForGroup shows who is in the group.",
)
IN_TOO_MANY_GROUPS = too_many("User.Group", "groups of a user")


def find(tx: Tx, name: str) -> sa.Row[Any]:
    """The group of that name.  Raises `EntityNotExist.Group`."""
    row = groups.get(tx, name)
    if row is None:
        raise GROUP_NOT_FOUND(name=name)
    return row


def create(tx: Tx, name: str, texts: Mapping[str, str | None]) -> sa.Row[Any]:
    """Create a group; `texts` may hold display_name and comments.

    Raises `EntityAlreadyExists.Group`, `LimitExceeded.Group`.
    """
    if groups.get(tx, name) is not None:
        raise GROUP_EXISTS(name=name)
    if groups.count(tx, tx.quotas.groups) >= tx.quotas.groups:
        raise TOO_MANY_GROUPS(limit=tx.quotas.groups)
    given = {column: texts.get(column) or "" for column in ("display_name", "comments")}
    groups.insert(tx, ids.group_id(), name, given)
    return find(tx, name)


def change(tx: Tx, row: sa.Row[Any], new_name: str | None, texts: Mapping[str, str | None]) -> sa.Row[Any]:
    """Change a group's name or texts: None stays, an empty text is cleared, an empty name stays.

    Raises `EntityAlreadyExists.Group`.
    """
    values = {column: value for column, value in texts.items() if value is not None}
    if new_name:
        other = groups.get(tx, new_name)
        if other is not None and other.id != row.id:
            raise GROUP_EXISTS(name=new_name)
        values["name"] = new_name
    groups.update(tx, row.id, values)
    return find(tx, values.get("name", row.name))


def delete(tx: Tx, row: sa.Row[Any]) -> None:
    """Delete a group that nothing hangs on.  Raises `DeleteConflict.Group.…`."""
    hanging = groups.dependants(tx, row.id)
    for count, fault in ((hanging.users, HAS_USERS), (hanging.policies, HAS_POLICIES)):
        if count:
            raise fault(name=row.name, count=count)
    groups.delete(tx, row.id)


def join(tx: Tx, group: sa.Row[Any], user: sa.Row[Any]) -> None:
    """Put a user into a group.  Raises `EntityAlreadyExists.User.Group`, `LimitExceeded.User.Group`."""
    if groups.has_member(tx, group.id, user.id):
        raise ALREADY_MEMBER(user=user.name, group=group.name)
    if groups.count_of_user(tx, user.id) >= tx.quotas.groups_per_user:
        raise IN_TOO_MANY_GROUPS(limit=tx.quotas.groups_per_user)
    groups.join(tx, group.id, user.id)


def leave(tx: Tx, group: sa.Row[Any], user: sa.Row[Any]) -> None:
    """Take a user out of a group.  Raises `EntityNotExist.User.Group`."""
    if not groups.leave(tx, group.id, user.id):
        raise NOT_A_MEMBER(user=user.name, group=group.name)
