"""Why a call was refused: the question that was asked, put to the same policies again, statement by statement.

What was evaluated at the time comes from the refusal's sealed message, which the audit keeps too; who the caller was,
its conditions and its session policy are in it.  The policies are those of now: what changed since is said.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import sqlalchemy as sa

from keystead import arn
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import denial
from keystead.identity.callers import Caller
from keystead.identity.denial import Condition, Diagnostic
from keystead.identity.records import identity_layer, load_role, user_layer
from keystead.identity.transaction import Tx
from keystead.policy import (
    Attached,
    Layer,
    LayerKind,
    Principal,
    Query,
    compile_policy,
    context_key,
    explain,
    remedies,
)
from keystead.products.keystead.decision_tree import ChangeList, DecisionTree, Reader, changes, tree, word
from keystead.products.keystead.product import KEYSTEAD
from keystead.store import audit, roles, users
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text, Whole

EVENTS = "acs:keystead:*:{account}:event/*"

_MESSAGE = re.compile(r"AQ[A-Za-z0-9+/]{60,}={0,2}")
_REQUEST_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

NOTHING_TO_EXPLAIN = FaultKind(
    "InvalidParameter.ErrorText",
    400,
    "ErrorText holds neither a request ID nor a diagnostic message (a text that begins AQ, in AccessDeniedDetail).",
    "Paste the whole answer of the refused call, or send EventRequestId or EncodedDiagnosticMessage.",
)
ONE_OF_THREE = FaultKind(
    "InvalidParameter.EventRequestId",
    400,
    "Exactly one of EventRequestId, EncodedDiagnosticMessage and ErrorText must be sent; {count} were.",
    "Send one of them.",
)
DENIAL_NOT_FOUND = FaultKind(
    "EntityNotExist.Denial",
    404,
    "No refusal that you may see has the request ID {id}. Refusals reach the audit within a second; those of others "
    "are shown to who may call keystead:LookupEvents.",
    "Check the request ID and the account; or paste the diagnostic message of the refusal itself.",
)
NOT_BY_POLICY = FaultKind(
    "InvalidParameter.EventRequestId.NotDenied",
    400,
    "The request {id} ended with {outcome}, which no policy decided.",
    "{next}",
)
MESSAGE_UNREADABLE = FaultKind(
    "InvalidParameter.EncodedDiagnosticMessage",
    400,
    "The diagnostic message was not made by this server for your account, is damaged, or is older than seven days.",
    "Send the request ID of the refused call: the audit keeps what was evaluated for as long as it keeps the event.",
)

_BY_THE_GATEWAY = frozenset({"Model.AccessDenied", "App.AccessDenied"})
_NOT_RECORDED = (
    "The conditions of model calls are not recorded: this asks the caller's policies of now, with the time and address "
    "of the call only. The permissions of the workspace and the scope of the key are other limits; the answer of the "
    "call names the one that refused."
)


class ExplainDenialInput(Input, frozen=True):
    event_request_id: Annotated[str, Text(36, 36, r"[0-9A-Fa-f-]+", doc="of the call that was refused")] | None = None
    encoded_diagnostic_message: Annotated[str, Text(1, 65536, doc="from AccessDeniedDetail")] | None = None
    error_text: Annotated[str, Text(1, 65536, doc="the answer of the refused call, as a whole")] | None = None
    max_statements: Annotated[int, Whole(1, 500, doc="how many statements of each layer to show")] = 50


class Denied(Output, frozen=True):
    """What was asked and decided at the time."""

    event_request_id: str
    event_time: str
    action: str
    resource: str
    identity_type: str
    identity: str
    decision: str
    layer: str


class ConditionList(Output, frozen=True):
    condition: list[Condition]


class ExplainDenialOutput(Output, frozen=True):
    """`context_recorded`: the conditions are those of the call; otherwise the call's own are unknown."""

    denied: Denied
    context: ConditionList
    context_recorded: bool
    remarks: list[str]
    now: DecisionTree
    what_would_allow: ChangeList


