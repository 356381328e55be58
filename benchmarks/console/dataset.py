"""A full house: an account with people, keys, workspaces, an audit trail and usage, written as rows.

    python benchmarks/console/dataset.py FOLDER [--users 100000] [--keys 500000] [--database postgresql://…]

`keys` AccessKey pairs and as many API keys; everything else follows from the number of users.  Nothing in it can be
used to sign in or to sign a call: secrets are random bytes.  Times lie in the two years before now, so that every
filter finds something and nothing finds all.  Random numbers have a fixed seed, IDs have not.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from keystead import app, bootstrap, ids
from keystead.clock import system_clock
from keystead.identity.transaction import Tx
from keystead.products.workspaces import access
from keystead.settings import Settings
from keystead.store import accounts, recycle_bin, tables, user_access

DAY = 86_400
SPAN = 730 * DAY
GROUPS, ROLES, POLICIES, WORKSPACES, MODELS = 300, 1000, 1500, 20, 50
TEAMS = ("blue", "red", "green", "gold")
MODEL = "model-{:02d}"
ALLOW_NOTHING = json.dumps({"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}},
        ],
    }
)

Rows = Iterator[dict[str, Any]]


class House:
    """What is written, step by step; later steps refer to what earlier ones made."""

    def __init__(self, tx: Tx, account: str, users: int, keys: int) -> None:
        self.tx, self.account, self.count, self.key_count = tx, account, users, keys
        self.random = random.Random(7)
        self.now = int(system_clock())
        self.users = [ids.user_id() for _ in range(users)]
        self.groups = [ids.group_id() for _ in range(GROUPS)]
        self.roles = [ids.role_id() for _ in range(ROLES)]
        self.policies = [ids.user_id() for _ in range(POLICIES)]
        self.workspaces: list[str] = []
        self.applications = [secrets.token_hex(16) for _ in range(1000)]
        self.access_keys = [ids.access_key_id() for _ in range(keys)]
        self.api_keys: list[int] = []

    def made(self) -> int:
        """Some time in the last two years."""
        return self.now - self.random.randrange(SPAN)

    def owned(self, at: int) -> dict[str, Any]:
        """The columns that most rows share."""
        return {"account_id": self.account, "created_at": at, "updated_at": at}

    def steps(self) -> Iterator[tuple[sa.Table, Rows]]:
        """Each table with its rows, in an order that foreign keys allow."""
        yield tables.users, self._users()
        yield tables.login_profiles, self._login_profiles()
        yield tables.mfa_devices, self._mfa_devices()
        yield tables.groups, self._named(self.groups, "group", {"display_name": "", "comments": "of the data set"})
        yield tables.group_members, self._group_members()
        role = {"description": "", "trust_policy": TRUST, "max_session_duration": 3600, "allow_console_login": False}
        yield tables.roles, self._named(self.roles, "role", role)
        policy = {"description": "denies everything", "default_version": 1, "last_version": 1}
        yield tables.policies, self._named(self.policies, "policy", policy)
        yield tables.policy_versions, self._policy_versions()
        yield tables.attachments, self._attachments()
        yield tables.tags, self._tags()
        yield tables.access_keys, self._access_keys()
        yield tables.models, self._models()
        yield tables.workspace_members, self._members()
        yield tables.agents, self._applications()
        yield tables.api_keys, self._api_keys()
        yield tables.audit, self._audit()
        yield tables.usage, self._usage()

    def _users(self) -> Rows:
        for number, user in enumerate(self.users):
            name = f"user-{number:06d}"
            made = self.made()
            logon = made + self.random.randrange(self.now - made + 1) if number % 5 < 3 else None
            yield {
                "id": user,
                "name": name,
                "name_key": name,
                "display_name": f"Person {self.random.randrange(10**6):06d} of {number % 97}",
                "mobile_phone": "",
                "email": "",
                "comments": "of the data set",
                "status": "freeze" if number % 100 == 99 else "active",
                "last_login_at": logon,
                **self.owned(made),
            }

    def _login_profiles(self) -> Rows:
        digest = "$argon2id$v=19$m=65536,t=3,p=4$" + "A" * 22 + "$" + "A" * 43
        for number, user in enumerate(self.users):
            if number % 5 < 3:
                yield {
                    "user_id": user,
                    "status": "Inactive" if number % 50 == 1 else "Active",
                    "password_hash": digest,
                    "password_set_at": self.now,
                    "password_initial": False,
                    "password_reset_required": False,
                    "mfa_bind_required": False,
                    "last_login_address": "192.0.2.7",
                    "created_at": self.now,
                    "updated_at": self.now,
                }

    def _mfa_devices(self) -> Rows:
        for number, user in enumerate(self.users):
            if number % 10 < 3:
                yield {
                    "id": user,
                    "account_id": self.account,
                    "name": f"device-{number:06d}",
                    "name_key": f"device-{number:06d}",
                    "sealed_seed": bytes(48),
                    "created_by": "",
                    "created_at": self.now,
                    "user_id": user,
                    "of_account": False,
                    "bound_at": self.now,
                    "last_counter": 0,
                    "drift": 0,
                }

    def _named(self, made: list[str], word: str, more: dict[str, Any]) -> Rows:
        for number, each in enumerate(made):
            name = f"{word}-{number:04d}"
            yield {"id": each, "name": name, "name_key": name, **more, **self.owned(self.made())}

    def _group_members(self) -> Rows:
        for number, user in enumerate(self.users):
            for step in (0, 7):
                group = self.groups[(number + step) % GROUPS]
                yield {"group_id": group, "user_id": user, "joined_at": self.now}

    def _policy_versions(self) -> Rows:
        for policy in self.policies:
            yield {"policy_id": policy, "number": 1, "document": ALLOW_NOTHING, "created_at": self.now}

    def _attachments(self) -> Rows:
        everybody = [("user", self.users), ("group", self.groups), ("role", self.roles)]
        for kind, entities in everybody:
            for number, entity in enumerate(entities):
                system = number % 4 == 0
                admin = number % 1000 == 0
                policy = self.policies[number % POLICIES]
                yield {
                    "entity_id": entity,
                    "entity_kind": kind,
                    "policy_type": "System" if system else "Custom",
                    "policy_id": ("AdministratorAccess" if admin else "ReadOnlyAccess") if system else policy,
                    "resource_group_id": "",
                    "account_id": self.account,
                    "attached_at": self.made(),
                }

    def _tags(self) -> Rows:
        for number, user in enumerate(self.users[: self.count // 5]):
            tag = {"tag_key": "team", "tag_value": TEAMS[number % len(TEAMS)]}
            yield {"entity_id": user, "entity_kind": "user", "account_id": self.account, **tag}

    def _access_keys(self) -> Rows:
        for number, key in enumerate(self.access_keys):
            made = self.made()
            used = made + self.random.randrange(self.now - made + 1) if number % 4 else None
            expires = made + 365 * DAY if number % 20 == 3 else None
            yield {
                "id": key,
                "user_id": self.users[number % self.count],
                "sealed_secret": bytes(58),
                "status": "Inactive" if number % 25 == 24 else "Active",
                "used_at": used,
                "used_service": "Ram" if used else None,
                "used_address": "192.0.2.9" if used else None,
                "note": f"kept on host {number % 5000}" if number % 10 == 0 else "",
                "expires_at": expires,
                **self.owned(made),
            }

    def _models(self) -> Rows:
        for number in range(MODELS):
            details = json.dumps({"provider": f"provider-{number % 5}", "description": "of the data set"})
            yield {"name": MODEL.format(number), "details": details, "created_at": self.now, "updated_at": self.now}

    def _members(self) -> Rows:
        for number, user in enumerate(self.users[: self.count // 5]):
            yield {
                "workspace_id": self.workspaces[number % 2],
                "principal_id": user,
                "principal_kind": "user",
                "level": "administrator" if number % 100 == 0 else "member",
                "pages": "{}",
                "display_name": f"Member {number:06d}",
                "generation": 0,
                **self.owned(self.made()),
            }

    def _applications(self) -> Rows:
        for number, each in enumerate(self.applications):
            yield {
                "id": each,
                "workspace_id": self.workspaces[0],
                "name": f"Application {number:04d}",
                "model": MODEL.format(number % MODELS),
                "instructions": "",
                "config": "{}",
                "samples": "{}",
                **self.owned(self.made()),
            }

    def _api_keys(self) -> Rows:
        """Four of five in the default workspace; half of them expire, over four years around now."""
        for number in range(self.key_count):
            self.api_keys.append(100_000_000 + number * 7)
            yield {
                "id": self.api_keys[-1],
                "workspace_id": self.workspaces[0 if number % 5 else 1],
                "owner_kind": "user",
                "owner_id": self.users[number % max(1, self.count // 5)],
                "description": f"key {number:06d} of service {number % 317}",
                "digest": secrets.token_bytes(32),
                "prefix": "sk-",
                "last_four": f"{number % 10_000:04d}",
                "scope": "{}",
                "disabled": number % 50 == 0,
                "expires_at": self.now + self.random.randrange(-SPAN, SPAN) if number % 2 else tables.NEVER,
                "generation": 0,
                **self.owned(self.made()),
            }

    def _audit(self) -> Rows:
        """Half of the trail is the work of one busy pair."""
        for number in range(2 * self.count):
            busy = number % 2
            owner = 0 if busy else number % self.count
            yield {
                "account_id": self.account,
                "at": (self.now - 89 * DAY) * 1000 + number * (89 * DAY * 1000 // (2 * self.count)),
                "request_id": ids.request_id(),
                "product": "Ram",
                "action": "GetUser" if number % 3 else "ListUsers",
                "kind": "read",
                "identity_type": "RAMUser",
                "principal": f"acs:ram::{self.account}:user/user-{owner:06d}",
                "access_key_id": self.access_keys[0 if busy else owner],
                "resource": f"acs:ram:*:{self.account}:user/user-{owner:06d}",
                "outcome": "NoPermission" if number % 40 == 1 else "Success",
                "address": f"192.0.2.{number % 30}",
                "agent": "AlibabaCloud (Linux; x86_64)",
                "parameters": "{}",
            }

    def _usage(self) -> Rows:
        for number in range(2 * self.count):
            key = self.random.randrange(len(self.api_keys))
            yield {
                "call_id": ids.request_id(),
                "account_id": self.account,
                "at": (self.now - 60 * DAY) * 1000 + number * (60 * DAY * 1000 // (2 * self.count)),
                "workspace_id": self.workspaces[0 if key % 5 else 1],
                "application_id": self.applications[number % 1000] if number % 3 == 0 else "",
                "key_id": self.api_keys[key],
                "owner_id": self.users[key % max(1, self.count // 5)],
                "principal": "",
                "model": MODEL.format(number % MODELS),
                "operation": "chat",
                "input_tokens": 100,
                "output_tokens": 200,
                "estimated": False,
                "cost": 1200,
                "outcome": "Success",
                "upstream_id": "",
                "duration_ms": 700,
            }


def fill(settings: Settings, users: int, keys: int, say: Callable[[str], None] = print) -> str:
    """Make the instance that `settings` name and write the house into its first account, whose ID is returned."""
    app.initialise(settings)
    with app.opened(settings) as instance:
        database, now = instance.database, system_clock()
        with database.reading(now) as tx:
            account = bootstrap.find_account(tx, None).id
        with database.writing(now, account) as tx:
            if database.is_sqlite:  # indexes grow at random places: with a small cache most of the time is spent there
                tx.connection.exec_driver_sql("PRAGMA cache_size=-2000000")
            house = House(tx, account, users, keys)
            house.workspaces = [row.id for row in tx.rows(_WORKSPACES, account=account)]
            for number in range(WORKSPACES - len(house.workspaces)):
                house.workspaces.append(access.create(tx, f"Workspace {number:02d}"))
            for table, rows in house.steps():
                began, written = time.perf_counter(), 0
                while batch := list(islice(rows, 5000)):
                    tx.connection.execute(sa.insert(table), batch)
                    written += len(batch)
                say(f"{table.name}: {written:,} rows in {time.perf_counter() - began:.1f} s")
            tx.run(user_access.REFRESH)
            tx.run(accounts.RECOUNT)
            recycle_bin.put_user(tx, house.users[-1], most_users=1, most_keys=3)
        if not database.is_sqlite:  # autovacuum would do it within minutes
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
    return account


_WORKSPACES = sa.select(tables.workspaces.c.id).where(tables.workspaces.c.account_id == sa.bindparam("account"))


def main() -> None:
    """Write a data set into a folder, for a server that is started there: keystead serve --data-dir FOLDER."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--users", type=int, default=100_000)
    arguments.add_argument("--keys", type=int, default=500_000, help="AccessKey pairs, and as many API keys")
    arguments.add_argument("--database", default="", help="a PostgreSQL address; SQLite in the folder without it")
    given = arguments.parse_args()
    settings = Settings(data_dir=given.folder, database=given.database or None)
    account = fill(settings, given.users, given.keys)
    print(f"account {account}", file=sys.stderr)


if __name__ == "__main__":
    main()
