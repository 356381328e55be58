"""What a user or role may do and what of it was used, with a policy that allows no more than that.

What was used comes from the audit trail, summed by day as it is written (`store.action_uses`); it reaches 90 days back.
Source: reference/console.md 3.5, 3.10, 5.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.records import identity_layer, user_layer
from keystead.identity.transaction import Tx
from keystead.policy import SYSTEM_POLICIES, Attached, Layer, fold, narrowed
from keystead.products import permissions
from keystead.products.faults import ROLE_NOT_FOUND, USER_NOT_FOUND
from keystead.products.keystead.decision_tree import Reader
from keystead.products.keystead.denials import EVENTS
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import SearchInput, SearchOutput
from keystead.products.keystead.simulation import TWO_IDENTITIES, alias_of
from keystead.products.people.policies import default_of
from keystead.store import action_uses, roles, users
from keystead.store.action_uses import KEPT_DAYS
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Text, missing

_MOST_STATEMENTS = 5
"""Statements that are named for one action."""


UserName = Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="a RAM user")]
RoleName = Annotated[str, Text(1, 64, r"[A-Za-z0-9.-]+", doc="a role")]


class _Whose:
    """A user or a role, of which an input names one."""

    __slots__ = ()
    user_name: UserName | None
    role_name: RoleName | None

    @property
    def kind(self) -> str:
        """User or Role.  Raises `MissingUserName`, or `InvalidParameter.UserName` for two."""
        if self.user_name and self.role_name:
            raise TWO_IDENTITIES()
        if not (self.user_name or self.role_name):
            raise missing("UserName")
        return "User" if self.user_name else "Role"

    @property
    def relative(self) -> str:
        """`user/alice`, as resources are written."""
        return f"{self.kind.lower()}/{self.user_name or self.role_name}"


class GetIdentityAccessInput(SearchInput, _Whose, frozen=True, kw_only=True):
    """query: a part of the action.  used: only what was used in 90 days, or only what was not."""

    user_name: UserName | None = None
    role_name: RoleName | None = None
    service: Annotated[str, Text(1, 32, r"[a-z]+", doc="for instance ram")] | None = None
    used: Annotated[str, Choice(("yes", "no"), doc="in the last 90 days")] | None = None


class AllowingStatement(Output, frozen=True):
    """A statement that allows an action somewhere.  everywhere: on all resources and under no condition.

    Where `readable` is false the policy is not named.
    """

    policy_name: str
    policy_type: str
    readable: bool
    statement_index: int
    everywhere: bool


class AllowingStatementList(Output, frozen=True):
    statement: list[AllowingStatement]


class ActionAccess(Output, frozen=True):
    """An action.  allowed: Yes, Partly (on some resources or under conditions), or No (used, and not allowed now).

    calls: in 90 days.  statements: at most five.
    """

    action: str
    service: str
    level: str
    allowed: str
    calls: int
    statements: AllowingStatementList
    last_used_date: str | UnsetType = UNSET


class ActionAccessList(Output, frozen=True):
    action: list[ActionAccess]


class GetIdentityAccessOutput(SearchOutput, frozen=True, kw_only=True):
    """allowed_count, used_count: actions that are allowed, and those of them that were used.  since: what was used
    before is not known."""

    actions: ActionAccessList
    allowed_count: int
    used_count: int
    since: str


class SuggestSmallerPolicyInput(Input, _Whose, frozen=True):
    user_name: UserName | None = None
    role_name: RoleName | None = None


class SuggestSmallerPolicyOutput(Output, frozen=True):
    """policy_document: allows what was used in 90 days and was allowed, where and as it was allowed; "" where nothing
    was used.  current_document: the statements of all policies that the identity has, together.

    unused_services: those that policies allow something of, and of which nothing was used.  withheld: policies that the
    caller may not read, whose statements are in neither document; such a suggestion is not whole.
    """

    policy_document: str
    current_document: str
    used_count: int
    unused_services: list[str]
    withheld: int
    since: str


class _Identity(NamedTuple):
    """id: of the user or role.  layer: what it has, groups included."""

    id: str
    layer: Layer


_FAULTS = (TWO_IDENTITIES, USER_NOT_FOUND, ROLE_NOT_FOUND)


@KEYSTEAD.action(
    "GetIdentityAccess",
    permission="ram:ListPoliciesFor{kind}",
    resource="acs:ram:*:{account}:{relative}",
    faults=_FAULTS,
)
def get_identity_access(tx: Tx, _caller: Caller, wanted: GetIdentityAccessInput) -> GetIdentityAccessOutput:
    """List the actions that a user or role may do, by which statements, and how often it did in 90 days.

    Who asks must also be allowed keystead:LookupEvents, which tells the same call by call.
    """
    identity = _find(tx, wanted)
    used = {row.action: row for row in action_uses.of(tx, identity.id)}
    known = {each.name: each for each in permissions.known()}
    reader = Reader(tx)
    rows, allowed_count, used_count = [], 0, 0
    for name in sorted(known.keys() | used.keys()):
        allows = allowing(identity.layer, name)
        if not allows and name not in used:
            continue
        allowed_count += bool(allows)
        used_count += bool(allows) and name in used
        if _is_asked(wanted, name, name in used):
            rows.append((name, allows))
    cut = wanted.cut("")
    shown = [
        _shown(name, allows, used.get(name), known.get(name), reader, whole=_is_whole(identity.layer, name, allows))
        for name, allows in rows[cut.skip : cut.skip + cut.most]
    ]
    return GetIdentityAccessOutput(
        total_count=len(rows),
        page=wanted.page,
        page_size=wanted.page_size,
        actions=ActionAccessList(action=shown),
        allowed_count=allowed_count,
        used_count=used_count,
        since=_since(tx),
    )


@KEYSTEAD.action(
    "SuggestSmallerPolicy",
    permission="ram:ListPoliciesFor{kind}",
    resource="acs:ram:*:{account}:{relative}",
    faults=_FAULTS,
)
def suggest_smaller_policy(tx: Tx, _caller: Caller, wanted: SuggestSmallerPolicyInput) -> SuggestSmallerPolicyOutput:
    """Write a policy that allows what a user or role used in 90 days, and nothing that it may not do now.

    Nothing is changed. Who asks must also be allowed keystead:LookupEvents.
    """
    identity = _find(tx, wanted)
    used = {row.action: alias_of(row.action) for row in action_uses.of(tx, identity.id)}
    reader = Reader(tx)
    attached = list({(each.type, each.name): each for each in _policies(identity.layer)}.values())
    readable = [each for each in attached if reader.reads(each)]
    documents = [_document(tx, each) for each in readable]
    services = {name.split(":", 1)[0] for name in used}
    idle = {
        each.service
        for each in permissions.known()
        if each.service not in services and allowing(identity.layer, each.name)
    }
    return SuggestSmallerPolicyOutput(
        policy_document=narrowed(documents, used, extensions=tx.policy_extensions),
        current_document=_together(documents),
        used_count=len(used),
        unused_services=sorted(idle),
        withheld=len(attached) - len(readable),
        since=_since(tx),
    )


def _find(tx: Tx, wanted: Any) -> _Identity:
    """The identity that is asked about.  Raises where it does not exist, or the trail is not the caller's to read."""
    tx.rights.must("keystead:LookupEvents", EVENTS.format(account=tx.account_id))
    if wanted.kind == "User":
        row = users.get(tx, wanted.user_name)
        if row is None:
            raise USER_NOT_FOUND(name=wanted.user_name)
        return _Identity(row.id, user_layer(tx, row.id, set()))
    row = roles.get(tx, wanted.role_name)
    if row is None:
        raise ROLE_NOT_FOUND(name=wanted.role_name)
    return _Identity(row.id, identity_layer(tx, [row.id], set()))