def _asked(wanted: ExplainDenialInput) -> tuple[str, str]:
    """The message and the request ID that were sent or pasted; one of them is empty."""
    given = [wanted.event_request_id, wanted.encoded_diagnostic_message, wanted.error_text]
    count = sum(each is not None for each in given)
    if count != 1:
        raise ONE_OF_THREE(count=count)
    if wanted.error_text is None:
        return wanted.encoded_diagnostic_message or "", (wanted.event_request_id or "").upper()
    text = wanted.error_text.replace("\\/", "/")  # how some libraries write a slash in JSON
    message = _MESSAGE.search(text)
    if message:
        return message.group(), ""
    request_id = _REQUEST_ID.search(text)
    if request_id is None:
        raise NOTHING_TO_EXPLAIN()
    return "", request_id.group().upper()


@KEYSTEAD.action(
    "ExplainDenial",
    permission="ram:DecodeDiagnosticMessage",
    faults=(ONE_OF_THREE, NOTHING_TO_EXPLAIN, DENIAL_NOT_FOUND, NOT_BY_POLICY, MESSAGE_UNREADABLE),
)
def explain_denial(tx: Tx, caller: Caller, wanted: ExplainDenialInput) -> ExplainDenialOutput:
    """Say why a call was refused: the statements that were asked, what they missed, and what would allow it.

    Refusals of other identities are explained to who may also call keystead:LookupEvents.
    """
    message, request_id = _asked(wanted)
    row = _event(tx, caller, request_id) if request_id else None
    found: Diagnostic | None
    if row is not None and not row.diagnostic:
        found = _of_model_call(tx, row)
    else:
        # The audit keeps a message for as long as its event, so there it does not grow too old.
        since = 0 if row is not None else tx.now
        found = denial.decode(tx.keyring, message if row is None else row.diagnostic, tx.account_id, since)
    if found is None:
        raise MESSAGE_UNREADABLE()
    if found.principal_name != caller.principal_id and not _sees_others(tx):
        raise DENIAL_NOT_FOUND(id=request_id or "in this message")
    return _explained(tx, found, row, wanted.max_statements)


def _sees_others(tx: Tx) -> bool:
    return tx.rights.may("keystead:LookupEvents", EVENTS.format(account=tx.account_id))


def _event(tx: Tx, caller: Caller, request_id: str) -> sa.Row[Any]:
    """The refused call of that request ID.  Raises where it is none, or not for this caller."""
    rows = audit.of_request(tx, request_id)
    if not rows or (rows[0].principal != caller.arn and not _sees_others(tx)):
        raise DENIAL_NOT_FOUND(id=request_id)
    refused = next((row for row in rows if row.diagnostic or row.outcome in _BY_THE_GATEWAY), None)
    if refused is None:
        outcome = rows[0].outcome
        raise NOT_BY_POLICY(id=request_id, outcome=outcome, next=_elsewhere(outcome))
    return refused


def _of_model_call(tx: Tx, row: sa.Row[Any]) -> Diagnostic:
    """What is known of a refused call of a model or application: no message was made of it."""
    kind, name = "", ""
    relative = getattr(arn.parse(row.principal), "relative", "")
    if relative.startswith("user/"):
        user = users.get(tx, relative.removeprefix("user/"))
        kind, name = "SubUser", user.id if user is not None else relative
    elif relative.startswith("assumed-role/"):
        _, role_name, session = relative.split("/", 2)
        role = roles.get(tx, role_name)
        kind, name = "AssumedRoleUser", f"{role.id if role is not None else role_name}:{session}"
    else:
        raise NOT_BY_POLICY(id=row.request_id, outcome=row.outcome, next=_elsewhere(row.outcome))
    known = {"acs:currenttime": iso(row.at / 1000), "acs:sourceip": row.address}
    return Diagnostic(
        account_id=tx.account_id,
        expires_at=0,
        explicit_deny=False,
        policy_type="",
        action=f"modelstudio:{row.action}",
        resource=row.resource,
        principal_type=kind,
        principal_name=name,
        conditions=[Condition(key, [value]) for key, value in known.items()],
        matched=[],
    )


