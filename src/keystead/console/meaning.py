"""What a policy says, in plain sentences of either language.  Source: reference/console.md 3.11.

The parts of a sentence are texts; names of actions, resources, keys and values stand between them as they are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keystead.console.texts import Language, clauses, mark
from keystead.policy import conditions, grammar
from keystead.policy.findings import TEXTS
from keystead.policy.grammar import Clause, RawStatement
from keystead.policy.reader import PolicyError

_SHOWN = 12
"""Names that a sentence holds before it only counts the rest."""

_VERBS = {
    ("stringequals", False): mark("is"),
    ("stringequals", True): mark("is not"),
    ("stringequalsignorecase", False): mark("is, in whatever case,"),
    ("stringequalsignorecase", True): mark("is not, in whatever case,"),
    ("stringlike", False): mark("is like"),
    ("stringlike", True): mark("is not like"),
    ("numericequals", False): mark("equals"),
    ("numericequals", True): mark("does not equal"),
    ("numericlessthan", False): mark("is less than"),
    ("numericlessthanequals", False): mark("is at most"),
    ("numericgreaterthan", False): mark("is more than"),
    ("numericgreaterthanequals", False): mark("is at least"),
    ("dateequals", False): mark("is exactly"),
    ("dateequals", True): mark("is not exactly"),
    ("datelessthan", False): mark("is before"),
    ("datelessthanequals", False): mark("is not after"),
    ("dategreaterthan", False): mark("is after"),
    ("dategreaterthanequals", False): mark("is not before"),
    ("bool", False): mark("is"),
    ("ipaddress", False): mark("is in"),
    ("ipaddress", True): mark("is not in"),
}

_KEYS = {
    "acs:sourceip": mark("the caller's address"),
    "acs:currenttime": mark("the time of the call"),
    "acs:securetransport": mark("whether the call came over TLS"),
    "acs:mfapresent": mark("whether the caller signed in with MFA"),
    "acs:principalarn": mark("the caller"),
}

_PRINCIPALS = {
    "root": mark("every user and role of the account {name}"),
    "user": mark("the user {name}"),
    "role": mark("the role {name}"),
    "Service": mark("the service {name}"),
    "Federated": mark("whoever {name} vouches for"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names in a sentence, and how many more there are.  every: there is no need to name any."""

    shown: tuple[str, ...]
    more: int = 0
    every: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """One condition: the key, in words where it has some, what is asked of it, the values, and a remark."""

    key: str
    words: str
    verb: str
    values: Names
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One statement.  but: its actions (or resources) are what is left out.  principals: of a trust policy."""

    deny: bool
    actions: Names
    not_action: bool
    resources: Names
    not_resource: bool
    principals: tuple[str, ...]
    demands: tuple[Demand, ...]


def meaning(language: Language, text: str) -> list[Sentence]:
    """The sentences of a document; none where it cannot be read."""
    try:
        statements = grammar.parse(text).statements
    except PolicyError:
        return []
    return [_sentence(language, each) for each in statements]


def finding_text(language: Language, found: Mapping[str, Any]) -> str:
    """What a finding of CheckPolicyDocument says; an error's own sentence where it has no text."""
    known = TEXTS.get(found["Code"])
    return (
        language.text(known[1], subject=found["Subject"])
        if known
        else clauses.sentence(language, str(found["Message"]))
    )


def finding_step(language: Language, found: Mapping[str, Any]) -> str:
    """What to do about it."""
    known = TEXTS.get(found["Code"])
    return language.text(known[2]) if known else clauses.sentence(language, str(found["NextStep"]))


def pretty(text: str) -> str:
    """A document with a line for each value, as it is compared and shown; what is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _names(texts: Iterable[str], *, every: bool = False) -> Names:
    found = tuple(texts)
    return Names(found[:_SHOWN], max(0, len(found) - _SHOWN), every)


def _sentence(language: Language, statement: RawStatement) -> Sentence:
    actions = [each.text for each in statement.actions]
    resources = [each.text for each in statement.resources]
    return Sentence(
        deny=statement.deny,
        actions=_names(actions, every=not statement.not_action and bool({"*", "*:*"} & set(actions))),
        not_action=statement.not_action,
        resources=_names(
            resources, every=not statement.not_resource and any(not each.strip("*") for each in resources)
        ),
        not_resource=statement.not_resource,
        principals=tuple(
            _principal(language, kind.text, value.text)
            for kind, values in statement.principals or ()
            for value in values
        ),
        demands=tuple(_demand(language, each) for each in statement.conditions),
    )


def _principal(language: Language, kind: str, value: str) -> str:
    if kind != "RAM":
        outside = _PRINCIPALS[kind]
        return language.text(outside, name=value)
    account, _, relative = value.removeprefix("acs:ram:").lstrip(":*").partition(":")
    word, _, name = relative.partition("/")
    if word == "root":
        whole = _PRINCIPALS["root"]
        return language.text(whole, name=account)
    return language.text(_PRINCIPALS[word], name=name) if word in _PRINCIPALS else value


def _demand(language: Language, clause: Clause) -> Demand:
    key, values = clause.key.text, [each.text for each in clause.values]
    words = language.text(_KEYS[key.lower()]) if key.lower() in _KEYS else ""
    found = conditions.operator(clause.operator.text)
    if found is not None and found.base == "null":
        absent = {value.lower() for value in values} == {"true"}
        verb = language.text("is not in the request") if absent else language.text("is in the request")
        return Demand(key, words, verb, Names(()))
    known = None if found is None else _VERBS.get((found.base, found.negated))
    if found is None or known is None:
        return Demand(key, words, clause.operator.text, _names(values))
    verb, remark = language.text(known), ""
    if found.quantifier is conditions.Quantifier.ANY:
        remark = language.text("for any of its values")
    elif found.quantifier is conditions.Quantifier.ALL:
        remark = language.text("for all of its values")
    elif found.if_exists:
        remark = language.text("if the request has it at all")
    elif found.negated:
        remark = language.text("or the request does not have it")
    return Demand(key, words, verb, _names(values), remark)
