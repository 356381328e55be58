"""The OpenAI-compatible plane: what comes is handed on, what comes back is passed on as it comes.

Source: reference/model-studio.md d.5.
"""

from __future__ import annotations

from typing import Any

from keystead.gateway import reading
from keystead.gateway.lines import Chunk
from keystead.gateway.values import Ask
from keystead.gateway.writers import Watcher, renamed
from keystead.wire.request import WireRequest

_UNCOUNTED = frozenset(("model", "stream", "stream_options"))
"""What is no text for the model."""


class PassingWriter(Watcher):
    """Passes answers on, with the caller's name of the model.

    hide_usage: usage was asked of the server for metering only.
    """

    def __init__(self, model: str, *, hide_usage: bool = False) -> None:
        super().__init__()
        self.upstream_model = model
        self._model = model
        self._hide_usage = hide_usage

    def whole(self, raw: bytes) -> bytes:
        """The answer as it came."""
        return self._named(raw, self.read(raw))

    def feed(self, block: bytes) -> bytes:
        """Each event as it came; one that only tells usage is left out where the caller did not ask."""
        sent = []
        for payload in self.payloads(block):
            found = self.take(payload)
            if found is None:
                break
            if self._hide_usage and found.usage is not None and not found.choices:
                continue
            sent.append(b"data: " + self._named(payload, found) + b"\n\n")
        return b"".join(sent)

    def _named(self, payload: bytes, found: Chunk) -> bytes:
        """The payload with the model called what the caller calls it, whatever the server says: some tell a path."""
        theirs = found.model if isinstance(found.model, str) else self.upstream_model
        return payload if theirs == self._model else renamed(payload, theirs, self._model)

    def end(self) -> bytes:
        """The end mark."""
        return b"data: [DONE]\n\n"

    def fail(self, error: bytes, _status: int) -> bytes:
        """An error in place of the next event; the client raises it."""
        return b"data: " + error + b"\n\n"


def chat(request: WireRequest) -> Ask:
    """POST chat/completions."""
    given = reading.body_of(request)
    if not given.get("messages"):
        reading.text(given, "messages")
    reading.messages_of(reading.items(given, "messages"))
    return _generation("chat", given)


def completions(request: WireRequest) -> Ask:
    """POST completions."""
    given = reading.body_of(request)
    if given.get("prompt") in (None, "", []):
        reading.text({}, "prompt")
    return _generation("completions", given)


def _generation(operation: str, given: dict[str, Any]) -> Ask:
    model = reading.model_of(given)
    reading.refuse_search(given)
    given.pop("enable_search", None)
    stream = reading.flag(given, "stream")
    options = reading.member(given, "stream_options")
    wants_usage = reading.flag(options, "include_usage")
    if stream:
        given["stream_options"] = {**options, "include_usage": True}
    else:
        given.pop("stream_options", None)
    messages = given.get("messages") if operation == "chat" else None
    others = [value for name, value in given.items() if name not in _UNCOUNTED and value is not messages]
    inputs = reading.estimate(others, messages)
    return Ask(
        operation,
        model,
        given,
        stream,
        PassingWriter(model, hide_usage=not wants_usage),
        inputs,
        reading.most_output(given),
    )


def embeddings(request: WireRequest) -> Ask:
    """POST embeddings."""
    given = reading.body_of(request)
    model = reading.model_of(given)
    if given.get("input") in (None, "", []):
        reading.text({}, "input")
    return Ask("embeddings", model, given, False, PassingWriter(model), reading.estimate(given["input"]), 0)


def rerank(request: WireRequest) -> Ask:
    """POST reranks."""
    given = reading.body_of(request)
    model = reading.model_of(given)
    reading.text(given, "query")
    if not reading.items(given, "documents"):
        reading.text({}, "documents")
    inputs = reading.estimate([given["query"], given["documents"]])
    return Ask("rerank", model, given, False, PassingWriter(model), inputs, 0)
