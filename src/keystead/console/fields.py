"""What a form field must look like, from the parameter that it fills: no form may offer what the API refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from keystead.console.asking import action_of
from keystead.products.catalogue import PRODUCTS
from keystead.wire.parameters import Choice, Flag, Parameter, Text, Whole


@dataclass(frozen=True, slots=True)
class Field:
    """The bounds of one parameter.  kind: text, number, choice or flag; a pattern is a whole one, as HTML wants it."""

    name: str
    kind: str
    required: bool
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    choices: tuple[str, ...] = ()
    secret: bool = False


def field_of(product: str, action: str, name: str) -> Field:
    """The field for a parameter of an action; `Name.Member` names a member of a list or object.

    Raises KeyError for a parameter that the action does not have: the form is wrong.
    """
    head, _, member = name.partition(".")
    found = {one.name: one for one in action_of(product, action).parameters}[head]
    if member:
        inner = {one.name: one for one in found.members}.get(member.rpartition(".")[2])
        found = inner if inner is not None else found
    rule = found.rule
    match rule:
        case Text():
            least = rule.min or None
            return Field(name, "text", found.required, least, rule.max, for_browsers(rule.pattern), secret=rule.secret)
        case Whole():
            return Field(name, "number", found.required, rule.min, rule.max)
        case Choice():
            return Field(name, "choice", found.required, choices=rule.of)
        case Flag():
            return Field(name, "flag", found.required)
        case _:
            return Field(name, "text", found.required)


def for_browsers(pattern: str) -> str:
    """A pattern as HTML takes it: browsers compile it with the flag `v`, which wants more escaped within brackets.

    One that they cannot compile they leave unchecked, and only the server would refuse what does not match.
    """
    return re.sub(r"\\.|\[((?:\\.|[^\]\\])*)\]", _brackets, pattern)


def _brackets(found: re.Match[str]) -> str:
    if found[1] is None:  # an escape outside of brackets
        return found[0]
    negated, inside = ("^", found[1][1:]) if found[1].startswith("^") else ("", found[1])
    parts = re.findall(r"(?:\\.|[^\\])-(?:\\.|[^\\])|\\.|.", inside)  # ranges, escapes, characters
    return f"[{negated}{''.join(_escaped(part) for part in parts)}]"


def _escaped(part: str) -> str:
    is_range = len(part) > 2 and "-" in part[1:-1]
    if is_range or part.startswith("\\"):
        return part
    return "\\" + part if part in "()[]{}/-|" else part


_OWN_SECRETS = frozenset({"password", "again", "code", "token", "_proof"})
"""Fields of the console's own forms that are never sent back."""


@cache
def secret_names() -> frozenset[str]:
    """The names of all fields that hold a secret: whoever typed one types it again."""
    actions = (action for product in PRODUCTS for action in product.actions.values())
    return _OWN_SECRETS.union(*(_secrets(action.parameters) for action in actions))


def _secrets(parameters: Iterable[Parameter]) -> set[str]:
    found: set[str] = set()
    for each in parameters:
        found |= _secrets(each.members)
        if isinstance(each.rule, Text) and each.rule.secret:
            found.add(each.name)
    return found
