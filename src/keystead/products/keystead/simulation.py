"""What would be decided: questions put to the policies of an identity, none of them done.

Who asks needs the right to list that identity's policies.  Only policies are asked: what a request must be besides
(signed, on time, from an address that the pair may be used from) and what security preferences grant users on
themselves is not part of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

import msgspec

from keystead import arn
from keystead.clock import iso
from keystead.faults import Fault, FaultKind
from keystead.identity.callers import Caller
from keystead.identity.denial import Condition
from keystead.identity.model_keys import FILES, INVOKE_APPLICATION, INVOKE_MODEL, invocation
from keystead.identity.records import identity_layer, user_layer
from keystead.identity.transaction import Tx
from keystead.policy import (
    Attached,
    DocumentKind,
    Layer,
    LayerKind,
    PolicyError,
    Query,
    compile_policy,
    context_key,
    explain,
    fold,
    remedies,
    validate,
)
from keystead.products.faults import GROUP_NOT_FOUND, ROLE_NOT_FOUND, USER_NOT_FOUND
from keystead.products.keystead.decision_tree import ChangeList, DecisionTree, Reader, changes, tree
from keystead.products.keystead.product import KEYSTEAD
from keystead.store import groups, roles, users
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Items, Text, Whole, missing

MOST_QUERIES = 100
MOST_WORK = 100_000
"""Statements times queries."""
_MOST_KEYS = 50
_MOST_VALUES = 100

TWO_IDENTITIES = FaultKind(
    "InvalidParameter.UserName",
    400,
    "More than one of UserName, GroupName and RoleName was sent.",
    "Send one of them.",
)
CONTEXT_INVALID = FaultKind(
    "InvalidParameter.Queries.Context",
    400,
    "The Context of query {number} is not valid: {why}.",
    "Write a JSON object of condition keys, each with a text or a list of texts.",
)
POLICY_INVALID = FaultKind(
    "MalformedPolicyDocument", 400, "The AdditionalPolicy is not a policy: {why}.", "Correct it and ask again."
)
TOO_MUCH = FaultKind(
    "LimitExceeded.Simulation",
    409,
    "{queries} queries on {statements} statements are more than the {limit} that one call may take together.",
    "Ask in smaller sets.",
)


Wrong = Callable[..., Fault]
_CALLS = frozenset(map(fold, (INVOKE_MODEL, INVOKE_APPLICATION, *FILES)))


class SimulatedQuery(Input, frozen=True):
    """One question.  context: a JSON object, a value or a list of values by condition key."""

    action: Annotated[str, Text(3, 128, r"[A-Za-z0-9-]+:[A-Za-z0-9]+", doc="for instance ram:CreateUser")]
    resource: Annotated[str, Text(1, 1024, doc="the ARN of the resource, or *")] = "*"
    context: Annotated[str, Text(0, 8192, doc="condition keys and their values, as a JSON object")] = ""


class SimulateAccessInput(Input, frozen=True):
    queries: Annotated[tuple[SimulatedQuery, ...], Items(MOST_QUERIES, doc="what is asked")]
    user_name: Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="the RAM user who asks")] | None = None
    group_name: Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="the group whose policies are asked")] | None = None
    role_name: Annotated[str, Text(1, 64, r"[A-Za-z0-9.-]+", doc="the role that asks")] | None = None
    additional_policy: Annotated[str, Text(0, 6144, doc="a policy that is asked as if it were attached")] = ""
    max_statements: Annotated[int, Whole(1, 500, doc="how many statements to show for each query")] = 20

    @property
    def named(self) -> tuple[str, str]:
        """The word and the name of the identity.  Raises `MissingUserName`, or `InvalidParameter.UserName` for two."""
        given = (("User", self.user_name), ("Group", self.group_name), ("Role", self.role_name))
        found = [(word, name) for word, name in given if name]
        if len(found) > 1:
            raise TWO_IDENTITIES()
        if not found:
            raise missing("UserName")
        return found[0]

    @property
    def kind(self) -> str:
        """User, Group or Role."""
        return self.named[0]

    @property
    def relative(self) -> str:
        """`user/alice`, as resources are written."""
        word, name = self.named
        return f"{word.lower()}/{name}"


class Simulated(Output, frozen=True):
    """One answer.  missing_keys: condition keys that a statement asks for and the context does not have."""

    action: str
    resource: str
    context: list[Condition]
    missing_keys: list[str]
    result: DecisionTree
    what_would_allow: ChangeList


class SimulatedList(Output, frozen=True):
    result: list[Simulated]


class SimulateAccessOutput(Output, frozen=True):
    results: SimulatedList
    allowed_count: int
    denied_count: int


@KEYSTEAD.action(
    "SimulateAccess",
    permission="ram:ListPoliciesFor{kind}",
    resource="acs:ram:*:{account}:{relative}",
    faults=(
        TWO_IDENTITIES,
        USER_NOT_FOUND,
        GROUP_NOT_FOUND,
        ROLE_NOT_FOUND,
        CONTEXT_INVALID,
        POLICY_INVALID,
        TOO_MUCH,
    ),
)
def simulate_access(tx: Tx, _caller: Caller, wanted: SimulateAccessInput) -> SimulateAccessOutput:
    """Decide up to 100 actions for a user, a group's policies or a role, and show every statement that was asked.

    Nothing is done. The time and the identity's ARN are filled in where the context does not name them.
    """
    layers, facts, free = _identity(tx, wanted)
    count = sum(len(layer.bound) for layer in layers)
    if count * len(wanted.queries) > MOST_WORK:
        raise TOO_MUCH(queries=len(wanted.queries), statements=count, limit=MOST_WORK)
    reader = Reader(tx, free=free)
    asked = frozenset(key for layer in layers for key in layer.keys)
    found = []
    for number, each in enumerate(wanted.queries, 1):
        context = facts | given_context(each.context, partial(CONTEXT_INVALID, number=number))
        query = Query(each.action, each.resource, context, None, alias_of(each.action))
        found.append(
            Simulated(
                action=each.action,
                resource=each.resource,
                context=[_shown(key, value) for key, value in context.items()],
                missing_keys=sorted(asked - context.keys()),
                result=tree(explain(query, layers), reader, wanted.max_statements),
                what_would_allow=changes(remedies(query, layers), reader),
            )
        )
    allowed = sum(each.result.decision == "Allow" for each in found)
    return SimulateAccessOutput(
        results=SimulatedList(result=found), allowed_count=allowed, denied_count=len(found) - allowed
    )


def alias_of(action: str) -> str | None:
    """What older policies call an action: `ims:` for `ram:`, and `sfm:` for the calls of models and applications."""
    product, _, name = action.partition(":")
    if product.lower() == "ram":
        return f"ims:{name}"
    return invocation(action, "", {}).alias_action if fold(action) in _CALLS else None


def _identity(tx: Tx, wanted: SimulateAccessInput) -> tuple[tuple[Layer, ...], dict[str, Any], list[Attached]]:
    """The layers of the identity, the facts that follow from it, and the policies that are stored nowhere."""
    kind, name = wanted.named
    facts: dict[str, Any] = {"acs:currenttime": iso(tx.now)}
    if kind == "Group":
        row = groups.get(tx, name)
        if row is None:
            raise GROUP_NOT_FOUND(name=name)
        layer = identity_layer(tx, [row.id], set())
    elif kind == "Role":
        row = roles.get(tx, name)
        if row is None:
            raise ROLE_NOT_FOUND(name=name)
        layer = identity_layer(tx, [row.id], set())
    else:
        row = users.get(tx, name)
        if row is None:
            raise USER_NOT_FOUND(name=name)
        layer = user_layer(tx, row.id, set())
    if kind != "Group":
        facts["acs:principalarn"] = arn.ram(tx.account_id, f"{kind.lower()}/{row.name}")
    if not wanted.additional_policy:
        return (layer,), facts, []
    more = Attached("AdditionalPolicy", "Custom", "v1", f"Ram{kind}", "Account", _additional(tx, wanted))
    joined = Layer(LayerKind.ACCOUNT, layer.bound + Layer.of(LayerKind.ACCOUNT, [more]).bound)
    return (joined,), facts, [more]


def _additional(tx: Tx, wanted: SimulateAccessInput) -> Any:
    try:
        validate(wanted.additional_policy, DocumentKind.IDENTITY, extensions=tx.policy_extensions)
        return compile_policy(wanted.additional_policy)
    except PolicyError as error:
        raise POLICY_INVALID(why=error) from None


def given_context(text: str, wrong: Wrong) -> dict[str, Any]:
    """The condition keys of a query, as policies ask for them.  Raises what `wrong(why=…)` makes of a reason."""
    if not text.strip():
        return {}
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise wrong(why="it is not JSON") from None
    if not isinstance(given, Mapping):
        raise wrong(why="it is not an object")
    if len(given) > _MOST_KEYS:
        raise wrong(why=f"it has {len(given)} keys, the limit is {_MOST_KEYS}")
    return {context_key(key): _value(key, value, wrong) for key, value in given.items()}


def _value(key: str, value: object, wrong: Wrong) -> str | tuple[str, ...]:
    if isinstance(value, list):
        if len(value) > _MOST_VALUES:
            raise wrong(why=f"{key[:80]} has {len(value)} values, the limit is {_MOST_VALUES}")
        return tuple(_text(key, each, wrong) for each in value)
    return _text(key, value, wrong)


def _text(key: str, value: object, wrong: Wrong) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise wrong(why=f"the value of {key[:80]} is neither a text nor a list of texts")


def _shown(key: str, value: str | tuple[str, ...]) -> Condition:
    return Condition(key, [value] if isinstance(value, str) else list(value))
