"""The engines: each is built from the rules once and answers prepared requests with True or False."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import casbin
import cedarpy
from workload import Rule

from keystead.policy import Attached, Layer, LayerKind, Query, compile_policy, decide

Pair = tuple[str, str]
Answer = Callable[[Any], bool]

CASBIN_MODEL = """
[request_definition]
r = act, obj
[policy_definition]
p = act, obj, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = glob(r.act, p.act) && glob(r.obj, p.obj)
"""


class Keystead:
    """`decide` over one layer; a hundred statements to a policy."""

    name = "keystead"

    def __init__(self, rules: list[Rule]) -> None:
        statements = [
            {"Effect": "Deny" if rule.deny else "Allow", "Action": rule.action, "Resource": rule.resource}
            for rule in rules
        ]
        texts = [
            json.dumps({"Version": "1", "Statement": statements[start : start + 100]})
            for start in range(0, len(statements), 100)
        ]
        attached = [Attached("p", "Custom", "v1", "RamUser", "Account", compile_policy(text)) for text in texts]
        self.layers = [Layer.of(LayerKind.ACCOUNT, attached)]

    def prepare(self, pair: Pair) -> Query:
        return Query(*pair)

    def answer(self, query: Query) -> bool:
        return decide(query, self.layers).allowed


class PyCasbin:
    """A casbin enforcer with one pattern function, whose patterns are compiled once."""

    name = "pycasbin"

    def __init__(self, rules: list[Rule]) -> None:
        model = casbin.Enforcer.new_model(text=CASBIN_MODEL)
        self.enforcer = casbin.Enforcer(model)
        self.enforcer.add_function("glob", glob)
        self.enforcer.add_policies(
            [[rule.action, rule.resource, "deny" if rule.deny else "allow"] for rule in dict.fromkeys(rules)]
        )

    def prepare(self, pair: Pair) -> Pair:
        return pair

    def answer(self, pair: Pair) -> bool:
        return bool(self.enforcer.enforce(*pair))


@lru_cache(maxsize=10_000)
def pattern(text: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(text))


def glob(text: str, wanted: str) -> bool:
    return text == wanted or ("*" in wanted and pattern(wanted).match(text) is not None)


class CedarPy:
    """Cedar through its Python binding: policies and entities parsed once, exact names in the scope."""

    name = "cedarpy"

    def __init__(self, rules: list[Rule]) -> None:
        self.policies = cedarpy.PolicySet.from_str("\n".join(map(cedar, rules)))
        self.entities = cedarpy.Entities.from_json_str("[]")

    def prepare(self, pair: Pair) -> dict[str, Any]:
        action, resource = pair
        return {
            "principal": {"type": "User", "id": "alice"},
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Resource", "id": resource},
            "context": {"action": action, "resource": resource},
        }

    def answer(self, request: dict[str, Any]) -> bool:
        return bool(cedarpy.is_authorized(request, self.policies, self.entities).allowed)


def cedar(rule: Rule) -> str:
    """One rule as a Cedar policy."""
    effect = "forbid" if rule.deny else "permit"
    action, resource, likes = "action", "resource", []
    if "*" in rule.action:
        likes.append(f'context.action like "{rule.action}"')
    else:
        action = f'action == Action::"{rule.action}"'
    if "*" in rule.resource:
        likes.append(f'context.resource like "{rule.resource}"')
    else:
        resource = f'resource == Resource::"{rule.resource}"'
    when = f" when {{ {' && '.join(likes)} }}" if likes else ""
    return f"{effect}(principal, {action}, {resource}){when};"
