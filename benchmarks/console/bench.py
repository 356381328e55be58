"""The lists behind the console's pages: what each costs with many users and keys.

    python benchmarks/console/bench.py [--users 1000] [--keys 5000] [--passes 7] [--only SQLite] [--data FOLDER]

Each case is the action as the account calls it: its statements in a reading transaction, and the answer as JSON; what
HTTP, the signature and authorization add is in benchmarks/server.  Figures are medians over the passes, "worst" the
slowest of them, after one run that fills the caches.  --data measures a data set that dataset.py wrote before.
long.py does the same with 100,000 users and 500,000 keys of each kind; benchmarks/people/RESULTS.md keeps the figures.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import sqlalchemy as sa

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "server")]

import dataset
import plane

from keystead import app, arn
from keystead.clock import system_clock
from keystead.identity.callers import Caller, IdentityType
from keystead.products.catalogue import PRODUCTS
from keystead.server import authorization
from keystead.server.call import Call, Origin
from keystead.settings import Settings
from keystead.store import tables

OURS = PRODUCTS[-1]
NOWHERE = Origin("", "127.0.0.1", secure=False, agent="")
HEAD = f"{'':64} {'rows':>9} {'ms':>8} {'worst':>8} {'CPU ms':>8}"

CASES: list[tuple[str, dict[str, str]]] = [
    ("SearchUsers", {}),
    ("SearchUsers", {"Page": "{last}", "PageSize": "100"}),
    ("SearchUsers", {"Sort": "-DisplayName"}),
    ("SearchUsers", {"Sort": "-LastActivityDate", "PageSize": "100"}),
    ("SearchUsers", {"Query": "99"}),
    ("SearchUsers", {"Query": "nobody"}),
    ("SearchUsers", {"Status": "freeze"}),
    ("SearchUsers", {"Access": "both"}),
    ("SearchUsers", {"Access": "none"}),
    ("SearchUsers", {"Mfa": "true"}),
    ("SearchUsers", {"GroupName": "group-0007"}),
    ("SearchUsers", {"TagKey": "team", "TagValue": "blue"}),
    ("SearchUsers", {"UnusedDays": "90"}),
    ("SearchUsers", {"UnusedDays": "90", "Access": "accesskey", "Sort": "LastActivityDate"}),
    ("SearchAccessKeys", {}),
    ("SearchAccessKeys", {"Sort": "LastUsedDate", "PageSize": "100"}),
    ("SearchAccessKeys", {"Status": "Active"}),
    ("SearchAccessKeys", {"Status": "Inactive"}),
    ("SearchAccessKeys", {"Status": "Expired"}),
    ("SearchAccessKeys", {"UnusedDays": "90"}),
    ("SearchAccessKeys", {"OlderThanDays": "90"}),
    ("SearchAccessKeys", {"Query": "{key}"}),
    ("SearchAccessKeys", {"Query": "host 4711"}),
    ("SearchAccessKeys", {"Query": "nowhere"}),
    ("SearchAccessKeys", {"UserName": "user-000001"}),
    ("SearchAccessKeys", {"Owner": "account"}),
    ("GetAccessKeyActivity", {"UserAccessKeyId": "{busy}", "UserName": "user-000000"}),
    ("SearchGroups", {}),
    ("SearchRoles", {}),
    ("SearchPolicies", {}),
    ("SearchPolicies", {"Query": "nothing"}),
    ("SearchGrants", {}),
    ("SearchGrants", {"Page": "{last}"}),
    ("SearchGrants", {"Query": "user-0001"}),
    ("SearchGrants", {"PolicyType": "System", "PolicyName": "AdministratorAccess"}),
    ("SearchWorkspaces", {}),
    ("SearchWorkspaces", {"Figures": "true"}),
    ("SearchMembers", {}),
    ("SearchMembers", {"Query": "member 0001", "Sort": "-JoinDate"}),
    ("SearchApplications", {}),
    ("SearchApiKeys", {}),
    ("SearchApiKeys", {"WorkspaceId": "{workspace}"}),
    ("SearchApiKeys", {"WorkspaceId": "{workspace}", "Sort": "Name", "PageSize": "100"}),
    ("SearchApiKeys", {"Status": "Disabled"}),
    ("SearchApiKeys", {"Status": "Rotating"}),
    ("SearchApiKeys", {"Query": "service 99"}),
    ("SearchApiKeys", {"WorkspaceId": "{workspace}", "Query": "nothing"}),
    ("SearchModels", {}),
    ("SearchAll", {"Query": "user-00"}),
    ("SearchAll", {"Query": "nothing"}),
    ("SearchAll", {"Query": "{key}"}),
    ("GetAccountOverview", {}),
]


def cases(instance: Any, account: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The cases with the names that only the data set knows."""
    with instance.database.reading(system_clock(), account) as tx:
        users = tables.users.c
        owner = tx.row(sa.select(users.id).where(users.name_key == "user-000000"))
        busiest = sa.select(tables.audit.c.access_key_id).group_by(tables.audit.c.access_key_id)
        busy = tx.row(busiest.order_by(sa.func.count().desc()).limit(1))
        workspace = tx.row(sa.select(tables.workspaces.c.id).where(tables.workspaces.c.is_default))
        count = tx.row(sa.select(sa.func.count().label("users")).select_from(tables.users))
        assert owner is not None
        assert busy is not None
        assert workspace is not None
        assert count is not None
        names = {
            "busy": busy.access_key_id,
            "key": busy.access_key_id[:16],
            "workspace": workspace.id,
            "last": str(max(1, count.users // 100)),
        }
    for action, given in CASES:
        yield action, {name: value.format(**names) for name, value in given.items()}


def measure(instance: Any, caller: Caller, action: str, given: dict[str, str], passes: int) -> str:
    """One line of the table."""
    declared, took, cpu = OURS.actions[action], [], []
    answer = b""
    for _ in range(passes + 1):
        wanted = declared.complete(declared.read(given), caller)
        began, used = time.perf_counter(), time.process_time()
        with instance.database.reading(system_clock(), caller.account_id) as tx:
            if declared.resolve is not None:
                wanted = declared.resolve(tx, wanted)
            tx.rights = authorization.CallersRights(Call(declared, caller, given, NOWHERE, 0), {}, instance.keyring, tx)
            answer = msgspec.json.encode(declared.handler(tx, caller, wanted))
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    total = msgspec.json.decode(answer).get("TotalCount", "")
    name = " ".join([action, *(f"{key}={value}" for key, value in given.items())])[:64]
    middle = statistics.median(took[1:])
    return f"{name:64} {total:>9} {middle:8.1f} {max(took[1:]):8.1f} {statistics.median(cpu[1:]):8.1f}"


def table(settings: Settings, passes: int) -> None:
    """Print one store's table."""
    with app.opened(settings) as instance:
        with instance.database.reading(system_clock()) as tx:
            account = str(tx.rows(sa.select(tables.accounts.c.id))[0].id)
        caller = Caller(kind=IdentityType.ACCOUNT, account_id=account, arn=arn.ram(account, "root"))
        print(HEAD, flush=True)
        for action, given in cases(instance, account):
            print(measure(instance, caller, action, given, passes), flush=True)


def on_postgres(given: argparse.Namespace) -> None:
    """The same on PostgreSQL, where it is installed."""
    with plane.databases() as urls, TemporaryDirectory() as folder:
        for url in urls:
            settings = Settings(data_dir=Path(folder) / "data", database=url)
            dataset.fill(settings, given.users, given.keys, say=lambda _line: None)
            print(
                f"\nPostgreSQL, {given.users:,} users, {given.keys:,} keys of each kind; load {os.getloadavg()[0]:.1f}"
            )
            table(settings, given.passes)


def on_sqlite(given: argparse.Namespace) -> None:
    """The table on SQLite."""
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=given.data or Path(folder) / "data")
        if given.data is None:
            dataset.fill(settings, given.users, given.keys, say=lambda _line: None)
        size = str(given.data or f"{given.users:,} users, {given.keys:,} keys of each kind")
        print(f"\nSQLite, {size}; load {os.getloadavg()[0]:.1f}")
        table(settings, given.passes)


def main(users: int = 1_000, keys: int = 5_000) -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", type=int, default=users)
    arguments.add_argument("--keys", type=int, default=keys, help="AccessKey pairs, and as many API keys")
    arguments.add_argument("--passes", type=int, default=7)
    arguments.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    arguments.add_argument("--data", type=Path, help="a folder that dataset.py wrote, for SQLite")
    given = arguments.parse_known_args()[0]  # pages.py takes others
    if given.only != "PostgreSQL":
        on_sqlite(given)
    if given.only != "SQLite":
        on_postgres(given)


if __name__ == "__main__":
    main()
