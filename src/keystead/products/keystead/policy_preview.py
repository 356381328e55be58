"""What a policy would change before it is saved: against its default version, and against what was decided lately.

Nothing is changed.  Source: reference/console.md 3.11.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from keystead import arn
from keystead.clock import iso
from keystead.identity import denial
from keystead.identity.callers import Caller
from keystead.identity.records import Held, held
from keystead.identity.transaction import Tx
from keystead.policy import (
    Attached,
    Layer,
    LayerKind,
    Policy,
    PolicyError,
    Query,
    compare,
    compile_policy,
    context_key,
    decide,
    explain,
)
from keystead.products import permissions
from keystead.products.documents import MALFORMED
from keystead.products.faults import POLICY_NOT_FOUND
from keystead.products.keystead.denials import EVENTS
from keystead.products.keystead.policy_documents import PolicyName
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.people.policies import POLICY, default_of
from keystead.store import audit, roles, users
from keystead.store.search import holders
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text, Whole

MOST_EVENTS = 5_000
"""Events of the account that one call looks at, the newest."""
_MOST_GROUPS = 100
_DAY = 86_400
_REFUSED = "NoPermission"

Document = Annotated[str, Text(1, 6144, doc="a policy in the policy language")]


class ComparePolicyVersionInput(Input, frozen=True):
    policy_name: PolicyName
    policy_document: Document


class ExampleRequest(Output, frozen=True):
    """A request, and its facts as `key=value`."""

    action: str
    resource: str
    context: list[str]


class ExampleList(Output, frozen=True):
    example: list[ExampleRequest]


class ComparePolicyVersionOutput(Output, frozen=True):
    """relation: Wider, Narrower, Equal, Neither or NotDecided; the first four are proved.

    gained: a request that the document alone allows, lost: one that the default version alone allows; where found.
    """

    relation: str
    default_version: str
    gained: ExampleList
    lost: ExampleList


class PreviewPolicyVersionInput(Input, frozen=True):
    policy_name: PolicyName
    policy_document: Document
    days: Annotated[int, Whole(1, 90, doc="how far back decisions are looked at")] = 30


class Flip(Output, frozen=True):
    """Decisions of one identity on one action that would be others.  becomes: Allowed or Refused.

    resource, event_request_id: of the newest of them.
    """

    identity: str
    action: str
    becomes: str
    calls: int
    resource: str
    last_date: str
    event_request_id: str


class FlipList(Output, frozen=True):
    flip: list[Flip]


class PreviewPolicyVersionOutput(Output, frozen=True):
    """flips: groups, the most calls first, at most a hundred.  undecided_calls: those that depend on facts of the
    request which the trail does not keep.  looked_at: decisions of identities that have the policy, since `since`.
    """

    flips: FlipList
    allowed_calls: int
    refused_calls: int
    undecided_calls: int
    looked_at: int
    since: str


@KEYSTEAD.action(
    "ComparePolicyVersion", permission="ram:GetPolicy", resource=POLICY, faults=(POLICY_NOT_FOUND, MALFORMED)
)
def compare_policy_version(tx: Tx, _caller: Caller, wanted: ComparePolicyVersionInput) -> ComparePolicyVersionOutput:
    """Say whether a document allows more or less than the default version of a policy, with a request as witness."""
    row, old = default_of(tx, wanted.policy_name)
    _compiled(wanted.policy_document)
    found = compare(wanted.policy_document, old.document, [each.name for each in permissions.known()])
    return ComparePolicyVersionOutput(
        relation=found.relation.value,
        default_version=f"v{row.default_version}",
        gained=_example(found.gained),
        lost=_example(found.lost),
    )


@KEYSTEAD.action(
    "PreviewPolicyVersion",
    permission="ram:ListEntitiesForPolicy",
    resource=POLICY,
    faults=(POLICY_NOT_FOUND, MALFORMED),
)
def preview_policy_version(tx: Tx, _caller: Caller, wanted: PreviewPolicyVersionInput) -> PreviewPolicyVersionOutput:
    """Find the decisions of the last days that would be others if a document were the default version of a policy.

    Of the account's newest 5,000 events, those of identities that have the policy. Who asks must also be allowed
    keystead:LookupEvents.
    """
    tx.rights.must("keystead:LookupEvents", EVENTS.format(account=tx.account_id))
    row, _ = default_of(tx, wanted.policy_name)
    preview = _Preview(tx, row.name, _compiled(wanted.policy_document))
    start = (tx.now - wanted.days * _DAY) * 1000
    page = audit.find(
        tx,
        equal={},
        whole={},
        part={},
        outcome="",
        start=start,
        end=(tx.now + _DAY) * 1000,
        before=None,
        most=MOST_EVENTS,
    )
    for event in page.events:
        preview.look(event)
    reached = start if page.rest is None else page.rest.at
    return preview.told(iso(reached / 1000))


class _Group(NamedTuple):
    """Flips of one kind; events come newest first, so the first one is the example."""

    calls: int
    newest: audit.Event
    resource: str


class _Holder(NamedTuple):
    """The layer of who has the policy, as it is and as it would be."""

    old: Layer
    new: Layer


class _Preview:
    """Puts events to the policies of who made them, with the document in the place of the default version."""

    def __init__(self, tx: Tx, name: str, policy: Policy) -> None:
        self._tx = tx
        self._name = name
        self._policy = policy
        self._holders: dict[str, _Holder | None] = {}
        self._groups: dict[tuple[str, str, bool], _Group] = {}
        self._calls = {True: 0, False: 0}
        self._undecided = 0
        self._looked_at = 0

    def look(self, event: audit.Event) -> None:
        """Count an event where it is a decision that the policy has a part in."""
        if event.outcome not in ("Success", _REFUSED):
            return
        query = self._asked(event)
        holder = self._holder(event.principal) if query is not None else None
        if query is None or holder is None:
            return
        self._looked_at += 1
        old, new = (decide(query, (layer,)).allowed for layer in holder)
        if event.diagnostic is None and _unknown(query, holder):
            self._undecided += 1
        elif old is not new:
            self._calls[new] += 1
            key = (event.principal, query.action, new)
            known = self._groups.get(key, _Group(0, event, query.resource or ""))
            self._groups[key] = known._replace(calls=known.calls + 1)

    def told(self, since: str) -> PreviewPolicyVersionOutput:
        """The answer."""
        order = sorted(self._groups.items(), key=lambda each: (-each[1].calls, each[0]))
        return PreviewPolicyVersionOutput(
            flips=FlipList(
                flip=[
                    Flip(
                        identity=principal,
                        action=action,
                        becomes="Allowed" if becomes else "Refused",
                        calls=group.calls,
                        resource=group.resource,
                        last_date=iso(group.newest.at / 1000),
                        event_request_id=group.newest.request_id,
                    )
                    for (principal, action, becomes), group in order[:_MOST_GROUPS]
                ]
            ),
            allowed_calls=self._calls[True],
            refused_calls=self._calls[False],
            undecided_calls=self._undecided,
            looked_at=self._looked_at,
            since=since,
        )

    def _asked(self, event: audit.Event) -> Query | None:
        """What was asked: as a refusal kept it, else as far as an event tells; None where policies were not asked."""
        if event.outcome == _REFUSED:
            found = denial.decode(self._tx.keyring, event.diagnostic or "", self._tx.account_id, 0)
            if found is None or found.policy_type != LayerKind.ACCOUNT.value:
                return None  # refused by something that stands before the identity's policies
            context = {
                context_key(each.condition_key): each.condition_values[0]
                if len(each.condition_values) == 1
                else tuple(each.condition_values)
                for each in found.conditions
            }
            return Query(found.action, found.resource or None, context, None, found.alias or None)
        asked = permissions.of_action(event.product, event.action)
        if asked is None:
            return None
        facts = {
            "acs:currenttime": iso(event.at / 1000),
            "acs:sourceip": event.address,
            "acs:principalarn": event.principal,
        }
        return Query(asked[0], event.resource or None, facts, None, asked[1])

    def _holder(self, principal: str) -> _Holder | None:
        if principal not in self._holders:
            self._holders[principal] = self._find(principal)
        return self._holders[principal]

    def _find(self, principal: str) -> _Holder | None:
        """The layers of a user or role by the ARN in the trail; None where it has not the policy, or is gone."""
        named = arn.parse(principal)
        kind, _, name = (named.relative if named is not None else "").partition("/")
        entities: list[str] = []
        if kind == "user" and (row := users.get(self._tx, name)) is not None:
            entities = [row.id, *(group for group, _ in holders.groups_of(self._tx, [row.id]).get(row.id, ()))]
        elif kind in ("assumed-role", "role") and (row := roles.get(self._tx, name.partition("/")[0])) is not None:
            entities = [row.id]
        if not entities:
            return None
        found: Held = held(self._tx, {entities[0]: entities})[entities[0]]
        if ("Custom", self._name) not in found.by:
            return None
        return _Holder(found.layer, self._replaced(found.layer))

    def _replaced(self, layer: Layer) -> Layer:
        attached: dict[Attached, None] = {each.match.policy: None for each in layer.bound}
        # One whose default version says nothing has no statement in the layer: the document comes all the same.
        kept = [each for each in attached if (each.type, each.name) != ("Custom", self._name)]
        mine = Attached(self._name, "Custom", "v0", "RamUser", "Account", self._policy)
        return Layer.of(layer.kind, [*kept, mine])


def _unknown(query: Query, holder: _Holder) -> bool:
    """Whether a statement that covers the query asks for a fact that the trail does not keep."""
    for layer in holder:
        if layer.keys <= query.context.keys():
            continue
        for each in explain(query, (layer,)).layers[0].statements:
            keys = {context_key(one.key) for one in each.conditions}
            if each.action and each.resource and not keys <= query.context.keys():
                return True
    return False


def _compiled(text: str) -> Policy:
    try:
        return compile_policy(text)
    except PolicyError as error:
        raise MALFORMED(reason=error) from None


def _example(query: Query | None) -> ExampleList:
    if query is None:
        return ExampleList(example=[])
    context = [f"{key}={value}" for key, value in query.context.items()]
    return ExampleList(example=[ExampleRequest(action=query.action, resource=query.resource or "", context=context)])
