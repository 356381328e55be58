"""A node planted what a long window holds once: when Redis lost its data, a month's limit began again at nothing."""

from __future__ import annotations

import asyncio
import time

import pytest
import redis.asyncio as client

from keystead.faults import Fault
from keystead.gateway.catalogue import Model
from keystead.gateway.limits import Counter, Limiter
from keystead.gateway.shared_windows import SharedWindows
from keystead.identity.model_keys import Limit

MODEL = Model("m", 0, {}, 0.0, 0.0, ())
LIMIT = Limit("emptied", "workspace", "w", "", "tokens", 1000, "month")


def test_a_month_is_read_again(redis_url: str) -> None:
    used = 0

    async def rows(_counter: Counter) -> int:
        return used

    async def run() -> None:
        nonlocal used
        windows = SharedWindows(redis_url, rows)
        limiter = Limiter(windows, reserve_output=1, longest=60)
        first = await limiter.reserve("a", [LIMIT], MODEL, "1", 400, 500, time.time())
        await limiter.settle(first, 400, 500)
        used = 900
        other = client.Redis.from_url(redis_url)
        await other.flushall()
        await other.aclose()
        with pytest.raises(Fault, match="900 are used"):
            await limiter.reserve("a", [LIMIT], MODEL, "2", 100, 100, time.time())
        await limiter.reserve("a", [LIMIT], MODEL, "3", 50, 50, time.time())
        await windows.close()

    asyncio.run(run())
