"""People in great number: pages of ListUsers, CreateUser and CreateAccessKey, and the credential report.

    python benchmarks/people/bench.py [--users 1000 10000] [--passes 3] [--writes 400] [--only SQLite]

For each number of users a server of its own, all on one core, the load generator on another; they take turns in one
run, so the ratios of a row hold even where the machine is noisy.  "CPU" is the server process's user and system time,
all threads, for one request; PostgreSQL's own processes are not in it, they run where they like.  Every write is on
disk before it is answered.  long.py does the same with 100,000 users; RESULTS.md keeps the figures.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import os
import pty
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

sys.path += [str(Path(__file__).parents[1] / "server"), str(Path(__file__).parents[2] / "tests")]

import load
import plane
from load import Measured
from plane import Pair

from keystead import app
from keystead.clock import system_clock
from keystead.products import pages
from keystead.settings import Settings
from keystead.store import accounts, tables, user_access

IMS = "2019-08-15"
PAGE, LINES = 100, 3501
HEAD = f"{'':44} {'/s':>7} {'CPU µs':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU, of fewest':>15}"
PROGRESS = re.compile(
    r"Asking for the report|The server writes the report \(\w+\)|Reading the report, page \d+: [\d,]+ lines"
)


@dataclass(frozen=True)
class Served:
    """A running server.  by: a pair of the account itself, which may do anything."""

    users: int
    home: Path
    database: str
    port: int
    pid: int
    by: Pair

    @property
    def settings(self) -> Settings:
        """The same store, to be opened beside the server."""
        return Settings(data_dir=self.home / "data", database=self.database or None)


def request(by: Pair, action: str, given: dict[str, str], *, ims: bool = False) -> bytes:
    """A signed call of RAM or IMS."""
    plane.VERSIONS.pop(action, None)
    if ims:
        plane.VERSIONS[action] = IMS
    return plane.acs3(by, action, given)


def call(server: Served, action: str, given: dict[str, str]) -> dict[str, Any]:
    """The answer of IMS to one call; it must be 200."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        connection.sendall(request(server.by, action, given, ims=True))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = answer.read()
    assert answer.status == 200, body
    found: dict[str, Any] = msgspec.json.decode(body)
    return found


def add_logons(settings: Settings) -> None:
    """Give every user a console logon, and one in ten an MFA device, as rows."""
    now, users = int(system_clock()), tables.users
    digest = "$argon2id$v=19$m=65536,t=3,p=4$" + "A" * 22 + "$" + "A" * 43
    logon = {
        "user_id": users.c.id,
        "status": "Active",
        "password_hash": digest,
        "password_set_at": now,
        "password_initial": False,
        "password_reset_required": False,
        "mfa_bind_required": False,
        "last_login_address": "",
        "created_at": now,
        "updated_at": now,
    }
    device = {
        "id": users.c.id,
        "account_id": users.c.account_id,
        "name": users.c.name,
        "name_key": users.c.name_key,
        "sealed_seed": bytes(48),
        "created_by": "",
        "created_at": now,
        "user_id": users.c.id,
        "of_account": False,
        "bound_at": now,
        "last_counter": 0,
        "drift": 0,
    }
    some = users.c.name.like("%0")
    with app.opened(settings) as instance:
        with instance.database.writing(now, "") as tx:
            for table, values, which in ((tables.login_profiles, logon, sa.true()), (tables.mfa_devices, device, some)):
                columns = [
                    each if isinstance(each, sa.Column) else sa.literal(each, table.c[name].type)
                    for name, each in values.items()
                ]
                tx.connection.execute(sa.insert(table).from_select(list(values), sa.select(*columns).where(which)))
            tx.run(user_access.REFRESH)
            tx.run(accounts.RECOUNT)
        if not instance.database.is_sqlite:  # autovacuum would do it within minutes
            with instance.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")


@contextmanager
def serving(users: int, database: str) -> Iterator[Served]:
    """A server with that many users."""
    with plane.home() as home:
        plane.fill(home, users, database)
        add_logons(Settings(data_dir=home / "data", database=database or None))
        by = plane.grant_admin(home, database)
        with plane.keystead(home, port := plane.free_port(), database) as (pid, _):
            yield Served(users, home, database, port, pid, by)


