"""Which servers a call goes to, against a real one: retries before the first byte, and whom they spare."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from keystead.faults import Fault
from keystead.gateway.catalogue import Model, Upstream
from keystead.gateway.pool import Bounds, Pool
from services.upstream import Running


def model(url: str, *theirs: str) -> Model:
    """A model whose servers are asked in this order: each weighs a thousand times the next, the last nothing."""
    weights = [10 ** (3 * (len(theirs) - number)) for number in range(1, len(theirs))] + [0]
    servers = [Upstream(f"{name}-{each}", url, name, "", each) for name, each in zip(theirs, weights, strict=True)]
    return Model("m", 0, {}, 0, 0, tuple(servers))


async def ask(pool: Pool, asked: Model, *, stream: bool) -> str:
    """Make a call and read it; who answered."""
    body = {"messages": [{"role": "user", "content": "hi"}], "stream": stream}
    async with pool.open(asked, "/chat/completions", body, "id") as reply:
        if stream:
            assert b"[DONE]" in b"".join([block async for block in reply.blocks()])
        else:
            assert b"word0" in await reply.whole()
        return reply.upstream.model


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("first", ["busy", "broken", "unready", "dies-first"])
def test_another_server_answers_before_the_first_byte(fake_upstream: Running, first: str, stream: bool) -> None:
    async def run() -> str:
        pool = Pool(Bounds())
        try:
            return await ask(pool, model(fake_upstream.url, first, "fake"), stream=stream)
        finally:
            await pool.close()

    before = fake_upstream.seen()["calls"]
    assert asyncio.run(run()) == "fake"
    assert fake_upstream.seen()["calls"] == before + 2


@pytest.mark.parametrize(
    ("theirs", "asked", "code"),
    [
        (("busy",), 1, "Throttling"),
        (("broken",), 1, "ModelServingError"),
        (("busy", "broken"), 2, "ModelServingError"),
        (("busy", "broken", "unready", "fake"), 3, "ModelServingError"),
        (("refuses", "fake"), 1, "InvalidParameter"),
        (("dies-first",), 2, "ModelUnavailable"),
    ],
)
def test_how_often_servers_are_asked(fake_upstream: Running, theirs: tuple[str, ...], asked: int, code: str) -> None:
    """Three at most; who has refused is not asked again; a fault of the request is nobody else's to mend; one that
    closed its connection is asked once more, for the connection may have been an old one."""

    async def run() -> None:
        pool = Pool(Bounds())
        try:
            await ask(pool, model(fake_upstream.url, *theirs), stream=False)
        finally:
            await pool.close()

    before = fake_upstream.seen()["calls"]
    with pytest.raises(Fault) as refused:
        asyncio.run(run())
    assert refused.value.code == code
    assert fake_upstream.seen()["calls"] == before + asked


def test_a_server_that_is_back_is_found_by_one_call(fake_upstream: Running) -> None:
    clock = [0.0]
    server = Upstream("s", "http://127.0.0.1:9/v1", "fake", "", 1)
    dead = Model("m", 0, {}, 0, 0, (server,))
    alive = Model("m", 0, {}, 0, 0, (replace(server, url=fake_upstream.url),))

    async def run() -> None:
        pool = Pool(Bounds(), now=lambda: clock[0])
        try:
            for _ in range(5):
                with pytest.raises(Fault, match="ModelUnavailable"):
                    await ask(pool, dead, stream=False)
            with pytest.raises(Fault, match="left alone"):
                await ask(pool, alive, stream=False)
            clock[0] = 5.1
            assert await ask(pool, alive, stream=True) == "fake"
            assert pool.state(server) == (0, False)
        finally:
            await pool.close()

    asyncio.run(run())
