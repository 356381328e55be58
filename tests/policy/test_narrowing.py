"""A policy of what was used: it decides what was used as before, and allows nothing new."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from keystead.policy import compile_policy, decide, fold, narrowed
from oracle import policy_oracle, random_cases
from policy import building
from policy.building import allow, deny, text_of

ACCOUNT = "AccountLevelIdentityBasedPolicy"


def small(used: list[str], *statements: dict[str, Any]) -> list[dict[str, Any]]:
    text = narrowed([text_of(each) for each in statements], dict.fromkeys(used))
    return json.loads(text)["Statement"] if text else []


def test_what_was_used_stays_where_and_as_it_was_allowed() -> None:
    at_home = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    assert small(["ram:GetUser", "oss:PutObject"], allow("ram:*", "acs:ram:*:1:user/a", Condition=at_home)) == [
        allow(["ram:GetUser"], "acs:ram:*:1:user/a", Condition=at_home)
    ]


def test_denies_stay_and_nothing_used_leaves_nothing() -> None:
    assert small(["ram:GetUser"], allow("*"), deny("ram:Delete*")) == [allow(["ram:GetUser"]), deny("ram:Delete*")]
    assert small([], allow("*"), deny("ram:Delete*")) == []
    assert small(["oss:PutObject"], allow("ram:*")) == []


def test_the_name_that_an_action_has_in_another_product_is_not_widened() -> None:
    used = {"ram:GetUser": "ims:GetUser"}
    found = json.loads(narrowed([text_of(allow("ims:*"))], used))["Statement"]
    assert found == [allow(["ims:GetUser"])]
    both = json.loads(narrowed([text_of(allow(["ims:*", "ram:Get*"]))], used))["Statement"]
    assert both == [allow(["ram:GetUser"])]


def test_nothing_new_is_allowed_and_what_was_used_is_decided_as_before_by_engine_and_oracle() -> None:
    rng = Random(20_261_128)
    checked = 0
    for _ in range(400):
        documents = [random_cases.document(rng, ACCOUNT) for _ in range(rng.randint(1, 3))]
        used = [random_cases.action(rng) for _ in range(rng.randint(0, 4))]
        text = narrowed(documents, dict.fromkeys(used), extensions=True)
        before = building.layer(ACCOUNT, documents)
        after = building.layer(ACCOUNT, [text] if text else [])
        small_used = {fold(each) for each in used}
        for _ in range(20):
            wanted = {**random_cases.query(rng), "alias_action": None}
            if used and rng.random() < 0.5:
                wanted["action"] = rng.choice(used)
            asked = building.query(wanted)
            old, new = decide(asked, [before]), decide(asked, [after])
            assert old.allowed or not new.allowed, (documents, text, wanted)
            if fold(wanted["action"]) in small_used:
                checked += old.allowed
                assert new.allowed == old.allowed, (documents, text, wanted)
            judged = policy_oracle.judge([(ACCOUNT, [json.loads(text)] if text else [])], wanted)
            assert judged[0] == new.allowed, (text, wanted)
        if text:
            compile_policy(text)
    assert checked > 80
