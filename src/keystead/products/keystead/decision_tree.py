"""A decision as a tree: layers, the statements asked in each, and what each of them missed.

Policies are shown as far as the caller may read them (`ram:GetPolicy`); of the others only that they were asked, and
which part of them did not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from keystead.identity.transaction import Tx
from keystead.policy import Attached, Decision, Explanation, Match, Remedy, StatementTrace
from keystead.wire.answers import Output


class AskedCondition(Output, frozen=True):
    """One condition of a statement: what it wants, what the request has."""

    operator: str
    key: str
    wanted: list[str]
    sent: list[str]
    holds: bool


class AskedConditionList(Output, frozen=True):
    condition: list[AskedCondition]


class AskedStatement(Output, frozen=True):
    """A statement that was asked.  Where `readable` is false, only `effect`, `applies` and `missed` say something.

    statement_index: from 0, -1 where hidden.  missed: Action, Resource, Principal, Condition.
    """

    policy_name: str
    policy_type: str
    policy_version: str
    attached_to: str
    readable: bool
    statement_index: int
    effect: str
    applies: bool
    missed: list[str]
    actions: list[str]
    resources: list[str]
    principals: list[str]
    conditions: AskedConditionList


class AskedStatementList(Output, frozen=True):
    statement: list[AskedStatement]


class AskedLayer(Output, frozen=True):
    """A layer, what it says alone, and its statements: those that apply, then the nearest."""

    layer: str
    decision: str
    statement_count: int
    statements: AskedStatementList


class AskedLayerList(Output, frozen=True):
    layer: list[AskedLayer]


class DecidedBy(Output, frozen=True):
    """A statement that decided."""

    policy_name: str
    policy_type: str
    policy_version: str
    attached_to: str
    readable: bool
    statement_index: int
    effect: str


class DecidedByList(Output, frozen=True):
    statement: list[DecidedBy]


class DecisionTree(Output, frozen=True):
    """`decision`: Allow, ExplicitDeny or ImplicitDeny; `layer`: the one that ended it."""

    decision: str
    layer: str
    decided_by: DecidedByList
    layers: AskedLayerList
    near_misses: AskedStatementList


class Change(Output, frozen=True):
    """One change that is needed.  `policy_document`: the smallest policy to add to the layer; empty for a Deny."""

    layer: str
    kind: str
    policy_document: str
    denies: DecidedByList


class ChangeList(Output, frozen=True):
    change: list[Change]


class Reader:
    """Says which policies a caller may read; asked once per policy."""

    def __init__(self, tx: Tx, *, trust: bool = False, free: Sequence[Attached] = ()) -> None:
        """trust: the policies are trust policies, read with their role.  free: stored nowhere, so readable by all."""
        self._tx = tx
        self._trust = trust
        self._free = free
        self._known: dict[tuple[str, str], bool] = {}

    def reads(self, policy: Attached) -> bool:
        """Whether the caller may read the policy."""
        if any(policy is each for each in self._free):
            return True
        key = (policy.type, policy.name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._reads(policy)
        return found

    def _reads(self, policy: Attached) -> bool:
        account = self._tx.account_id
        if self._trust:
            return self._tx.rights.may("ram:GetRole", f"acs:ram:*:{account}:role/{policy.name}")
        owner = "system" if policy.type == "System" else account
        return self._tx.rights.may("ram:GetPolicy", f"acs:ram:*:{owner}:policy/{policy.name}")


def word(decision: Decision) -> str:
    """Allow, ExplicitDeny or ImplicitDeny."""
    return "Allow" if decision.allowed else "ExplicitDeny" if decision.explicit_deny else "ImplicitDeny"


def tree(explanation: Explanation, reader: Reader, most: int, near: int = 5) -> DecisionTree:
    """The tree, with at most `most` statements of each layer, and the `near` nearest Allow statements."""
    decision = explanation.decision
    return DecisionTree(
        decision=word(decision),
        layer=decision.layer.value if decision.layer else "",
        decided_by=decided_by(decision.matched, reader),
        layers=AskedLayerList(
            layer=[
                AskedLayer(
                    layer=layer.kind.value,
                    decision=word(layer.decision),
                    statement_count=len(layer.statements),
                    statements=_statements(_nearest(layer.statements)[:most], reader),
                )
                for layer in explanation.layers
            ]
        ),
        near_misses=_statements(
            [each for each in explanation.closest if each.action][:near] or explanation.closest[:near], reader
        ),
    )


def changes(found: Iterable[Remedy], reader: Reader) -> ChangeList:
    """What would allow it, in the order in which layers decide."""
    return ChangeList(
        change=[
            Change(
                layer=each.layer.value,
                kind="AddStatement" if each.document else "ChangeDeny",
                policy_document=each.document,
                denies=decided_by(each.denies, reader),
            )
            for each in found
        ]
    )


def decided_by(matched: Iterable[Match], reader: Reader) -> DecidedByList:
    """The statements that decided, named as far as the caller may read them."""
    return DecidedByList(statement=[_decided(each, reader.reads(each.policy)) for each in matched])


def _decided(match: Match, readable: bool) -> DecidedBy:
    policy = match.policy
    return DecidedBy(
        policy_name=policy.name if readable else "",
        policy_type=policy.type if readable else "",
        policy_version=policy.version if readable else "",
        attached_to=policy.entity_type,
        readable=readable,
        statement_index=match.index if readable else -1,
        effect=match.effect,
    )


def _nearest(statements: Sequence[StatementTrace]) -> list[StatementTrace]:
    """Those that apply first, a Deny before an Allow; then by what they missed."""
    return sorted(statements, key=lambda each: (not each.applies, each.distance, each.effect == "Allow"))


def _statements(traces: Iterable[StatementTrace], reader: Reader) -> AskedStatementList:
    return AskedStatementList(statement=[_statement(each, reader.reads(each.policy)) for each in traces])


def _statement(trace: StatementTrace, readable: bool) -> AskedStatement:
    policy = trace.policy
    parts = (
        ("Action", trace.action),
        ("Resource", trace.resource),
        ("Principal", trace.principal),
        ("Condition", all(condition.holds for condition in trace.conditions)),
    )
    shown = trace.conditions if readable else ()
    return AskedStatement(
        policy_name=policy.name if readable else "",
        policy_type=policy.type if readable else "",
        policy_version=policy.version if readable else "",
        attached_to=policy.entity_type,
        readable=readable,
        statement_index=trace.index if readable else -1,
        effect=trace.effect,
        applies=trace.applies,
        missed=[name for name, holds in parts if not holds],
        actions=list(trace.actions) if readable else [],
        resources=list(trace.resources) if readable else [],
        principals=list(trace.principals) if readable else [],
        conditions=AskedConditionList(
            condition=[
                AskedCondition(
                    operator=each.operator,
                    key=each.key,
                    wanted=list(each.wanted),
                    sent=list(each.sent),
                    holds=each.holds,
                )
                for each in shown
            ]
        ),
    )
