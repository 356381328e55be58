"""Decisions on file, each with its reasons.  A disagreement found anywhere becomes one more case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keystead.policy import DocumentKind, Layer, LayerKind, decide, explain, validate
from oracle import policy_oracle
from policy import building

FILES = sorted((Path(__file__).parent.parent / "corpus").glob("*.json"))
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}") for file in FILES for case in json.loads(file.read_text())
]
STORED_ONLY = ("a stored ", "a trust statement without principal")
"""Cases about documents that `validate` refuses, which can only be read."""


def layers_of(case: dict[str, Any]) -> list[Layer]:
    return [
        Layer.of(
            LayerKind(layer["kind"]),
            [building.attached(policy["name"], json.dumps(policy["document"])) for policy in layer["policies"]],
        )
        for layer in case["layers"]
    ]


@pytest.mark.parametrize("case", CASES)
def test_decision_and_reasons(case: dict[str, Any]) -> None:
    expect, query = case["expect"], building.query(case["query"])
    found = decide(query, layers_of(case))
    assert found.allowed is expect["allowed"]
    assert found.explicit_deny is expect["explicit_deny"]
    assert (found.layer.value if found.layer else None) == expect["layer"]
    assert [f"{each.effect} {each.policy.name}[{each.index}]" for each in found.matched] == expect["matched"]
    closest = explain(query, layers_of(case)).closest
    failed = {
        f"{each.policy.name}[{each.index}]": [part.partition(": wanted")[0] for part in each.failed] for each in closest
    }
    assert failed == expect.get("failed", {})


@pytest.mark.parametrize("case", CASES)
def test_the_oracle_says_the_same(case: dict[str, Any]) -> None:
    expect = case["expect"]
    written = [(layer["kind"], [each["document"] for each in layer["policies"]]) for layer in case["layers"]]
    query = building.query(case["query"])
    wanted = {**case["query"], "context": query.context}
    verdict = policy_oracle.judge(written, wanted)
    assert verdict == (expect["allowed"], expect["explicit_deny"], expect["layer"])


@pytest.mark.parametrize("case", [each for each in CASES if not each.values[0]["name"].startswith(STORED_ONLY)])
def test_the_documents_may_be_written(case: dict[str, Any]) -> None:
    for layer in case["layers"]:
        kind = DocumentKind.TRUST if layer["kind"] == LayerKind.TRUST.value else DocumentKind.IDENTITY
        for policy in layer["policies"]:
            validate(json.dumps(policy["document"]), kind, extensions=True)
