"""Conditions: what an operator, a key and its values ask of a request.

A condition answers yes or no.  Where it cannot tell, because a stored operator is unknown or a value cannot be
read, the answer is the one that grants nothing: an Allow statement does not apply, a Deny statement does.

Source: reference/ram-policy-language.md section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from operator import eq, ge, gt, le, lt
from typing import Any, Final, TypeAlias

from keystead.policy import values as read
from keystead.policy.patterns import Glob
from keystead.policy.resources import ResourcePattern, Target

Context: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""The facts of a request by `context_key`; a key with several values has a tuple."""

Test: TypeAlias = Callable[[str], bool | None]
"""Whether one value of the request is among the policy's; None where it cannot be read."""

PRINCIPAL_ARN: Final = "acs:principalarn"


def context_key(name: str) -> str:
    """The key as contexts hold it: small letters, but a tag key behind the slash keeps its case."""
    head, slash, tag = name.partition("/")
    return head.lower() + slash + tag


class Quantifier(Enum):
    """How a request key with several values is asked; PLAIN is the documented way."""

    PLAIN = ""
    ANY = "foranyvalue:"
    ALL = "forallvalues:"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator by its parts.  extension: it is not in the vendor's documents, so writing it needs the switch."""

    base: str
    negated: bool = False
    quantifier: Quantifier = Quantifier.PLAIN
    if_exists: bool = False

    @property
    def extension(self) -> bool:
        return self.if_exists or self.quantifier is not Quantifier.PLAIN or self.base == "null"


Factory: TypeAlias = Callable[[tuple[str, ...], str], Test | None]
"""Takes policy values and the key; returns the test, or None where a value cannot be read."""


def _equals(wanted: tuple[str, ...], key: str) -> Test:
    if key == PRINCIPAL_ARN:
        names = [Target(value, names_fold=False) for value in wanted]
        return lambda sent: any(map(Target(sent, names_fold=False).equals, names))
    among = frozenset(wanted)
    return among.__contains__


def _equals_ignoring_case(wanted: tuple[str, ...], key: str) -> Test:
    inner = _equals(tuple(value.casefold() for value in wanted), key)
    return lambda sent: inner(sent.casefold())


def _like(wanted: tuple[str, ...], key: str) -> Test:
    if key == PRINCIPAL_ARN:
        names = [ResourcePattern(value) for value in wanted]
        return lambda sent: any(name.matches(Target(sent, names_fold=False)) for name in names)
    globs = [Glob(value) for value in wanted]
    return lambda sent: any(glob.matches(sent) for glob in globs)


def _bool(wanted: tuple[str, ...], _key: str) -> Test | None:
    among = frozenset(map(read.boolean, wanted))

    def test(sent: str) -> bool | None:
        value = read.boolean(sent)
        return None if value is None else value in among

    return None if None in among else test


def _ordered(reader: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Factory:
    """Tests of `sent <compare> wanted` for values that `reader` understands."""

    def factory(wanted: tuple[str, ...], _key: str) -> Test | None:
        bounds = [reader(value) for value in wanted]

        def test(sent: str) -> bool | None:
            value = reader(sent)
            return None if value is None else any(compare(value, bound) for bound in bounds)

        return None if None in bounds else test

    return factory


def _within(wanted: tuple[str, ...], _key: str) -> Test | None:
    """Tests of addresses; blocks of one size share a set, so a long list costs a few look-ups."""
    blocks: dict[tuple[int, int], set[int]] = {}
    for value in wanted:
        block = read.network(value)
        if block is None:
            return None
        blocks.setdefault((block.bits, block.mask), set()).add(block.base)
    sized = [(bits, mask, frozenset(bases)) for (bits, mask), bases in blocks.items()]

    def test(sent: str) -> bool | None:
        found = read.address(sent)
        if found is None:
            return None
        return any(found[0] == bits and found[1] & mask in bases for bits, mask, bases in sized)

    return test


_FACTORIES: Final[dict[str, Factory]] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": _like,
    "bool": _bool,
    "null": _bool,
    "ipaddress": _within,
}
_NEGATED: Final = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}
_COMPARISONS: Final = {
    "equals": eq,
    "lessthan": lt,
    "lessthanequals": le,
    "greaterthan": gt,
    "greaterthanequals": ge,
}
for _name, _compare in _COMPARISONS.items():
    _FACTORIES["numeric" + _name] = _ordered(read.number, _compare)
    _FACTORIES["date" + _name] = _ordered(read.instant, _compare)

