"""An account with a workspace, people of every standing in it, and calls of Bailian 2023-12-29 on it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from keystead.faults import Fault
from keystead.identity.callers import Caller
from keystead.identity.embedding import Payer
from keystead.identity.transaction import Tx
from keystead.policy import Query, decide
from keystead.products.action import Action
from keystead.products.applications import meaning, running
from keystead.products.applications.compose import Composition, Question, query_of
from keystead.products.desk import Desk
from keystead.store.database import Database
from products.modelstudio.studio import BY_VERSION, OURS, REFUSED, TREES, Studio
from products.modelstudio.studio import judge as judge_all

BAILIAN = "2023-12-29"
PEOPLE = ("account", "super", "administrator", "member", "custom", "outsider", "powerless")
MAY_BE_ABSENT = ("applicationConfig",)
"""Members whose members are only there where somebody set them."""


class House(Studio):
    """`place` is the workspace; the people are RAM users of these names.

    custom may view applications and operate prompts.  outsider has every policy and is in no workspace, powerless is a
    member without a policy.
    """

    def __init__(self, database: Database[Tx], **quotas: Any) -> None:
        super().__init__(database, **quotas)
        self.embedding: Any = None
        self.place = self.workspace("first")
        self.elsewhere = self.workspace("second")
        self.user("super", "AliyunBailianFullAccess")
        for name in ("administrator", "member", "custom", "outsider"):
            self.user(name, "AliyunBailianDataFullAccess")
        self.user("powerless", "AliyunSTSAssumeRoleAccess")
        for name in ("administrator", "member", "powerless"):
            level = "administrator" if name == "administrator" else "member"
            self.call(OURS, "AddWorkspaceMember", WorkspaceId=self.place, UserName=name, Level=level)
        pages = '[{"Page": "applications"}, {"Page": "prompts", "Operation": "operate"}]'
        self.call(OURS, "AddWorkspaceMember", WorkspaceId=self.place, UserName="custom", Level="custom", Pages=pages)

    def ask(self, action: str, by: str = "", /, **given: Any) -> Any:
        """Call an action in `place`; values that are no texts become JSON.  The answer's shape is judged."""
        output = self._run(BY_VERSION[BAILIAN].actions[action], self.caller(by), self._wire(given))
        answer = msgspec.json.decode(msgspec.json.encode(output))
        judge(answer, TREES[f"{BAILIAN} {action}"], action)
        return answer

    def no(self, action: str, by: str = "", /, **given: Any) -> str:
        """The code of the refusal, which the action declares."""
        return self.refused(BAILIAN, action, by, **self._wire(given))

    def fault(self, action: str, by: str = "", /, **given: Any) -> Fault:
        """The whole refusal."""
        with pytest.raises(Fault) as caught:
            self._run(BY_VERSION[BAILIAN].actions[action], self.caller(by), self._wire(given))
        return caught.value

    def _wire(self, given: dict[str, Any]) -> dict[str, str]:
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        return {"WorkspaceId": self.place} | texts

    def _run(self, declared: Action, caller: Caller, given: dict[str, str]) -> Any:
        """As `Studio._run`, with a public address, and with what runs before the write."""
        policy = declared.permission
        if declared.version != BAILIAN or policy is None:
            return super()._run(declared, caller, given)
        wanted = declared.read(given)
        for names in () if caller.is_account else declared.resource_names(wanted, caller):
            if not any(decide(Query(policy, name), caller.layers).allowed for name in names):
                raise Fault(REFUSED, 403, "no policy allows it")
        prepared = None
        with self.database.reading(self.now, self.account_id) as tx:
            if declared.first is not None:
                prepared = declared.first(tx, caller, wanted)
        if declared.prepare is not None:
            none: Any = None
            rest = {"prepared": prepared, "embedding": self.embedding}
            desk = Desk(self.now, self.keyring, self.quotas, False, {}, self.directory, none, none, **rest)
            prepared = asyncio.run(declared.prepare(desk, wanted, caller))
        begin = self.database.writing if declared.writes else self.database.reading
        with begin(self.now, self.account_id) as tx:
            tx.prepared, tx.public_url = prepared, "https://keystead.example/"
            output = declared.handler(tx, caller, wanted)
            assert isinstance(output, declared.output)
            assert declared.writes or not tx.touched
        return output

    def agent(self, **given: Any) -> str:
        """Make an application; returns its code."""
        return str(self.ask("CreateAndPulishAgent", **{"name": "helper", "modelId": "qwen-plus", **given})["data"])

    def compose(self, agent_id: str, question: Question, place: str = "") -> tuple[Composition, str]:
        """What the gateway is given for a call."""
        where = place or self.place
        with self.database.reading(self.now, self.account_id) as tx:
            bases = running.bases(tx, where, agent_id, question)
        payer = Payer(self.account_id, where, agent_id, self.account_id, agent_id)
        meanings = asyncio.run(meaning.understood(self.embedding, payer, bases, query_of(question)))
        with self.database.reading(self.now, self.account_id) as tx:
            return running.prepare(tx, where, agent_id, question, meanings)

    def refused_call(self, agent_id: str, question: Question, place: str = "") -> Fault:
        """The refusal of a call."""
        with pytest.raises(Fault) as caught:
            self.compose(agent_id, question, place)
        assert caught.value.message
        assert caught.value.next_step
        return caught.value

    def answer(self, agent_id: str, question: Question, text: str) -> tuple[Composition, str]:
        """A whole call: composed, answered with `text`, remembered."""
        found, session_id = self.compose(agent_id, question)
        if found.asked is not None:
            with self.database.writing(self.now, "") as tx:
                running.remember(tx, agent_id, session_id, found.asked, text)
        return found, session_id


def judge(answer: Any, wanted: dict[str, Any], where: str) -> None:
    """As `products.modelstudio.studio.judge`, but a config holds only what was set."""
    name = where.rpartition(".")[2].removesuffix("[]")
    kind = wanted["type"]
    if kind == "object" and isinstance(answer, dict) and "properties" in wanted:
        tree = {key: value for key, value in wanted["properties"].items() if key not in ("requestId", "RequestId")}
        optional = name in MAY_BE_ABSENT or any(f".{each}." in where for each in MAY_BE_ABSENT)
        assert set(answer) <= set(tree), f"{where}: {set(answer) - set(tree)}"
        assert optional or set(answer) == set(tree), f"{where}: {set(tree) - set(answer)} is missing"
        for key, value in answer.items():
            judge(value, tree[key], f"{where}.{key}")
    elif kind == "array":
        assert isinstance(answer, list), where
        for member in answer:
            judge(member, wanted["items"], where + "[]")
    elif kind == "number":
        assert isinstance(answer, float | int), where
    elif kind not in ("any", "map"):
        judge_all(answer, wanted, where)
