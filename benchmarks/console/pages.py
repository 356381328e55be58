"""Every page of the console over HTTP with many users and keys: how long it takes, and how much it ships.

    python benchmarks/console/pages.py [--users 1000] [--keys 5000] [--passes 5] [--only SQLite] [--data FOLDER]
                                        [--pages WORDS]

The pages are those that `console/pages/` declares, each opened by the account itself at something that the data
set has, and the lists besides as they are filtered and sorted.  The server has one core for itself, who asks another.
"ms" is the median until the last byte of the page, "worst" the slowest; "CPU ms" the server's for one answer; "kB" what
a browser with an empty cache is sent: the page with its style sheets and scripts.  At the end stands what is over
200 ms or 150 kB.  long.py does the same with 100,000 users and 500,000 keys of each kind; RESULTS.md keeps the figures.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import sqlalchemy as sa

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "server")]

import dataset
import load
import plane

from keystead import app
from keystead.clock import system_clock
from keystead.console.application import declared_pages
from keystead.products.people import console_sessions, credential_report
from keystead.products.people.logon import Logon, Outcome
from keystead.settings import Settings
from keystead.store import tables

MOST_MS, MOST_KB = 200.0, 150.0
HEAD = f"{'':76} {'ms':>7} {'worst':>7} {'CPU ms':>7} {'kB':>6}"
_SESSION = 6 * 3600
_SHIPPED = re.compile(rb'(?:src|href)="(/console/static/[^"]+)"')
_PART = re.compile(r"\{(\w+)(?::path)?\}")

VIEWS: dict[str, list[dict[str, str]]] = {
    "/users": [
        {"page": "{last}", "size": "100"},
        {"sort": "-LastActivityDate"},
        {"sort": "DisplayName", "size": "100"},
        {"q": "99"},
        {"q": "nobody"},
        {"status": "freeze"},
        {"access": "console"},
        {"access": "accesskey"},
        {"access": "both"},
        {"access": "none"},
        {"mfa": "true"},
        {"mfa": "false", "access": "console"},
        {"group": "group-0007"},
        {"tag": "team"},
        {"unused": "90"},
        {"unused": "90", "access": "accesskey", "sort": "LastActivityDate"},
        {"unused": "90", "page": "500"},
    ],
    "/groups": [{"q": "7"}],
    "/roles": [{"q": "7"}],
    "/policies": [{"q": "nothing"}],
    "/grants": [{"page": "{last}"}, {"q": "user-0001"}],
    "/unused-access": [{"days": "30", "access": "both"}],
    "/who-can": [{"action": "ram:ListUsers", "resource": "*"}],
    "/search": [{"q": "user-00"}, {"q": "nothing"}, {"q": "{pair}"}],
    "/audit": [{"action": "GetUser"}, {"principal": "user-000001"}],
    "/workspaces/{workspace}/api-keys": [
        {"page": "{last}"},
        {"sort": "Name", "size": "100"},
        {"status": "Disabled"},
        {"status": "Rotating"},
        {"q": "service 99"},
        {"q": "nothing"},
    ],
    "/workspaces/{workspace}/members": [{"q": "member 0001"}, {"sort": "-JoinDate"}],
    "/workspaces/{workspace}/applications": [{"q": "7"}],
}
"""The lists as they are looked at, by the page's path."""


@dataclass(frozen=True)
class House:
    """What the pages are opened at.  cookie: of the account's session."""

    cookie: str
    names: dict[str, str]

    def fill(self, text: str, path: str) -> str:
        """A path or a value with the data set's names in it."""
        kind = next((word for word in ("groups", "roles", "policies", "users") if path.startswith(f"/{word}/")), "")
        return _PART.sub(lambda found: self._of(found[1], kind, path), text)

    def _of(self, part: str, kind: str, path: str) -> str:
        if part == "key":
            return self.names["api_key" if path.startswith("/workspaces/") else "pair"]
        return self.names[f"{kind}.name" if part == "name" and kind else part]


