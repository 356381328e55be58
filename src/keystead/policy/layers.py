"""A layer: every policy of one kind that applies to a caller, behind one index.

What depends on action and resource alone is worked out once and kept (bounded) as a `_Plan`; a request then only
asks the conditions and principals that are left.  The memos are functions of the layer's own, frozen statements.

Source: reference/ram-policy-language.md sections 6 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, TypeAlias

from keystead.policy.conditions import Context, context_key
from keystead.policy.index import Drawers
from keystead.policy.patterns import fold
from keystead.policy.resources import Target, target
from keystead.policy.statements import Policy, Principal, Statement

Effect: TypeAlias = Literal["Allow", "Deny"]

_MOST_PLANS: Final = 512
_MOST_GROUPS: Final = 512
_LONGEST_KEPT: Final = 256


class LayerKind(Enum):
    """The kinds of layer by the names that `AccessDeniedDetail.PolicyType` has for them, in the order of section 8."""

    CONTROL = "ControlPolicy"
    SESSION = "SessionPolicy"
    ACCOUNT = "AccountLevelIdentityBasedPolicy"
    RESOURCE_GROUP = "ResourceGroupLevelIdentityBasedPolicy"
    TRUST = "AssumeRolePolicy"


_RANKS: Final = {kind: rank for rank, kind in enumerate(LayerKind)}


@dataclass(frozen=True, slots=True)
class Attached:
    """A policy as attached to somebody.

    type: `System` or `Custom`.  entity_type: `RamUser`, `RamGroup`, `RamRole`.  scope: `Account` or the id of a
    resource group.
    """

    name: str
    type: str
    version: str
    entity_type: str
    scope: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that applied: statement `index`, from 0, of `policy`."""

    policy: Attached
    index: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a query.

    explicit_deny: a Deny statement applied.  layer: the layer that ended the decision; for an allowed query the
    last that granted; None where there was no layer.  matched: the statements that decided: every Deny that applied
    in that layer, or per layer the first Allow found; empty for an implicit deny.
    """

    allowed: bool
    explicit_deny: bool
    layer: LayerKind | None
    matched: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked.

    action: `<service>:<name>`, in any case.  resource: a full ARN, or `*` for an action on all resources; None or
    empty for no resource.  context: the facts, by `context_key`, values as text.  principal: the caller, for trust
    policies.  alias_action: the name of the same action in another product: for a call to IMS `ims:<name>`.
    """

    action: str
    resource: str | None = None
    context: Context = field(default_factory=dict)
    principal: Principal | None = None
    alias_action: str | None = None


class Bound:
    """A statement in its layer.  decision: the answer where it alone decides."""

    __slots__ = ("always", "decision", "match", "statement", "trust")

    def __init__(self, attached: Attached, statement: Statement, kind: LayerKind) -> None:
        self.statement = statement
        self.match = Match(attached, statement.index, "Deny" if statement.deny else "Allow")
        self.decision = Decision(not statement.deny, statement.deny, kind, (self.match,))
        self.trust = kind is LayerKind.TRUST
        # Nothing of the request but action and resource can change whether it applies.
        self.always = not self.trust and statement.principals is None and not statement.conditions

    def applies(self, query: Query) -> bool:
        """Whether conditions and principal agree, for a query whose action and resource are covered."""
        statement = self.statement
        if (self.trust or statement.principals is not None) and not statement.covers_principal(
            query.principal, trust=self.trust
        ):
            return False
        return all(condition.holds(query.context) for condition in statement.conditions)


class _Group:
    """The statements that cover one action, filed by resource."""

    __slots__ = ("_by_tail", "_rest", "_statements")

    def __init__(self, bound: Sequence[Bound], numbers: tuple[int, ...]) -> None:
        self._statements = [bound[number] for number in numbers]
        filed, rest = [], []
        for number, each in enumerate(self._statements):
            statement = each.statement
            tails = [pattern.tail for pattern in statement.resources]
            if statement.everywhere or statement.not_resource or None in tails:
                rest.append(number)
            else:
                filed += [(tail, number) for tail in tails if tail is not None]
        self._by_tail = Drawers(filed)
        self._rest = rest

    def covering(self, wanted: Target) -> list[Bound]:
        """The statements that cover the resource, in the order of the layer."""
        statements = self._statements
        if wanted.tails is None:
            return [each for each in statements if each.statement.covers_resource(wanted)]
        numbers = self._rest
        for tail in wanted.tails:
            numbers = numbers + self._by_tail.find(tail)
        if len(numbers) > 1:
            numbers = sorted(set(numbers))
        return [each for number in numbers if (each := statements[number]).statement.covers_resource(wanted)]


