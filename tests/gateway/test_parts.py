"""The parts that need no server: lines, windows, limits, the journal, estimates, renaming."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.faults import Fault
from keystead.gateway import lines, metering, periods, reading
from keystead.gateway.catalogue import Model, Upstream
from keystead.gateway.limits import Counter, Limiter
from keystead.gateway.metering import Meter, Note
from keystead.gateway.pool import Bounds, Pool
from keystead.gateway.shared_windows import SharedWindows
from keystead.gateway.windows import LocalWindows
from keystead.gateway.writers import renamed
from keystead.identity.model_keys import Limit

MODEL = Model("m", 0, {}, 1.0, 2.0, ())
NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC).timestamp()


async def _seed(_counter: Counter) -> int:
    return 0


def _limit(measure: str, amount: int, period: str = "60", scope: str = "workspace") -> Limit:
    return Limit(f"l-{measure}-{amount}", scope, "w", "", measure, amount, "" if measure == "concurrent" else period)


@pytest.mark.parametrize("cuts", [[3], [1, 9, 10], [17], list(range(1, 40))])
def test_lines_are_cut_at_their_ends_however_they_come(cuts: list[int]) -> None:
    text = b"data: one\n\ndata: two\n\ndata: [DONE]\n"

    async def pieces() -> AsyncIterator[bytes]:
        last = 0
        for cut in [*cuts, len(text)]:
            yield text[last:cut]
            last = max(last, cut)

    async def collect() -> list[bytes]:
        return [block async for block in lines.blocks(pieces(), 100)]

    found = asyncio.run(collect())
    assert b"".join(found) == text
    assert all(block.endswith(b"\n") for block in found if block)


def test_a_line_without_an_end_is_bounded() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 50

    async def collect() -> None:
        async for _ in lines.blocks(endless(), 100):
            pass

    with pytest.raises(Fault, match="100 bytes"):
        asyncio.run(collect())


def test_windows_of_days_follow_the_time_zone_and_its_clock_changes() -> None:
    start, end = periods.window("day", "Europe/Berlin", NOW)
    assert end - start == 23 * 3600
    assert periods.window("day", "UTC", NOW)[1] - periods.window("day", "UTC", NOW)[0] == 86_400
    start, end = periods.window("week", "Asia/Shanghai", NOW)
    assert datetime.fromtimestamp(start, UTC).isoformat() == "2026-03-22T16:00:00+00:00"
    start, end = periods.window("month", "UTC", NOW)
    assert (end - start) == 31 * 86_400
    assert periods.window("60", "UTC", 125.0) == (120, 180)


async def _hammer(
    limiters: list[Limiter], limits: list[Limit], calls: int, now: float = NOW
) -> tuple[int, int, list[Fault]]:
    """Reserve many calls at once, hold each a moment, settle it; how many ran, the most at a time, the refusals."""
    running = most = done = 0
    refusals: list[Fault] = []

    async def one(number: int) -> None:
        nonlocal running, most, done
        limiter = limiters[number % len(limiters)]
        try:
            ticket = await limiter.reserve("a", limits, MODEL, f"call-{number}", 10, 20, now)
        except Fault as fault:
            refusals.append(fault)
            return
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        done += 1
        await limiter.settle(ticket, 10, 20)

    await asyncio.gather(*(one(number) for number in range(calls)))
    return done, most, refusals


@pytest.mark.parametrize(
    ("measure", "amount", "most_done"), [("requests", 150, 150), ("tokens", 3000, 100), ("money", 5000, 100)]
)
def test_no_window_holds_more_than_its_limit(measure: str, amount: int, most_done: int) -> None:
    limiter = Limiter(LocalWindows(_seed), reserve_output=100, longest=60)
    done, _, refusals = asyncio.run(_hammer([limiter], [_limit(measure, amount)], 200))
    assert done == most_done
    code = "Throttling.RateQuota" if measure == "requests" else "Throttling.AllocationQuota"
    assert {each.code for each in refusals} == {code}
    assert dict(refusals[0].headers)["retry-after"] == "60"
    assert "workspace w" in refusals[0].message


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("measure", "amount", "most_done"),
    [("concurrent", 20, None), ("requests", 150, 150), ("tokens", 3000, 100), ("money", 5000, 100)],
)
def test_calls_on_two_nodes_that_share_redis(
    redis_url: str, measure: str, amount: int, most_done: int | None, rounds: int
) -> None:
    """200 at once: a call uses what it reserves, so what passes fits to the last one; at a time never too many."""
    limit = replace(_limit(measure, amount, "9999999"), id=f"shared-{measure}-{rounds}")

    async def run() -> list[tuple[int, int, list[Fault]]]:
        windows = [SharedWindows(redis_url, _seed) for _ in range(2)]
        limiters = [Limiter(each, reserve_output=100, longest=60) for each in windows]
        try:
            limits = [limit, _limit("requests", 1_000_000)]
            return [await _hammer(limiters, limits, 200, time.time()) for _ in range(rounds)]
        finally:
            for each in windows:
                await each.close()

    found = asyncio.run(run())
    done, refusals = sum(each[0] for each in found), [fault for each in found for fault in each[2]]
    if most_done is None:
        assert all(most <= amount <= passed for passed, most, _ in found)
    else:
        assert done == most_done
    assert len(refusals) == 200 * rounds - done
    assert all("the limit of the workspace w is " in each.message and each.headers for each in refusals)
    assert {each.code for each in refusals} == {
        "Throttling.RateQuota" if measure in ("concurrent", "requests") else "Throttling.AllocationQuota"
    }


def test_all_limits_bind_and_the_one_that_frees_last_is_named() -> None:
    limits = [_limit("requests", 1), _limit("requests", 2, "day", scope="owner"), _limit("concurrent", 9)]
    limiter = Limiter(LocalWindows(_seed), reserve_output=100, longest=60)

    async def run() -> Fault:
        await limiter.reserve("a", limits, MODEL, "1", 1, 1, NOW)
        await limiter.reserve("a", limits[1:], MODEL, "2", 1, 1, NOW)
        with pytest.raises(Fault) as refused:
            await limiter.reserve("a", limits, MODEL, "3", 1, 1, NOW)
        return refused.value

    fault = asyncio.run(run())
    assert "owner w is 2 requests per day" in fault.message
    assert dict(fault.headers)["retry-after"] == str(86_400 - 1800)


def test_what_was_not_used_is_given_back() -> None:
    limiter = Limiter(LocalWindows(_seed), reserve_output=1000, longest=60)
    limits = [_limit("tokens", 1100)]

    async def run() -> None:
        first = await limiter.reserve("a", limits, MODEL, "1", 10, None, NOW)
        with pytest.raises(Fault):
            await limiter.reserve("a", limits, MODEL, "2", 10, None, NOW)
        await limiter.settle(first, 10, 20)
        await limiter.reserve("a", limits, MODEL, "3", 10, None, NOW)

    asyncio.run(run())


def test_a_window_begins_with_what_the_rows_say() -> None:
    async def spent(_counter: Counter) -> int:
        return 990

    limiter = Limiter(LocalWindows(spent), reserve_output=1, longest=60)

    async def run() -> None:
        with pytest.raises(Fault, match="990 are used"):
            await limiter.reserve("a", [_limit("tokens", 1000, "month")], MODEL, "1", 10, 10, NOW)

    asyncio.run(run())


class _Rows:
    """A database that keeps rows by their call ID, as the real insert does."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}


