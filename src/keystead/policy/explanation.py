"""Why a decision is what it is: the same matchers as `decide`, asked one by one and written down.

Nothing here decides; `Explanation.decision` is what `decide` said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from keystead.policy.decision import decide
from keystead.policy.layers import Attached, Bound, Decision, Effect, Layer, LayerKind, Query
from keystead.policy.patterns import fold
from keystead.policy.resources import target

_MOST_LISTED: Final = 5


def _listed(values: tuple[str, ...]) -> str:
    """A few values for people to read; how many more there are."""
    more = len(values) - _MOST_LISTED
    shown = ", ".join(values[:_MOST_LISTED]) or "nothing"
    return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """One condition.  sent: the request's values, empty where it has none.  wanted: the policy's."""

    operator: str
    key: str
    wanted: tuple[str, ...]
    sent: tuple[str, ...]
    holds: bool

    def __str__(self) -> str:
        return f"{self.operator} {self.key}: wanted {_listed(self.wanted)}; the request has {_listed(self.sent)}"


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """One statement, part by part.

    actions, resources: the patterns as written, led by `not ` for NotAction and NotResource.  principals: as
    `kind: value`, empty where the statement names none.
    """

    policy: Attached
    index: int
    effect: Effect
    action: bool
    resource: bool
    principal: bool
    conditions: tuple[ConditionTrace, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The parts that did not match, each with what was wanted; empty where the statement applied."""
        parts = []
        if not self.action:
            parts.append(f"Action: wanted {_listed(self.actions)}")
        if not self.resource:
            parts.append(f"Resource: wanted {_listed(self.resources)}")
        if not self.principal:
            parts.append(f"Principal: wanted {_listed(self.principals)}")
        return (*parts, *(str(condition) for condition in self.conditions if not condition.holds))

    @property
    def applies(self) -> bool:
        return not self.failed

    @property
    def distance(self) -> tuple[int, int]:
        """How far from applying, to sort by: an action that is not meant is further than any condition."""
        return (2 * (not self.action) + (not self.resource) + (not self.principal), len(self.failed))


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """One layer and what it says alone."""

    kind: LayerKind
    decision: Decision
    statements: tuple[StatementTrace, ...]

    @property
    def closest(self) -> tuple[StatementTrace, ...]:
        """The Allow statements that did not apply, nearest first."""
        near = [each for each in self.statements if each.effect == "Allow" and not each.applies]
        return tuple(sorted(near, key=lambda each: each.distance))


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and what led to it.  `str()` prints it; `lines` yields it line by line."""

    query: Query
    decision: Decision
    layers: tuple[LayerTrace, ...]

    @property
    def closest(self) -> tuple[StatementTrace, ...]:
        """The nearest Allow statements of the layer that refused; empty for an allowed or explicitly denied query."""
        if self.decision.allowed or self.decision.explicit_deny:
            return ()
        return tuple(
            each
            for layer in self.layers
            if layer.kind is self.decision.layer and not layer.decision.allowed
            for each in layer.closest
        )

    def lines(self, most: int = 3) -> Iterator[str]:
        """The explanation for people; `most`: how many of the closest statements to show."""
        verdict = "Allowed" if self.decision.allowed else "Denied"
        yield f"{verdict}: {self.query.action} on {self.query.resource or 'no resource'}."
        for match in self.decision.matched:
            yield f"{match.effect} by Statement[{match.index}] of policy {match.policy.name}."
        if self.decision.allowed or self.decision.explicit_deny:
            return
        if self.decision.layer is None:
            yield "No policy applies; attach one that allows the action."
            return
        yield f"No statement of {self.decision.layer.value} allows it."
        for each in self.closest[:most]:
            yield f"Statement[{each.index}] of policy {each.policy.name} would, but for:"
            yield from (f"  {part}" for part in each.failed)

    def __str__(self) -> str:
        return "\n".join(self.lines())


def explain(query: Query, layers: Sequence[Layer]) -> Explanation:
    """Decide, and say for every statement of every layer which part matched.  Costs a full scan."""
    traces = tuple(
        LayerTrace(layer.kind, layer.judge(query), tuple(_trace(each, query) for each in layer.bound))
        for layer in layers
    )
    return Explanation(query, decide(query, layers), traces)


def _trace(bound: Bound, query: Query) -> StatementTrace:
    statement = bound.statement
    alias = None if query.alias_action is None else fold(query.alias_action)
    negated_action = "not " if statement.not_action else ""
    negated_resource = "not " if statement.not_resource else ""
    return StatementTrace(
        policy=bound.match.policy,
        index=statement.index,
        effect=bound.match.effect,
        action=statement.covers_action(fold(query.action), alias),
        resource=statement.covers_resource(target(query.resource or "")),
        principal=statement.covers_principal(query.principal, trust=bound.trust),
        conditions=tuple(
            ConditionTrace(each.name, each.key, each.values, each.sent(query.context), each.holds(query.context))
            for each in statement.conditions
        ),
        actions=tuple(negated_action + text for text in statement.written_actions),
        resources=tuple(negated_resource + pattern.text for pattern in statement.resources),
        principals=statement.principals.names if statement.principals else (),
    )
