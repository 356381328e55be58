"""The rules of the recycle bin.  Source: reference/ram-behaviour.md 5.6; how restoring fails is inferred there."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.people import access_keys as keys
from keystead.products.people.access_keys import KEY_NOT_FOUND
from keystead.products.people.users import check_new
from keystead.store import recycle_bin, users

USER_RECYCLED = FaultKind(
    USER_NOT_FOUND.code,
    USER_NOT_FOUND.status,
    "The user {name} of this AccessKey pair is in the recycle bin itself.",
    "Restore the user first: RestoreUserFromRecycleBin.",
)


def find_user(tx: Tx, user_id: str) -> sa.Row[Any]:
    """The user of that ID in the bin.  Raises `EntityNotExist.User`."""
    row = recycle_bin.get(tx, user_id)
    if row is None:
        raise USER_NOT_FOUND(name=f"{user_id} in the recycle bin")
    return row


def find_user_of_key(tx: Tx, access_key_id: str) -> sa.Row[Any]:
    """The user in the bin whose pair that is.  Raises `EntityNotExist.User`."""
    key = recycle_bin.key(tx, access_key_id)
    row = None if key is None else recycle_bin.get(tx, key.user_id)
    if row is None:
        raise USER_NOT_FOUND(name=f"of the AccessKey pair {access_key_id} in the recycle bin")
    return row


def restore_user(tx: Tx, user_id: str) -> None:
    """Bring a user back, with the groups and policies that still exist; its pairs stay in the bin.

    Raises `EntityNotExist.User`, and for a name that is taken again or a full account what CreateUser raises.
    """
    check_new(tx, find_user(tx, user_id).name)
    recycle_bin.restore_user(tx, user_id)


def purge_user(tx: Tx, user_id: str) -> None:
    """Delete a user and its pairs for good.  Raises `EntityNotExist.User`."""
    recycle_bin.purge_user(tx, find_user(tx, user_id).id)


def find_key(tx: Tx, access_key_id: str, user_id: str | None = None) -> sa.Row[Any]:
    """The pair of that ID in the bin, of that user where one is given.  Raises `EntityNotExist.User.AccessKey`."""
    row = recycle_bin.key(tx, access_key_id)
    if row is None or user_id not in (None, row.user_id):
        raise KEY_NOT_FOUND(name=f"{access_key_id} in the recycle bin")
    return row


def restore_key(tx: Tx, access_key_id: str, user_id: str) -> None:
    """Bring a pair back to its user, inactive.

    Raises `EntityNotExist.User.AccessKey`, `EntityNotExist.User` while its user is in the bin too,
    `LimitExceeded.User.AccessKey`.
    """
    row = find_key(tx, access_key_id, user_id)
    if users.by_id(tx, row.user_id) is None:
        raise USER_RECYCLED(name=row.user_id)
    keys.check_room(tx, row.user_id)
    recycle_bin.restore_key(tx, row.id)


def purge_key(tx: Tx, access_key_id: str, user_id: str) -> None:
    """Delete a pair for good.  Raises `EntityNotExist.User.AccessKey`."""
    recycle_bin.purge_key(tx, find_key(tx, access_key_id, user_id).id)
