"""How long the command line takes to start, in a process of its own each time.

    python benchmarks/cli/startup.py

The aim is under 300 ms.  `python -c pass` is the floor: what Python itself takes on this machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 5
PROGRAM = str(Path(sys.executable).with_name("keystead"))
COMMANDS = [
    [sys.executable, "-c", "pass"],
    [PROGRAM, "version"],
    [PROGRAM, "--help"],
    [PROGRAM, "ram", "get-user", "--help"],
    [PROGRAM, "ram", "--help"],
    [PROGRAM, "ram", "get-user", "--user-name", "a", "--show-request"],
    [PROGRAM, "config", "show"],
]


def median_ms(command: list[str]) -> float:
    """Wall-clock milliseconds of one run, the median of ROUNDS."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


if __name__ == "__main__":
    for command in COMMANDS:
        words = " ".join([Path(command[0]).name, *command[1:]])
        print(f"{median_ms(command):7.0f} ms  {words}")