_WANTED: Final = {
    "numeric": 'a decimal number such as "10" or "2.5"',
    "date": 'an ISO 8601 time such as "2030-01-01T00:00:00Z"',
    "bool": '"true" or "false"',
    "null": '"true" or "false"',
    "ipaddress": 'an address or CIDR block such as "10.0.0.0/8" or "2001:db8::/32"',
}


def operator(name: str) -> Operator | None:
    """The operator of that name in any case, extensions included; None where nobody knows it."""
    rest = name.lower()
    quantifier = Quantifier.PLAIN
    for candidate in (Quantifier.ANY, Quantifier.ALL):
        if rest.startswith(candidate.value):
            quantifier, rest = candidate, rest[len(candidate.value) :]
    bare = rest.removesuffix("ifexists")
    base = _NEGATED.get(bare, bare)
    found = Operator(base, bare in _NEGATED, quantifier, bare != rest)
    if base not in _FACTORIES or (base == "null" and found != Operator("null")):
        return None
    return found


def wanted_values(found: Operator) -> str:
    """What the values of this operator must look like, for an error message."""
    return next((text for start, text in _WANTED.items() if found.base.startswith(start)), "text")


def readable(found: Operator, value: str) -> bool:
    """Whether `value` is one that this operator can compare with."""
    return _FACTORIES[found.base]((value,), "") is not None


class Condition:
    """One key under one operator, compiled for a statement with the given effect.

    name, key, values: as written, for explanations.  `holds` is the only evaluator.
    """

    __slots__ = ("_deny", "_lookup", "_missing", "_negated", "_quantifier", "_test", "key", "name", "values")

    def __init__(self, name: str, key: str, values: tuple[str, ...], *, deny: bool) -> None:
        self.name, self.key, self.values = name, key, values
        self._lookup = context_key(key)
        self._deny = deny
        found = operator(name)
        self._test: Test | None = None
        if found is None:
            return
        self._negated = found.negated
        self._quantifier = found.quantifier
        if found.base == "null":
            asked = {read.boolean(value) for value in values}
            self._missing = True in asked
            present = None if None in asked else False in asked
            self._test = None if present is None else lambda _sent: present
            return
        self._test = _FACTORIES[found.base](values, self._lookup)
        self._missing = found.if_exists or found.quantifier is Quantifier.ALL
        if found.quantifier is Quantifier.PLAIN:
            self._missing = self._missing or found.negated

    def sent(self, context: Context) -> tuple[str, ...]:
        """The request's values of the key; empty where it has none."""
        values = context.get(self._lookup, ())
        return (values,) if isinstance(values, str) else values

    def holds(self, context: Context) -> bool:
        """Whether the request meets the condition."""
        if self._test is None:
            return self._deny
        sent = context.get(self._lookup)
        if isinstance(sent, str):
            return self._among(sent) is not self._negated
        if not sent:
            return self._missing
        if self._quantifier is Quantifier.PLAIN:
            return any(map(self._among, sent)) is not self._negated
        each = (self._among(value) is not self._negated for value in sent)
        return all(each) if self._quantifier is Quantifier.ALL else any(each)

    def _among(self, value: str) -> bool:
        """Whether one value is among the policy's; an unreadable one counts as whatever grants nothing."""
        found = self._test(value) if self._test else None
        return self._deny is not self._negated if found is None else found
