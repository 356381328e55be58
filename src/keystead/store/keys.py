"""The last use of AccessKey pairs, written in batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import structs

from keystead.store.database import Tx
from keystead.store.tables import access_keys, users
from keystead.store.tables.spine import ACTIVE_STEP

_USES = """
WITH used (id, at, service, address, action) AS (VALUES {rows})
UPDATE access_keys SET used_at = used.at, used_service = used.service, used_address = used.address,
  used_action = used.action,
  active_at = CASE WHEN access_keys.active_at <= used.at - {step} THEN used.at ELSE access_keys.active_at END
FROM used WHERE access_keys.id = used.id"""
_USE = ("TEXT", "BIGINT", "TEXT", "TEXT", "TEXT")
_ACTIVITIES = """
WITH used (id, at) AS (VALUES {rows})
UPDATE users SET active_at = used.at FROM used WHERE users.id = used.id AND users.active_at < used.at"""
_ACTIVITY = ("TEXT", "BIGINT")
_SIZES = (200, 20, 1)  # a few fixed lengths, so that the driver keeps the statements prepared
_LOCK = sa.select(access_keys.c.id).where(access_keys.c.id.in_(sa.bindparam("ids", expanding=True)))
_LOCK = _LOCK.order_by(access_keys.c.id).with_for_update()
_LOCK_USERS = sa.select(users.c.id).where(users.c.id.in_(sa.bindparam("ids", expanding=True)))
_LOCK_USERS = _LOCK_USERS.order_by(users.c.id).with_for_update()
_STALE = sa.select(access_keys.c.id, access_keys.c.user_id).where(
    access_keys.c.id.in_(sa.bindparam("keys", expanding=True)),
    users.c.id == access_keys.c.user_id,
    users.c.active_at <= sa.bindparam("before", type_=sa.BigInteger),
)


class Use(msgspec.Struct, frozen=True, gc=False):
    """When (seconds), for which service, from which address and by which action a pair was used."""

    at: int
    service: str
    address: str
    action: str

    def repeats(self, last: Use, seconds: int) -> bool:
        """Whether it is like an earlier use and less than so many seconds from it."""
        same = self.action == last.action and self.address == last.address and self.service == last.service
        return same and abs(self.at - last.at) < seconds


def note_use(tx: Tx, used: dict[str, Use]) -> None:
    """Store the last use of each pair."""
    rows = [(key, *structs.astuple(use)) for key, use in sorted(used.items())]
    _update(tx, _USES, _USE, _LOCK, rows)
    _note_users(tx, {key: use.at for key, use in used.items()})


def _note_users(tx: Tx, used: dict[str, int]) -> None:
    """Let the users of these pairs have been active, where that is news: exact to `ACTIVE_STEP` seconds."""
    latest: dict[str, int] = {}
    names, before = list(used), max(used.values()) - ACTIVE_STEP
    for start in range(0, len(names), 500):  # SQLite bounds the variables of one statement
        for row in tx.rows(_STALE, keys=names[start : start + 500], before=before):
            latest[row.user_id] = max(used[row.id], latest.get(row.user_id, 0))
    _update(tx, _ACTIVITIES, _ACTIVITY, _LOCK_USERS, sorted(latest.items()))


def _update(
    tx: Tx, statement: str, types: tuple[str, ...], lock: sa.Select[tuple[str]], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Change many rows by few statements, given to the driver as they are.

    A statement for each row would hand the interpreter to the event loop and wait for it back as many times, with
    SQLite's write lock in hand.  rows: sorted by their first member, the ID.
    """
    done = 0
    for size in _SIZES:
        while len(rows) - done >= size:
            some = rows[done : done + size]
            if tx.connection.dialect.name != "sqlite":
                tx.rows(lock, ids=[row[0] for row in some])  # in one order everywhere: no deadlock between nodes
            mark = "?" if tx.connection.dialect.paramstyle == "qmark" else "%s"
            tx.connection.exec_driver_sql(_filled(statement, types, mark, size), tuple(chain.from_iterable(some)))
            done += size


@cache
def _filled(statement: str, types: tuple[str, ...], mark: str, size: int) -> str:
    row = "(" + ", ".join([f"CAST({mark} AS {each})" for each in types]) + ")"
    return statement.format(rows=", ".join([row] * size), step=ACTIVE_STEP)
