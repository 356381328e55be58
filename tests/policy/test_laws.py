"""The laws of authorization, each by its name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.policy import Decision, Layer, LayerKind, decide
from oracle import random_cases
from policy import building

SEEDS = st.integers(min_value=0, max_value=2**32)
SINGLE = st.sampled_from(random_cases.KINDS)
LAWS = settings(max_examples=300, deadline=None)


def statements(seed: int, kind: str, most: int = 6) -> list[dict[str, Any]]:
    rng = Random(seed)
    return [random_cases.statement(rng, kind) for _ in range(rng.randint(1, most))]


def layer(kind: str, written: Sequence[dict[str, Any]]) -> Layer:
    return building.layer(kind, [building.text_of(each) for each in written])


def answer(found: Decision) -> tuple[bool, bool, LayerKind | None]:
    return found.allowed, found.explicit_deny, found.layer


def queries(seed: int, count: int = 8) -> list[Any]:
    rng = Random(seed)
    return [building.query(random_cases.query(rng)) for _ in range(count)]


@LAWS
@given(SEEDS)
def test_default_deny(seed: int) -> None:
    """Where no statement applies nothing is allowed: no layer, no policy, no Allow."""
    for query in queries(seed):
        assert answer(decide(query, [])) == (False, False, None)
        for kind in LayerKind:
            assert answer(decide(query, [Layer.of(kind, [])])) == (False, False, kind)
            denies = [each for each in statements(seed, kind.value) if each["Effect"] == "Deny"]
            assert not decide(query, [layer(kind.value, denies)]).allowed


@LAWS
@given(SEEDS, SINGLE)
def test_deny_wins(seed: int, kind: str) -> None:
    """A Deny that applies beats every Allow of its layer."""
    written = statements(seed, kind)
    denies = [each for each in written if each["Effect"] == "Deny"]
    for query in queries(seed):
        if decide(query, [layer(kind, denies)]).explicit_deny:
            assert answer(decide(query, [layer(kind, written)])) == (False, True, LayerKind(kind))


@LAWS
@given(SEEDS, st.randoms(use_true_random=False))
def test_order_does_not_matter(seed: int, shuffle: Any) -> None:
    """Neither that of statements, nor that of policies, nor that of layers."""
    written = random_cases.layers(Random(seed))
    layers = [building.layer(kind, texts) for kind, texts in written]
    mixed = []
    for kind, texts in written:
        parts = [each for text in texts for each in random_parts(text)]
        shuffle.shuffle(parts)
        mixed.append(layer(kind, parts))
    shuffle.shuffle(mixed)
    for query in queries(seed):
        assert answer(decide(query, layers)) == answer(decide(query, mixed))


def random_parts(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


@LAWS
@given(SEEDS, SINGLE)
def test_duplicates_do_not_matter(seed: int, kind: str) -> None:
    written = statements(seed, kind)
    once, twice = layer(kind, written), layer(kind, [*written, *reversed(written)])
    for query in queries(seed):
        assert answer(decide(query, [once])) == answer(decide(query, [twice])) == answer(decide(query, [once, twice]))


@LAWS
@given(SEEDS, SINGLE)
def test_adding_a_deny_never_allows(seed: int, kind: str) -> None:
    written = statements(seed, kind)
    more = {**random_cases.statement(Random(seed + 1), kind), "Effect": "Deny"}
    for query in queries(seed):
        if not decide(query, [layer(kind, written)]).allowed:
            assert not decide(query, [layer(kind, [*written, more])]).allowed


@LAWS
@given(SEEDS, SINGLE)
def test_adding_an_allow_never_denies(seed: int, kind: str) -> None:
    written = statements(seed, kind)
    more = {**random_cases.statement(Random(seed + 1), kind), "Effect": "Allow"}
    for query in queries(seed):
        if decide(query, [layer(kind, written)]).allowed:
            assert decide(query, [layer(kind, [*written, more])]).allowed


@LAWS
@given(SEEDS)
def test_adding_a_limiting_layer_never_allows(seed: int) -> None:
    """Control and session policies take away, they never give."""
    identity = layer(LayerKind.ACCOUNT.value, statements(seed, LayerKind.ACCOUNT.value))
    for kind in (LayerKind.CONTROL, LayerKind.SESSION):
        limit = layer(kind.value, statements(seed + 1, kind.value))
        for query in queries(seed):
            both = decide(query, [limit, identity])
            assert both.allowed is (decide(query, [identity]).allowed and decide(query, [limit]).allowed)


@LAWS
@given(SEEDS, SINGLE)
def test_asking_twice_answers_the_same(seed: int, kind: str) -> None:
    """The memo of a layer holds what a fresh layer would say, whatever was asked before."""
    written = statements(seed, kind)
    used = layer(kind, written)
    asked = queries(seed)
    for query in (*asked, *reversed(asked)):
        assert decide(query, [used]) == decide(query, [layer(kind, written)])
