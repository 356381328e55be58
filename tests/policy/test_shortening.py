"""A document in fewer words decides as the long one does, and says less."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from keystead.policy import DocumentKind, PolicyError, decide, shortened
from oracle import policy_oracle, random_cases
from policy import building
from policy.building import allow, deny, text_of

ACCOUNT = "AccountLevelIdentityBasedPolicy"


def short(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shortened(text_of(*statements), DocumentKind.IDENTITY))["Statement"]
    return found


def test_a_pattern_that_another_covers_goes() -> None:
    assert short(allow(["ram:GetUser", "RAM:get*", "ram:ListUsers"])) == [allow(["RAM:get*", "ram:ListUsers"])]
    assert short(allow("ram:*", ["acs:ram:*:1:user/a", "acs:ram:*:1:user/*", "acs:ram:*:1:user/?"])) == [
        allow("ram:*", ["acs:ram:*:1:user/*"])
    ]


def test_what_differs_in_one_list_becomes_one() -> None:
    assert short(allow("ram:GetUser"), deny("ram:*"), allow("ram:ListUsers")) == [
        allow(["ram:GetUser", "ram:ListUsers"]),
        deny("ram:*"),
    ]
    rooms = [allow("ram:GetUser", f"acs:ram:*:1:user/{name}") for name in "ab"]
    assert short(*rooms) == [allow("ram:GetUser", ["acs:ram:*:1:user/a", "acs:ram:*:1:user/b"])]


def test_a_statement_that_another_covers_goes() -> None:
    at_home = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    assert short(allow("ram:GetUser", Condition=at_home), allow("ram:Get*")) == [allow("ram:Get*")]
    assert short(allow("ram:*"), allow("ram:*")) == [allow("ram:*")]


def test_what_means_something_stays() -> None:
    at_home = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    for kept in (
        [allow("ram:GetUser", "acs:ram:*:1:user/a"), allow("ram:ListUsers", "acs:ram:*:1:user/b")],
        [allow("ram:*"), deny("ram:*")],
        [allow("ram:Get*", Condition=at_home), allow("ram:GetUser")],
        [allow("ram:GetUser", Sid="one"), allow("ram:ListUsers", Sid="two")],
        [allow(["ram:Get?ser", "ram:Get*"][:1])],
    ):
        text = text_of(*kept)
        assert shortened(text, DocumentKind.IDENTITY) == text


def test_a_number_keeps_its_text() -> None:
    text = text_of(allow("ram:*"), allow("ram:*")).replace('"ram:*"}', '"ram:*"}')
    condition = ', "Condition": {"NumericEquals": {"sts:ExternalId": 1.50}}}'
    twice = text.replace('"}', f'"{condition}', 1).replace('"}]', f'"{condition}]', 1)
    found = json.loads(shortened(twice, DocumentKind.IDENTITY))["Statement"]
    assert found == [allow("ram:*", Condition={"NumericEquals": {"sts:ExternalId": "1.50"}})]


def test_what_is_not_valid_is_refused() -> None:
    with pytest.raises(PolicyError):
        shortened("{", DocumentKind.IDENTITY)


def wordy(rng: Random) -> list[dict[str, Any]]:
    """Statements with much said twice: each once more with another action, resource or without its condition."""
    found = [random_cases.statement(rng, ACCOUNT) for _ in range(rng.randint(1, 3))]
    for each in list(found):
        more = dict(each)
        other = random_cases.statement(rng, ACCOUNT)
        for name in rng.sample(["Action", "Resource", "Condition"], 1):
            more.pop(name, None)
            if name in other and f"Not{name}" not in more:
                more[name] = other[name]
        if ("Action" in more or "NotAction" in more) and ("Resource" in more or "NotResource" in more):
            found.append(more)
    rng.shuffle(found)
    return found


def test_the_short_one_decides_as_the_long_one_by_engine_and_oracle() -> None:
    rng = Random(20_261_128)
    shorter = 0
    for _ in range(1_500):
        long = text_of(*wordy(rng))
        try:
            brief = shortened(long, DocumentKind.IDENTITY, extensions=True)
        except PolicyError:  # what may be stored but no longer written
            continue
        shorter += brief != long
        before, after = building.layer(ACCOUNT, [long]), building.layer(ACCOUNT, [brief])
        for _ in range(20):
            wanted = random_cases.query(rng)
            asked = building.query(wanted)
            old, new = decide(asked, [before]), decide(asked, [after])
            assert (old.allowed, old.explicit_deny) == (new.allowed, new.explicit_deny), (long, brief, wanted)
            judged = policy_oracle.judge([(ACCOUNT, [json.loads(brief)])], wanted)
            assert judged[:2] == (old.allowed, old.explicit_deny), (long, brief, wanted)
        assert shortened(brief, DocumentKind.IDENTITY, extensions=True) == brief, "what is short is short"
    assert shorter > 300
