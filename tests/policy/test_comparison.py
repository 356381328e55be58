"""Wider, narrower, equal, neither: each answer is proved, and engine and oracle agree with its example requests."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from keystead.policy import PolicyError, Query, Relation, compare, decide
from oracle import policy_oracle, random_cases
from policy import building
from policy.building import allow, deny, text_of

ACCOUNT = "AccountLevelIdentityBasedPolicy"
ACTIONS = ("ram:CreateUser", "ram:DeleteUser", "ram:GetRole", "ram:GetUser", "ram:ListUsers", "sts:AssumeRole")
AT_HOME = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
LATE = {"DateGreaterThan": {"acs:CurrentTime": "2030-01-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("new", "old", "relation"),
    [
        ([allow("ram:Get*")], [allow("ram:GetUser")], "Wider"),
        ([allow("ram:GetUser")], [allow("ram:*")], "Narrower"),
        ([allow(["ram:GetUser", "ram:Get*"])], [allow("ram:get*")], "Equal"),
        ([allow("ram:GetUser")], [allow("sts:AssumeRole")], "Neither"),
        ([allow("ram:*"), deny("ram:DeleteUser")], [allow("ram:*")], "Narrower"),
        ([allow("ram:*")], [allow("ram:*"), deny("ram:DeleteUser")], "Wider"),
        ([allow("ram:*", Condition=AT_HOME)], [allow("ram:*")], "Narrower"),
        ([allow("ram:*")], [allow("ram:*", Condition=LATE)], "Wider"),
        ([allow("ram:*", "acs:ram:*:1:user/a*")], [allow("ram:*", "acs:ram:*:1:user/ab")], "Wider"),
        ([allow("ram:*", "acs:ram:*:1:user/a")], [allow("ram:*", "acs:ram:*:1:role/a")], "Neither"),
        ([deny("ram:*")], [deny("*")], "NotDecided"),  # neither allows anything, and nothing here can tell
        ([allow("ram:GetUser", "acs:ram:*:1:user/?")], [allow("ram:GetUser", "acs:ram:*:1:user/*")], "Narrower"),
    ],
)
def test_the_relation(new: list[dict[str, Any]], old: list[dict[str, Any]], relation: str) -> None:
    assert compare(text_of(*new), text_of(*old), ACTIONS).relation is Relation(relation)
    turned = {"Wider": "Narrower", "Narrower": "Wider"}.get(relation, relation)
    assert compare(text_of(*old), text_of(*new), ACTIONS).relation is Relation(turned)


def test_no_policy_is_refused() -> None:
    with pytest.raises(PolicyError):
        compare("{", text_of(allow()), ACTIONS)


def allows(text: str, query: Query) -> bool:
    asked = {"action": query.action, "resource": query.resource, "context": dict(query.context)}
    by_oracle = policy_oracle.judge([(ACCOUNT, [json.loads(text)])], asked)[0]
    assert by_oracle == decide(query, [building.layer(ACCOUNT, [text])]).allowed, (text, query)
    return by_oracle


def test_every_answer_is_true_by_engine_and_oracle() -> None:
    rng = Random(20_261_128)
    said: dict[Relation, int] = {}
    for _ in range(300):
        old = random_cases.document(rng, ACCOUNT)
        statements = json.loads(old)["Statement"]
        more = random_cases.statement(rng, ACCOUNT)
        mixed = rng.choice([[*statements, more], statements[:-1] or [more], [more], statements])
        new = json.dumps({"Version": "1", "Statement": mixed})
        found = compare(new, old, [random_cases.action(rng) for _ in range(8)])
        said[found.relation] = said.get(found.relation, 0) + 1
        if found.gained is not None:
            assert allows(new, found.gained)
            assert not allows(old, found.gained)
        if found.lost is not None:
            assert allows(old, found.lost)
            assert not allows(new, found.lost)
        for _ in range(20):
            asked = building.query({**random_cases.query(rng), "alias_action": None})
            before, after = (decide(asked, [building.layer(ACCOUNT, [each])]).allowed for each in (old, new))
            if found.relation in (Relation.EQUAL, Relation.WIDER):
                assert after or not before, (new, old, asked)
            if found.relation in (Relation.EQUAL, Relation.NARROWER):
                assert before or not after, (new, old, asked)
    assert all(said.get(each, 0) > 5 for each in (Relation.EQUAL, Relation.WIDER, Relation.NARROWER)), said
