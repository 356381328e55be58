"""The refusals of the data planes, and the envelope that each plane puts around them.

Codes are the native ones; the compatible planes translate.  Source: reference/model-studio.md a.2, d.6.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from keystead.faults import Fault, FaultKind
from keystead.wire.answers import help_page

KEY_INVALID = FaultKind(
    "InvalidApiKey",
    401,
    "Invalid API-key provided. {why}",
    "Send `Authorization: Bearer <API key>` with a key that ListApiKeys shows as enabled, or sign the request.",
)
KEY_EXPIRED = FaultKind(
    "InvalidApiKey.Expired",
    401,
    "The API key ending {last_four} has expired: it counted until {until}.",
    "Use another key, or let its owner or the workspace's administrator give this one more time with SetApiKeyExpiry.",
)
ADDRESS_REFUSED = FaultKind(
    "AccessDenied",
    403,
    "Access denied. The API key ending {last_four} may not be used from {address}: its address list does not name it.",
    "Call from an address in the key's accessIps, or change them with UpdateApiKey.",
)
WORKSPACE_REFUSED = FaultKind(
    "Workspace.AccessDenied",
    403,
    "Workspace access denied. {why}",
    "Name the key's own workspace, or ask its administrator to add you.",
)
ENDPOINT_REFUSED = FaultKind(
    "Endpoint.AccessDenied",
    403,
    "Workspace endpoint access denied. The host name names {host}, the key is for another workspace.",
    "Use the host name of the key's workspace.",
)
MODEL_REFUSED = FaultKind("Model.AccessDenied", 403, "Model access denied. {why}", "{next}")
APPLICATION_REFUSED = FaultKind("App.AccessDenied", 403, "App access denied. {why}", "{next}")
MODEL_UNKNOWN = FaultKind(
    "ModelNotFound",
    404,
    "The model {model!r} does not exist here.",
    "GET /compatible-mode/v1/models lists the models that you may call.",
)
MODEL_UNKNOWN_NATIVE = FaultKind(
    "InvalidParameter", 400, "Model not exist. {model!r} is not a model here.", "GET /api/v1/models lists the models."
)
PARAMETER = FaultKind("InvalidParameter", 400, "{problem}", "Correct the request's body and send it again.")
NO_MODEL = FaultKind("BadRequest.EmptyModel", 400, 'The request names no model: "model" is missing.', "Send a model.")
NO_INPUT = FaultKind(
    "BadRequest.EmptyInput", 400, "The request has no input: {member!r} is missing.", "Send {member!r}."
)
URL_UNKNOWN = FaultKind(
    "InvalidURL",
    404,
    "url error, {method} {path} is not served here.",
    "docs/guides/models.md lists the addresses of the data planes.",
)
NO_FILE = FaultKind(
    "NotFound",
    404,
    "The file {id!r} does not exist in the workspace {workspace}.",
    "GET /compatible-mode/v1/files lists the files that calls may name.",
)
TOO_MANY_FILES = FaultKind(
    "LimitExceeded.File",
    409,
    "The workspace {workspace} has {limit} files, the most that there may be.",
    "Delete files that are no longer needed.",
)
FILES_REFUSED = FaultKind("AccessDenied", 403, "Access denied. {why}", "{next}")
NO_TASK = FaultKind("NotFound", 404, "The task {id!r} does not exist here.", "Calls here are answered at once.")
ASYNC_REFUSED = FaultKind(
    "AccessDenied",
    403,
    "current user api does not support asynchronous calls.",
    "Leave the header X-DashScope-Async out; the answer comes at once, or as a stream.",
)
UNSUPPORTED = FaultKind("UnsupportedOperation", 400, "{what} is not supported.", "{next}")
SERVING = FaultKind(
    "ModelServingError",
    500,
    "The model server failed: {why}.",
    "Try again; `keystead model test` shows the operator what its server says.",
)
TIMEOUT = FaultKind(
    "ResponseTimeout",
    500,
    "The model server sent nothing for {seconds} seconds.",
    "Try again, or ask the operator to raise upstream_idle_seconds.",
)
UNAVAILABLE = FaultKind(
    "ModelUnavailable",
    503,
    "No server of the model {model!r} can be reached: {why}.",
    "Try again in a moment; `keystead model list` shows the operator its servers.",
)
UNMETERED = FaultKind(
    "ModelUnavailable",
    503,
    "The call cannot be metered: this node's usage journal cannot be written.",
    "Use another node, or tell the operator; the log has the cause.",
)
BUSY = FaultKind(
    "Throttling",
    429,
    "The model server asks for a pause: {why}.",
    "Wait {seconds} s and try again.",
)
LEFT = FaultKind("ClientDisconnect", 400, "The client left before the answer was complete.", "")
NO_APPLICATIONS = FaultKind(
    "App.AccessDenied", 403, "App access denied. The application {id!r} does not exist here.", "Check the ID."
)


class Plane(Enum):
    """The families of answers on the data side."""

    NATIVE = "native"
    COMPATIBLE = "compatible"
    LEGACY = "legacy"


_COMPATIBLE = {
    "InvalidParameter": "invalid_parameter_error",
    "DataInspectionFailed": "data_inspection_failed",
    "InvalidApiKey": "invalid_api_key",
    "InvalidApiKey.Expired": "expired_api_key",
    "AccessDenied": "access_denied",
    "ModelNotFound": "model_not_found",
    "Throttling.RateQuota": "limit_requests",
    "Throttling.BurstRate": "limit_burst_rate",
    "Throttling.AllocationQuota": "insufficient_quota",
    "InternalError": "internal_error",
}
_KINDS = {400: "invalid_request_error", 401: "invalid_request_error", 404: "invalid_request_error"}
_encode = msgspec.json.Encoder().encode


def text_of(fault: Fault, help_at: str = "") -> str:
    """Message, next step and the code's page: these envelopes have one place for all of them."""
    page = help_page(help_at, fault.code)
    return " ".join(filter(None, (fault.message, fault.next_step, page and f"For details, see: {page}")))


def members(plane: Plane, fault: Fault, request_id: str, help_at: str = "") -> dict[str, Any]:
    """The error object of a plane.  help_at: where the pages of the error codes are."""
    text = text_of(fault, help_at)
    if plane is Plane.NATIVE:
        return {"code": fault.code, "message": text, "request_id": request_id}
    if plane is Plane.LEGACY:
        return {"Success": False, "Code": fault.code, "Message": text, "RequestId": request_id, "Data": None}
    code = _COMPATIBLE.get(fault.code, fault.code)
    kind = _KINDS.get(fault.status, code)
    if fault.code == "Workspace.AccessDenied":
        kind = code
    return {
        "error": {"message": text, "type": kind, "param": None, "code": code},
        "request_id": request_id,
    }


def body(plane: Plane, fault: Fault, request_id: str, help_at: str = "") -> bytes:
    """The error object as JSON."""
    return _encode(members(plane, fault, request_id, help_at))
