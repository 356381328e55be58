"""The rules of AccessKey pairs, a user's or the account's own.  Source: reference/ram-behaviour.md 5.6.

An owner is the ID of a user; None is the account itself, which no policy limits.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead import ids
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import network_policy
from keystead.identity.transaction import Tx
from keystead.products.faults import EXPIRY_INVALID, absent, too_many
from keystead.store import access_keys, recycle_bin

KEY_NOT_FOUND = absent("User.AccessKey", "AccessKey pair")
TOO_MANY_KEYS = too_many("User.AccessKey", "AccessKey pairs, inactive ones included,")

KEY_TOO_OLD = FaultKind(
    "NotSupport.AccessKeyAge",
    400,
    "The AccessKey pair {name} is {days} days old and may not be enabled; pairs here may be used for {limit} days.",
    "Create a new pair, move its users over, and delete this one.",
)

KEY_RESTRICTED = FaultKind(
    "NotSupport.AccessKeyRestricted",
    400,
    "The AccessKey pair {name} was reported as leaked and may not be enabled: others know its secret.",
    "Create a new pair, move its users over, and delete this one.",
)
KEY_EXPIRED = FaultKind(
    "NotSupport.AccessKeyExpired",
    400,
    "The AccessKey pair {name} has expired: it counted until {until}.",
    "Create a new pair and move its users over, or give this one more time with UpdateAccessKeyPair.",
)

LEAKED = "Leaked"
"""Why a pair is inactive that was reported as leaked.  The other reasons: Idle, Old."""

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


def create(
    tx: Tx, owner: str | None, *, note: str = "", expires_at: int | None = None, network: str | None = None
) -> tuple[sa.Row[Any], str]:
    """Create an active pair; returns its row and its secret.  Raises `LimitExceeded.User.AccessKey`.

    network: its network policy as `network_text` answers it.  expires_at: as `expiry` does.
    """
    check_room(tx, owner)
    access_key_id, secret = ids.access_key_id(), ids.access_key_secret()
    sealed = tx.keyring.seal(secret.encode(), f"access-key:{access_key_id}")
    access_keys.insert(tx, access_key_id, owner, sealed, note=note, expires_at=expires_at, network_policy=network)
    return find(tx, access_key_id, owner), secret


def set_status(tx: Tx, access_key_id: str, owner: str | None, status: str) -> None:
    """Disable a pair, or enable it again; why it was disabled is forgotten then, but for a leak.

    Raises `EntityNotExist.User.AccessKey`, `NotSupport.AccessKeyRestricted`, `NotSupport.AccessKeyAge`,
    `NotSupport.AccessKeyExpired`.
    """
    row = find(tx, access_key_id, owner)
    if row.status_reason == LEAKED:
        if status == "Active":
            raise KEY_RESTRICTED(name=row.id)
        return
    if status == "Active" and has_expired(tx, row):
        raise KEY_EXPIRED(name=row.id, until=iso(row.expires_at))
    limit = tx.quotas.access_key_max_age_days
    days = (tx.now - row.created_at) // 86_400
    if status == "Active" and limit and days >= limit:
        raise KEY_TOO_OLD(name=row.id, days=days, limit=limit)
    access_keys.set_status(tx, row.id, status)


def restrict(tx: Tx, access_key_id: str, owner: str | None) -> None:
    """Disable a pair for good: its secret is known to others.  Raises `EntityNotExist.User.AccessKey`."""
    access_keys.set_status(tx, find(tx, access_key_id, owner).id, "Inactive", LEAKED)


def has_expired(tx: Tx, row: sa.Row[Any]) -> bool:
    """Whether a pair's time is over; it is refused then whatever its status says."""
    return row.expires_at is not None and row.expires_at <= tx.now


def status(tx: Tx, row: sa.Row[Any]) -> str:
    """Active or Inactive, the words of the vendor: a pair that has expired is as good as disabled."""
    return "Inactive" if has_expired(tx, row) else str(row.status)


STATES = ("Active", "Inactive", "Expired", "Restricted", "IdleDisabled", "TooOld")
"""The states of a pair as our own lists tell them; the vendor's have the first two."""

_REASONS = {"Idle": "IdleDisabled", "Old": "TooOld"}


def state(tx: Tx, row: sa.Row[Any]) -> str:
    """One of `STATES`: what can never be undone first, then what time undid, then why it was disabled."""
    if row.status_reason == LEAKED:
        return "Restricted"
    return "Expired" if has_expired(tx, row) else _REASONS.get(row.status_reason, str(row.status))


def expiry(tx: Tx, wanted: int | None, created_at: int) -> int | None:
    """When a pair made at `created_at` is to expire (seconds): the greatest age that pairs have here bounds it.

    Raises `InvalidParameter.ExpireDate` for what is over, and for what is beyond the bound.
    """
    days = tx.quotas.access_key_max_age_days
    last = created_at + days * 86_400 if days else None
    if wanted is None:
        return last
    if wanted <= tx.now:
        raise EXPIRY_INVALID(date=iso(wanted), why=f"is not after now, {iso(tx.now)}")
    if last is not None and wanted > last:
        why = f"is after {iso(last)}; pairs here may be used for {days} days (access_key_max_age_days)"
        raise EXPIRY_INVALID(date=iso(wanted), why=why)
    return wanted


def network_text(tx: Tx, text: str) -> str:
    """A network policy as it is stored, checked.  Raises the faults of `identity.network_policy`."""
    document = network_policy.parse(
        text,
        most_statements=tx.quotas.network_policy_statements,
        most_addresses=tx.quotas.network_policy_addresses,
    )
    return document.text()


def delete(tx: Tx, access_key_id: str, owner: str | None) -> None:
    """Move a user's pair to the recycle bin; the account's own is deleted for good, as no action could restore it.

    Raises `EntityNotExist.User.AccessKey`.
    """
    row = find(tx, access_key_id, owner)
    if owner is None:
        access_keys.delete(tx, row.id)
    else:
        recycle_bin.put_key(tx, row.id, tx.quotas.recycled_access_keys)