def test_a_crash_neither_loses_nor_doubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = _Rows()
    written: list[str] = []

    def insert(_self: Meter, notes: list[Note]) -> None:
        for row in (each.row for each in notes):
            written.append(str(row["call_id"]))
            kept.rows.setdefault(str(row["call_id"]), row)

    monkeypatch.setattr(Meter, "_insert", insert)

    class Now:
        @staticmethod
        def submit(work: Any, *, writes: bool) -> Any:
            import concurrent.futures

            future: concurrent.futures.Future[Any] = concurrent.futures.Future()
            future.set_result(work())
            return future

    journal = tmp_path / "usage.journal"

    async def first() -> None:
        meter = Meter(Now(), lambda: 0.0, journal)  # type: ignore[arg-type]
        for number in range(3):
            meter.begin({"call_id": f"c{number}", "input_tokens": 5, "outcome": "Interrupted", "estimated": True})
        meter.end({"call_id": "c0", "input_tokens": 7, "outcome": "Success", "estimated": False})
        await meter.flush()
        meter.end({"call_id": "c1", "input_tokens": 8, "outcome": "Success", "estimated": False})
        # killed here: c0 is written, c1 ended and is not, c2 runs

    async def second() -> None:
        meter = Meter(Now(), lambda: 0.0, journal)  # type: ignore[arg-type]
        await meter.flush()
        await meter.close()

    asyncio.run(first())
    with journal.open("ab") as file:
        file.write(b'e[{"call_id":"c2","inp')  # the line that the crash cut
    asyncio.run(second())
    assert {name: (row["input_tokens"], row["outcome"]) for name, row in kept.rows.items()} == {
        "c0": (7, "Success"),
        "c1": (8, "Success"),
        "c2": (5, "Interrupted"),
    }
    assert journal.read_bytes() == b""
    assert (journal.stat().st_mode & 0o777) == 0o600


