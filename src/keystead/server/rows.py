"""A call as one row of the audit trail."""

from __future__ import annotations

import msgspec

from keystead.server.call import Call

_encode = msgspec.json.Encoder().encode
_MOST_PARAMETERS = 2048


def audit_row(call: Call, resource: str, outcome: str, *, diagnostic: str | None = None) -> dict[str, object]:
    """The columns of `store.tables.audit`.  outcome: Success or an error code.  Secrets are left out.

    diagnostic: of a refusal by policy, the sealed message that says what was evaluated.
    """
    action, caller, origin = call.action, call.caller, call.origin
    parameters = _encode(action.audited(call.given)).decode() if call.given else "{}"
    return {
        "account_id": caller.account_id,
        "at": int(call.now * 1000),
        "request_id": origin.request_id,
        "product": action.product,
        "action": action.name,
        "kind": "write" if action.writes else "read",
        "identity_type": caller.kind.value,
        "principal": caller.arn,
        "access_key_id": caller.access_key_id,
        "resource": resource[:512],
        "outcome": outcome,
        "address": origin.address[:64],
        "agent": origin.agent[:256],
        "parameters": parameters if len(parameters) <= _MOST_PARAMETERS else '{"…":"too long"}',
        "diagnostic": diagnostic,
    }
