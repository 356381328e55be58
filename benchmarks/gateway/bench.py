"""What the gateway adds to a model call, beside calling the same fake model server directly, in one run.

Per call in one piece and per token of a stream, at 1 and 100 at once (--streams 1 100 1000 for more): time at p50 and
p99, CPU of the gateway's process, and memory for each open stream.  RESULTS.md has figures and what they consist of.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import uvloop

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from services.server import running
from services.upstream import upstream

BODY = {"messages": [{"role": "user", "content": "hi"}]}
TICKS = 100  # of /proc/*/stat in a second, on Linux


@dataclass
class Figures:
    """Times of calls in seconds, and what the server spent."""

    times: list[float]
    wall: float
    cpu: float

    def at(self, part: float) -> float:
        """A percentile in milliseconds."""
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * part))] * 1000


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid: int) -> int:
    """Memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


async def calls(session: aiohttp.ClientSession, url: str, count: int, together: int, pid: int) -> Figures:
    """Calls in one piece."""
    times: list[float] = []

    async def worker(number: int) -> None:
        for _ in range(number):
            began = time.perf_counter()
            async with session.post(url, json={**BODY, "model": "fake"}) as answer:
                await answer.read()
                assert answer.status == 200, await answer.text()
            times.append(time.perf_counter() - began)

    cpu, began = cpu_seconds(pid), time.perf_counter()
    await asyncio.gather(*(worker(count // together) for _ in range(together)))
    return Figures(times, time.perf_counter() - began, cpu_seconds(pid) - cpu)


async def streams(session: aiohttp.ClientSession, url: str, count: int, tokens: int, pid: int) -> Figures:
    """Streams, all at once; a time is that of one token."""
    times: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        async with session.post(url, json={**BODY, "model": "fake", "stream": True, "max_tokens": tokens}) as answer:
            assert answer.status == 200, await answer.text()
            async for _ in answer.content.iter_any():
                pass
        times.append((time.perf_counter() - began) / tokens)

    cpu, began = cpu_seconds(pid), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return Figures(times, time.perf_counter() - began, cpu_seconds(pid) - cpu)


async def open_streams(session: aiohttp.ClientSession, url: str, count: int, pid: int) -> float:
    """KiB of the gateway for each stream that is open and waits for its next token."""
    before = resident_kib(pid)
    answers = []
    body = {**BODY, "model": "hangs-mid", "stream": True}
    for _ in range(count):
        answer = await session.post(url, json=body)
        await answer.content.readany()
        answers.append(answer)
    grown = (resident_kib(pid) - before) / count
    for answer in answers:
        answer.close()
    return grown


async def measure(direct: str, through: str, key: str, pids: tuple[int, int], count: int, sizes: list[int]) -> None:
    """Print every table."""
    headers = {"authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:
        for url, pid in ((direct, pids[0]), (through, pids[1])):
            await calls(session, url, 200, 1, pid)
        size = max(sizes)  # before all else: memory that earlier streams have freed would hide what these take
        grown = await open_streams(session, through, size, pids[1])
        print(f"Memory for each of {size} open streams: {grown:.0f} KiB of the gateway\n")
        print("A call in one piece        p50 ms   p99 ms   CPU us of that server   calls/s")
        for together in sizes:
            for name, url, pid in (("direct", direct, pids[0]), ("gateway", through, pids[1])):
                found = await calls(session, url, max(count, together), together, pid)
                print(
                    f"{name:>8}, {together:>4} at once     {found.at(0.5):7.2f}  {found.at(0.99):7.2f}"
                    f"  {found.cpu / len(found.times) * 1e6:21.0f}  {len(found.times) / found.wall:8.0f}"
                )
        print("\nA token of a stream        p50 us   p99 us   CPU us of that server   tokens/s")
        for size in sizes:
            tokens = max(50, 20_000 // size)
            for name, url, pid in (("direct", direct, pids[0]), ("gateway", through, pids[1])):
                found = await streams(session, url, size, tokens, pid)
                total = size * tokens
                print(
                    f"{name:>8}, {size:>4} at once     {found.at(0.5) * 1000:7.1f}  {found.at(0.99) * 1000:7.1f}"
                    f"  {found.cpu / total * 1e6:21.1f}  {total / found.wall:8.0f}"
                )


def main() -> None:
    """Start both servers and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--streams", type=int, nargs="*", default=[1, 100])
    given = parser.parse_args()
    options = ["--audit-queue", "1000000"]
    with tempfile.TemporaryDirectory() as home, upstream() as fake, running(Path(home), options=options) as server:
        for name in ("fake", "hangs-mid"):
            assert server.cli("model", "add", name, "--upstream", fake.url).returncode == 0
        made = server.cli("modelstudio", "create-api-key", "--description", "bench", "--output", "json")
        key = json.loads(made.stdout)["apiKey"]["apiKeyValue"]
        direct, through = fake.url + "/chat/completions", server.url + "/v1/chat/completions"
        pids = (fake.process.pid, server.pid)
        uvloop.run(measure(direct, through, key, pids, given.calls, given.streams))


if __name__ == "__main__":
    main()
