"""May it be called?  One query to `policy.decide`, with the layers of the key or of the caller.

Source: design.md 6, reference/model-studio.md b.10, d.6.
"""

from __future__ import annotations

from collections.abc import Mapping

from keystead.clock import iso
from keystead.faults import Fault, FaultKind
from keystead.gateway import faults
from keystead.gateway.values import Visitor
from keystead.identity import model_keys
from keystead.policy import Decision, LayerKind, Query, context_key, decide, explain
from keystead.wire.request import WireRequest

Facts = Mapping[str, str | tuple[str, ...]]

_WORKSPACE_ID = context_key("modelstudio:workspaceId")
_MODEL = context_key("modelstudio:model")
_APPLICATION = context_key("modelstudio:application")
_TOKENS = context_key("modelstudio:estimatedTokens")


def facts_of(visitor: Visitor, request: WireRequest, now: float) -> dict[str, str | tuple[str, ...]]:
    """The condition keys that every model call has."""
    caller = visitor.caller
    return {
        "acs:currenttime": iso(now),
        "acs:securetransport": "true" if request.secure else "false",
        "acs:sourceip": request.peer,
        "acs:mfapresent": "true" if caller.mfa else "false",
        "acs:principalarn": caller.principal_arn,
        _WORKSPACE_ID: visitor.workspace_id,
    }


def may_call_model(visitor: Visitor, model: str, facts: Facts) -> bool:
    """Whether the model is among those that a list shows to this caller."""
    resource = model_keys.model_arn(visitor.caller.account_id, model)
    query = model_keys.invocation(model_keys.INVOKE_MODEL, resource, {**facts, _MODEL: model, _TOKENS: "0"})
    return decide(query, visitor.layers).allowed


def check_model(visitor: Visitor, model: str, tokens: int, facts: Facts, application: str = "") -> None:
    """Raise `Model.AccessDenied` unless the caller may call the model."""
    resource = model_keys.model_arn(visitor.caller.account_id, model)
    known = {**facts, _MODEL: model, _TOKENS: str(tokens)}
    if application:
        known[_APPLICATION] = application
    query = model_keys.invocation(model_keys.INVOKE_MODEL, resource, known)
    decision = decide(query, visitor.layers)
    if not decision.allowed:
        raise _refusal(faults.MODEL_REFUSED, decision, query, visitor)


def check_granted(visitor: Visitor, model: str, facts: Facts) -> None:
    """Raise `Model.AccessDenied` unless the workspace has the model that an application answers by.

    Who may call the application is another question: its users need no right to the bare model.
    """
    resource = model_keys.model_arn(visitor.caller.account_id, model)
    query = model_keys.invocation(model_keys.INVOKE_MODEL, resource, {**facts, _MODEL: model, _TOKENS: "0"})
    layers = tuple(layer for layer in visitor.layers if layer.kind is LayerKind.CONTROL)
    decision = decide(query, layers)
    if not decision.allowed:
        raise _refusal(faults.MODEL_REFUSED, decision, query, visitor)


def check_application(visitor: Visitor, application: str, facts: Facts) -> None:
    """Raise `App.AccessDenied` unless the caller may call the application."""
    resource = model_keys.application_arn(visitor.caller.account_id, application)
    query = model_keys.invocation(model_keys.INVOKE_APPLICATION, resource, {**facts, _APPLICATION: application})
    decision = decide(query, visitor.layers)
    if not decision.allowed:
        raise _refusal(faults.APPLICATION_REFUSED, decision, query, visitor)


def check_files(visitor: Visitor, action: str, facts: Facts) -> None:
    """Raise `AccessDenied` unless the caller may do this with the workspace's files."""
    resource = model_keys.workspace_arn(visitor.caller.account_id, visitor.workspace_id)
    query = model_keys.invocation(action, resource, facts)
    decision = decide(query, visitor.layers)
    if not decision.allowed:
        raise _refusal(faults.FILES_REFUSED, decision, query, visitor)


def _refusal(kind: FaultKind, decision: Decision, query: Query, visitor: Visitor) -> Fault:
    """What was asked, which layer decided, how far it was from passing, what to do."""
    layer = {
        LayerKind.CONTROL: f"the workspace {visitor.workspace_id}",
        LayerKind.SESSION: "the scope of the key or session",
    }.get(decision.layer or LayerKind.ACCOUNT, "the policies of the caller")
    said = "forbids" if decision.explicit_deny else "does not allow"
    why = f"{layer.capitalize()} {said} {query.action} on {query.resource}"
    if decision.explicit_deny:
        why += f": {len(decision.matched)} statement(s) deny it."
    else:
        near = sum(trace.action for trace in explain(query, visitor.layers).closest)
        why += f": {near} statement(s) allow the action, none of them here and under these conditions."
    steps = {
        LayerKind.CONTROL: f"Grant the model to the workspace {visitor.workspace_id} with UpdateModelPermissions.",
        LayerKind.SESSION: "Use a key whose scope names it, or change the scope with UpdateApiKey.",
    }
    step = steps.get(
        decision.layer or LayerKind.ACCOUNT, f"Ask an administrator for a policy that allows {query.action} on it."
    )
    return kind(why=why, next=step)
