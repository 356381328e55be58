"""Statements over addresses that users have proven, or are about to prove, to be theirs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import verified_addresses

_USER = verified_addresses.c.user_id == sa.bindparam("user")
_KIND = verified_addresses.c.kind == sa.bindparam("which")
_GET = sa.select(verified_addresses).where(_USER, _KIND)
_INSERT = sa.insert(verified_addresses)
_ACTIVE = sa.update(verified_addresses).where(_USER, _KIND).values(status="active", sealed_code=b"", tries_left=0)
_TRIED = sa.update(verified_addresses).where(_USER, _KIND).values(tries_left=verified_addresses.c.tries_left - 1)
_DELETE = sa.delete(verified_addresses).where(_USER, _KIND)


def get(tx: Tx, user_id: str, kind: str) -> sa.Row[Any] | None:
    """A user's address of that kind: sms or email."""
    return tx.row(_GET, user=user_id, which=kind)


def put(tx: Tx, user_id: str, kind: str, address: str, sealed_code: bytes, tries: int, expires_at: int) -> None:
    """Store an address that waits for its code, in place of the one before."""
    delete(tx, user_id, kind)
    tx.run(
        _INSERT,
        user_id=user_id,
        kind=kind,
        address=address,
        status="pending",
        sealed_code=sealed_code,
        tries_left=tries,
        expires_at=expires_at,
    )


def activate(tx: Tx, user_id: str, kind: str) -> None:
    """The address is the user's."""
    tx.run(_ACTIVE, user=user_id, which=kind)


def tried(tx: Tx, user_id: str, kind: str) -> None:
    """Count a wrong code."""
    tx.run(_TRIED, user=user_id, which=kind)


def delete(tx: Tx, user_id: str, kind: str) -> None:
    """Remove a user's address of that kind."""
    tx.run(_DELETE, user=user_id, which=kind)
