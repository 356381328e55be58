"""Whether one policy allows more than another: wider, narrower, equal, neither; or not decided.

Two ways, each certain in what it says.  Containment of statements proves that everything which one policy allows is
allowed by the other.  A request that one allows and the other does not, found among requests made of what both are
written of and then put to `decide`, proves the contrary.  Where neither way leads, the answer is `NotDecided`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Final

from keystead.policy import conditions, grammar
from keystead.policy.containment import covers
from keystead.policy.decision import decide
from keystead.policy.grammar import Clause, RawStatement
from keystead.policy.layers import Attached, Layer, LayerKind, Query
from keystead.policy.patterns import fold
from keystead.policy.resources import target
from keystead.policy.statements import Policy, Statement, compile_policy

MOST_REQUESTS: Final = 20_000
"""Requests that are put to both policies; what is beyond is not looked at."""
_MOST_CLASSES: Final = 60
_MOST_STATEMENTS: Final = 100
_STRANGE: Final = "zz-9"


class Relation(Enum):
    """How a policy relates to another one."""

    WIDER = "Wider"
    NARROWER = "Narrower"
    EQUAL = "Equal"
    NEITHER = "Neither"
    NOT_DECIDED = "NotDecided"


@dataclass(frozen=True, slots=True)
class Comparison:
    """relation: of the new policy to the old.  gained: a request that the new one alone allows; lost: the old alone."""

    relation: Relation
    gained: Query | None = None
    lost: Query | None = None


def compare(new: str, old: str, actions: Sequence[str]) -> Comparison:
    """Compare two identity policies.  actions: those that there are, to look for requests among.

    Raises `PolicyError` where a text is no policy.
    """
    within, around = _surely_within(new, old), _surely_within(old, new)
    gained, lost = (None, None) if within and around else _witnesses(new, old, actions)
    # INVARIANT: a proof and a witness against it cannot both be; a test holds that.
    if within and around:
        return Comparison(Relation.EQUAL)
    if gained is not None and lost is not None:
        return Comparison(Relation.NEITHER, gained, lost)
    if within and lost is not None:
        return Comparison(Relation.NARROWER, None, lost)
    if around and gained is not None:
        return Comparison(Relation.WIDER, gained, None)
    return Comparison(Relation.NOT_DECIDED, gained, lost)


def _surely_within(inner: str, outer: str) -> bool:
    """Whether everything that `inner` allows is certainly allowed by `outer`."""
    small, large = grammar.parse(inner).statements, grammar.parse(outer).statements
    if len(small) > _MOST_STATEMENTS or len(large) > _MOST_STATEMENTS:
        return False
    allows = all(any(not wide.deny and _covers(wide, one) for wide in large) for one in small if not one.deny)
    return allows and all(any(wide.deny and _covers(wide, one) for wide in small) for one in large if one.deny)


def _covers(wide: RawStatement, narrow: RawStatement) -> bool:
    return covers(wide, narrow) or _written(wide) == _written(narrow)


def _written(statement: RawStatement) -> tuple[object, ...]:
    """What a statement says, without the places where it stands."""
    return (
        statement.deny,
        statement.not_action,
        frozenset(fold(each.text) for each in statement.actions),
        statement.not_resource,
        frozenset(each.text for each in statement.resources),
        tuple((kind.text, tuple(each.text for each in values)) for kind, values in statement.principals or ()),
        frozenset(
            (one.operator.text.lower(), one.key.text, frozenset(each.text for each in one.values))
            for one in statement.conditions
        ),
    )


def _witnesses(new: str, old: str, actions: Sequence[str]) -> tuple[Query | None, Query | None]:
    """A request that `new` alone allows, and one that `old` alone allows, where they are found."""
    raw = (*grammar.parse(new).statements, *grammar.parse(old).statements)
    after, before = compile_policy(new), compile_policy(old)
    layers = _layer(after), _layer(before)
    gained = lost = None
    for number, query in enumerate(_requests(raw, (*after.statements, *before.statements), actions)):
        if number >= MOST_REQUESTS or (gained is not None and lost is not None):
            break
        allowed, was = (decide(query, (layer,)).allowed for layer in layers)
        if allowed and not was:
            gained = gained or query
        elif was and not allowed:
            lost = lost or query
    return gained, lost


def _layer(policy: Policy) -> Layer:
    return Layer.of(LayerKind.ACCOUNT, [Attached("policy", "Custom", "v1", "RamUser", "Account", policy)])


def _requests(raw: Sequence[RawStatement], statements: Sequence[Statement], actions: Sequence[str]) -> Iterator[Query]:
    """Requests made of what the statements name: one for each way in which they tell actions and resources apart."""
    named = [_sample(item.text) for each in raw for item in each.actions]
    several = _one_of_each([*actions, *named, f"{_STRANGE}:{_STRANGE}"], statements, _by_action)
    written = [text for each in raw for item in each.resources for text in _samples(item.text)]
    places = _one_of_each([*written, f"acs:{_STRANGE}:*:1:{_STRANGE}", "*"], statements, _by_resource)
    contexts = list(_contexts(raw))
    for context, action, place in product(contexts, several, places):
        yield Query(action, place, context)


def _by_action(statement: Statement, action: str) -> bool:
    return statement.covers_action(fold(action), None)


def _by_resource(statement: Statement, resource: str) -> bool:
    return statement.covers_resource(target(resource))


def _one_of_each(
    candidates: Sequence[str], statements: Sequence[Statement], covered: Callable[[Statement, str], bool]
) -> list[str]:
    """Of candidates that the same statements cover, the first."""
    found: dict[tuple[bool, ...], str] = {}
    for each in candidates:
        found.setdefault(tuple(covered(one, each) for one in statements), each)
    return list(found.values())[:_MOST_CLASSES]


def _sample(pattern: str) -> str:
    return pattern.replace("*", _STRANGE).replace("?", "q")


def _samples(pattern: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((_sample(pattern), pattern.replace("*", "").replace("?", "q"))))


def _contexts(raw: Sequence[RawStatement]) -> Iterator[dict[str, str]]:
    """No facts; what each statement asks for; and the same with one condition after the other not met."""
    seen: list[dict[str, str]] = []
    for each in raw:
        met: dict[str, str] = {}
        for clause in each.conditions:
            met.update(_meeting(clause))
        options = [{}, met]
        for clause in each.conditions:
            key = conditions.context_key(clause.key.text)
            options += [{**met, key: _STRANGE}, {name: value for name, value in met.items() if name != key}]
        for one in options:
            if one not in seen and len(seen) < _MOST_CLASSES:
                seen.append(one)
                yield one
    if not seen:
        yield {}


def _meeting(clause: Clause) -> dict[str, str]:
    """A fact that probably meets a condition; `decide` says whether it does."""
    found = conditions.operator(clause.operator.text)
    wanted = clause.values[0].text if clause.values else ""
    if found is None or found.base == "null":
        return {}
    if found.negated:
        return {conditions.context_key(clause.key.text): "203.0.113.254" if found.base == "ipaddress" else _STRANGE}
    if found.base == "ipaddress":
        wanted = wanted.partition("/")[0]
    elif found.base == "stringlike":
        wanted = _sample(wanted)
    elif found.base.startswith("date"):
        wanted = _shifted(found.base, wanted, "1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z")
    elif found.base.startswith("numeric"):
        wanted = _shifted(found.base, wanted, "-999999999", "999999999")
    return {conditions.context_key(clause.key.text): wanted}


def _shifted(base: str, wanted: str, low: str, high: str) -> str:
    """A value below or above the one that is compared with, as the operator wants it."""
    if "less" in base:
        return low
    return high if "greater" in base else wanted
