"""Compiled policies: statements whose parts each answer one question.

`decide` and `explain` ask the same four methods, so an explanation cannot differ from the decision.

Source: reference/ram-policy-language.md sections 2, 3, 4, 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from keystead.policy import grammar
from keystead.policy.conditions import Condition
from keystead.policy.patterns import Glob, fold
from keystead.policy.resources import ResourcePattern, Target


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller as trust policies name callers.

    account: the id of the account that the caller belongs to.  arns: the names of a user or role, such as
    `acs:ram::<account>:user/alice`; empty for the two others.  service: a service such as `ecs.aliyuncs.com`.
    federated: the ARN of the identity provider whose assertion or token was verified.
    """

    account: str
    arns: tuple[str, ...] = ()
    service: str | None = None
    federated: str | None = None


class TrustedPrincipals(NamedTuple):
    """Whom a trust policy lets in: the kinds (`RAM`, `Service`, `Federated`) and the services, both sorted."""

    kinds: tuple[str, ...]
    services: tuple[str, ...]


class PrincipalSet:
    """The compiled `Principal` of a statement; several keys and lists are OR."""

    __slots__ = ("_callers", "_federated", "_roots", "_services", "names")

    def __init__(self, written: dict[str, tuple[str, ...]]) -> None:
        self.names = tuple(f"{kind}: {value}" for kind, values in written.items() for value in values)
        callers = [Target(value) for value in written.get("RAM", ())]
        self._roots = frozenset(
            found.blanked[len("acs:ram::") : -len(":root")]
            for found in callers
            if found.open
            and found.blanked
            and found.blanked.startswith("acs:ram::")
            and found.blanked.endswith(":root")
        )
        self._callers = frozenset(map(_same, callers))
        self._services = frozenset(value.lower() for value in written.get("Service", ()))
        self._federated = frozenset(_same(Target(value)) for value in written.get("Federated", ()))

    def includes(self, caller: Principal) -> bool:
        """Whether the caller is named: itself, or by the root of its account if it is a user or role."""
        if caller.service is not None:
            service = caller.service.lower()
            return service in self._services or f"{caller.account}@{service}" in self._services
        if caller.federated is not None:
            return _same(Target(caller.federated)) in self._federated
        if not caller.arns:
            return False
        return caller.account in self._roots or any(_same(Target(name)) in self._callers for name in caller.arns)


def _same(name: Target) -> str:
    """One text for all spellings of a caller's name: no region, the name itself in small letters."""
    if name.blanked is None or not name.open:
        return name.text
    return name.blanked[: name.blanked_name_at] + name.blanked_folded[name.blanked_name_at :]


class Statement:
    """One statement, compiled.  deny: its effect.  index: its place in the document, from 0."""

    __slots__ = (
        "actions",
        "conditions",
        "deny",
        "everywhere",
        "index",
        "not_action",
        "not_resource",
        "principals",
        "resources",
        "written_actions",
    )

    def __init__(self, raw: grammar.RawStatement, index: int) -> None:
        self.index = index
        self.deny = raw.deny
        self.not_action = raw.not_action
        self.written_actions = tuple(item.text for item in raw.actions)
        self.actions = tuple(Glob(fold(item.text)) for item in raw.actions)
        self.not_resource = raw.not_resource
        self.resources = tuple(ResourcePattern(item.text) for item in raw.resources)
        # A trust policy has no Resource: its statements are about the role that carries it.
        self.everywhere = not raw.not_resource and (
            not self.resources or any(pattern.anything for pattern in self.resources)
        )
        self.principals = (
            None
            if raw.principals is None
            else PrincipalSet({kind.text: tuple(each.text for each in values) for kind, values in raw.principals})
        )
        self.conditions = tuple(
            Condition(
                clause.operator.text,
                clause.key.text,
                tuple(value.text for value in clause.values),
                deny=raw.deny,
            )
            for clause in raw.conditions
        )

    def covers_action(self, action: str, alias: str | None) -> bool:
        """Whether the folded action, or the folded name it has in another product, is meant."""
        found = any(glob.matches(action) or (alias is not None and glob.matches(alias)) for glob in self.actions)
        return found is not self.not_action

    def covers_resource(self, wanted: Target) -> bool:
        """Whether the resource is meant."""
        if self.everywhere:
            return True
        return any(pattern.matches(wanted) for pattern in self.resources) is not self.not_resource

    def covers_principal(self, caller: Principal | None, *, trust: bool) -> bool:
        """Whether the caller is meant; trust: the layer is a trust policy, where a statement must name somebody.

        Where this cannot be told, an Allow does not apply and a Deny does.
        """
        if self.principals is None:
            return self.deny or not trust
        if caller is None:
            return self.deny
        return self.principals.includes(caller)


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled document."""

    statements: tuple[Statement, ...]


@lru_cache(maxsize=1024)
def compile_policy(text: str) -> Policy:
    """Compile a stored document; a function of its text alone, so the memo is never stale.

    More is read than `validate` lets in: a lone statement instead of a list, unknown operators and unreadable
    condition values (their Allow does not apply, their Deny does), and the undocumented operators.  Raises
    `PolicyError` where the text is no policy at all: a caller must then refuse, not skip it.
    """
    raw = grammar.parse(text)
    return Policy(tuple(Statement(each, index) for index, each in enumerate(raw.statements)))


def principal_kinds(text: str) -> TrustedPrincipals:
    """Whom the Allow statements of a trust policy name, for `ram:TrustedPrincipalTypes` and `ram:ServiceNames`.

    Raises `PolicyError` as `compile_policy` does.
    """
    kinds: set[str] = set()
    services: set[str] = set()
    for statement in grammar.parse(text).statements:
        for kind, values in statement.principals or ():
            if not statement.deny:
                kinds.add(kind.text)
                services.update(value.text for value in values if kind.text == "Service")
    return TrustedPrincipals(tuple(sorted(kinds)), tuple(sorted(services)))
