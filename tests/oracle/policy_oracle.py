"""A naive evaluator, written from reference/ram-policy-language.md by other means: re, datetime, ipaddress.

It imports nothing of Keystead, keeps no index and no memo of decisions, and reads each rule in the order of the page.
`judge` answers (allowed, explicit deny, kind of the layer that ended it).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

Verdict = tuple[bool, bool, str | None]
CONTROL, SESSION, TRUST = "ControlPolicy", "SessionPolicy", "AssumeRolePolicy"
ACCOUNT, GROUP = "AccountLevelIdentityBasedPolicy", "ResourceGroupLevelIdentityBasedPolicy"
MARK = "\x00"


class UnreadableError(Exception):
    """A value or an operator that nobody can read."""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# --- patterns: a name's part that ignores case is spelled with a mark before each of its characters ---------------


@lru_cache(maxsize=20_000)
def pattern(text: str) -> re.Pattern[str]:
    any_character = f"(?:[^{MARK}]|{MARK}.)"
    pieces = []
    for character in re.sub(r"\*+", "*", text):
        if character == "*":
            pieces.append(f"{any_character}*")
        elif character == "?":
            pieces.append(any_character)
        else:
            pieces.append(f"(?:{re.escape(character)}|{MARK}{re.escape(character.lower())})")
    return re.compile("".join(pieces), re.DOTALL)


def like(wanted: str, sent: str) -> bool:
    return pattern(wanted).fullmatch(sent) is not None


def marked(resource: str) -> str:
    """The resource with the name part of RAM's users, groups, roles and policies freed from case (rule 6)."""
    found = re.fullmatch(r"(acs:ram:[^:]*:[^:]*:(?:user|group|role|policy)/)(.*)", resource, re.DOTALL)
    if not found:
        return resource
    return found[1] + "".join(MARK + character.lower() for character in found[2])


def without_region(text: str) -> tuple[str, str] | None:
    """(region, the rest) of an ARN or ARN pattern with five parts after four colons."""
    found = re.fullmatch(r"(acs:[^:]*:)([^:]*)(:[^:]*:.*)", text, re.DOTALL)
    return (found[2], f"{found[1]}{found[3]}") if found else None


def resource_matches(wanted: str, resource: str, *, names: bool = True) -> bool:
    if wanted == "*":
        return True
    sent = marked(resource) if names else resource
    if like(wanted, sent):
        return True
    mine, theirs = without_region(wanted), without_region(sent)
    if mine is None or theirs is None or not re.match(r"acs:(?:ram|sts):", resource):
        return False
    if mine[0] not in ("", "*") and theirs[0] not in ("", "*"):
        return False
    return like(mine[1], theirs[1])


# --- conditions ----------------------------------------------------------------------------------------------------


def as_number(text: str) -> Fraction:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", text, re.ASCII):
        raise UnreadableError
    return Fraction(text)


def as_time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableError from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UnreadableError
    return text.lower() == "true"


def as_address(text: str) -> Any:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise UnreadableError from None
    return getattr(found, "ipv4_mapped", None) or found


def in_network(wanted: str, sent: str) -> bool:
    try:
        network = ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        raise UnreadableError from None
    return as_address(sent) in network


def same_text(wanted: str, sent: str) -> bool:
    return wanted == sent


def same_principal(wanted: str, sent: str) -> bool:
    """Equal but for a region that is empty or `*` on either side."""
    mine, theirs = without_region(wanted), without_region(sent)
    if wanted == sent or mine is None or theirs is None or not re.match("acs:(?:ram|sts):", sent):
        return wanted == sent
    return mine[1] == theirs[1] and (mine[0] in ("", "*") or theirs[0] in ("", "*"))


def compare(operator: str, key: str, wanted: str, sent: str) -> bool:
    """One policy value against one request value, for the positive form of an operator."""
    principal = key == "acs:principalarn"
    equal = same_principal if principal else same_text
    if operator == "stringequals":
        return equal(wanted, sent)
    if operator == "stringequalsignorecase":
        return equal(wanted.casefold(), sent.casefold())
    if operator == "stringlike":
        return resource_matches(wanted, sent, names=False) if principal else like(wanted, sent)
    if operator == "bool":
        return as_bool(wanted) == as_bool(sent)
    if operator == "ipaddress":
        as_address(sent)
        return in_network(wanted, sent)
    for family, read in (("numeric", as_number), ("date", as_time)):
        if operator.startswith(family):
            left: Any = read(sent)
            right: Any = read(wanted)
            return {
                "equals": left == right,
                "lessthan": left < right,
                "lessthanequals": left <= right,
                "greaterthan": left > right,
                "greaterthanequals": left >= right,
            }[operator.removeprefix(family)]
    raise UnreadableError


NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}
POSITIVE = {
    "stringequals", "stringequalsignorecase", "stringlike", "bool", "ipaddress",
    *(f + c for f in ("numeric", "date")
      for c in ("equals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")),
}  # fmt: skip


