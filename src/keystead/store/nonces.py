"""Nonces of writes: the row that lets every node, and every restart, refuse the same signed write again."""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import nonces

_INSERT = sa.insert(nonces)
_SEEN = sa.select(nonces.c.digest).where(nonces.c.digest == sa.bindparam("mark"))
_FORGET = sa.delete(nonces).where(nonces.c.expires_at < sa.bindparam("now"))


def accepted(tx: Tx, mark: bytes) -> bool:
    """Whether a write with this nonce was accepted."""
    return tx.row(_SEEN, mark=mark) is not None


def accept(tx: Tx, mark: bytes, until: int) -> bool:
    """Remember a nonce's digest until `until` (seconds); False when it is already there.

    Two nodes that insert the same digest at once collide on the primary key: one commits, the other fails whole.
    """
    if accepted(tx, mark):
        return False
    tx.run(_INSERT, digest=mark, expires_at=until)
    return True


def forget(tx: Tx) -> int:
    """Delete digests whose time has passed; returns how many."""
    return tx.run(_FORGET, now=tx.now)
