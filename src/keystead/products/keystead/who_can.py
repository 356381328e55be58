"""Who can do something: the users and roles that an action on a resource is decided for, and by which statements.

The policies say who comes into question: whoever has one, by itself or by a group, with an Allow statement that covers
action and resource.  Each of those is then put to the evaluator with all of its policies, as its own call would be.
Source: reference/console.md 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead import arn
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.records import Held, held
from keystead.identity.transaction import Tx
from keystead.policy import (
    SYSTEM_POLICIES,
    Layer,
    Policy,
    Query,
    StatementTrace,
    compile_policy,
    context_key,
    could_allow,
    explain,
)
from keystead.products import pages
from keystead.products.keystead.decision_tree import Reader
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.simulation import alias_of, given_context
from keystead.store.search import holders as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Text, Whole

CONTEXT_INVALID = FaultKind(
    "InvalidParameter.Context",
    400,
    "The Context is not valid: {why}.",
    "Write a JSON object of condition keys, each with a text or a list of texts.",
)
MOST_ASKED = 500
"""Identities that one call puts to the evaluator; what is left is behind the marker."""
_AT_ONCE = 100
_POLICIES_KEPT = 2048
_KINDS = ("User", "Role")
_PRINCIPAL_ARN = context_key("acs:PrincipalARN")


class WhoCanInput(Input, frozen=True):
    action: Annotated[str, Text(3, 128, r"[A-Za-z0-9-]+:[A-Za-z0-9]+", doc="for instance ram:CreateUser")]
    resource: Annotated[str, Text(1, 1024, doc="the ARN of the resource, or *")] = "*"
    context: Annotated[str, Text(0, 8192, doc="condition keys and their values, as a JSON object")] = ""
    principal_type: Annotated[str, Choice(_KINDS, doc="of this kind alone")] | None = None
    marker: Annotated[str, Text(1, 256)] | None = None
    max_items: Annotated[int, Whole(1, 100, doc="how many identities")] = 20


class GrantingStatement(Output, frozen=True):
    """A statement that allows it, or would under its conditions.  Where `readable` is false the policy is not named.

    group_name: the group that the identity has the policy by, "" for its own.  statement_index: from 0, -1 if hidden.
    """

    policy_name: str
    policy_type: str
    policy_version: str
    group_name: str
    readable: bool
    statement_index: int
    condition_keys: list[str]


class GrantingStatementList(Output, frozen=True):
    statement: list[GrantingStatement]


class Able(Output, frozen=True):
    """An identity.  decision: Allow, or Conditional where it depends on conditions that the context does not meet.

    about: a user's display name, a role's description.  enabled: a disabled user may do nothing meanwhile.
    denied_by_conditions: what speaks against it is a Deny whose conditions the context meets.
    """

    principal_type: str
    principal_name: str
    principal_id: str
    about: str
    enabled: bool
    decision: str
    denied_by_conditions: bool
    statements: GrantingStatementList


class AbleList(Output, frozen=True):
    identity: list[Able]


class WhoCanOutput(Output, frozen=True):
    """asked_count: identities that were put to the evaluator.  policy_count: policies that could allow it."""

    identities: AbleList
    asked_count: int
    policy_count: int
    is_truncated: bool
    marker: str | UnsetType = UNSET


class _Asked(NamedTuple):
    """An identity that comes into question."""

    kind: str
    row: sa.Row[Any]
    held: Held
    groups: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.kind}/{self.row.name_key}"


@KEYSTEAD.action(
    "WhoCan",
    resource="acs:keystead:*:{account}:access/*",
    faults=(pages.MARKER_INVALID, CONTEXT_INVALID),
)
def who_can(tx: Tx, _caller: Caller, wanted: WhoCanInput) -> WhoCanOutput:
    """Find the users and roles that may do an action on a resource, with the statements that allow it.

    The account itself may do everything and is not listed. A page may be short of MaxItems, even empty, where many had
    to be asked: follow Marker until IsTruncated is false.
    """
    context = given_context(wanted.context, CONTEXT_INVALID)
    query = Query(wanted.action, wanted.resource, context, None, alias_of(wanted.action))
    system, custom = _granting(tx, query)
    found: list[Able] = []
    asked, last, rest = 0, "", None
    judge = _Judge(tx, query)
    for each in _in_question(tx, wanted, system, custom):
        if asked == MOST_ASKED or len(found) == wanted.max_items:
            rest = last
            break
        asked, last = asked + 1, each.place
        able = judge.able(each)
        if able is not None:
            found.append(able)
    return WhoCanOutput(
        identities=AbleList(identity=found),
        asked_count=asked,
        policy_count=len(system) + len(custom),
        is_truncated=rest is not None,
        marker=pages.marker(rest) if rest is not None else UNSET,
    )


def _granting(tx: Tx, query: Query) -> tuple[list[str], list[str]]:
    """The system policies by name, and the custom ones by ID, with an Allow that covers action and resource."""
    system = [name for name, each in SYSTEM_POLICIES.items() if could_allow(_compiled(each.document), query)]
    return system, [row.id for row in store.custom_policies(tx) if could_allow(_compiled(row.document), query)]


@lru_cache(maxsize=_POLICIES_KEPT)
def _compiled(text: str) -> Policy:
    """A policy; kept longer than `compile_policy` keeps it, since every one of the account is asked here."""
    return compile_policy(text)


Finder = Callable[[Tx, Sequence[str], Sequence[str], str, int], list[sa.Row[Any]]]
_FINDERS: dict[str, Finder] = {"User": store.users_with, "Role": store.roles_with}


def _in_question(tx: Tx, wanted: WhoCanInput, system: list[str], custom: list[str]) -> Iterator[_Asked]:
    """Users, then roles, by name, from the marker on; of a kind one more than a call asks."""
    begin, _, after = pages.after(wanted.marker).partition("/")
    if begin and begin not in _KINDS:
        raise pages.MARKER_INVALID()
    kinds = _KINDS[_KINDS.index(begin) :] if begin else _KINDS
    for kind in kinds if system or custom else ():
        if wanted.principal_type not in (None, kind):
            continue
        name_key = after if kind == begin else ""
        rows = _FINDERS[kind](tx, system, custom, name_key, MOST_ASKED + 1)
        for start in range(0, len(rows), _AT_ONCE):
            yield from _with_policies(tx, kind, rows[start : start + _AT_ONCE])


def _with_policies(tx: Tx, kind: str, rows: list[sa.Row[Any]]) -> Iterator[_Asked]:
    groups = store.groups_of(tx, [row.id for row in rows]) if kind == "User" else {}
    entities = {row.id: [row.id, *(group for group, _ in groups.get(row.id, ()))] for row in rows}
    policies = held(tx, entities)
    for row in rows:
        yield _Asked(kind, row, policies[row.id], dict(groups.get(row.id, ())))


class _Verdict(NamedTuple):
    """What the evaluator says of a layer.  granting: the statements that allow it, or would."""

    allowed: bool
    denied_by_conditions: bool
    granting: list[StatementTrace]


class _Judge:
    """Puts identities to the evaluator; those who have the same policies together, unless a policy asks who it is."""

    def __init__(self, tx: Tx, query: Query) -> None:
        self._tx = tx
        self._query = query
        self._reader = Reader(tx)
        # By the layer itself, not its id: what is a key here is not collected, so no other one can take its place.
        self._known: dict[Layer, _Verdict | None] = {}

    def able(self, asked: _Asked) -> Able | None:
        """What an identity is told as, None where no context could allow it."""
        found = self._verdict(asked)
        if found is None:
            return None
        return Able(
            principal_type=asked.kind,
            principal_name=asked.row.name,
            principal_id=asked.row.id,
            about=asked.row.about,
            enabled=asked.row.status == "active",
            decision="Allow" if found.allowed else "Conditional",
            denied_by_conditions=found.denied_by_conditions,
            statements=GrantingStatementList(statement=list(_statements(found.granting, asked, self._reader))),
        )

    def _verdict(self, asked: _Asked) -> _Verdict | None:
        layer = asked.held.layer
        if _PRINCIPAL_ARN in layer.keys:
            return self._asked(asked)
        if layer not in self._known:
            self._known[layer] = self._asked(asked)
        return self._known[layer]

    def _asked(self, asked: _Asked) -> _Verdict | None:
        query = self._query
        facts = {
            "acs:currenttime": iso(self._tx.now),
            _PRINCIPAL_ARN: arn.ram(self._tx.account_id, f"{asked.kind.lower()}/{asked.row.name}"),
        }
        own = Query(query.action, query.resource, facts | dict(query.context), None, query.alias_action)
        explanation = explain(own, (asked.held.layer,))
        covering = [each for each in explanation.layers[0].statements if each.action and each.resource]
        denies = [each for each in covering if each.effect == "Deny"]
        allows = [each for each in covering if each.effect == "Allow"]
        if any(not each.conditions for each in denies) or not allows:
            return None
        allowed = explanation.decision.allowed
        granting = [each for each in allows if each.applies or not allowed]
        return _Verdict(allowed, any(each.applies for each in denies), granting)


def _statements(traces: Iterable[StatementTrace], asked: _Asked, reader: Reader) -> Iterator[GrantingStatement]:
    """The statements with the group that each comes by."""
    unique = {(trace.policy.type, trace.policy.name, trace.policy.entity_type, trace.index): trace for trace in traces}
    for trace in unique.values():
        policy = trace.policy
        readable = reader.reads(policy)
        by_group = policy.entity_type == "RamGroup"
        names = [asked.groups[each] for each in asked.held.by[policy.type, policy.name] if each in asked.groups]
        yield GrantingStatement(
            policy_name=policy.name if readable else "",
            policy_type=policy.type if readable else "",
            policy_version=policy.version if readable else "",
            group_name=", ".join(names) if by_group else "",
            readable=readable,
            statement_index=trace.index if readable else -1,
            condition_keys=sorted({condition.key for condition in trace.conditions}) if readable else [],
        )
