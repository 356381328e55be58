"""A load generator: raw HTTP/1.1 on kept connections, each sending its next request when the last one is answered."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

CONNECTIONS = 16
_TICKS = os.sysconf("SC_CLK_TCK")


class _Connection(asyncio.Protocol):
    """Sends from `waiting` until it is empty; keeps the seconds that each answer took."""

    def __init__(self, waiting: Iterator[bytes], took: list[float], statuses: dict[bytes, int]) -> None:
        self.waiting, self.took, self.statuses = waiting, took, statuses
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = b""
        self.expected = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.send()

    def send(self) -> None:
        request = next(self.waiting, None)
        if request is None:
            self.transport.close()
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.expected:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self.received.find(b"content-length: ", 0, end) + 16
            self.expected = end + 4 + int(self.received[at : self.received.find(b"\r", at)])
        if len(self.received) < self.expected:
            return
        self.took.append(time.perf_counter() - self.began)
        status = self.received[9:12]
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status != b"200" and len(self.statuses) < 3:
            print(self.received.decode())
        self.received, self.expected = b"", 0
        self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


@dataclass(frozen=True)
class Measured:
    """What one run of requests cost.  cpu: microseconds of the server process for each.  p50, p99: milliseconds."""

    per_second: float
    cpu: float
    p50: float
    p99: float


def drive(port: int, requests: list[bytes], pid: int, connections: int = CONNECTIONS) -> Measured:
    """Send all of them; every answer must be 200."""
    took: list[float] = []
    statuses: dict[bytes, int] = {}

    async def go() -> float:
        loop = asyncio.get_running_loop()
        waiting = iter(requests)
        began = time.perf_counter()
        made = [
            await loop.create_connection(lambda: _Connection(waiting, took, statuses), "127.0.0.1", port)
            for _ in range(connections)
        ]
        await asyncio.gather(*(protocol.done for _, protocol in made))
        return time.perf_counter() - began

    before = cpu_seconds(pid)
    seconds = uvloop.run(go())
    used = cpu_seconds(pid) - before
    assert statuses == {b"200": len(requests)}, statuses
    took.sort()
    return Measured(
        per_second=len(requests) / seconds,
        cpu=used / len(requests) * 1e6,
        p50=took[len(took) // 2] * 1000,
        p99=took[len(took) * 99 // 100] * 1000,
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(pid: int) -> int:
    """Megabytes of a process that are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 // 1_048_576