def test_a_commit_whose_answer_was_lost_is_not_audited_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try is in the database although it failed, as when the connection broke behind the commit."""
    rows: dict[str, Any] = {}
    events: list[Any] = []
    monkeypatch.setattr(metering.usage, "known", lambda _tx, wanted: rows.keys() & set(wanted))
    monkeypatch.setattr(metering.usage, "insert", lambda _tx, new: rows.update({each["call_id"]: each for each in new}))
    monkeypatch.setattr(metering.audit, "insert_compactly", lambda _tx, new: events.extend(new))

    class Breaks:
        tries = 0

        @contextmanager
        def writing(self, _now: float, _account: str) -> Iterator[None]:
            yield

        def submit(self, work: Any, *, writes: bool) -> Any:
            import concurrent.futures

            assert writes
            future: concurrent.futures.Future[Any] = concurrent.futures.Future()
            work()
            self.tries += 1
            if self.tries == 1:
                future.set_exception(sa.exc.OperationalError("COMMIT", {}, Exception("connection lost")))
            else:
                future.set_result(None)
            return future

    async def run() -> None:
        database = Breaks()
        meter = Meter(database, lambda: 0.0, tmp_path / "usage.journal")  # type: ignore[arg-type]
        event: Any = "event"
        meter.begin({"call_id": "c", "outcome": "Interrupted"}, event)
        meter.end({"call_id": "c", "outcome": "Success"}, event)
        await meter.flush()
        assert len(meter) == 1
        await meter.close()
        assert (database.tries, len(meter)) == (2, 0)

    asyncio.run(run())
    assert (list(rows), events) == (["c"], ["event"])


def test_a_servers_name_for_the_model_is_replaced_and_nothing_else() -> None:
    payload = b'{"model":"Qwen/Q","choices":[{"delta":{"content":"say \\"model\\":\\"Qwen/Q\\""}}]}'
    assert renamed(payload, "Qwen/Q", "qwen-plus") == payload.replace(b'"model":"Qwen/Q"', b'"model":"qwen-plus"', 1)
    assert renamed(b'{"model": "x"}', "x", "y") == b'{"model": "y"}'


def test_pictures_in_place_are_no_tokens() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    assert reading.estimate(None, [{"role": "user", "content": [part, {"text": "what is it?"}]}]) < 30
    assert reading.estimate("四个汉字") >= 4


def test_weights_share_calls_and_breaking_leaves_a_server_alone() -> None:
    clock = [0.0]
    pool = Pool(Bounds(), now=lambda: clock[0])
    light, heavy = Upstream("l", "http://l", "m", "", 1), Upstream("h", "http://h", "m", "", 9)
    spare = Upstream("s", "http://s", "m", "", 0)
    model = Model("m", 0, {}, 0, 0, (light, heavy, spare))
    firsts = [pool.order(model)[0].id for _ in range(2000)]
    assert 0.85 < firsts.count("h") / 2000 < 0.95
    assert "s" not in firsts
    for _ in range(5):
        pool._of(heavy).failed(clock[0])
    assert "h" not in {each.id for each in pool.order(model)}
    clock[0] = 5.1
    assert "h" in {each.id for each in pool.order(model)}
    assert "secret" not in repr(Upstream("l", "http://l", "m", "secret", 1))


def test_after_a_pause_one_call_tries_the_server_and_others_wait_for_its_head() -> None:
    clock = [0.0]
    pool = Pool(Bounds(), now=lambda: clock[0])
    only = Upstream("o", "http://o", "m", "", 1)
    model = Model("m", 0, {}, 0, 0, (only,))
    health = pool._of(only)
    for _ in range(5):
        health.failed(clock[0])
    assert pool.state(only) == (5, True)
    clock[0] = 5.1
    assert pool.order(model) == [only]
    health.asked(clock[0])
    assert pool.order(model) == []
    health.begun()
    assert pool.order(model) == [only]
    health.failed(clock[0])
    clock[0] += 9.9
    assert pool.order(model) == []
    clock[0] += 0.2
    health.asked(clock[0])
    health.answered()
    assert pool.state(only) == (0, False)
    health.asked(clock[0])
    assert pool.order(model) == [only]


def test_a_call_that_cannot_be_noted_is_not_made_and_holds_nothing(tmp_path: Path) -> None:
    """A full disk takes a part of a line; the next line must stand by itself."""
    meter = Meter(None, lambda: 0.0, tmp_path / "usage.journal")  # type: ignore[arg-type]
    soft = 200
    handle = meter._file
    write = os.write

    def full(file: int, data: bytes) -> int:
        if file == handle and os.fstat(file).st_size + len(data) > soft:
            room = soft - os.fstat(file).st_size
            if room <= 0:
                raise OSError(errno.ENOSPC, "full")
            return write(file, data[:room])
        return write(file, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", full)
        meter.begin({"call_id": "a", "outcome": "Interrupted"})
        with pytest.raises(OSError, match=r"(?i)space|full"):
            meter.begin({"call_id": "b", "outcome": "x" * 300})
        soft = 10_000
        meter.end({"call_id": "a", "outcome": "Success"})
    assert len(meter) == 1
    found = Meter(None, lambda: 0.0, tmp_path / "usage.journal")  # type: ignore[arg-type]
    assert {name: note.row["outcome"] for name, note in found._done.items()} == {"a": "Success"}