def policy_values_readable(operator: str, values: list[str]) -> bool:
    reader = {"bool": as_bool, "numeric": as_number, "date": as_time}
    try:
        for value in values:
            if operator == "ipaddress":
                in_network(value, "1.1.1.1")
            for start, read in reader.items():
                if operator.startswith(start):
                    read(value)
    except UnreadableError:
        return False
    return True


def holds(operator: str, key: str, values: list[str], context: Mapping[str, Any], deny: bool) -> bool:
    """Whether one condition is met.  What cannot be told makes a Deny apply and an Allow not."""
    name = operator.lower()
    head, slash, tag = key.partition("/")
    key = head.lower() + slash + tag
    sent = [] if context.get(key) is None else list([context[key]] if isinstance(context[key], str) else context[key])
    if name == "null":
        if not policy_values_readable("bool", values):
            return deny
        return any(as_bool(value) == (not sent) for value in values)
    quantifier = re.match(r"(foranyvalue:|forallvalues:)?", name)[0]
    name = name.removeprefix(quantifier)
    optional = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    negated = name in NEGATED
    name = NEGATED.get(name, name)
    if name not in POSITIVE or not policy_values_readable(name, values):
        return deny
    if not sent:
        return optional or quantifier == "forallvalues:" or (negated and not quantifier)

    def among(value: str) -> bool:
        try:
            return any(compare(name, key, wanted, value) for wanted in values)
        except UnreadableError:
            return deny != negated

    if quantifier == "forallvalues:":
        return all(among(value) != negated for value in sent)
    if quantifier == "foranyvalue:":
        return any(among(value) != negated for value in sent)
    return any(among(value) for value in sent) != negated


# --- statements, layers, the decision ------------------------------------------------------------------------------


def same_caller(wanted: str, name: str) -> bool:
    mine, theirs = without_region(marked(wanted)), without_region(marked(name))
    return mine is not None and theirs is not None and mine[1] == theirs[1]


def names_caller(principals: Mapping[str, Any], caller: Mapping[str, Any]) -> bool:
    account = caller["account"]
    if caller.get("service"):
        services = [value.lower() for value in listed(principals.get("Service", []))]
        return caller["service"].lower() in services or f"{account}@{caller['service'].lower()}" in services
    if caller.get("federated"):
        return any(same_caller(each, caller["federated"]) for each in listed(principals.get("Federated", [])))
    arns = caller.get("arns", ())
    for wanted in listed(principals.get("RAM", [])):
        if arns and without_region(wanted) == ("", f"acs:ram::{account}:root"):
            return True
        if any(same_caller(wanted, name) for name in arns):
            return True
    return False


def applies(statement: Mapping[str, Any], query: Mapping[str, Any], kind: str) -> bool:
    deny = statement["Effect"] == "Deny"
    actions = [name.lower() for name in (query["action"], query.get("alias_action")) if name]
    found = any(
        like(wanted.lower(), action)
        for wanted in listed(statement.get("Action", statement.get("NotAction")))
        for action in actions
    )
    if found == ("NotAction" in statement):
        return False
    resources = statement.get("Resource", statement.get("NotResource"))
    if resources is not None:
        found = any(resource_matches(wanted, query.get("resource") or "") for wanted in listed(resources))
        if found == ("NotResource" in statement):
            return False
    principals, caller = statement.get("Principal"), query.get("principal")
    if principals is None:
        if kind == TRUST and not deny:
            return False
    elif caller is None:
        if not deny:
            return False
    elif not names_caller(principals, caller):
        return False
    return all(
        holds(operator, key, [str(value) for value in listed(values)], query.get("context", {}), deny)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def one_layer(kind: str, documents: Sequence[Any], query: Mapping[str, Any]) -> Verdict:
    statements = [each for document in documents for each in document["Statement"]]
    effects = {each["Effect"] for each in statements if applies(each, query, kind)}
    if "Deny" in effects:
        return False, True, kind
    return "Allow" in effects, False, kind


def judge(layers: Sequence[tuple[str, Sequence[Any]]], query: Mapping[str, Any]) -> Verdict:
    """Section 8, step by step.  layers: (kind, parsed documents), at most one of each kind."""
    said = {kind: one_layer(kind, documents, query) for kind, documents in layers}
    for kind in (CONTROL, SESSION):
        if kind in said and not said[kind][0]:
            return said[kind]
    identity = said.get(ACCOUNT)
    if GROUP in said and (identity is None or not (identity[0] or identity[1])):
        identity = said[GROUP]
    sides = [side for side in (identity, said.get(TRUST)) if side is not None]
    for side in sides:
        if side[1]:
            return side
    for side in sides:
        if not side[0]:
            return side
    granted = sides or [said[kind] for kind in (CONTROL, SESSION) if kind in said]
    return granted[-1] if granted else (False, False, None)
