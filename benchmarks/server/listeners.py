"""Which HTTP server: the same empty handler on uvicorn (httptools, uvloop), as we run it, and on granian's ASGI.

    pip install --target DIRECTORY granian
    python benchmarks/server/listeners.py --granian DIRECTORY

granian is no dependency of ours.  Each server has one core, the load generator another.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import load
import plane
from bench import HEAD, middle, row
from load import Measured

_GRANIAN = """
import sys
sys.path[:0] = {paths!r}
from granian import Granian
options = dict(address="127.0.0.1", port={port}, interface="asgi", loop="uvloop", log_enabled=False{more})
Granian("empty:empty", **options).serve()
"""


def granian(folder: str, port: int, more: str) -> list[str]:
    """The command that serves the empty handler on granian, one worker."""
    return [sys.executable, "-c", _GRANIAN.format(paths=[folder, str(Path(__file__).parent)], port=port, more=more)]


def children(pid: int) -> int:
    """granian serves from a child process: the one whose time counts."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(found[-1]) if found else pid


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--granian", required=True, help="directory that granian was installed into")
    arguments.add_argument("--requests", type=int, default=20_000)
    arguments.add_argument("--passes", type=int, default=3)
    given = arguments.parse_args()
    request = plane.acs3(plane.Pair("LTAI5tDummyDummyDummyDum", "dummy"), "GetCallerIdentity")
    runs: dict[str, list[Measured]] = {}
    memory: dict[str, int] = {}
    for _ in range(given.passes):
        for name in ("uvicorn, httptools, uvloop", "granian ASGI", "granian ASGI, rust tasks"):
            port = plane.free_port()
            more = ', task_impl="rust"' if "rust" in name else ""
            command = granian(given.granian, port, more)
            server = plane.empty(port) if name.startswith("uvicorn") else plane.started(command, port)
            with server as (pid, _):
                worker = children(pid)
                load.drive(port, [request] * 1000, worker)
                runs.setdefault(name, []).append(load.drive(port, [request] * given.requests, worker))
                memory[name] = load.resident(worker)
    floor = middle(runs["uvicorn, httptools, uvloop"])
    print(HEAD.replace("of empty", "of first") + "  MB")
    for name, each in runs.items():
        print(f"{row(name, middle(each), floor)} {memory[name]:3}")


if __name__ == "__main__":
    main()
