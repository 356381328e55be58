"""What a form field must look like, from the parameter that it fills: no form may offer what the API refuses."""

from __future__ import annotations

from dataclasses import dataclass

from keystead.console.asking import action_of
from keystead.wire.parameters import Choice, Flag, Text, Whole


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
            return Field(name, "text", found.required, least, rule.max, rule.pattern, secret=rule.secret)
        case Whole():
            return Field(name, "number", found.required, rule.min, rule.max)
        case Choice():
            return Field(name, "choice", found.required, choices=rule.of)
        case Flag():
            return Field(name, "flag", found.required)
        case _:
            return Field(name, "text", found.required)
