"""After any sequence of management calls RAM, IMS and the database agree, quotas hold, nothing is left behind, and
what the directory has in memory is what a fresh load finds.

The calls go through the dispatcher of a real node in this process; each sequence is made from its seed alone.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from keystead import app, ids
from keystead.faults import Fault
from keystead.identity.callers import Caller, IdentityType, Key, Role
from keystead.identity.directory import Directory
from keystead.identity.records import load_key, load_role
from keystead.products.catalogue import PRODUCTS
from keystead.server.call import Call, Origin
from keystead.settings import Settings
from keystead.store import tables

CALLS = 500
USERS, GROUPS, ROLES, POLICIES, APPS = (
    [f"{kind}{number}" for number in range(count)]
    for kind, count in (("user", 7), ("group", 4), ("role", 3), ("policy", 4), ("app", 3))
)
QUOTAS = {
    "users_quota": 6, "groups_quota": 3, "roles_quota": 2, "policies_quota": 3, "groups_per_user": 2,
    "policy_versions": 3, "attached_custom_per_user": 2, "attached_system_per_user": 2, "applications_quota": 2,
}  # fmt: skip
SYSTEM = ["AdministratorAccess", "ReadOnlyAccess", "AliyunRAMReadOnlyAccess"]
ACTIONS = {(product.name, name): action for product in PRODUCTS for name, action in product.actions.items()}


def policy(roll: random.Random) -> str:
    """A small policy."""
    effect, action = roll.choice(("Allow", "Deny")), roll.choice(("ram:*", "ram:GetUser", "*"))
    return json.dumps({"Version": "1", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})


def network(roll: random.Random) -> str:
    """A small network policy."""
    statement = {"Type": "ClassicWhiteList", "IPList": [f"10.{roll.randrange(256)}.0.0/16"]}
    return json.dumps({"Status": roll.choice(("Active", "Inactive")), "Statements": [statement]})


class Walk:
    """One account on one node, and the random calls on it."""

    def __init__(self, seed: int, instance: app.Instance, dispatcher: Any, account_id: str) -> None:
        self.roll = random.Random(seed)
        self.instance, self.dispatcher, self.account_id = instance, dispatcher, account_id
        arn = f"acs:ram::{account_id}:root"
        self.root = Caller(kind=IdentityType.ACCOUNT, account_id=account_id, arn=arn)
        self.keys: list[tuple[str, str]] = []
        self.bin: list[str] = []
        self.done: dict[str, int] = {}
        self.held = 0

    async def call(self, product: str, action: str, /, **given: str) -> dict[str, Any] | None:
        """The answer, None for a refusal; anything but a fault below 500 fails."""
        origin = Origin(ids.request_id(), "127.0.0.1", False, "random")
        call = Call(ACTIONS[product, action], self.root, given, origin, self.instance.clock())
        try:
            output = await self.dispatcher.invoke(call)
        except Fault as fault:
            if fault.status >= 500:
                raise
            return None
        self.done[action] = self.done.get(action, 0) + 1
        found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(output))
        return found

    async def must(self, product: str, action: str, /, **given: str) -> Any:
        """The answer of a call that has to succeed."""
        answer = await self.call(product, action, **given)
        assert answer is not None, f"{action} {given}"
        return answer

    async def step(self) -> None:
        """One random call."""
        pick = self.roll.choice
        user, group, role, name = pick(USERS), pick(GROUPS), pick(ROLES), pick(POLICIES)
        version = {"PolicyName": name, "VersionId": f"v{self.roll.randrange(1, 6)}"}
        target = pick((("User", {"UserName": user}), ("Group", {"GroupName": group}), ("Role", {"RoleName": role})))
        attached = {"PolicyType": "Custom", "PolicyName": name}
        if self.roll.random() < 0.4:
            attached = {"PolicyType": "System", "PolicyName": pick(SYSTEM)}
        owner, key = pick(self.keys) if self.keys else (user, "LTAI5t" + "x" * 18)
        moves: list[tuple[int, Callable[[], Any]]] = [
            (8, lambda: self.call("Ram", "CreateUser", UserName=user)),
            (4, lambda: self.call("Ims", "CreateUser", UserPrincipalName=user, DisplayName="x")),
            (3, lambda: self.call("Ram", "DeleteUser", UserName=user)),
            (3, lambda: self.throw_away(user)),
            (2, lambda: self.bring_back()),
            (2, lambda: self.call("Ram", "UpdateUser", UserName=user, NewUserName=pick(USERS))),
            (5, lambda: self.call("Ram", "CreateGroup", GroupName=group)),
            (2, lambda: self.call("Ims", "DeleteGroup", GroupName=group)),
            (2, lambda: self.call("Ims", "UpdateGroup", GroupName=group, NewGroupName=pick(GROUPS))),
            (9, lambda: self.call("Ram", "AddUserToGroup", UserName=user, GroupName=group)),
            (5, lambda: self.call("Ims", "RemoveUserFromGroup", UserPrincipalName=user, GroupName=group)),
            (4, lambda: self.call("Ram", "CreateRole", RoleName=role, AssumeRolePolicyDocument=self.trust())),
            (2, lambda: self.call("Ram", "DeleteRole", RoleName=role)),
            (2, lambda: self.call("Ram", "UpdateRole", RoleName=role, NewAssumeRolePolicyDocument=self.trust())),
            (5, lambda: self.call("Ram", "CreatePolicy", PolicyName=name, PolicyDocument=policy(self.roll))),
            (2, lambda: self.call("Ram", "DeletePolicy", PolicyName=name, CascadingDelete=pick(("true", "false")))),
            (4, lambda: self.version(name)),
            (3, lambda: self.call("Ram", "SetDefaultPolicyVersion", **version)),
            (3, lambda: self.call("Ram", "DeletePolicyVersion", **version)),
            (12, lambda: self.call("Ram", f"AttachPolicyTo{target[0]}", **attached, **target[1])),
            (6, lambda: self.call("Ram", f"DetachPolicyFrom{target[0]}", **attached, **target[1])),
            (8, lambda: self.new_key(user)),
            (3, lambda: self.status(owner, key)),
            (3, lambda: self.call("Ims", "DeleteAccessKey", UserPrincipalName=owner, UserAccessKeyId=key)),
            (3, lambda: self.call("Ims", "SetAccessKeyPolicy", UserPrincipalName=owner, UserAccessKeyId=key,
                                  AccessKeyPolicy=network(self.roll))),
            (1, lambda: self.call("Ims", "SetAccessKeyPolicyForAccount", AccessKeyPolicy=network(self.roll))),
            (1, lambda: self.call("Ims", "SetSecurityPreference", AllowUserToManageAccessKeys=pick(("true", "false")))),
            (2, lambda: self.call("Ims", "CreateServiceCredential", UserPrincipalName=user, ServiceName="s",
                                  ServiceCredentialName="c")),
            (2, lambda: self.call("Ims", "CreateApplication", AppName=pick(APPS), DisplayName="x", AppType="WebApp",
                                  SecretRequired="true")),
            (2, lambda: self.call("Ims", "TagResources", ResourceType="user", **{
                "ResourcePrincipalName.1": user, "Tag.1.Key": "k", "Tag.1.Value": "v"})),
        ]  # fmt: skip
        weights, works = zip(*moves, strict=True)
        (work,) = self.roll.choices(works, weights)
        await work()
        await self.look()

    def trust(self) -> str:
        """A trust policy."""
        principal = {"RAM": [f"acs:ram::{self.account_id}:user/{self.roll.choice(USERS)}"]}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        return json.dumps({"Version": "1", "Statement": [statement]})

    async def version(self, name: str) -> None:
        given = {"PolicyName": name, "PolicyDocument": policy(self.roll)}
        await self.call("Ram", "CreatePolicyVersion", **given, SetAsDefault=self.roll.choice(("true", "false")))

    async def status(self, owner: str, key: str) -> None:
        status = self.roll.choice(("Active", "Inactive"))
        await self.call("Ram", "UpdateAccessKey", UserName=owner, UserAccessKeyId=key, Status=status)

    async def new_key(self, user: str) -> None:
        made = await self.call("Ram", "CreateAccessKey", UserName=user)
        if made is not None:
            self.keys.append((user, made["AccessKey"]["AccessKeyId"]))

    async def throw_away(self, user: str) -> None:
        found = await self.call("Ram", "GetUser", UserName=user)
        if found is not None and await self.call("Ims", "DeleteUser", UserPrincipalName=user) is not None:
            self.bin.append(found["User"]["UserId"])

    async def bring_back(self) -> None:
        if self.bin:
            await self.call("Ims", "RestoreUserFromRecycleBin", UserId=self.roll.choice(self.bin))

    async def look(self) -> None:
        """Use pairs and roles as calls would, so that the directory holds them while things change."""
        directory: Directory = self.dispatcher.directory
        if self.keys:
            await directory.load_key(self.roll.choice(self.keys)[1])
        await directory.role_named(self.account_id, self.roll.choice(ROLES))


async def check_faces(walk: Walk) -> None:
    """RAM, IMS and the tables tell the same of users, groups and pairs."""
    ram = {each["UserName"]: each["UserId"] for each in (await walk.must("Ram", "ListUsers"))["Users"]["User"]}
    found = (await walk.must("Ims", "ListUsers"))["Users"]["User"]
    assert {each["UserPrincipalName"].partition("@")[0]: each["UserId"] for each in found} == ram
    groups = [each["GroupName"] for each in (await walk.must("Ram", "ListGroups"))["Groups"]["Group"]]
    assert [each["GroupName"] for each in (await walk.must("Ims", "ListGroups"))["Groups"]["Group"]] == groups
    members = set()
    for group in groups:
        mine = {
            each["UserName"] for each in (await walk.must("Ram", "ListUsersForGroup", GroupName=group))["Users"]["User"]
        }
        theirs = (await walk.must("Ims", "ListUsersForGroup", GroupName=group))["Users"]["User"]
        assert {each["UserPrincipalName"].partition("@")[0] for each in theirs} == mine
        members |= {(user, group) for user in mine}
    joined = set()
    for user in ram:
        listed = (await walk.must("Ram", "ListGroupsForUser", UserName=user))["Groups"]["Group"]
        joined |= {(user, each["GroupName"]) for each in listed}
        keys = (await walk.must("Ram", "ListAccessKeys", UserName=user))["AccessKeys"]["AccessKey"]
        same = (await walk.must("Ims", "ListAccessKeys", UserPrincipalName=user))["AccessKeys"]["AccessKey"]
        shown = [(each["AccessKeyId"], each["Status"]) for each in keys]
        assert [(each["AccessKeyId"], each["Status"]) for each in same] == shown
    assert joined == members
    with walk.instance.database.reading(0, walk.account_id) as tx:
        stored = tx.rows(sa.select(tables.users.c.id).where(tables.users.c.account_id == walk.account_id))
    assert {row.id for row in stored} == set(ram.values())


def numbers(walk: Walk, statement: Any) -> list[int]:
    """The numbers that a statement selects."""
    with walk.instance.database.reading(0, walk.account_id) as tx:
        return [int(row[0]) for row in tx.rows(statement)]


def check_quotas(walk: Walk) -> None:
    """Nothing is beyond its quota."""

    def most(column: Any, *conditions: Any) -> int:
        counted = sa.select(sa.func.count()).select_from(column.table).where(*conditions).group_by(column)
        return max(numbers(walk, counted), default=0)

    of = {"account_id": walk.account_id}
    for table, quota in ((tables.users, "users_quota"), (tables.groups, "groups_quota"), (tables.roles, "roles_quota"),
                         (tables.policies, "policies_quota"), (tables.applications, "applications_quota")):  # fmt: skip
        assert most(table.c.account_id, table.c.account_id == of["account_id"]) <= QUOTAS[quota], quota
    attachments = tables.attachments.c
    assert most(tables.group_members.c.user_id) <= QUOTAS["groups_per_user"]
    assert most(tables.policy_versions.c.policy_id) <= QUOTAS["policy_versions"]
    assert most(tables.access_keys.c.user_id, tables.access_keys.c.user_id.isnot(None)) <= 2
    assert most(attachments.entity_id, attachments.entity_kind == "user", attachments.policy_type == "Custom") <= 2
    assert most(attachments.entity_id, attachments.entity_kind == "user", attachments.policy_type == "System") <= 2


def check_orphans(walk: Walk) -> None:
    """No row hangs on something that is gone."""
    attachments, tags = tables.attachments.c, tables.tags.c

    def lost(column: Any, home: Any, *conditions: Any) -> Any:
        return sa.select(sa.func.count()).where(column.isnot(None), column.notin_(sa.select(home)), *conditions)

    selections = [
        lost(tables.group_members.c.user_id, tables.users.c.id),
        lost(tables.group_members.c.group_id, tables.groups.c.id),
        lost(tables.access_keys.c.user_id, tables.users.c.id),
        lost(tables.login_profiles.c.user_id, tables.users.c.id),
        lost(tables.service_credentials.c.user_id, tables.users.c.id),
        lost(tables.policy_versions.c.policy_id, tables.policies.c.id),
        lost(attachments.policy_id, tables.policies.c.id, attachments.policy_type == "Custom"),
    ]
    for kind, table in (("user", tables.users), ("group", tables.groups), ("role", tables.roles)):
        selections.append(lost(attachments.entity_id, table.c.id, attachments.entity_kind == kind))
    for kind, table in (("user", tables.users), ("role", tables.roles), ("policy", tables.policies)):
        selections.append(lost(tags.entity_id, table.c.id, tags.entity_kind == kind))
    for selection in selections:
        assert numbers(walk, selection) == [0], str(selection)
    versions, policies = tables.policy_versions.c, tables.policies.c
    whole = sa.select(sa.func.count()).where(
        ~sa.exists().where(versions.policy_id == policies.id, versions.number == policies.default_version)
    )
    assert numbers(walk, whole.select_from(tables.policies)) == [0]


def told(loaded: Key | Role | None) -> Any:
    """What a record decides by, in a form that can be compared."""

    def judged(layer: Any) -> list[str]:  # equal texts are compiled once: a statement is its own name
        return sorted(f"{each.match} {each.statement}" for each in layer.bound)

    if loaded is None:
        return None
    if isinstance(loaded, Role):
        return loaded.id, loaded.name, loaded.max_session_duration, judged(loaded.layer), judged(loaded.trust)
    caller = loaded.caller
    who = (caller.arn, caller.user_id, caller.user_name, caller.self_service)
    return loaded.id, loaded.active, loaded.network, who, [judged(layer) for layer in caller.layers]


async def check_directory(walk: Walk) -> None:
    """What is in memory is what a fresh load finds; pairs that are gone are gone."""
    directory: Directory = walk.dispatcher.directory
    await asyncio.sleep(0)
    with walk.instance.database.reading(walk.instance.clock()) as tx:
        for _, key in walk.keys:
            loaded = directory.key(key)
            if loaded is not None:
                walk.held += 1
                assert told(loaded.value) == told(load_key(tx, key).value), key
        for row in tx.rows(sa.select(tables.roles.c.id)):
            role = directory.role(row.id)
            if role is not None:
                assert told(role.value) == told(load_role(tx, row.id).value), row.id


async def wander(seed: int, home: Path, database: str | None) -> dict[str, int]:
    """One sequence, with its checks on the way; returns how often each action succeeded."""
    now = time.time()
    settings = Settings(
        data_dir=home,
        database=database,
        reads_per_second=0,
        writes_per_second=0,
        **QUOTAS,  # type: ignore[arg-type]
    )
    made = app.initialise(settings)
    with app.opened(settings, lambda: now) as instance:
        async with app.assembled(instance) as node:
            walk = Walk(seed, instance, node.edge._dispatcher, made.account_id)
            for number in range(1, CALLS + 1):
                await walk.step()
                if number % 50 == 0:
                    await check_directory(walk)
            await check_faces(walk)
            check_quotas(walk)
            check_orphans(walk)
            await check_directory(walk)
            assert walk.held > 20, "the directory never held what could be wrong"
    return walk.done


@pytest.fixture
def address(backend: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The database of one walk."""
    if backend == "sqlite":
        yield None
    else:
        with request.getfixturevalue("postgres_cluster").database() as url:
            yield url.replace("postgresql://", "postgresql+psycopg://")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_sequence_of_calls(seed: int, tmp_path: Path, address: str | None) -> None:
    done = asyncio.run(wander(seed, tmp_path / "data", address))
    assert sum(done.values()) > CALLS / 4
    assert len(done) > 20, f"few kinds of calls succeeded: {done}"
