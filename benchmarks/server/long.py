"""The calls of bench.py with 100,000 users and 200,000 pairs, beside 10 users and 20 pairs, in one run.

    python benchmarks/server/long.py [--users 100000] [--requests 20000]

"first" is the first request of each pair, which loads it from the database; after that all pairs are in memory.
"""

from __future__ import annotations

import argparse
import random
from contextlib import ExitStack

import load
import plane
from bench import HEAD, middle, requests, row, starts
from load import Measured


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", type=int, default=100_000)
    arguments.add_argument("--requests", type=int, default=20_000)
    arguments.add_argument("--passes", type=int, default=3)
    given = arguments.parse_args()
    sizes = (10, given.users)
    with ExitStack() as stack:
        homes = {size: stack.enter_context(plane.home()) for size in sizes}
        pairs = {size: plane.fill(homes[size], size) for size in sizes}
        print("\n".join(line for size in sizes for line in (f"{size:,} users:", *starts(homes[size], 3))), flush=True)
        servers = {}
        for size in sizes:
            port = plane.free_port()
            pid, _ = stack.enter_context(plane.keystead(homes[size], port))
            servers[size] = port, pid, load.resident(pid)
        print(HEAD)
        for size in sizes:
            port, pid, before = servers[size]
            pairs[size] = random.sample(pairs[size], len(pairs[size]))
            for start in range(0, len(pairs[size]), 20_000):
                some = pairs[size][start : start + 20_000]
                run = load.drive(port, requests((plane.acs3, "GetCallerIdentity", some), len(some)), pid)
            print(row(f"{size:,} users: first, of the last {len(some):,} pairs", run, None))
            print(f"memory: {before} MB after the start, {load.resident(pid)} MB with every pair loaded", flush=True)
        for name, make, action in (
            ("GetCallerIdentity, ACS3", plane.acs3, "GetCallerIdentity"),
            ("GetCallerIdentity, RPC 1.0", plane.rpc, "GetCallerIdentity"),
            ("GetUser, ACS3", plane.acs3, "GetUser"),
        ):
            runs: dict[int, list[Measured]] = {size: [] for size in sizes}
            for _ in range(given.passes):
                for size in sizes:
                    port, pid, _ = servers[size]
                    some = random.sample(pairs[size], min(len(pairs[size]), given.requests))
                    runs[size].append(load.drive(port, requests((make, action, some), given.requests), pid))
            small, large = (middle(runs[size]) for size in sizes)
            print(row(f"{name}, {sizes[0]:,} users", small, None))
            print(row(f"{name}, {sizes[1]:,} users", large, None))
            cpu, rate = large.cpu / small.cpu, large.per_second / small.per_second
            print(f"{'':44} with the many: CPU {cpu:.2f} times, /s {rate:.2f} times")


if __name__ == "__main__":
    main()