class _Plan:
    """What is left to ask for one action and resource: statements that depend on the rest of the request."""

    __slots__ = ("_allowed", "_allows", "_denied", "_denies", "_implicit")

    def __init__(self, covering: list[Bound], implicit: Decision) -> None:
        self._implicit = implicit
        self._denied = [each for each in covering if each.statement.deny and each.always]
        self._denies = [each for each in covering if each.statement.deny and not each.always]
        self._allowed = next((each for each in covering if each.always and not each.statement.deny), None)
        self._allows = [each for each in covering if not each.always and not each.statement.deny]

    def judge(self, query: Query) -> Decision:
        """Deny wins; then any Allow; else an implicit deny."""
        denying = self._denied + [each for each in self._denies if each.applies(query)]
        if denying:
            matched = tuple(each.match for each in denying)
            return denying[0].decision if len(matched) == 1 else Decision(False, True, self._implicit.layer, matched)
        if self._allowed is not None:
            return self._allowed.decision
        for each in self._allows:
            if each.applies(query):
                return each.decision
        return self._implicit

    def settle(self, query: Query) -> Decision | None:
        """The decision where no request can change it, else None."""
        if self._denies or (self._allows and self._allowed is None and not self._denied):
            return None
        return self.judge(query)


class Layer:
    """All policies of one kind for one caller, ready to judge; immutable but for its bounded memos.

    rank: the place of its kind in the order of section 8.
    """

    __slots__ = (
        "_by_action",
        "_groups",
        "_implicit",
        "_not_actions",
        "_plans",
        "_shapes",
        "bound",
        "keys",
        "kind",
        "rank",
    )

    def __init__(self, kind: LayerKind, bound: tuple[Bound, ...]) -> None:
        self.kind = kind
        self.rank = _RANKS[kind]
        self.bound = bound
        # The condition keys that any statement asks for, as contexts hold them: facts that cost a look-up are fetched
        # only when one does.
        self.keys = frozenset(context_key(condition.key) for each in bound for condition in each.statement.conditions)
        self._implicit = Decision(False, False, kind)
        self._by_action = Drawers(
            (glob, number)
            for number, each in enumerate(bound)
            if not each.statement.not_action
            for glob in each.statement.actions
        )
        self._not_actions = [number for number, each in enumerate(bound) if each.statement.not_action]
        self._groups: dict[tuple[str, str | None], _Group] = {}
        self._shapes: dict[tuple[int, ...], _Group] = {}
        self._plans: dict[tuple[str, str | None, str | None], _Plan | Decision] = {}

    @classmethod
    def of(cls, kind: LayerKind, attached: Iterable[Attached]) -> Layer:
        """The layer of these policies.  One without policies grants nothing."""
        return cls(
            kind, tuple(Bound(each, statement, kind) for each in attached for statement in each.policy.statements)
        )

    def judge(self, query: Query) -> Decision:
        """What this layer alone says."""
        found = self._plans.get((query.action, query.resource, query.alias_action))
        if found is None:
            found = self._plan(query)
        return found if isinstance(found, Decision) else found.judge(query)

    def _plan(self, query: Query) -> _Plan | Decision:
        resource = query.resource or ""
        covering = self._group(query.action, query.alias_action).covering(target(resource))
        found: _Plan | Decision
        if not covering:
            found = self._implicit
        elif len(covering) == 1 and covering[0].always:
            found = covering[0].decision
        else:
            plan = _Plan(covering, self._implicit)
            found = plan.settle(query) or plan
        if len(resource) + len(query.action) <= _LONGEST_KEPT:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[query.action, query.resource, query.alias_action] = found
        return found

    def _group(self, action: str, alias: str | None) -> _Group:
        found = self._groups.get((action, alias))
        if found is not None:
            return found
        small = fold(action)
        small_alias = None if alias is None else fold(alias)
        numbers = self._by_action.find(small) + self._not_actions
        if small_alias is not None:
            numbers += self._by_action.find(small_alias)
        bound = self.bound
        shape = tuple(n for n in sorted(set(numbers)) if bound[n].statement.covers_action(small, small_alias))
        # Actions that the same statements cover share one group: a thousand statements on `*` are filed once.
        if len(self._groups) >= _MOST_GROUPS:
            self._groups.clear()
            self._shapes.clear()
        found = self._shapes.get(shape)
        if found is None:
            found = self._shapes[shape] = _Group(bound, shape)
        if len(action) <= _LONGEST_KEPT:
            self._groups[action, alias] = found
        return found
