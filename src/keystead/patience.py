"""Time limits for the answers of another process that this process's own pauses do not use up.

A plain time-out counts the time in which this process did not run, too: after a pause it finds the limit over and the
answer unread in the socket, and takes a healthy server for a dead one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_SLICE_SECONDS = 0.25

Result = TypeVar("Result")


async def patiently(work: Awaitable[Result], seconds: float) -> Result:
    """What `work` answers, within so many seconds in which the event loop runs.  Raises `TimeoutError`.

    The limit is cut into slices, and a pause of the loop, however long, uses up one of them.
    """
    task = asyncio.ensure_future(work)
    try:
        for _ in range(max(1, round(seconds / _SLICE_SECONDS))):
            await asyncio.wait((task,), timeout=_SLICE_SECONDS)
            if task.done():
                return task.result()
        raise TimeoutError
    finally:
        task.cancel()


class Turns:
    """A bounded number of requests at a time, first come, first served.

    seconds: for one request.  queue_seconds: for its turn and itself.
    """

    def __init__(self, most: int, *, seconds: float, queue_seconds: float) -> None:
        self._slots = asyncio.Semaphore(most)
        self._seconds = seconds
        self._queue_seconds = queue_seconds

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do it when it is its turn.  Raises `TimeoutError`, and what it raises."""
        return await patiently(self._turn(work), self._queue_seconds)

    async def _turn(self, work: Callable[[], Awaitable[Result]]) -> Result:
        async with self._slots:
            return await patiently(work(), self._seconds)
