"""One account, and calls on it as the wire would make them, each answer held against the vendor's catalogue."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from keystead import ids
from keystead.faults import Fault
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.transaction import Quotas, Tx
from keystead.products import ims, ram
from keystead.products.action import Product
from keystead.products.ims.product import IMS
from keystead.products.ram import (
    access_keys,
    accounts,
    attachments,
    groups,
    login_profiles,
    policies,
    policy_versions,
    roles,
    tags,
    users,
)
from keystead.products.ram.product import RAM
from keystead.store import tables
from keystead.store.database import Database

VECTORS = Path(__file__).parents[1] / "vectors"
PUBLISHED: dict[str, Any] = json.loads((VECTORS / "ram-actions.json").read_text())["products"]
CATALOGUE: dict[str, Any] = PUBLISHED["Ram"]["actions"]

for _face in (ims, ram):
    for _each in pkgutil.iter_modules(_face.__path__, _face.__name__ + "."):
        importlib.import_module(_each.name)  # a resource's file declares its actions

RESOURCES = (
    users,
    groups,
    roles,
    policies,
    policy_versions,
    attachments,
    access_keys,
    login_profiles,
    accounts,
    tags,
)

# Answered only where there is something to answer.
MAY_BE_ABSENT = {
    "ExpirationTime",
    "Marker",
    "NextToken",
    "LastUsedDate",
    "ServiceName",
    "LastLoginDate",
    "LatestDeletionTask",
    "LastLoginTime",
    "LastUseDate",
    "ActivateDate",
    "User",
    "MFADevice",
    "SecurityEmailDevice",
    "SecurityPhoneDevice",
}

ALLOW_ALL = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
START = 1_767_323_045  # 2026-01-02T03:04:05Z


def trust(*principals: str, kind: str = "RAM") -> str:
    """A trust policy for these principals."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {kind: list(principals)}}
    return json.dumps({"Version": "1", "Statement": [statement]})


class Plane:
    """A new account in `database`.  `now` is its clock; `touched` is what the last call touched.

    `ram` and `ims` are the two faces of its people; `call` and `refused` are those of RAM.
    """

    def __init__(self, database: Database[Tx], **quotas: Any) -> None:
        self.database = database
        self.account_id = ids.account_id()
        self.account = Caller(
            kind=IdentityType.ACCOUNT, account_id=self.account_id, arn=f"acs:ram::{self.account_id}:root"
        )
        self.quotas = dataclasses.replace(Quotas(), **quotas)
        self.now = START
        self.touched: set[tuple[str, str]] = set()
        self.ram, self.ims = Face(self, RAM), Face(self, IMS)
        with database.writing(self.now, self.account_id) as tx:
            account = {"id": self.account_id, "alias": self.account_id, "created_at": self.now}
            tx.run(sa.insert(tables.accounts), **account)

    def user(self, name: str) -> Caller:
        """The caller that a RAM user is; without policies, which nothing here asks."""
        arn = f"acs:ram::{self.account_id}:user/{name}"
        found = self.call("GetUser", UserName=name)["User"]
        return Caller(
            kind=IdentityType.USER,
            account_id=self.account_id,
            arn=arn,
            user_id=found["UserId"],
            user_name=found["UserName"],
        )

    def session(self, role: str) -> Caller:
        """The caller that a session of a role is."""
        arn = f"acs:ram::{self.account_id}:assumed-role/{role}/test"
        return Caller(kind=IdentityType.SESSION, account_id=self.account_id, arn=arn, role_name=role)

    def call(self, action: str, /, by: Caller | None = None, **given: str) -> Any:
        """`Face.call` of RAM."""
        return self.ram.call(action, by, **given)

    def refusal(self, action: str, /, by: Caller | None = None, **given: str) -> Fault:
        """`Face.refusal` of RAM."""
        return self.ram.refusal(action, by, **given)

    def refused(self, action: str, /, by: Caller | None = None, **given: str) -> str:
        """`Face.refused` of RAM."""
        return self.ram.refused(action, by, **given)


