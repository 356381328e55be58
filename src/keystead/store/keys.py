"""The last use of AccessKey pairs, written in batches."""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys

_NOTE = (
    sa.update(access_keys)
    .where(access_keys.c.id == sa.bindparam("key"))
    .values(used_at=sa.bindparam("at"), used_service=sa.bindparam("service"), used_address=sa.bindparam("address"))
)


def note_use(tx: Tx, used: dict[str, tuple[int, str, str]]) -> None:
    """Store when (seconds), for which service and from which address each pair was last used."""
    tx.connection.execute(
        _NOTE,
        [
            {"key": key, "at": at, "service": service, "address": address}
            for key, (at, service, address) in sorted(used.items())  # one order everywhere: no deadlock between nodes
        ],
    )
