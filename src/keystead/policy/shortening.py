"""A policy document in fewer words that decides every request as the long one does.

Three rules, each exact, applied until none of them finds anything: within one list a pattern goes that another one
covers; statements that differ in their actions alone, or in their resources alone, become one; a statement goes that
another of the same effect covers.  Whatever a rule does not understand stays as it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from keystead.policy import grammar
from keystead.policy.containment import covers, within
from keystead.policy.patterns import fold
from keystead.policy.validation import DocumentKind, validate

MOST_STATEMENTS: Final = 100
MOST_PATTERNS: Final = 200
"""What is compared with one another: a longer document, or list, stays as it is there."""

_LISTS: Final[dict[str, Callable[[str], str]]] = {
    "Action": fold,
    "NotAction": fold,
    "Resource": str,
    "NotResource": str,
}
"""Elements that hold patterns, and how their case counts."""

_Statement = dict[str, Any]


def shortened(text: str, kind: DocumentKind, *, extensions: bool = False) -> str:
    """The document in fewer words, or `text` itself where nothing can go.  Raises `PolicyError` where it is invalid."""
    validate(text, kind, extensions=extensions)
    # A number without quotes means its own text, so it becomes that: 1.50 stays 1.50.
    document = json.loads(text, parse_float=str, parse_int=str)
    before = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    statements = [_with_shorter_lists(each) for each in before]
    if len(statements) <= MOST_STATEMENTS:
        statements = _without_covered(_merged(statements))
    if statements == before:
        return text
    return json.dumps({**document, "Statement": statements}, indent=2, ensure_ascii=False)


def _with_shorter_lists(statement: _Statement) -> _Statement:
    found = dict(statement)
    for name, folded in _LISTS.items():
        if isinstance(found.get(name), list) and len(found[name]) <= MOST_PATTERNS:
            found[name] = _uncovered(found[name], folded)
    return found


def _uncovered(patterns: list[str], folded: Callable[[str], str]) -> list[str]:
    """The patterns that no other one covers; of those that say the same, the first."""
    kept: list[str] = []
    for one in patterns:
        if any(within(folded(one), folded(other)) for other in kept):
            continue
        kept = [other for other in kept if not within(folded(other), folded(one))]
        kept.append(one)
    return kept


def _merged(statements: list[_Statement]) -> list[_Statement]:
    """Statements that differ in one list alone become one, in the place of the first, until none do."""
    count = len(statements) + 1
    while len(statements) < count:
        count = len(statements)
        for name in ("Action", "Resource"):
            statements = list(_united(statements, name))
    return statements


def _united(statements: list[_Statement], name: str) -> Iterator[_Statement]:
    together: dict[str, list[_Statement]] = {}
    for number, each in enumerate(statements):
        rest = {key: value for key, value in each.items() if key not in (name, "Sid")}
        # A statement with a name of its own is meant to be found by it.
        key = _canonical(rest) if name in each and "Sid" not in each else f"{number}"
        together.setdefault(key, []).append(each)
    for group in together.values():
        patterns = [pattern for each in group for pattern in _listed(each.get(name, []))]
        if len(group) == 1 or len(patterns) > grammar.MAX_ITEMS:
            yield from group
            continue
        one = _with_shorter_lists({**group[0], name: patterns})
        yield {**one, name: one[name][0]} if len(one[name]) == 1 else one


def _canonical(value: dict[str, Any]) -> str:
    """A text that is the same for elements that say the same in another order."""
    plain = {key: sorted(map(str, _listed(each))) if key in _LISTS else each for key, each in value.items()}
    return json.dumps(plain, sort_keys=True)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _without_covered(statements: list[_Statement]) -> list[_Statement]:
    """Without statements that another one of the same effect covers; of two that cover each other the first stays."""
    raw = grammar.parse(json.dumps({"Version": "1", "Statement": statements})).statements
    gone: set[int] = set()
    for number, narrow in enumerate(raw):
        for other, wide in enumerate(raw):
            if other == number or other in gone or wide.deny is not narrow.deny or not covers(wide, narrow):
                continue
            if other < number or not covers(narrow, wide):
                gone.add(number)
                break
    return [each for number, each in enumerate(statements) if number not in gone]