def row(name: str, users: int, run: Measured, least: Measured) -> str:
    """One line of the table; `least` is the same with the fewest users."""
    ratio = "" if run is least else f"{run.cpu / least.cpu:.2f}"
    label = f"{name} {users:,}"
    return f"{label:44} {run.per_second:7,.0f} {run.cpu:8,.0f} {run.p50:8.2f} {run.p99:8.2f} {ratio:>15}"


def middle(runs: list[Measured]) -> Measured:
    """The median of every column."""
    return Measured(*(statistics.median(column) for column in zip(*(vars(run).values() for run in runs), strict=True)))


def in_turn(servers: list[Served], name: str, passes: int, made: Any, connections: int) -> list[str]:
    """Drive each server in turn, `passes` times, with what `made(server, pass)` signs."""
    runs: list[list[Measured]] = [[] for _ in servers]
    for number in range(passes):
        for server, found in zip(servers, runs, strict=True):
            found.append(load.drive(server.port, made(server, number), server.pid, connections))
    medians = [middle(each) for each in runs]
    return [row(name, server.users, run, medians[0]) for server, run in zip(servers, medians, strict=True)]


def listing(servers: list[Served], passes: int, count: int = 200) -> Iterator[str]:
    """Pages of 100: the first, one from the middle and the last, by both faces, one client."""
    for ims in (False, True):
        for where in ("first", "middle", "last"):

            def made(server: Served, _number: int, ims: bool = ims, where: str = where) -> list[bytes]:
                after = {"first": 0, "middle": server.users // 2, "last": server.users - PAGE}[where]
                given = {"MaxItems": str(PAGE)}
                if after:
                    given["Marker"] = pages.marker(f"user-{after - 1:06d}")
                return [request(server.by, "ListUsers", given, ims=ims) for _ in range(count)]

            name = f"ListUsers, {'IMS' if ims else 'RAM'}, {where} {PAGE} of"
            yield from in_turn(servers, name, passes, made, 1)
    for server in servers:
        answer = call(server, "ListUsers", {"MaxItems": str(PAGE)})
        assert len(answer["Users"]["User"]) == PAGE
        assert answer["IsTruncated"]


def writing(servers: list[Served], passes: int, count: int) -> Iterator[str]:
    """CreateUser, then a pair for each of those users."""
    for action in ("CreateUser", "CreateAccessKey"):
        for clients in (1, 8):

            def made(server: Served, number: int, action: str = action, clients: int = clients) -> list[bytes]:
                return [
                    request(server.by, action, {"UserName": f"w{clients}-{number}-{each}"}) for each in range(count)
                ]

            name = f"{action}, {clients} client{'s' if clients > 1 else ''}, at"
            yield from in_turn(servers, name, passes, made, clients)


def memory(pid: int, name: str) -> float:
    """Megabytes: VmRSS, what is in memory now; VmHWM, the most since `forget_peak`."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith(name))) / 1024


def forget_peak(pid: int) -> None:
    """Let VmHWM begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def report(server: Served) -> str:
    """Generate the credential report and read all of its pages."""
    before, cpu = memory(server.pid, "VmRSS"), load.cpu_seconds(server.pid)
    forget_peak(server.pid)
    began, calls = time.perf_counter(), 1
    while call(server, "GenerateCredentialReport", {})["State"] != "COMPLETED":
        calls += 1
    made, made_cpu = time.perf_counter() - began, load.cpu_seconds(server.pid) - cpu
    peak = memory(server.pid, "VmHWM")
    began, given, lines, count = time.perf_counter(), {"MaxItems": str(LINES)}, 0, 0
    truncated = True
    while truncated:
        answer = call(server, "GetCredentialReport", given)
        lines += base64.b64decode(answer["Content"]).count(b"\n")
        count += 1
        truncated = answer["IsTruncated"] == "true"
        given["NextToken"] = answer.get("NextToken", "")
    read = time.perf_counter() - began
    total = load.cpu_seconds(server.pid) - cpu
    assert lines >= server.users + 2, lines
    most, after = memory(server.pid, "VmHWM"), memory(server.pid, "VmRSS")
    return (
        f"credential report, {server.users:,} users: made in {made:.2f} s ({calls} calls, CPU {made_cpu:.2f} s), "
        f"read in {read:.2f} s ({count} pages, CPU {total - made_cpu:.2f} s);\n  server {before:.0f} MB before, "
        f"peak {peak:.0f} MB while it was made and {most:.0f} MB with reading, {after:.0f} MB after"
    )


def terminal(server: Served) -> Iterator[str]:
    """`keystead report credential` in a pseudo-terminal, from the beginning: what it says meanwhile, and its memory."""
    with app.opened(server.settings) as instance, instance.database.writing(system_clock(), "") as tx:
        tx.run(sa.delete(tables.credential_report_lines))
        tx.run(sa.delete(tables.credential_reports))
    output = server.home / "report.csv"
    command = [str(plane.PROGRAM), "report", "credential", "--endpoint", f"http://127.0.0.1:{server.port}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("KEYSTEAD_", "ALIBABA_"))}
    env |= {"ALIBABA_CLOUD_ACCESS_KEY_ID": server.by.id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": server.by.secret}
    env |= {"HOME": str(server.home), "TERM": "xterm", "COLUMNS": "100"}
    ours, theirs = pty.openpty()
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--output", str(output)], stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    said, peak = b"", 0.0
    while piece := _read(ours):
        said += piece
        peak = max(peak, _peak(process.pid))
    os.close(ours)
    assert process.wait() == 0, said.decode()
    took = time.perf_counter() - began
    shown = list(dict.fromkeys(PROGRESS.findall(said.decode())))
    assert len(shown) >= 2, said.decode()
    size = output.stat().st_size
    lines = output.read_bytes().count(b"\n")
    yield (
        f"keystead report credential, {server.users:,} users: {took:.2f} s, {lines:,} lines, {size / 1e6:.1f} MB, "
        f"exit 0, peak {peak:.0f} MB,\n  server {memory(server.pid, 'VmRSS'):.0f} MB after; "
        f"{len(shown)} different lines of progress in the terminal:"
    )
    yield from (f"  {each}" for each in (shown if len(shown) < 9 else [*shown[:5], "…", *shown[-2:]]))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""


def _peak(pid: int) -> float:
    try:
        return memory(pid, "VmHWM")
    except (OSError, StopIteration):  # it has just ended
        return 0.0


def flush_seconds() -> float:
    """What a flush of one block to this disk takes: the floor of a durable write."""
    took = []
    with plane.home() as folder, (folder / "file").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took)


def on_sqlite(given: argparse.Namespace) -> None:
    """All of it on SQLite."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(users, "")) for users in given.users]
        everything("SQLite", servers, given)


def on_postgres(given: argparse.Namespace) -> None:
    """All of it on PostgreSQL, where it is installed."""
    with plane.databases(len(given.users)) as urls, ExitStack() as stack:
        if not urls:
            return
        with sa.create_engine(urls[0]).connect() as connection:
            for name in ("fsync", "synchronous_commit"):
                assert connection.exec_driver_sql(f"SHOW {name}").scalar() == "on"
        servers = [stack.enter_context(serving(users, url)) for users, url in zip(given.users, urls, strict=True)]
        everything("PostgreSQL", servers, given)


def everything(name: str, servers: list[Served], given: argparse.Namespace) -> None:
    """Print one store's tables."""
    print(f"\n{name}; load {os.getloadavg()[0]:.1f}\n{HEAD}", flush=True)
    for line in listing(servers, given.passes):
        print(line, flush=True)
    for server in servers:
        print(report(server), flush=True)
    for line in terminal(servers[-1]):
        print(line, flush=True)
    print(HEAD)
    for line in writing(servers, given.passes, given.writes):
        print(line, flush=True)


def main(users: tuple[int, ...] = (1_000, 10_000)) -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", type=int, nargs="+", default=users)
    arguments.add_argument("--passes", type=int, default=3)
    arguments.add_argument("--writes", type=int, default=400, help="calls of each kind in a pass")
    arguments.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    given = arguments.parse_args()
    print(f"a flush of 4 KB to this disk: {flush_seconds() * 1000:.2f} ms")
    if given.only != "PostgreSQL":
        on_sqlite(given)
    if given.only != "SQLite":
        on_postgres(given)


if __name__ == "__main__":
    main()