def _elsewhere(outcome: str) -> str:
    """Where the answer is for a call that no policy refused."""
    if outcome == "Success":
        return "Nothing is to be explained: the call was allowed and done."
    if outcome.startswith(("Signature", "IncompleteSignature", "InvalidTimeStamp", "InvalidAccessKeyId")):
        return "DebugSignature says what is wrong with a signature."
    if outcome == "NoPermission.AccessKeyPolicy":
        return "The network policy of the AccessKey pair refused the address: see GetAccessKeyPolicy."
    if outcome.endswith(".AccessDenied"):
        return "A workspace, the scope of a key, or a model's permissions refused it: the call's own answer says which."
    return "The error code's own entry in the list of error codes says what to do."


def _explained(tx: Tx, found: Diagnostic, row: sa.Row[Any] | None, most: int) -> ExplainDenialOutput:
    query, layers, free, remarks = _again(tx, found)
    recorded = row is None or bool(row.diagnostic)
    if not recorded:
        remarks.append(_NOT_RECORDED)
    explanation = explain(query, layers)
    reader = Reader(tx, trust=found.policy_type == LayerKind.TRUST.value, free=free)
    if explanation.decision.allowed:
        remarks.append("It would be allowed now: policies or attachments changed since the call was refused.")
    denied = Denied(
        event_request_id=row.request_id if row is not None else "",
        event_time=iso(row.at / 1000) if row is not None else "",
        action=found.action,
        resource=found.resource,
        identity_type=found.principal_type,
        identity=row.principal if row is not None else found.principal_name,
        decision=("ExplicitDeny" if found.explicit_deny else "ImplicitDeny") if recorded else "",
        layer=found.policy_type,
    )
    if recorded and not explanation.decision.allowed and word(explanation.decision) != denied.decision:
        remarks.append(f"It was refused by {denied.decision} then and would be by {word(explanation.decision)} now.")
    return ExplainDenialOutput(
        denied=denied,
        context=ConditionList(condition=found.conditions),
        context_recorded=recorded,
        remarks=remarks,
        now=tree(explanation, reader, most),
        what_would_allow=changes(remedies(query, layers), reader),
    )


def _again(tx: Tx, found: Diagnostic) -> tuple[Query, tuple[Layer, ...], list[Attached], list[str]]:
    """The same question, the layers that answer it now, those of their policies that are stored nowhere, remarks."""
    context = {
        context_key(each.condition_key): each.condition_values[0]
        if len(each.condition_values) == 1
        else tuple(each.condition_values)
        for each in found.conditions
    }
    if found.policy_type == LayerKind.TRUST.value:
        principal = Principal(tx.account_id, found.principal_arns, None, found.federated or None)
        query = Query(found.action, found.resource, context, principal)
        return (query, *_trust(tx, found.resource))
    query = Query(found.action, found.resource or None, context, None, found.alias or None)
    if found.principal_type == "AssumedRoleUser":
        return (query, *_session(tx, found))
    if users.by_id(tx, found.principal_name) is None:
        return query, (), [], ["The user has been deleted since: it has no policies now."]
    return query, (user_layer(tx, found.principal_name, set()),), [], []


def _trust(tx: Tx, role_arn: str) -> tuple[tuple[Layer, ...], list[Attached], list[str]]:
    named = arn.parse(role_arn)
    row = roles.get(tx, named.relative.removeprefix("role/")) if named is not None else None
    role = load_role(tx, row.id).value if row is not None else None
    if role is None:
        return (), [], ["The role has been deleted since: it trusts nobody now."]
    return (role.trust,), [], ["The trust policy of the role decided; the caller's own policies allowed it."]


def _session(tx: Tx, found: Diagnostic) -> tuple[tuple[Layer, ...], list[Attached], list[str]]:
    role_id = found.principal_name.partition(":")[0]
    layers: tuple[Layer, ...] = ()
    remarks, free = [], []
    if roles.by_id(tx, role_id) is None:
        remarks.append("The role has been deleted since: it has no policies now.")
    else:
        layers = (identity_layer(tx, [role_id], set()),)
    if found.session_policy:
        policy = compile_policy(found.session_policy)
        free.append(Attached("SessionPolicy", "Custom", "v1", "RamRole", "Account", policy))
        layers = (Layer.of(LayerKind.SESSION, free), *layers)
    return layers, free, remarks
