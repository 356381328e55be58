"""A call, or what the server does by itself, as one event of the audit trail."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from keystead import ids
from keystead.identity.transaction import Tx
from keystead.server.call import Call
from keystead.store.audit import Event

_encode = msgspec.json.Encoder().encode
_MOST_PARAMETERS = 2048


def parameters_of(call: Call) -> str:
    """The parameters of a call as the trail keeps them, in JSON.  Secrets are left out."""
    text = _encode(call.action.audited(call.given)).decode()
    return text if len(text) <= _MOST_PARAMETERS else '{"…":"too long"}'


def audit_event(call: Call, parameters: str, resource: str, outcome: str, diagnostic: str | None = None) -> Event:
    """What the trail keeps of a call.  parameters: by `parameters_of`.  outcome: Success or an error code.

    diagnostic: of a refusal by policy, the sealed message that says what was evaluated.
    """
    action, caller, origin = call.action, call.caller, call.origin
    return Event(
        caller.account_id,
        int(call.now * 1000),
        origin.request_id,
        action.product,
        action.name,
        "write" if action.writes else "read",
        caller.kind.value,
        caller.arn,
        caller.access_key_id,
        resource[:512],
        outcome,
        origin.address[:64],
        origin.agent[:256],
        parameters,
        diagnostic,
    )


def own_event(
    tx: Tx,
    action: str,
    resource: str,
    parameters: Mapping[str, object],
    *,
    identity_type: str = "System",
    principal: str = "keystead",
) -> Event:
    """What was done without a call: by the server itself, or by the operator on the machine."""
    return Event(
        account_id=tx.account_id,
        at=tx.now * 1000,
        request_id=ids.request_id(),
        product="Keystead",
        action=action,
        kind="write",
        identity_type=identity_type,
        principal=principal,
        access_key_id="",
        resource=resource,
        outcome="Success",
        address="",
        agent="keystead",
        parameters=_encode(parameters).decode(),
    )
