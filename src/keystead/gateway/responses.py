"""Responses, the newer OpenAI form, over chat: input → conversation → response object or its events.

Nothing is stored: there is no `previous_response_id`, and what is asked for by ID is not found.
Source: reference/model-studio.md d.5.
"""

from __future__ import annotations

import secrets
from typing import Any

from keystead.gateway import faults, reading
from keystead.gateway.values import Ask
from keystead.gateway.writers import Watcher, encode
from keystead.wire.request import WireRequest

_PASSED = ("temperature", "top_p", "seed", "user", "stop", "enable_thinking", "top_k")
_REFUSED = ("previous_response_id", "conversation", "background", "tools")


class ResponsesWriter(Watcher):
    """A response object, or its events.  lines: write the vendor's `id:` and `:HTTP_STATUS` lines too."""

    keeps = True

    def __init__(self, model: str, now: float, inputs: int, *, lines: bool = False, session_id: str = "") -> None:
        super().__init__()
        self.upstream_model = ""
        self._model = model
        self._now = int(now)
        self._inputs = inputs
        self._lines = lines
        self._session_id = session_id
        self._id = "resp_" + secrets.token_hex(16)
        self._item = "msg_" + secrets.token_hex(16)
        self._number = 0
        self._begun = False

    def whole(self, raw: bytes) -> bytes:
        """The response object."""
        self.read(raw)
        return encode(self._response("completed"))

    def feed(self, block: bytes) -> bytes:
        """A delta event for each text that comes; before the first one, the events that open the message."""
        sent = []
        for payload in self.payloads(block):
            found = self.take(payload)
            if found is None:
                break
            if not self._begun:
                sent.append(self._open())
            for choice in found.choices:
                text = choice.delta.content if choice.index == 0 and choice.delta is not None else None
                if text and isinstance(text, str):
                    sent.append(self._part_event("response.output_text.delta", delta=text))
        return b"".join(sent)

    def end(self) -> bytes:
        """The events that close the message and the response."""
        opened = b"" if self._begun else self._open()
        part = self._part()
        return opened + b"".join(
            [
                self._part_event("response.output_text.done", text=self.text),
                self._part_event("response.content_part.done", part=part),
                self._event("response.output_item.done", output_index=0, item=self._message("completed")),
                self._event("response.completed", response=self._response("completed")),
            ]
        )

    def fail(self, error: bytes, status: int) -> bytes:
        """An error event."""
        self._number += 1
        head = b"id:%d\nevent:error\n:HTTP_STATUS/%d\ndata:" if self._lines else b"event: error\ndata: "
        return (head % (self._number, status) if self._lines else head) + error + b"\n\n"

    def _open(self) -> bytes:
        self._begun = True
        return b"".join(
            [
                self._event("response.created", response=self._response("in_progress")),
                self._event("response.in_progress", response=self._response("in_progress")),
                self._event("response.output_item.added", output_index=0, item=self._message("in_progress")),
                self._part_event("response.content_part.added", part={**self._part(), "text": ""}),
            ]
        )

    def _part_event(self, kind: str, **members: Any) -> bytes:
        return self._event(kind, item_id=self._item, output_index=0, content_index=0, **members)

    def _event(self, kind: str, **members: Any) -> bytes:
        data = encode({"type": kind, "sequence_number": self._number, **members})
        self._number += 1
        if self._lines:
            return b"id:%d\nevent:%b\n:HTTP_STATUS/200\ndata:%b\n\n" % (self._number, kind.encode(), data)
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)

    def _part(self) -> dict[str, Any]:
        return {"type": "output_text", "text": self.text, "annotations": []}

    def _message(self, status: str) -> dict[str, Any]:
        content = [self._part()] if status == "completed" else []
        return {"id": self._item, "type": "message", "status": status, "role": "assistant", "content": content}

    def _response(self, status: str) -> dict[str, Any]:
        done = status == "completed"
        given, made = (
            (self.usage.prompt_tokens, self.usage.completion_tokens)
            if self.usage
            else (
                self._inputs,
                self.tokens,
            )
        )
        usage = {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + made,
        }
        response = {
            "id": self._id,
            "object": "response",
            "created_at": self._now,
            "status": status,
            "model": self._model,
            "output": [self._message("completed")] if done else [],
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [],
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "store": False,
            "usage": usage if done else None,
        }
        return {**response, "session_id": self._session_id} if self._session_id else response


def responses(request: WireRequest, now: float) -> Ask:
    """POST responses."""
    given = reading.body_of(request)
    model = reading.model_of(given)
    messages = conversation(given)
    if given.get("instructions"):
        messages.insert(0, {"role": "system", "content": reading.text(given, "instructions")})
    stream = reading.flag(given, "stream")
    body: dict[str, Any] = {name: given[name] for name in _PASSED if given.get(name) is not None}
    body |= {"messages": messages, "stream": stream}
    if given.get("max_output_tokens") is not None:
        body["max_tokens"] = given["max_output_tokens"]
    if stream:
        body["stream_options"] = {"include_usage": True}
    inputs = reading.estimate(None, messages)
    return Ask("chat", model, body, stream, ResponsesWriter(model, now, inputs), inputs, reading.most_output(body))


def conversation(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages that `input` means; refuses what would silently be left out."""
    for name in _REFUSED:
        if given.get(name):
            raise faults.UNSUPPORTED(what=f"'{name}' in responses", next="Use chat/completions, with the whole talk.")
    put = given.get("input")
    if isinstance(put, str) and put:
        return [{"role": "user", "content": put}]
    if not isinstance(put, list) or not put:
        raise faults.NO_INPUT(member="input")
    return [_message(each, number) for number, each in enumerate(put)]


def _message(given: Any, number: int) -> dict[str, Any]:
    if not isinstance(given, dict) or given.get("type", "message") != "message" or not given.get("role"):
        raise faults.PARAMETER(problem=f"'input[{number}]' must be a message with a role.")
    content = given.get("content")
    if isinstance(content, list):
        content = [_part(each, number) for each in content]
    return {"role": {"developer": "system"}.get(str(given["role"]), given["role"]), "content": content}


def _part(given: Any, number: int) -> dict[str, Any]:
    kind = given.get("type") if isinstance(given, dict) else None
    if kind in ("input_text", "output_text", "text"):
        return {"type": "text", "text": given.get("text", "")}
    if kind == "input_image" and isinstance(given.get("image_url"), str):
        return {"type": "image_url", "image_url": {"url": given["image_url"]}}
    raise faults.PARAMETER(problem=f"A part of 'input[{number}]' is neither a text nor an image by address.")
