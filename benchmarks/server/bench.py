"""Whole calls on one core: authenticated, authorized and audited, beside an empty handler on the same listener.

    python benchmarks/server/bench.py [--requests 12000] [--passes 3]

The server has one core to itself, the load generator another.  Requests are signed beforehand, each with a nonce of
its own, over 16 kept connections.  "CPU" is the server process's user and system time, all threads, for one request.
Single figures are good to about a third; compare the rows of one run.  `make bench` prints the table; RESULTS.md
keeps one.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from contextlib import ExitStack
from pathlib import Path

import load
import plane
from load import Measured
from plane import Pair

HEAD = f"{'':44} {'/s':>8} {'of empty':>9} {'CPU µs':>7} {'p50 ms':>7} {'p99 ms':>7}"


def middle(runs: list[Measured]) -> Measured:
    """The median of every column."""
    return Measured(*(statistics.median(column) for column in zip(*(vars(run).values() for run in runs), strict=True)))


def row(name: str, run: Measured, floor: Measured | None) -> str:
    """One line of the table."""
    share = f"{run.per_second / floor.per_second:9.0%}" if floor else " " * 9
    return f"{name:44} {run.per_second:8,.0f} {share} {run.cpu:7.0f} {run.p50:7.2f} {run.p99:7.2f}"


def cases(pairs: list[Pair], borrowed: Pair) -> dict[str, tuple[plane.Maker, str, list[Pair]]]:
    """What is measured: name to scheme, action and pairs."""
    return {
        "GetCallerIdentity, ACS3, user": (plane.acs3, "GetCallerIdentity", pairs),
        "GetCallerIdentity, RPC 1.0, user": (plane.rpc, "GetCallerIdentity", pairs),
        "GetCallerIdentity, ACS3, session": (plane.acs3, "GetCallerIdentity", [borrowed]),
        "GetCallerIdentity, RPC 1.0, session": (plane.rpc, "GetCallerIdentity", [borrowed]),
        "GetUser, ACS3, user": (plane.acs3, "GetUser", pairs),
        "GetUser, RPC 1.0, user": (plane.rpc, "GetUser", pairs),
    }


def requests(case: tuple[plane.Maker, str, list[Pair]], count: int) -> list[bytes]:
    """Signed requests, the pairs in turn."""
    make, action, pairs = case
    turns = itertools.islice(itertools.cycle(pairs), count)
    return [make(pair, action, {"UserName": pair.user} if action == "GetUser" else None) for pair in turns]


def calls(folder: Path, pairs: list[Pair], count: int, passes: int) -> list[str]:
    """The table of calls, with memory; the empty handler runs in the same passes."""
    lines = [HEAD]
    by = plane.grant_admin(folder)
    port, empty_port = plane.free_port(), plane.free_port()
    with ExitStack() as stack:
        pid, _ = stack.enter_context(plane.keystead(folder, port))
        empty_pid, _ = stack.enter_context(plane.empty(empty_port))
        before = load.resident(pid)
        borrowed = plane.session(port, by)
        wanted = cases(pairs, borrowed)
        runs: dict[str, list[Measured]] = {name: [] for name in ("empty handler", *wanted)}
        load.drive(port, requests(wanted["GetCallerIdentity, ACS3, user"], 2000), pid)
        for _ in range(passes):
            nothing = requests(wanted["GetCallerIdentity, ACS3, user"], count)
            runs["empty handler"].append(load.drive(empty_port, nothing, empty_pid))
            for name, case in wanted.items():
                runs[name].append(load.drive(port, requests(case, count), pid))
        floor = middle(runs["empty handler"])
        lines += [row(name, middle(each), floor) for name, each in runs.items()]
        lines.append(f"memory: {before} MB after the start, {load.resident(pid)} MB after the load")
        lines.append(f"audit events lost: {plane.gauge(port, 'audit_dropped'):,.0f}")
    return lines


def starts(folder: Path, times: int = 5) -> list[str]:
    """Cold starts: with nothing there, and with data."""
    fresh, again = [], []
    for _ in range(times):
        with plane.home() as new, plane.keystead(new, plane.free_port()) as (_, seconds):
            fresh.append(seconds)
    for _ in range(times):
        with plane.keystead(folder, plane.free_port()) as (_, seconds):
            again.append(seconds)
    return [
        f"cold start, spawn to /readyz: {statistics.median(fresh):.2f} s without data, "
        f"{statistics.median(again):.2f} s with data"
    ]


def writes(name: str, count: int, database: str = "") -> list[str]:
    """CreateUser, each committed to disk before it is answered."""
    lines = []
    with plane.home() as folder:
        plane.fill(folder, 1, database)
        by = plane.grant_admin(folder, database)
        with plane.keystead(folder, port := plane.free_port(), database) as (pid, _):
            for connections in (1, load.CONNECTIONS):
                made = [plane.acs3(by, "CreateUser", {"UserName": f"w{connections}-{n}"}) for n in range(count)]
                run = load.drive(port, made, pid, connections)
                lines.append(row(f"CreateUser, {name}, {connections} connections", run, None))
    return lines


def postgres(count: int) -> list[str]:
    """The writes on PostgreSQL, where it is installed."""
    with plane.databases() as urls:
        return [line for url in urls for line in writes("PostgreSQL", count, url)]


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--requests", type=int, default=12_000)
    arguments.add_argument("--passes", type=int, default=3)
    given = arguments.parse_args()
    with plane.home() as folder:
        pairs = plane.fill(folder, 10)
        print("\n".join(calls(folder, pairs, given.requests, given.passes)), flush=True)
        print("\n".join(starts(folder)), flush=True)
    print("\n".join([*writes("SQLite", 1500), *postgres(1500)]))


if __name__ == "__main__":
    main()
