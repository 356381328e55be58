"""A call as one event of the audit trail."""

from __future__ import annotations

import msgspec

from keystead.server.call import Call
from keystead.store.audit import Event

_encode = msgspec.json.Encoder().encode
_MOST_PARAMETERS = 2048


def audit_event(call: Call, resource: str, outcome: str, *, diagnostic: str | None = None) -> Event:
    """What the trail keeps of a call.  outcome: Success or an error code.  Secrets are left out.

    diagnostic: of a refusal by policy, the sealed message that says what was evaluated.
    """
    action, caller, origin = call.action, call.caller, call.origin
    parameters = _encode(action.audited(call.given)).decode() if call.given else "{}"
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
        parameters if len(parameters) <= _MOST_PARAMETERS else '{"…":"too long"}',
        diagnostic,
    )
