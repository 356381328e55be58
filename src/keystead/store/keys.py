"""The last use of AccessKey pairs, written in batches."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from msgspec import structs

from keystead.store.database import Tx
from keystead.store.tables import access_keys, users
from keystead.store.tables.spine import ACTIVE_STEP

_AT: sa.BindParameter[int] = sa.bindparam("at", type_=sa.BigInteger)
_NOTE = (
    sa.update(access_keys)
    .where(access_keys.c.id == sa.bindparam("key"))
    .values(
        used_at=_AT,
        used_service=sa.bindparam("service"),
        used_address=sa.bindparam("address"),
        used_action=sa.bindparam("action"),
        active_at=sa.case((access_keys.c.active_at <= _AT - ACTIVE_STEP, _AT), else_=access_keys.c.active_at),
    )
)
_STALE = sa.select(access_keys.c.id, access_keys.c.user_id).where(
    access_keys.c.id.in_(sa.bindparam("keys", expanding=True)),
    users.c.id == access_keys.c.user_id,
    users.c.active_at <= sa.bindparam("before", type_=sa.BigInteger),
)
_ACTIVE = sa.update(users).where(users.c.id == sa.bindparam("user"), users.c.active_at < _AT).values(active_at=_AT)


class Use(msgspec.Struct, frozen=True):
    """When (seconds), for which service, from which address and by which action a pair was used."""

    at: int
    service: str
    address: str
    action: str


def note_use(tx: Tx, used: dict[str, Use]) -> None:
    """Store the last use of each pair."""
    tx.connection.execute(
        _NOTE,
        [
            {"key": key, **structs.asdict(use)}
            for key, use in sorted(used.items())  # one order everywhere: no deadlock between nodes
        ],
    )
    _note_users(tx, {key: use.at for key, use in used.items()})


def _note_users(tx: Tx, used: dict[str, int]) -> None:
    """Let the users of these pairs have been active, where that is news: exact to `ACTIVE_STEP` seconds."""
    latest: dict[str, int] = {}
    names, before = list(used), max(used.values()) - ACTIVE_STEP
    for start in range(0, len(names), 500):  # SQLite bounds the variables of one statement
        for row in tx.rows(_STALE, keys=names[start : start + 500], before=before):
            latest[row.user_id] = max(used[row.id], latest.get(row.user_id, 0))
    if latest:
        tx.connection.execute(_ACTIVE, [{"user": user, "at": at} for user, at in sorted(latest.items())])
