"""What is named as a remedy allows the query, and nothing else is needed."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.policy import Attached, Layer, LayerKind, Query, compile_policy, decide, remedies
from oracle import random_cases
from policy import building
from policy.building import account, allow, deny

SEEDS = st.integers(min_value=0, max_value=2**32)


def mended(query: Query, layers: list[Layer]) -> list[Layer]:
    """The layers after every remedy: what denies is gone, what is to be added is added, and nothing else."""
    found = remedies(query, layers)
    out = []
    for kind in LayerKind:
        denies = {match for each in found if each.layer is kind for match in each.denies}
        texts = [each.document for each in found if each.layer is kind and each.document]
        more = [Attached("remedy", "Custom", "v1", "RamUser", "Account", compile_policy(text)) for text in texts]
        for layer in [each for each in layers if each.kind is kind] or ([Layer.of(kind, [])] if texts else []):
            added = Layer.of(kind, more).bound
            out.append(Layer(kind, tuple(each for each in layer.bound if each.match not in denies) + added))
    return out


@settings(max_examples=400, deadline=None)
@given(SEEDS)
def test_remedies_allow_what_was_refused(seed: int) -> None:
    rng = Random(seed)
    kinds = rng.sample([kind.value for kind in LayerKind], rng.randint(1, 4))
    layers = [
        building.layer(kind, [building.text_of(random_cases.statement(rng, kind)) for _ in range(rng.randint(0, 4))])
        for kind in kinds
    ]
    for _ in range(4):
        query = building.query(random_cases.query(rng))
        if LayerKind.TRUST.value in kinds and query.principal is None:
            continue  # nobody is asked about, so nobody can be named
        found = remedies(query, layers)
        assert bool(found) is not decide(query, layers).allowed
        if found:
            assert decide(query, mended(query, layers)).allowed


def test_the_smallest_statement_names_one_action_and_one_resource() -> None:
    query = Query("ram:DeleteUser", "acs:ram:*:1:user/bob")
    (found,) = remedies(query, account(allow("ram:GetUser")))
    assert json.loads(found.document) == {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "ram:DeleteUser", "Resource": "acs:ram:*:1:user/bob"}],
    }


def test_a_deny_has_to_be_changed_and_an_allow_may_be_lacking_too() -> None:
    query = Query("ram:DeleteUser", "acs:ram:*:1:user/bob")
    both = remedies(query, account(deny("ram:Delete*")))
    assert [(each.document == "", len(each.denies)) for each in both] == [(True, 1), (False, 0)]
    only = remedies(query, account(deny("ram:Delete*"), allow("ram:*")))
    assert [(each.document == "", len(each.denies)) for each in only] == [(True, 1)]


def test_every_layer_that_refuses_is_named() -> None:
    query = Query("ram:DeleteUser", "acs:ram:*:1:user/bob")
    layers = [*account(allow("ram:GetUser")), building.layer("SessionPolicy", [building.text_of(allow("sts:*"))])]
    assert [each.layer for each in remedies(query, layers)] == [LayerKind.SESSION, LayerKind.ACCOUNT]


def test_nobody_has_a_policy() -> None:
    (found,) = remedies(Query("ram:GetUser", "acs:ram:*:1:user/bob"), [])
    assert found.layer is LayerKind.ACCOUNT
