"""What a caller is told when policies say no: the fault, its detail, and the sealed diagnostic message.

Source: reference/ram-policy-language.md section 11.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from keystead.faults import Fault
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.keyring import Keyring, SealBrokenError
from keystead.policy import Decision, LayerKind, Query

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


class Diagnostic(msgspec.Struct, frozen=True):
    """What DecodeDiagnosticMessage gives back."""

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
    )
    said = "forbid it" if decision.explicit_deny else "do not allow it"
    return Fault(
        "NoPermission",
        403,
        f"You are not authorized to do this action. Resource: {query.resource} Action: {query.action} "
        f"({kind}: {_LAYER_WORDS[layer]} {said}; {distance})",
        next_step=_next_step(query, explicit_deny=decision.explicit_deny),
        detail={
            "AuthAction": query.action,
            "AuthPrincipalType": principal,
            "AuthPrincipalOwnerId": caller.account_id,
            "AuthPrincipalDisplayName": caller.principal_id,
            "PolicyType": layer.value,
            "NoPermissionType": kind,
            "EncodedDiagnosticMessage": encode(keyring, diagnostic),
        },
    )


def _next_step(query: Query, *, explicit_deny: bool) -> str:
    tail = "DecodeDiagnosticMessage shows what was evaluated."
    if explicit_deny:
        return f"Ask an administrator to change the statement that denies {query.action}. {tail}"
    return f"Ask an administrator for a policy that allows {query.action} on {query.resource}. {tail}"


def encode(keyring: Keyring, diagnostic: Diagnostic) -> str:
    """Seal a diagnostic into the text that travels in `AccessDeniedDetail`."""
    return base64.b64encode(_PREFIX + keyring.seal(msgspec.msgpack.encode(diagnostic), _PURPOSE)).decode()


def decode(keyring: Keyring, text: str, account_id: str, now: float) -> Diagnostic | None:
    """Open a diagnostic message; None when it is damaged, expired, or of another account."""
    try:
        raw = base64.b64decode(text, validate=True)
        found = msgspec.msgpack.decode(keyring.open(raw.removeprefix(_PREFIX), _PURPOSE), type=Diagnostic)
    except (binascii.Error, ValueError, SealBrokenError, msgspec.DecodeError):
        return None
    return found if found.account_id == account_id and found.expires_at > now else None