def settle(settings: Settings) -> House:
    """Open a session for the account itself, which may do anything, and find what to look at."""
    with app.opened(settings) as instance:
        with instance.database.reading(system_clock()) as tx:
            account = str(tx.rows(sa.select(tables.accounts.c.id))[0].id)
        state = ""
        while state != credential_report.COMPLETED:
            with instance.database.writing(system_clock(), account) as tx:
                state = credential_report.advance(tx, begin=not state)
        with instance.database.writing(system_clock(), account) as tx:
            users, pairs, keys = tables.users.c, tables.access_keys.c, tables.api_keys.c
            user = tx.rows(sa.select(users.id).where(users.name_key == "user-000000"))[0].id
            pair = tx.rows(sa.select(pairs.id).where(pairs.user_id == user).order_by(pairs.id))[0].id
            agents, bin_ = tables.agents.c, tables.recycled_keys.c
            agent = tx.rows(sa.select(agents.id, agents.workspace_id).order_by(agents.name))[0]
            ours = keys.workspace_id == agent.workspace_id
            key = tx.rows(sa.select(keys.id, keys.workspace_id).where(ours).order_by(keys.id).limit(1))[0]
            deleted = tx.rows(sa.select(bin_.id, bin_.user_id))[0]
            count = tx.rows(sa.select(tables.accounts.c.users_count))[0].users_count
            logon = Logon(Outcome.OK, account, session_seconds=_SESSION)
            cookie = console_sessions.open_session(tx, logon, "127.0.0.1", "benchmark")
            tx.run(sa.update(tables.console_sessions).values(verified_at=tx.now + _SESSION))  # proven for all of it
    names = {
        "users.name": "user-000000",
        "groups.name": "group-0007",
        "roles.name": "role-0007",
        "policies.name": "policy-0007",
        "type": "custom",
        "card": "password",
        "tab": "users",
        "code": "NoPermission",
        "pair": pair,
        "api_key": str(key.id),
        "workspace": key.workspace_id,
        "app": agent.id,
        "model": dataset.MODEL.format(0),
        "deleted_pair": deleted.id,
        "deleted_user": deleted.user_id,
        "last": str(max(1, count // 100)),
    }
    return House(cookie, names)


def addresses(house: House) -> Iterator[str]:
    """Every page that answers a signed-in person with a page, at something that is there."""
    for page in sorted(declared_pages(), key=lambda each: each.path):
        own = page.path.startswith("/access-keys/own/{")
        if page.method != "GET" or page.public or "open" not in page.states or own or "shell" in page.path:
            continue
        path = house.fill(page.path, page.path)
        yield path + _needed(house, page.path)
        for given in VIEWS.get(page.path, ()):
            yield path + "?" + urlencode({name: house.fill(value, "") for name, value in given.items()})


def _needed(house: House, path: str) -> str:
    """What a page cannot be opened without."""
    needed = {
        "/workspaces/{workspace}/members/change": {"name": "user-000000", "kind": "User"},
        "/grants/revoke": {"kind": "User", "principal": "user-000001", "type": "Custom", "policy": "policy-0001"},
        "/recycle-bin/{tab}/delete": {"UserId": house.names["deleted_user"]},
        "/grants/names.json": {"kind": "user", "q": "user-00"},
        "/search": {"q": "user"},
    }.get(path)
    return "?" + urlencode(needed) if needed else ""


class Asker:
    """A browser with an empty cache: asks for pages, follows what they refer to once."""

    def __init__(self, port: int, cookie: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookie = cookie
        self.weights: dict[str, int] = {}

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body as it was sent."""
        headers = {"cookie": f"keystead-session={self.cookie}", "accept-encoding": "gzip", "accept-language": "en"}
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def weight(self, body: bytes) -> int:
        """Bytes of a page with all that it refers to."""
        total = len(body)
        for found in set(_SHIPPED.findall(body)):
            path = found.decode()
            if path not in self.weights:
                self.weights[path] = len(self.get(path)[1])
            total += self.weights[path]
        return total


def measure(asker: Asker, pid: int, path: str, passes: int) -> tuple[str, str]:
    """One line of the table, and what is wrong with the page, "" for nothing."""
    took, cpu = [], []
    status, body = asker.get("/console" + path)
    for _ in range(passes):
        began, used = time.perf_counter(), load.cpu_seconds(pid)
        status, body = asker.get("/console" + path)
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((load.cpu_seconds(pid) - used) * 1000)
    middle, kilobytes = statistics.median(took), asker.weight(body) / 1000
    line = f"{path[:70]:70} {status:>5} {middle:7.0f} {max(took):7.0f} {statistics.fmean(cpu):7.0f} {kilobytes:6.0f}"
    file = path.startswith(("/credential-report/file", "/security-report"))
    wrong = [f"{middle:.0f} ms"] if middle > MOST_MS and not file else []
    wrong += [f"{kilobytes:.0f} kB"] if kilobytes > MOST_KB and not file else []
    return line, f"{path}: {', '.join(wrong)}" if wrong else ""


def table(settings: Settings, given: argparse.Namespace) -> None:
    """Print one store's table."""
    house = settle(settings)
    print(f"\n{'PostgreSQL' if settings.database else 'SQLite'}; load {os.getloadavg()[0]:.1f}\n{HEAD}", flush=True)
    home, port = settings.data_dir.parent, plane.free_port()
    with plane.keystead(home, port, settings.database or "") as (pid, _):
        asker = Asker(port, house.cookie)
        over = []
        for path in addresses(house):
            if given.pages in path:
                line, wrong = measure(asker, pid, path, given.passes)
                print(line, flush=True)
                over += [wrong] if wrong else []
    print(f"\nover {MOST_MS:.0f} ms or {MOST_KB:.0f} kB: {len(over)}", *over, sep="\n  ", flush=True)


def main(users: int = 1_000, keys: int = 5_000) -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", type=int, default=users)
    arguments.add_argument("--keys", type=int, default=keys, help="AccessKey pairs, and as many API keys")
    arguments.add_argument("--passes", type=int, default=5)
    arguments.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    arguments.add_argument("--data", type=Path, help="whose `data` dataset.py wrote, for SQLite; it gets a session")
    arguments.add_argument("--pages", default="", help="pages with this in their address")
    given = arguments.parse_known_args()[0]  # bench.py takes others
    with plane.databases() if given.only != "SQLite" else nullcontext([]) as urls:
        for url in ([] if given.only == "PostgreSQL" else [""]) + urls:
            with TemporaryDirectory() as folder:
                home = given.data if given.data and not url else Path(folder)
                settings = Settings(data_dir=home / "data", database=url or None)
                if home != given.data:
                    dataset.fill(settings, given.users, given.keys, say=lambda _line: None)
                table(settings, given)


if __name__ == "__main__":
    main()
