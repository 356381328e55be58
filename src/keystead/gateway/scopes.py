"""Limits that come with neither a key nor a workspace: of an application, and of the owner of a signed call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from keystead.identity.model_keys import Limit
from keystead.identity.transaction import Tx
from keystead.store import studio
from keystead.store.database import Database

_MOST_KEPT = 10_000


class ScopeLimits:
    """Limits by scope, in memory until anything changes; used from the event loop."""

    def __init__(self, database: Database[Tx], clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._kept: dict[tuple[str, str, str], tuple[Limit, ...]] = {}
        self._version = 0

    def changed(self, _kind: str) -> None:
        """Called for every subject of the change feed."""
        self._version += 1
        self._kept.clear()

    async def of(self, account_id: str, scope: str, scope_id: str) -> tuple[Limit, ...]:
        """The limits of one scope."""
        key = (account_id, scope, scope_id)
        found = self._kept.get(key)
        if found is None:
            version = self._version
            found = await asyncio.wrap_future(self._database.submit(lambda: self._load(*key), writes=False))
            if version == self._version:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = found
        return found

    def _load(self, account_id: str, scope: str, scope_id: str) -> tuple[Limit, ...]:
        with self._database.reading(self._clock(), account_id) as tx:
            return tuple(
                Limit(row.id, row.scope, row.scope_id, row.model, row.measure, row.amount, row.period, row.time_zone)
                for row in studio.limits(tx, account_id, [(scope, scope_id)])
            )
