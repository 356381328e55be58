"""Slow reads of callers kept the change feed from being read: after three seconds the node refused everybody."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from keystead import app
from keystead.identity.directory import Directory
from keystead.server.feed import POLL_SECONDS, Follower
from keystead.settings import Settings

READERS = 4


def test_the_feed_is_read_while_every_reader_is_busy(tmp_path: Path) -> None:
    done = threading.Event()
    with app.opened(Settings(data_dir=tmp_path / "data")) as instance:
        directory = Directory(instance.database, instance.keyring, instance.clock, 10)
        follower = Follower(instance.database, directory, instance.clock)
        follower.start()
        before = follower._seen
        for _ in range(3 * READERS):
            instance.database.submit(done.wait, writes=False)
        try:
            asyncio.run(_follow(follower, before))
        finally:
            done.set()
            follower.close()


async def _follow(follower: Follower, before: float) -> None:
    following = asyncio.ensure_future(follower.run())
    for _ in range(100):
        await asyncio.sleep(POLL_SECONDS / 5)
        if follower._seen > before:
            break
    following.cancel()
    assert follower._seen > before
