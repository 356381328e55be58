"""Redis behind the limits: a node that pauses blames nobody, and a Redis that hangs is told soon."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from gateway.test_parts import MODEL, _limit, _seed
from keystead.faults import Fault
from keystead.gateway import shared_windows
from keystead.gateway.limits import Limiter
from keystead.gateway.shared_windows import SharedWindows
from services.loopback import LOOPBACK


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_windows, "_TIMEOUT_SECONDS", 1.0)


def test_a_pause_of_the_node_is_no_failure_of_redis(redis_url: str) -> None:
    """Replies that came while the node did not run were found after the time-out: calls got 503, and stayed counted."""

    async def run() -> None:
        windows = SharedWindows(redis_url, _seed)
        limiter = Limiter(windows, reserve_output=100, longest=60)
        limit = _limit("requests", 300, "9999999")

        async def one(number: int) -> None:
            ticket = await limiter.reserve("a", [limit], MODEL, f"pause-{number}", 1, 1, time.time())
            await limiter.settle(ticket, 1, 1)

        async def pause() -> None:
            await asyncio.sleep(0.01)
            time.sleep(2)

        try:
            await asyncio.gather(pause(), *(one(number) for number in range(200)))
            for number in range(100):
                await one(200 + number)
            with pytest.raises(Fault, match="the limit of the workspace w is 300 requests"):
                await one(300)
        finally:
            await windows.close()

    asyncio.run(run())


def test_a_redis_that_never_answers_refuses_the_call() -> None:
    async def run(port: int) -> Fault:
        windows = SharedWindows(f"redis://{LOOPBACK}:{port}/0", _seed)
        limiter = Limiter(windows, reserve_output=100, longest=60)
        try:
            with pytest.raises(Fault) as refused:
                await limiter.reserve("a", [_limit("requests", 1)], MODEL, "hung", 1, 1, time.time())
        finally:
            await windows.close()
        return refused.value

    with socket.create_server((LOOPBACK, 0)) as silent:  # the kernel takes connections, nobody reads them
        fault = asyncio.run(asyncio.wait_for(run(silent.getsockname()[1]), 60))
    assert (fault.code, fault.status) == ("ModelUnavailable", 503)
