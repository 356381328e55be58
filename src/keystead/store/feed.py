"""The change feed: numbered rows that say which entities a committed transaction touched."""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import change_counter, changes

_LAST = sa.select(change_counter.c.last).where(change_counter.c.id == 1)
_SINCE = (
    sa.select(changes.c.n, changes.c.kind, changes.c.entity_id)
    .where(changes.c.n > sa.bindparam("last"))
    .order_by(changes.c.n)
    .limit(sa.bindparam("most"))
)
_OLDEST = sa.select(sa.func.min(changes.c.n))
_FORGET = sa.delete(changes).where(changes.c.made_at < sa.bindparam("before"))

KEPT_SECONDS = 86_400
"""How long change rows are kept; a node that was away for longer drops everything it has in memory."""


def last_number(tx: Tx) -> int:
    """The number of the newest change."""
    return int(tx.connection.execute(_LAST).scalar_one())


def since(tx: Tx, last: int, most: int = 10_000) -> list[tuple[int, str, str]]:
    """Changes after `last` in order, at most `most`, as (n, kind, entity id)."""
    return [(row.n, row.kind, row.entity_id) for row in tx.rows(_SINCE, last=last, most=most)]


def oldest_number(tx: Tx) -> int | None:
    """The number of the oldest change row that is still kept, or None."""
    return tx.connection.execute(_OLDEST).scalar()


def forget(tx: Tx) -> int:
    """Delete change rows older than `KEPT_SECONDS`; returns how many."""
    return tx.run(_FORGET, before=tx.now - KEPT_SECONDS)
