"""An account with workspaces, and calls on it through resolving, authorization and the handler, as the wire makes them.

Answers of published actions are judged by the vendor's catalogue.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from keystead import ids
from keystead.faults import Fault
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.directory import Directory
from keystead.identity.keyring import Keyring
from keystead.identity.model_keys import ModelKey
from keystead.identity.model_tokens import find
from keystead.identity.transaction import Quotas, Tx
from keystead.policy import Query, decide
from keystead.products.action import Action
from keystead.products.catalogue import PRODUCTS
from keystead.products.desk import Desk
from keystead.products.workspaces import access
from keystead.store import tables, upstreams
from keystead.store.database import Database

VECTORS = Path(__file__).parents[2] / "vectors"
PUBLISHED: dict[str, Any] = json.loads((VECTORS / "model-studio-actions.json").read_text())["products"]
TREES = {f"{p['version']} {name}": a["response"] for p in PUBLISHED.values() for name, a in p["actions"].items()}
BY_VERSION = {product.version: product for product in PRODUCTS}

RAM, STUDIO, CONTROL, LEGACY, OURS = "2015-05-01", "2026-02-10", "2024-08-16", "2023-06-01", "2026-11-01"
ON_WORKSPACES = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "modelstudio:*", "Resource": "acs:modelstudio:*:*:*"},
            {"Effect": "Allow", "Action": ["bailiancontrol:Get*", "sfm:CreateToken"], "Resource": "*"},
        ],
    }
)
"""Every right on every workspace, but none on `*`: such a user is no super administrator."""

REFUSED = "NoPermission"
START = 1_767_323_045

MAY_BE_NULL = {"modelLimit", "workspaceLimit", "requestLimit", "requestLimitPeriod", "usageLimit", "usageLimitPeriod"}
MAY_BE_NULL |= {"asyncUserConcurrencyLimit", "asyncUserQueueLimit"}


class Studio:
    """A new account with its default workspace.  `now` is its clock, `troubled` the model servers in trouble."""

    def __init__(self, database: Database[Tx], **quotas: Any) -> None:
        self.database = database
        self.keyring = Keyring([b"k" * 32])
        self.quotas = dataclasses.replace(Quotas(), **quotas)
        self.now = START
        self.troubled: dict[str, tuple[int, bool]] = {}
        self.account_id = ids.account_id()
        self.account = Caller(
            kind=IdentityType.ACCOUNT, account_id=self.account_id, arn=f"acs:ram::{self.account_id}:root"
        )
        self.directory = Directory(database, self.keyring, lambda: self.now, 1000)
        self._pairs: dict[str, str] = {}
        self._policy: str | None = None
        with self.write() as tx:
            account = {"id": self.account_id, "alias": self.account_id, "created_at": self.now}
            tx.run(sa.insert(tables.accounts), **account)
            access.ensure_default(tx)
        self.default = self.call(STUDIO, "ListWorkspaces")["workspaces"][0]["workspaceId"]

    def write(self) -> Any:
        """A writing transaction of the account."""
        return self.database.writing(self.now, self.account_id)

    def user(self, name: str, *policies: str) -> str:
        """Make a RAM user with system policies, or for none with every right on workspaces by a policy that names them;
        and an AccessKey pair.  Returns its name."""
        self.call(RAM, "CreateUser", UserName=name)
        for policy in policies:
            self.call(RAM, "AttachPolicyToUser", UserName=name, PolicyName=policy, PolicyType="System")
        if not policies:
            if self._policy is None:
                self._policy = "workspaces"
                self.call(RAM, "CreatePolicy", PolicyName="workspaces", PolicyDocument=ON_WORKSPACES)
            self.call(RAM, "AttachPolicyToUser", UserName=name, PolicyName="workspaces", PolicyType="Custom")
        made = self.call(RAM, "CreateAccessKey", UserName=name)
        self._pairs[name] = made["AccessKey"]["AccessKeyId"]
        return name

    def pair(self, name: str) -> str:
        """The AccessKey ID of a user."""
        return self._pairs[name]

    def caller(self, name: str) -> Caller:
        """Who a name is: "" for the account, else the user as the directory loads it."""
        if not name:
            return self.account
        key = asyncio.run(self.directory.load_key(self._pairs[name]))
        assert key is not None
        return key.caller

    def key(self, value: str) -> ModelKey | None:
        """What the gateway finds for a bearer value."""
        return asyncio.run(find(self.directory, self.keyring, value, self.now))

    def works(self, value: str) -> bool:
        """Whether a bearer value is an active key."""
        found = self.key(value)
        return found is not None and found.active

    def model(self, *names: str) -> None:
        """Add models to the instance."""
        with self.write() as tx:
            for name in names:
                upstreams.put_model(tx, name, json.dumps({"provider": "test", "inputPrice": 2}))

    def workspace(self, name: str) -> str:
        """Make a workspace; returns its ID."""
        made = self.call(STUDIO, "CreateWorkspace", workspaceName=name)
        return str(made["workspace"]["workspaceId"])

    def call(self, version: str, action: str, by: str = "", /, **given: str) -> Any:
        """Call as the wire does; returns the answer as JSON holds it.  `auth__type` in the call is `auth.type`."""
        output = self._run(BY_VERSION[version].actions[action], self.caller(by), given)
        answer = msgspec.json.decode(msgspec.json.encode(output))
        if f"{version} {action}" in TREES:
            judge(answer, TREES[f"{version} {action}"], action, leave={"requestId", "RequestId"})
        return answer

    def refused(self, version: str, action: str, by: str = "", /, **given: str) -> str:
        """The code of the refusal, which the action must declare."""
        with pytest.raises(Fault) as caught:
            self._run(BY_VERSION[version].actions[action], self.caller(by), given)
        fault = caught.value
        declared = {kind.code for kind in BY_VERSION[version].actions[action].faults}
        if not fault.code.startswith(("Missing", "InvalidParameter.")) and fault.code != REFUSED:
            assert fault.code in declared, f"{action} does not declare {fault.code}"
        assert fault.message
        assert not re.search(r"\{[a-z_]+\}", fault.message), "a field of the message was not filled"
        assert fault.next_step or fault.code == REFUSED
        return fault.code

    def _desk(self) -> Desk:
        none: Any = None
        desk = Desk(self.now, self.keyring, self.quotas, False, {}, self.directory, none, none)
        return msgspec.structs.replace(desk, troubled=lambda: self.troubled)

    def _ready(self, declared: Action, caller: Caller, wanted: Any) -> Any:
        return None if declared.prepare is None else asyncio.run(declared.prepare(self._desk(), wanted, caller))

    def _run(self, declared: Action, caller: Caller, given: dict[str, str]) -> Any:
        wanted = declared.complete(
            declared.read({name.replace("__", "."): value for name, value in given.items()}), caller
        )
        with self.database.reading(self.now, self.account_id) as tx:
            if declared.resolve is not None:
                wanted = declared.resolve(tx, wanted)
        if declared.permission is not None and not caller.is_account:
            for names in declared.resource_names(wanted, caller):
                if not any(decide(Query(declared.permission, name), caller.layers).allowed for name in names):
                    raise Fault(REFUSED, 403, "no policy allows it")
        if declared.memory:
            ready = self._ready(declared, caller, wanted)
            return declared.handler(msgspec.structs.replace(self._desk(), prepared=ready), caller, wanted)
        begin = self.database.writing if declared.writes else self.database.reading
        ready = self._ready(declared, caller, wanted)
        with begin(self.now, self.account_id) as tx:
            tx.prepared = ready
            tx.quotas, tx.by = self.quotas, caller.arn
            tx.rights = Rights(caller)
            output = declared.handler(tx, caller, wanted)
            assert isinstance(output, declared.output)
            assert declared.writes or not tx.touched
            touched = tx.touched
        self.directory.apply(touched)
        return output


class Rights:
    """What a caller may do besides, by his policies alone."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def may(self, permission: str, resource: str) -> bool:
        return self.caller.is_account or decide(Query(permission, resource), self.caller.layers).allowed

    def must(self, permission: str, resource: str) -> None:
        if not self.may(permission, resource):
            raise Fault(REFUSED, 403, "no policy allows it")


def judge(answer: Any, wanted: dict[str, Any], where: str, leave: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    """A value of the vendor's type: every member of its tree, and no other."""
    kind = wanted["type"]
    if answer is None:
        assert where.rpartition(".")[2] in MAY_BE_NULL, where
    elif kind == "object":
        tree = {name: value for name, value in wanted.get("properties", {}).items() if name not in leave}
        assert set(answer) == set(tree), f"{where}: {set(answer) ^ set(tree)}"
        for name, value in answer.items():
            judge(value, tree[name], f"{where}.{name}")
    elif kind == "array":
        assert isinstance(answer, list), where
        for member in answer:
            judge(member, wanted["items"], where + "[]")
    else:
        types: dict[str, type] = {"boolean": bool, "integer": int, "string": str}
        assert type(answer) is types[kind], f"{where} is {answer!r}, not a {kind}"
