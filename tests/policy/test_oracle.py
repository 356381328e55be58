"""The evaluator against a naive one that was written by other means."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

from keystead.policy import decide, explain
from oracle import policy_oracle, random_cases
from policy import building

SETS = 2_500
QUERIES = 40


def test_agrees_with_the_oracle_on_100_000_random_cases() -> None:
    rng = Random(20_261_123)
    seen: Counter[tuple[bool, bool]] = Counter()
    for _ in range(SETS):
        written = random_cases.layers(rng)
        layers = [building.layer(kind, texts) for kind, texts in written]
        parsed = [(kind, [json.loads(text) for text in texts]) for kind, texts in written]
        for _ in range(QUERIES):
            wanted = random_cases.query(rng)
            found = decide(building.query(wanted), layers)
            verdict = found.allowed, found.explicit_deny, found.layer.value if found.layer else None
            assert verdict == policy_oracle.judge(parsed, wanted), (written, wanted)
            seen[found.allowed, found.explicit_deny] += 1
    assert sum(seen.values()) == SETS * QUERIES
    # Both outcomes, and both kinds of refusal, must be common for the comparison to mean anything.
    assert min(seen.values()) > SETS * QUERIES // 20, seen
    assert len(seen) == 3


def test_explanation_and_decision_are_one() -> None:
    """What the traces say of each statement is what the indexed decision acted on."""
    rng = Random(7)
    for _ in range(400):
        written = random_cases.layers(rng)
        layers = [building.layer(kind, texts) for kind, texts in written]
        wanted = building.query(random_cases.query(rng))
        told = explain(wanted, layers)
        assert told.decision == decide(wanted, layers)
        for trace in told.layers:
            applied = [each for each in trace.statements if each.applies]
            denies = {(each.policy.name, each.index) for each in applied if each.effect == "Deny"}
            allows = {(each.policy.name, each.index) for each in applied if each.effect == "Allow"}
            said = {(match.policy.name, match.index) for match in trace.decision.matched}
            assert trace.decision.explicit_deny is bool(denies)
            assert trace.decision.allowed is (bool(allows) and not denies)
            assert said == denies if denies else said <= allows
            assert bool(said) is (bool(denies) or bool(allows))


def test_the_index_agrees_with_a_full_scan() -> None:
    """With so many statements that every drawer of the index is used, the traces still name what decided."""
    rng = Random(8)
    for kind in random_cases.KINDS:
        texts = [random_cases.document(rng, kind) for _ in range(60)]
        layer = building.layer(kind, texts)
        for _ in range(100):
            wanted = building.query(random_cases.query(rng))
            [trace] = explain(wanted, [layer]).layers
            denies = {
                (each.policy.name, each.index) for each in trace.statements if each.applies and each.effect == "Deny"
            }
            if denies:
                assert {(match.policy.name, match.index) for match in layer.judge(wanted).matched} == denies
            else:
                assert layer.judge(wanted).allowed is any(each.applies for each in trace.statements)