def allowing(layer: Layer, action: str) -> list[Any]:
    """The statements that allow an action somewhere; none where a Deny forbids it everywhere."""
    small, alias = fold(action), alias_of(action)
    small_alias = None if alias is None else fold(alias)
    covering = [each for each in layer.bound if each.statement.covers_action(small, small_alias)]
    if any(each.statement.deny and each.always and each.statement.everywhere for each in covering):
        return []
    return [each for each in covering if not each.statement.deny]


def _is_whole(layer: Layer, action: str, allows: list[Any]) -> bool:
    """Whether an action is allowed on everything under every condition."""
    small, alias = fold(action), alias_of(action)
    small_alias = None if alias is None else fold(alias)
    denies = any(each.statement.deny and each.statement.covers_action(small, small_alias) for each in layer.bound)
    return not denies and any(each.always and each.statement.everywhere for each in allows)


def _is_asked(wanted: GetIdentityAccessInput, name: str, is_used: bool) -> bool:
    if wanted.used is not None and (wanted.used == "yes") is not is_used:
        return False
    if wanted.service is not None and name.split(":", 1)[0] != wanted.service:
        return False
    return wanted.query.lower() in name.lower()


def _shown(name: str, allows: list[Any], use: Any, known: Any, reader: Reader, *, whole: bool) -> ActionAccess:
    told = [
        AllowingStatement(
            policy_name=each.match.policy.name if reader.reads(each.match.policy) else "",
            policy_type=each.match.policy.type if reader.reads(each.match.policy) else "",
            readable=reader.reads(each.match.policy),
            statement_index=each.match.index if reader.reads(each.match.policy) else -1,
            everywhere=each.always and each.statement.everywhere,
        )
        for each in sorted(allows, key=lambda each: not (each.always and each.statement.everywhere))
    ]
    return ActionAccess(
        action=name,
        service=name.split(":", 1)[0],
        level=known.level if known is not None else "",
        allowed="No" if not told else "Yes" if whole else "Partly",
        calls=0 if use is None else int(use.calls),
        statements=AllowingStatementList(statement=told[:_MOST_STATEMENTS]),
        last_used_date=UNSET if use is None else iso(use.last / 1000),
    )


def _policies(layer: Layer) -> list[Attached]:
    return [each.match.policy for each in layer.bound]


def _together(documents: list[str]) -> str:
    """One document with the statements of all."""
    found: list[Any] = []
    for text in documents:
        written = json.loads(text)["Statement"]
        found += written if isinstance(written, list) else [written]
    return json.dumps({"Version": "1", "Statement": found}, indent=2, ensure_ascii=False) if found else ""


def _document(tx: Tx, policy: Attached) -> str:
    """The text of an attached policy's version."""
    if policy.type == "System":
        return SYSTEM_POLICIES[policy.name].document
    return str(default_of(tx, policy.name)[1].document)


def _since(tx: Tx) -> str:
    return iso(tx.now - KEPT_DAYS * 86_400)
