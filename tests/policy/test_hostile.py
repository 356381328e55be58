"""Documents and patterns that were made to hurt: refused by `PolicyError` or answered, and never for long."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from keystead.policy import (
    Attached,
    DocumentKind,
    Layer,
    LayerKind,
    PolicyError,
    Query,
    compile_policy,
    decide,
    explain,
    principal_kinds,
    validate,
)
from keystead.policy.patterns import Glob, fold
from oracle import policy_oracle, random_cases
from policy import building

HOSTILE = [
    "*a" * 500 + "b",
    "*" * 1023 + "b",
    "a*" * 500 + "b",
    "*?" * 500 + "b",
    "?*" * 500 + "b",
    "*a?a" * 250 + "b",
    "*aaaaaaaa" * 100 + "b",
    "*" + "a?" * 400 + "b",
    "*A" * 500 + "B",
]


def steps(work: Callable[[], object]) -> int:
    """Lines of Python that `work` runs: a measure of its cost that is the same on every machine."""
    count = 0

    def trace(_frame: object, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize("text", ["a" * 300, "A" * 150 + "a" * 150 + "b", "ab" * 150, ""], ids=len)
def test_hostile_patterns_cost_at_most_pattern_times_text(pattern: str, text: str) -> None:
    """A matcher that backtracks would take some 2**300 steps here."""
    glob = Glob(pattern)
    bound = 100 + 8 * len(pattern) * len(text)
    assert steps(lambda: glob.matches(text)) < bound
    for start in (0, 1, len(text) // 2, len(text)):
        assert steps(lambda start=start: glob.matches_folded(text, fold(text), start)) < bound


def test_a_document_of_hostile_patterns_is_decided() -> None:
    written = [building.allow("*a" * 200 + "b", "*a" * 200 + "b") for _ in range(50)]
    layers = building.account(*written, building.allow("*", ["*A*" * 100 + "b"] * 50))
    for number in range(3):
        assert not decide(Query("a" * 500, f"acs:ram::1:user/{'aA' * 250}{number}"), layers).allowed
        assert not decide(Query("x:y", ":" * 5_000), layers).allowed


def test_globs_match_as_the_oracle_does() -> None:
    rng = Random(3)
    hits = 0
    for _ in range(30_000):
        text = "".join(rng.choice("aAb/") for _ in range(rng.randrange(9)))
        pattern = "".join(rng.choice("aAb/**?") for _ in range(rng.randrange(7)))
        plain = policy_oracle.like(pattern, text)
        assert Glob(pattern).matches(text) is plain, (pattern, text)
        start = rng.randrange(len(text) + 1)
        marked = text[:start] + "".join(policy_oracle.MARK + each.lower() for each in text[start:])
        folded = policy_oracle.like(pattern, marked)
        assert Glob(pattern).matches_folded(text, fold(text), start) is folded, (pattern, text, start)
        hits += folded
    assert hits > 3_000


def test_folding_moves_no_character() -> None:
    assert fold("AbÇİ\u212a") == "abÇİ\u212a"
    assert fold("ABC") == "abc"


def poked(rng: Random, text: str) -> str:
    """`text` with some pieces cut, doubled, swapped or overwritten."""
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(text) + 1), rng.randrange(1, 12)
        piece = rng.choice(
            (
                *("", "{", "}", "[", "]", ",", ":", '"', "\\", "\\u", "\\ud800", "null", "1e9", "NaN", "\x00"),
                *("\ud800", "\ufeff", text[at : at + size] * 2, "[" * 50, '"Effect":"Deny",', "*" * 40),
                chr(rng.randrange(0x110000)),
            )
        )
        text = text[:at] + piece + text[at + rng.choice((0, size)) :]
    return text


def random_query(text: str) -> Query:
    return building.query(random_cases.query(Random(text)))


def consume(text: str) -> bool:
    """Feed one document to everything that reads one; whether all of it was refused."""
    errors: list[PolicyError] = []
    for kind in DocumentKind:
        try:
            validate(text, kind, extensions=True)
        except PolicyError as error:
            errors.append(error)
    try:
        policy = compile_policy(text)
        principal_kinds(text)
    except PolicyError as error:
        errors.append(error)
    else:
        held = Attached("p", "Custom", "v1", "RamUser", "Account", policy)
        explain(random_query(text), [Layer.of(kind, [held]) for kind in LayerKind])
        return False
    assert len(errors) == len(DocumentKind) + 1, "what cannot be read must not be accepted either"
    assert all(error.line >= 1 and error.column >= 1 and str(error).isprintable() for error in errors)
    return True


def test_fuzzed_documents_raise_only_policy_error() -> None:
    rng = Random(11)
    outcomes = [consume(poked(rng, random_cases.document(rng, rng.choice(random_cases.KINDS)))) for _ in range(4_000)]
    assert 200 < sum(outcomes) < 3_900


def test_random_text_raises_only_policy_error() -> None:
    rng = Random(12)
    for _ in range(2_000):
        raw = bytes(rng.randrange(256) for _ in range(rng.randrange(200)))
        assert consume(raw.decode("utf-8", "surrogateescape"))
        assert consume("".join(rng.choice('{}[]",:\\ nulltrue0123Ee-+.') for _ in range(rng.randrange(60))))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 65_000,
        '{"a":' * 10_000,
        '"' + "\\" * 65_000,
        '"' + "a" * 65_000,
        "1" * 65_000,
        "1" * 60_000 + "e",
        " " * 65_000,
        '{"Version":"1","Statement":[' + "{}," * 20_000,
        '{"' + "k" * 60_000 + '":1}',
        '{"Version":"1","Statement":[{"Action":[' + '"*",' * 15_000 + '"*"]}]}',
        "-" * 65_000,
    ],
    ids=lambda text: text[:12],
)
def test_large_documents_are_refused_in_linear_work(text: str) -> None:
    assert steps(lambda: consume(text)) < 60 * len(text)
    assert consume(text)
