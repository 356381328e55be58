"""Calls of applications, in the three forms that clients have for them.

POST /api/v1/apps/{id}/completion                            native, d.3
POST /api/v2/apps/agent/{id}/compatible-mode/v1/responses    OpenAI's client, d.5
POST /v2/app/completions                                     broadscope, a.2
"""

from __future__ import annotations

import secrets
from typing import Any

from keystead.gateway import native, reading
from keystead.gateway.native import FrameWriter
from keystead.gateway.responses import conversation
from keystead.gateway.values import ApplicationCall, Ask, Composed, Writer
from keystead.gateway.writers import encode
from keystead.wire.request import WireRequest

_NATIVE_OWN = frozenset({"incremental_output", "has_thoughts", "flow_stream_mode", "stream"})


class ApplicationWriter(FrameWriter):
    """The native form: text, session and references in each frame."""

    def __init__(self, request_id: str, inputs: int, composed: Composed, *, incremental: bool) -> None:
        super().__init__(request_id, inputs, incremental=incremental)
        self._composed = composed

    def whole(self, raw: bytes) -> bytes:
        """The answer in one piece."""
        found = self.read(raw)
        reason = found.choices[0].finish_reason or "stop" if found.choices else "stop"
        output = self.output(self.text, "", [], reason)
        return encode({"output": output, "usage": self.used(), "request_id": self._request_id})

    def output(self, text: str, _thought: str, _calls: list[dict[str, Any]], reason: str) -> dict[str, Any]:
        """See `FrameWriter`.  References are lists or null, as the strict client wants (d.3)."""
        return {
            "text": text,
            "finish_reason": reason,
            "session_id": self._composed.session_id,
            "thoughts": None,
            "doc_references": self._composed.references or None,
        }

    def used(self) -> dict[str, Any]:
        """Usage by model."""
        plain = super().used()
        return {
            "models": [
                {
                    "model_id": self._composed.model,
                    "input_tokens": plain["input_tokens"],
                    "output_tokens": plain["output_tokens"],
                }
            ]
        }


class LegacyWriter(FrameWriter):
    """The form of broadscope: `data: ` with the space, no end mark, cumulative unless asked for in deltas."""

    def __init__(self, request_id: str, inputs: int, composed: Composed, *, incremental: bool, message: bool) -> None:
        super().__init__(request_id, inputs, incremental=incremental)
        self._composed = composed
        self._message = message
        self._response_id = secrets.token_hex(16)

    def whole(self, raw: bytes) -> bytes:
        """The answer in one piece."""
        self.read(raw)
        return encode(self.output(self.text, "", [], "stop"))

    def output(self, text: str, _thought: str, _calls: list[dict[str, Any]], reason: str) -> dict[str, Any]:
        """The whole response object; `Thoughts` and `DocReferences` are there even when null (a.2)."""
        plain = super().used()
        used = {
            "InputTokens": plain["input_tokens"],
            "OutputTokens": plain["output_tokens"],
            "ModelId": self._composed.model,
        }
        data: dict[str, Any] = {
            "ResponseId": self._response_id,
            "SessionId": self._composed.session_id,
            "Text": None if self._message else text,
            "Thoughts": None,
            "DocReferences": None,
            "Usage": [used],
        }
        if self._message:
            told = {"Role": "assistant", "Content": text}
            data["Choices"] = [{"Index": 0, "Message": told, "FinishReason": reason}]
        return {"Success": True, "Code": None, "Message": None, "RequestId": self._request_id, "Data": data}

    def fail(self, error: bytes, _status: int) -> bytes:
        """The error object as one more event."""
        return b"data: " + error + b"\n\n"

    def _frame(self, output: dict[str, Any]) -> bytes:
        return b"data: " + encode(output) + b"\n\n"


def native_call(request: WireRequest) -> tuple[ApplicationCall, bool, bool]:
    """What the native form says: the call, whether to stream, whether in deltas."""
    native.refuse_async(request)
    given = reading.body_of(request)
    put, parameters = reading.member(given, "input"), reading.member(given, "parameters")
    messages = reading.messages_of(reading.items(put, "messages"))
    if not messages:
        reading.text(put, "prompt")
    call = ApplicationCall(
        prompt=str(put.get("prompt") or ""),
        messages=tuple(messages),
        session_id=str(put.get("session_id") or ""),
        variables=reading.member(reading.member(put, "biz_params"), "user_prompt_params"),
        parameters={name: value for name, value in parameters.items() if name not in _NATIVE_OWN},
        given=put,
    )
    return call, native.wants_stream(request), reading.flag(parameters, "incremental_output")


def response_call(request: WireRequest) -> tuple[ApplicationCall, bool]:
    """What OpenAI's client says of an application: `input`, no model."""
    given = reading.body_of(request)
    call = ApplicationCall(
        messages=tuple(conversation(given)),
        variables=reading.member(reading.member(given, "biz_params"), "user_prompt_params"),
        given=given,
    )
    return call, reading.flag(given, "stream")


def legacy_call(request: WireRequest) -> tuple[str, ApplicationCall, dict[str, bool], str]:
    """What broadscope says: the application, the call, how to answer, its own request ID.

    Unset members come as null; a TopP of 0 is unset (a.2).
    """
    given = reading.body_of(request)
    application = reading.text(given, "AppId")
    parameters = reading.member(given, "Parameters")
    messages = [_lower(each) for each in reading.items(given, "Messages")]
    if not messages:
        messages = _history(given)
    if not messages:
        reading.text(given, "Prompt")
    wanted: dict[str, Any] = {"top_k": parameters.get("TopK"), "seed": parameters.get("Seed")}
    wanted |= {"temperature": parameters.get("Temperature"), "max_tokens": parameters.get("MaxTokens")}
    wanted |= {"stop": parameters.get("Stop"), "top_p": given.get("TopP") or None}
    call = ApplicationCall(
        prompt=str(given.get("Prompt") or ""),
        messages=tuple(messages),
        session_id=str(given.get("SessionId") or ""),
        variables=reading.member(given, "BizParams"),
        parameters={name: value for name, value in wanted.items() if value is not None},
        given=given,
    )
    how = {
        "stream": reading.flag(given, "Stream"),
        "incremental": reading.flag(parameters, "IncrementalOutput"),
        "message": parameters.get("ResultFormat") == "message",
    }
    return application, call, how, str(given.get("RequestId") or "")[:64]


def _lower(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        return {}
    return {"role": str(given.get("Role") or "user"), "content": given.get("Content") or ""}


def _history(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The older form of a talk; the prompt is its last turn."""
    turns: list[dict[str, Any]] = []
    for each in reading.items(given, "History"):
        if isinstance(each, dict):
            turns.append({"role": "user", "content": str(each.get("User") or "")})
            turns.append({"role": "assistant", "content": str(each.get("Bot") or "")})
    if turns and given.get("Prompt"):
        turns.append({"role": "user", "content": str(given["Prompt"])})
    return turns


def ask_of(composed: Composed, application: str, writer: Writer, inputs: int, *, stream: bool) -> Ask:
    """The model call that a composed application is."""
    body: dict[str, Any] = {**composed.parameters, "messages": composed.messages, "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    return Ask(
        "chat",
        composed.model,
        body,
        stream,
        writer,
        inputs,
        reading.most_output(body),
        application,
        composed.limits,
        composed.remember,
    )
