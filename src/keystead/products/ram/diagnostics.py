"""Reading the sealed part of a denial.  Source: reference/ram-policy-language.md section 11."""

from __future__ import annotations

from typing import Annotated

from keystead.faults import FaultKind
from keystead.identity import denial
from keystead.identity.callers import Caller
from keystead.identity.denial import Condition, MatchedPolicy
from keystead.products.desk import Desk
from keystead.products.ram.product import RAM
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text

UNREADABLE = FaultKind(
    "InvalidParameter.EncodedDiagnosticMessage",
    400,
    "The parameter EncodedDiagnosticMessage was not made by this server for your account, is damaged, or is older "
    "than seven days.",
    "Repeat the call that was refused and decode its new message.",
)


class DecodeInput(Input, frozen=True):
    encoded_diagnostic_message: Annotated[str, Text(1, 65536, doc="from AccessDeniedDetail")]


class AuthPrincipal(Output, frozen=True):
    auth_principal_type: str
    auth_principal_owner_id: str
    auth_principal_display_name: str


class DecodedMessage(Output, frozen=True):
    explicit_deny: bool
    no_permission_policy_type: str
    auth_action: str
    auth_resource: str
    auth_principal: AuthPrincipal
    auth_conditions: list[Condition]
    matched_policies: list[MatchedPolicy]


class DecodeOutput(Output, frozen=True):
    decoded_diagnostic_message: DecodedMessage


@RAM.action("DecodeDiagnosticMessage", memory=True, faults=(UNREADABLE,))
def decode_diagnostic_message(desk: Desk, caller: Caller, wanted: DecodeInput) -> DecodeOutput:
    """Show what was evaluated when a call was refused: action, resource, conditions, policies that matched."""
    found = denial.decode(desk.keyring, wanted.encoded_diagnostic_message, caller.account_id, desk.now)
    if found is None:
        raise UNREADABLE()
    return DecodeOutput(
        decoded_diagnostic_message=DecodedMessage(
            explicit_deny=found.explicit_deny,
            no_permission_policy_type=found.policy_type,
            auth_action=found.action,
            auth_resource=found.resource,
            auth_principal=AuthPrincipal(
                auth_principal_type=found.principal_type,
                auth_principal_owner_id=found.account_id,
                auth_principal_display_name=found.principal_name,
            ),
            auth_conditions=found.conditions,
            matched_policies=found.matched,
        )
    )
