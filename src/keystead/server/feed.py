"""Following the change feed: what other processes wrote is dropped from memory within a second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from keystead.faults import FaultKind
from keystead.identity.directory import Directory
from keystead.identity.transaction import Tx
from keystead.store import feed
from keystead.store.database import Database

POLL_SECONDS = 0.25
STALE_SECONDS = 3.0
"""A node that could not read the feed for this long stops answering: what it holds may have been revoked."""

STALE = FaultKind(
    "ServiceUnavailable",
    503,
    "The request has failed due to a temporary failure of the server. This node has not seen the change feed for "
    "{seconds:.1f} seconds; it answers again when the database does.",
    "Try again in a moment, or use another node.",
)

_log = logging.getLogger("keystead.feed")


class Follower:
    """Polls the feed and applies it to the directory; `check` refuses when it has been blind for too long.

    It reads in a thread of its own: behind the slow reads of callers it would wait, and the node take itself for blind.
    """

    def __init__(self, database: Database[Tx], directory: Directory, clock: Callable[[], float]) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feed")
        self._last = 0
        self._seen = time.monotonic()
        self._failed = ""

    def start(self) -> None:
        """Read where the feed stands now; raises when the database does not answer."""
        with self._database.reading(self._clock()) as tx:
            self._last = feed.last_number(tx)
        self._seen = time.monotonic()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def check(self) -> None:
        """Raise `ServiceUnavailable` when the feed was last read more than `STALE_SECONDS` ago."""
        blind = time.monotonic() - self._seen
        if blind > STALE_SECONDS:
            raise STALE(seconds=blind)

    def blind(self) -> str:
        """Why this node should get no traffic, or "".

        What it has in memory it answers for a while yet (`check`), all else would fail: a balancer is told as soon as
        one look at the feed has failed.
        """
        if self._failed:
            return f"the database does not answer ({self._failed})"
        seconds = time.monotonic() - self._seen
        return f"the change feed was last read {seconds:.1f} seconds ago" if seconds > STALE_SECONDS else ""

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self._poll()
                self._seen = began
                if self._failed:
                    _log.info("the change feed is readable again")
                self._failed = ""
            except (SQLAlchemyError, OSError) as error:
                if not self._failed:
                    _log.warning("the change feed cannot be read: %s", type(error).__name__)
                self._failed = type(error).__name__
            await asyncio.sleep(POLL_SECONDS)

    async def _poll(self) -> None:
        last = self._last
        oldest, changes = await asyncio.wrap_future(self._thread.submit(self._read, last))
        if changes and oldest is not None and oldest > last + 1 and last:
            self._directory.clear()
        self._directory.apply((kind, entity) for _, kind, entity in changes)
        if changes:
            self._last = changes[-1][0]

    def _read(self, last: int) -> tuple[int | None, list[tuple[int, str, str]]]:
        with self._database.reading(self._clock()) as tx:
            changes = feed.since(tx, last)
            return (feed.oldest_number(tx) if changes else None), changes
