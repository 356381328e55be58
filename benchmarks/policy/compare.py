"""Decisions per second by number of statements, beside pycasbin and cedarpy: `python benchmarks/policy/compare.py`.

All engines get the same rules and the same requests in one run, and their answers are compared.  Two figures stand
for Keystead: `new` asks for pairs of action and resource that were never asked before, so that each one goes through
the index and the matchers; `seen` asks the same few hundred pairs again, as a busy caller does.
The other two keep nothing between requests, so one figure says it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable
from typing import Any

from engines import Answer, CedarPy, Keystead, PyCasbin
from workload import requests, rules

SIZES = (1, 10, 100, 1_000)
SEEN = 400
NEW = 8_000
PASSES = 5
OTHERS = (PyCasbin, CedarPy)


def rate(answer: Answer, passes: Iterable[list[Any]]) -> float:
    """Decisions per CPU second of the best pass."""
    best = 0.0
    for prepared in passes:
        gc.collect()
        gc.disable()
        started = time.process_time()
        for each in prepared:
            answer(each)
        spent = time.process_time() - started
        gc.enable()
        best = max(best, len(prepared) / spent)
    return best


def row(size: int) -> dict[str, float]:
    """The figures for one number of statements.  Raises `AssertionError` where two engines disagree."""
    written = rules(size)
    pairs = requests(written, SEEN, seed=1)
    ours = Keystead(written)
    asked = [ours.prepare(pair) for pair in pairs]
    wanted = [ours.answer(each) for each in asked]
    found = {"allowed": sum(wanted) / len(wanted)}
    new = ([ours.prepare(pair) for pair in requests(written, NEW, seed=100 + n)] for n in range(PASSES))
    found["new"] = rate(ours.answer, new)
    many = asked * (NEW // SEEN)
    found["seen"] = rate(ours.answer, [many] * PASSES)
    for kind in OTHERS:
        engine = kind(written)
        prepared = [engine.prepare(pair) for pair in pairs]
        assert [engine.answer(each) for each in prepared] == wanted, f"{engine.name} disagrees at {size}"
        found[engine.name] = rate(engine.answer, [prepared] * (2 if size > 100 else 3))
    return found


def main() -> None:
    print("Decisions per CPU second; every engine gave the same answers.")
    print(f"{'statements':>10} {'allowed':>8} {'new':>10} {'seen':>10} {'pycasbin':>9} {'cedarpy':>9}", end="")
    print(f" {'new/casbin':>11} {'new/cedar':>10} {'seen/casbin':>12} {'seen/cedar':>11}")
    table = {}
    for size in SIZES:
        found = table[size] = row(size)
        print(f"{size:>10,} {found['allowed']:>8.0%} {found['new']:>10,.0f} {found['seen']:>10,.0f}", end="")
        print(f" {found['pycasbin']:>9,.0f} {found['cedarpy']:>9,.0f}", end="")
        for column, width in (("new", 11), ("seen", 12)):
            print(f" {found[column] / found['pycasbin']:>{width},.0f}", end="")
            print(f" {found[column] / found['cedarpy']:>{width - 1},.0f}", end="")
        print()
    for column in ("new", "seen"):
        ratio = table[10][column] / table[1_000][column]
        print(f"A decision over 1,000 statements costs {ratio:.1f} times one over 10 ({column}).")


if __name__ == "__main__":
    main()