class Face:
    """One product's actions on the account of a plane."""

    def __init__(self, plane: Plane, product: Product) -> None:
        self.plane = plane
        self.product = product
        self.catalogue: dict[str, Any] = PUBLISHED[product.name]["actions"]

    def call(self, action: str, /, by: Caller | None = None, **given: str) -> Any:
        """Call `action` with wire parameters; returns the answer as JSON would hold it, after judging its shape.

        `Tag__1__Key` in the call is `Tag.1.Key` on the wire.
        """
        answer = self._run(action, by or self.plane.account, given)
        tree = {name: value for name, value in self.catalogue[action]["response"].items() if name != "RequestId"}
        judge(answer, tree, action)
        return answer

    def refusal(self, action: str, /, by: Caller | None = None, **given: str) -> Fault:
        """Call `action`, which must refuse with a code that it declares; returns the fault."""
        with pytest.raises(Fault) as caught:
            self._run(action, by or self.plane.account, given)
        fault = caught.value
        declared = {kind.code: kind.status for kind in self.product.actions[action].faults}
        if not fault.code.startswith(("Missing", "InvalidParameter.")):
            assert fault.code in declared, f"{action} does not declare {fault.code}"
        assert fault.message
        assert not re.search(r"\{[a-z_]+\}", fault.message), "a field of the message was not filled"
        assert fault.next_step
        for entry in self.catalogue[action]["errors"]:
            if entry["code"] == fault.code:
                assert fault.status == entry["status"]
        return fault

    def refused(self, action: str, /, by: Caller | None = None, **given: str) -> str:
        """The code that `action` refuses with."""
        return self.refusal(action, by, **given).code

    def _run(self, action: str, by: Caller, given: dict[str, str]) -> Any:
        declared, plane = self.product.actions[action], self.plane
        wanted = declared.complete(declared.read({name.replace("__", "."): value for name, value in given.items()}), by)
        prepared = None
        with plane.database.reading(plane.now, plane.account_id) as tx:
            tx.quotas = plane.quotas
            if declared.resolve is not None:
                wanted = declared.resolve(tx, wanted)
            if declared.first is not None:
                prepared = declared.first(tx, by, wanted)
        begin = plane.database.writing if declared.writes else plane.database.reading
        with begin(plane.now, plane.account_id) as tx:
            tx.quotas, tx.prepared = plane.quotas, prepared
            refused = None
            try:
                output = declared.handler(tx, by, wanted)
            except Fault as fault:
                if not fault.keeps:
                    raise
                refused = fault  # what was written before it stays
            else:
                assert isinstance(output, declared.output)
            assert declared.writes or not tx.touched
            plane.touched = set(tx.touched)
        if refused is not None:
            raise refused
        return msgspec.json.decode(msgspec.json.encode(output))


def judge(answer: Any, tree: dict[str, Any], where: str) -> None:
    """Every member of the vendor's tree with the right type, and no other."""
    assert set(answer) <= set(tree), f"{where}: {set(answer) - set(tree)} is not the vendor's"
    absent = {name for name in set(tree) - set(answer) if name not in MAY_BE_ABSENT}
    assert not absent, f"{where}: {absent} is missing"
    for name, value in answer.items():
        judge_value(value, tree[name], f"{where}.{name}")


def judge_value(value: Any, wanted: dict[str, Any], where: str) -> None:
    """A value of the vendor's type."""
    match wanted["type"]:
        case "object":
            judge(value, wanted["fields"], where)
        case "array":
            assert isinstance(value, list), where
            for member in value:
                judge_value(member, wanted["items"], where + "[]")
        case "boolean":
            assert isinstance(value, bool), where
        case "integer":
            assert isinstance(value, int), where
            assert not isinstance(value, bool), where
        case "any":
            assert isinstance(value, str | int | bool), where
        case _:
            assert isinstance(value, str), where
            assert value or not where.endswith("Date"), where
