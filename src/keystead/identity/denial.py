"""What a caller is told when policies say no: the fault, its detail, and the sealed diagnostic message.

Source: reference/ram-policy-language.md section 11.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from keystead.faults import Fault, FaultKind
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.keyring import Keyring, SealBrokenError
from keystead.policy import Decision, LayerKind, Query, explain

FORBIDDEN = FaultKind(
    "NoPermission",
    403,
    "You are not authorized to do this action. Resource: {resource} Action: {action} "
    "(ExplicitDeny: {layer} forbid it; {distance})",
    "Ask an administrator to change the statement that denies {action}. "
    "DecodeDiagnosticMessage shows what was evaluated.",
)
NOT_ALLOWED = FaultKind(
    "NoPermission",
    403,
    "You are not authorized to do this action. Resource: {resource} Action: {action} "
    "(ImplicitDeny: {layer} do not allow it; {distance})",
    "Ask an administrator for a policy that allows {action} on {resource}. "
    "DecodeDiagnosticMessage shows what was evaluated.",
)

_PURPOSE = "diagnostic"
# Clients know these messages by their beginning: base64 of a one and a zero byte starts with "AQ".
_PREFIX = b"\x01\x00"
_KEPT_SECONDS = 7 * 86_400
_PRINCIPAL_TYPES = {IdentityType.USER: "SubUser", IdentityType.SESSION: "AssumedRoleUser"}

_LAYER_WORDS = {
    LayerKind.CONTROL: "the control policies of the account",
    LayerKind.SESSION: "the session policy given to AssumeRole",
    LayerKind.ACCOUNT: "the policies attached to the identity and its groups",
    LayerKind.RESOURCE_GROUP: "the policies attached within the resource group",
    LayerKind.TRUST: "the role's trust policy",
}


class MatchedPolicy(msgspec.Struct, frozen=True, rename="pascal"):
    """A policy with a statement that decided."""

    policy_identifier: str
    policy_type: str
    policy_version: str
    effect: str
    attached_entity_type: str
    attached_scope: str


class Condition(msgspec.Struct, frozen=True, rename="pascal"):
    """One fact of the request as it was evaluated."""

    condition_key: str
    condition_values: list[str]


class Diagnostic(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was evaluated: enough to say it (DecodeDiagnosticMessage) and to ask it again (ExplainDenial).

    alias: the action's name in another product.  session_policy: the text of a role session's own policy.
    principal_arns, federated: the caller as the trust policy was asked about it.
    """

    account_id: str
    expires_at: int
    explicit_deny: bool
    policy_type: str
    action: str
    resource: str
    principal_type: str
    principal_name: str
    conditions: list[Condition]
    matched: list[MatchedPolicy]
    alias: str = ""
    session_policy: str = ""
    principal_arns: tuple[str, ...] = ()
    federated: str = ""


def by_layers(decision: Decision, query: Query, caller: Caller, keyring: Keyring, now: float) -> Fault:
    """`NoPermission` for what the caller's own layers decided."""
    return no_permission(decision, query, caller, keyring, now, distance=_distance(decision, query, caller))


def no_permission(
    decision: Decision, query: Query, caller: Caller, keyring: Keyring, now: float, *, distance: str
) -> Fault:
    """`NoPermission`, 403.  `distance` is one clause that says how far the request was from being allowed."""
    layer = decision.layer or LayerKind.ACCOUNT
    kind = "ExplicitDeny" if decision.explicit_deny else "ImplicitDeny"
    principal = _PRINCIPAL_TYPES.get(caller.kind, caller.kind.value)
    diagnostic = Diagnostic(
        account_id=caller.account_id,
        expires_at=int(now) + _KEPT_SECONDS,
        explicit_deny=decision.explicit_deny,
        policy_type=layer.value,
        action=query.action,
        resource=query.resource or "",
        principal_type=principal,
        principal_name=caller.principal_id,
        conditions=[
            Condition(key, [value] if isinstance(value, str) else list(value)) for key, value in query.context.items()
        ],
        matched=[
            MatchedPolicy(
                match.policy.name,
                match.policy.type,
                match.policy.version,
                match.effect,
                match.policy.entity_type,
                match.policy.scope,
            )
            for match in decision.matched
        ],
        alias=query.alias_action or "",
        session_policy=caller.session_policy,
        principal_arns=query.principal.arns if query.principal else (),
        federated=(query.principal.federated or "") if query.principal else "",
    )
    declared = FORBIDDEN if decision.explicit_deny else NOT_ALLOWED
    fault = declared(resource=query.resource, action=query.action, layer=_LAYER_WORDS[layer], distance=distance)
    return fault.carrying(
        detail={
            "AuthAction": query.action,
            "AuthPrincipalType": principal,
            "AuthPrincipalOwnerId": caller.account_id,
            "AuthPrincipalDisplayName": caller.principal_id,
            "PolicyType": layer.value,
            "NoPermissionType": kind,
            "EncodedDiagnosticMessage": encode(keyring, diagnostic),
        }
    )


def _distance(decision: Decision, query: Query, caller: Caller) -> str:
    """One clause that says how far a request was from being allowed."""
    if decision.explicit_deny:
        return f"{len(decision.matched)} statement(s) deny it, and a Deny outweighs every Allow"
    explanation = explain(query, caller.layers)
    total = sum(len(layer.statements) for layer in explanation.layers)
    if not total:
        return "no policy is attached"
    near = [trace for trace in explanation.closest if trace.action]
    if not near:
        return f"none of the {total} statement(s) names the action"
    return f"of {total} statement(s) {len(near)} allow the action, but on other resources or under other conditions"


def encode(keyring: Keyring, diagnostic: Diagnostic) -> str:
    """Seal a diagnostic into the text that travels in `AccessDeniedDetail`."""
    return base64.b64encode(_PREFIX + keyring.seal(msgspec.msgpack.encode(diagnostic), _PURPOSE)).decode()


def message_of(fault: Fault) -> str | None:
    """The sealed message that a refusal carries; None for every other fault."""
    return fault.detail.get("EncodedDiagnosticMessage") if fault.detail else None


def decode(keyring: Keyring, text: str, account_id: str, now: float) -> Diagnostic | None:
    """Open a diagnostic message; None when it is damaged, expired, or of another account."""
    try:
        raw = base64.b64decode(text, validate=True)
        found = msgspec.msgpack.decode(keyring.open(raw.removeprefix(_PREFIX), _PURPOSE), type=Diagnostic)
    except (binascii.Error, ValueError, SealBrokenError, msgspec.DecodeError):
        return None
    return found if found.account_id == account_id and found.expires_at > now else None
