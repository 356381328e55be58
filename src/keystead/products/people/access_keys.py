"""The rules of AccessKey pairs, a user's or the account's own.  Source: reference/ram-behaviour.md 5.6.

An owner is the ID of a user; None is the account itself, which no policy limits.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead import ids
from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.products.faults import absent, too_many
from keystead.store import access_keys, recycle_bin

KEY_NOT_FOUND = absent("User.AccessKey", "AccessKey pair")
TOO_MANY_KEYS = too_many("User.AccessKey", "AccessKey pairs, inactive ones included,")

KEY_TOO_OLD = FaultKind(
    "NotSupport.AccessKeyAge",
    400,
    "The AccessKey pair {name} is {days} days old and may not be enabled; pairs here may be used for {limit} days.",
    "Create a new pair, move its users over, and delete this one.",
)

SELF_SERVICE = "AllowUserToManageAccessKeys"
"""The security preference that grants a user calls on its own pairs."""


def find(tx: Tx, access_key_id: str, owner: str | None) -> sa.Row[Any]:
    """The owner's pair of that ID.  Raises `EntityNotExist.User.AccessKey`."""
    row = access_keys.get(tx, access_key_id, owner)
    if row is None:
        raise KEY_NOT_FOUND(name=access_key_id)
    return row


def check_room(tx: Tx, owner: str | None) -> None:
    """Raise `LimitExceeded.User.AccessKey` unless the owner may have one more pair."""
    limit = tx.quotas.account_access_keys if owner is None else tx.quotas.access_keys_per_user
    if len(access_keys.of_owner(tx, owner)) >= limit:
        raise TOO_MANY_KEYS(limit=limit)


def create(tx: Tx, owner: str | None) -> tuple[sa.Row[Any], str]:
    """Create an active pair; returns its row and its secret.  Raises `LimitExceeded.User.AccessKey`."""
    check_room(tx, owner)
    access_key_id, secret = ids.access_key_id(), ids.access_key_secret()
    access_keys.insert(tx, access_key_id, owner, tx.keyring.seal(secret.encode(), f"access-key:{access_key_id}"))
    return find(tx, access_key_id, owner), secret


def set_status(tx: Tx, access_key_id: str, owner: str | None, status: str) -> None:
    """Disable a pair, or enable it again.  Raises `EntityNotExist.User.AccessKey`, `NotSupport.AccessKeyAge`."""
    row = find(tx, access_key_id, owner)
    limit = tx.quotas.access_key_max_age_days
    days = (tx.now - row.created_at) // 86_400
    if status == "Active" and limit and days >= limit:
        raise KEY_TOO_OLD(name=row.id, days=days, limit=limit)
    access_keys.set_status(tx, row.id, status)


def delete(tx: Tx, access_key_id: str, owner: str | None) -> None:
    """Move a user's pair to the recycle bin; the account's own is deleted for good, as no action could restore it.

    Raises `EntityNotExist.User.AccessKey`.
    """
    row = find(tx, access_key_id, owner)
    if owner is None:
        access_keys.delete(tx, row.id)
    else:
        recycle_bin.put_key(tx, row.id, tx.quotas.recycled_access_keys)
