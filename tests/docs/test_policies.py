"""Every policy in the guide may be written, and answers what its table says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pytest

from docs.reading import ROOT, fenced
from keystead.policy import DocumentKind, Layer, LayerKind, Principal, Query, context_key, decide, validate
from keystead.products.action import Action
from keystead.products.catalogue import PRODUCTS
from policy.building import attached

GUIDE = ROOT / "docs/guides/policies-by-example.md"
SECTIONS = [part for part in re.split(r"^## ", GUIDE.read_text("utf-8"), flags=re.MULTILINE) if part[:1].isdigit()]
SERVED = {action.permission: action for product in PRODUCTS for action in product.actions.values() if action.permission}


@dataclass(frozen=True)
class Row:
    """A line of a table: what is asked, by whom where a trust policy is asked, and the answer."""

    query: Query
    answer: str


def document(section: str) -> str:
    (text,) = fenced(section, "json")
    return text


def kind(text: str) -> DocumentKind:
    return DocumentKind.TRUST if '"Principal"' in text else DocumentKind.IDENTITY


def rows(section: str) -> list[Row]:
    found = []
    for line in re.findall(r"^\| (`.*) \|$", section, flags=re.MULTILINE):
        asked, resource, facts, answer = (cell.strip() for cell in line.split("|"))
        action, *by = re.findall(r"`([^`]+)`", asked)
        caller = Principal(account=by[0].split(":")[3], arns=(by[0],)) if by else None
        pairs = (fact.split("=", 1) for fact in re.findall(r"`([^`]+)`", facts))
        context = {context_key(name): value for name, value in pairs}
        found.append(Row(Query(action, resource.strip("`"), context, caller), answer))
    return found


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_policy_may_be_written_and_decides_as_the_table_says(section: str) -> None:
    text = document(section)
    validate(text, kind(text))
    layer = LayerKind.TRUST if kind(text) is DocumentKind.TRUST else LayerKind.ACCOUNT
    table = rows(section)
    assert {row.answer for row in table} >= {"allowed"}
    assert {row.answer for row in table} & {"refused", "denied"}, "a policy is shown by what it does not allow, too"
    for row in table:
        found = decide(row.query, [Layer.of(layer, [attached("shown", text)])])
        said = "allowed" if found.allowed else "denied" if found.explicit_deny else "refused"
        assert said == row.answer, row.query


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_rows_ask_what_served_actions_ask(section: str) -> None:
    for row in rows(section):
        action = SERVED.get(row.query.action)
        assert action is not None, f"{row.query.action} is no served action's permission"
        assert any(fnmatchcase(row.query.resource or "", each) for each in resources(action)), row.query


def resources(action: Action) -> list[str]:
    """The templates of what an action checks, with a wildcard for each field."""
    each = [one for entry in action.resources for one in ((entry,) if isinstance(entry, str) else entry)]
    return [re.sub(r"\{\w+\}", "*", one) for one in each]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_actions_in_the_documents_match_something(section: str) -> None:
    for statement in json.loads(document(section))["Statement"]:
        actions = statement["Action"]
        for pattern in [actions] if isinstance(actions, str) else actions:
            assert any(fnmatchcase(name, pattern) for name in SERVED), f"{pattern} matches no served action"


def test_there_are_eight() -> None:
    assert len(SECTIONS) == 8
