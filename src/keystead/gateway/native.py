"""The DashScope plane: text generation, the multimodal shape, embeddings, rerank.

Frames have no space after the colons and end with a blank line; text is cumulative unless asked for in deltas; the
finish reason is the text "null" until the last frame.  Source: reference/model-studio.md d.2.
"""

from __future__ import annotations

from typing import Any

from keystead.gateway import faults, reading
from keystead.gateway.lines import Choice, Chunk
from keystead.gateway.values import Ask
from keystead.gateway.writers import Watcher, encode
from keystead.wire.request import WireRequest

_OURS = frozenset({"result_format", "incremental_output", "enable_search", "stream"})
_PARTS = {"image": "image_url", "video": "video_url", "audio": "audio_url"}


def frame(number: int, event: str, status: int, data: bytes) -> bytes:
    """One event as the vendor's clients parse it; an error's status stands in a line of its own."""
    said = b"status:%d\n" % status if event == "error" else b""
    return b"id:%d\nevent:%b\n:HTTP_STATUS/%d\n%bdata:%b\n\n" % (number, event.encode(), status, said, data)


class FrameWriter(Watcher):
    """Base of the writers that answer in the vendor's frames: text, reasoning and tool calls add up as they come."""

    keeps = True

    def __init__(self, request_id: str, inputs: int, *, incremental: bool) -> None:
        super().__init__()
        self.upstream_model = ""
        self._request_id = request_id
        self._inputs = inputs
        self._incremental = incremental
        self._number = 0
        self._reason = "stop"
        self._thoughts: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}

    def feed(self, block: bytes) -> bytes:
        """A frame for each event that brings something; the last one waits for the usage."""
        sent = []
        for payload in self.payloads(block):
            found = self.take(payload)
            if found is None:
                break
            for choice in found.choices:
                if choice.index:
                    continue
                self._reason = choice.finish_reason or self._reason
                delta = choice.delta
                if delta is None or not (delta.content or delta.reasoning_content or delta.tool_calls):
                    continue
                text, thought = str(delta.content or ""), delta.reasoning_content or ""
                calls = self._take_calls(delta.tool_calls or [])
                if thought:
                    self._thoughts.append(thought)
                if not self._incremental:
                    text, thought, calls = self.text, "".join(self._thoughts), self._all_calls()
                sent.append(self._frame(self.output(text, thought, calls, "null")))
        return b"".join(sent)

    def end(self) -> bytes:
        """The last frame, with the finish reason and what was used."""
        if self._incremental:
            return self._frame(self.output("", "", [], self._reason))
        return self._frame(self.output(self.text, "".join(self._thoughts), self._all_calls(), self._reason))

    def fail(self, error: bytes, status: int) -> bytes:
        """An error frame; clients stop reading there."""
        self._number += 1
        return frame(self._number, "error", status, error)

    def output(self, text: str, thought: str, calls: list[dict[str, Any]], reason: str) -> dict[str, Any]:
        """The `output` member of one frame."""
        raise NotImplementedError

    def used(self) -> dict[str, Any]:
        """The `usage` member: what the server said, or what was counted so far."""
        said = self.usage
        given, made = (said.prompt_tokens, said.completion_tokens) if said else (self._inputs, self.tokens)
        return {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}

    def _frame(self, output: dict[str, Any]) -> bytes:
        self._number += 1
        data = {"output": output, "usage": self.used(), "request_id": self._request_id}
        return frame(self._number, "result", 200, encode(data))

    def _take_calls(self, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for each in calls:
            index = each.get("index", 0)
            held = self._calls.setdefault(index if isinstance(index, int) else 0, {"type": "function", "function": {}})
            held |= {name: each[name] for name in ("id", "type") if each.get(name)}
            given = each.get("function") or {}
            if given.get("name"):
                held["function"]["name"] = given["name"]
            arguments = held["function"].get("arguments", "") + str(given.get("arguments") or "")
            held["function"]["arguments"] = arguments
        return calls

    def _all_calls(self) -> list[dict[str, Any]]:
        return [{**each, "index": index} for index, each in sorted(self._calls.items())]


class GenerationWriter(FrameWriter):
    """Text generation and the multimodal shape.  form: text, message or parts."""

    def __init__(self, request_id: str, inputs: int, form: str, *, incremental: bool) -> None:
        super().__init__(request_id, inputs, incremental=incremental)
        self._form = form

    def whole(self, raw: bytes) -> bytes:
        """The answer in one piece."""
        found = self.read(raw)
        return encode({"output": self._whole(found), "usage": self.used(), "request_id": self._request_id})

    def _whole(self, found: Chunk) -> dict[str, Any]:
        if self._form == "text":
            first = found.choices[0]
            text = str((first.message.content if first.message else first.text) or "")
            return {"text": text, "finish_reason": first.finish_reason or "stop"}
        return {"choices": [self._choice(each) for each in found.choices]}

    def _choice(self, given: Choice) -> dict[str, Any]:
        told = given.message
        text = str((told.content if told else given.text) or "")
        thought = (told.reasoning_content if told else "") or ""
        calls = (told.tool_calls if told else []) or []
        return {
            "finish_reason": given.finish_reason or "stop",
            "index": given.index,
            "message": self._message(text, thought, calls),
        }

    def _message(self, text: str, thought: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
        content: Any = text
        if self._form == "parts":
            content = [{"text": text}] if text else []
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if thought:
            message["reasoning_content"] = thought
        if calls:
            message["tool_calls"] = calls
        return message

    def output(self, text: str, thought: str, calls: list[dict[str, Any]], reason: str) -> dict[str, Any]:
        """See `FrameWriter`."""
        if self._form == "text":
            return {"text": text, "finish_reason": reason}
        return {"choices": [{"finish_reason": reason, "message": self._message(text, thought, calls)}]}


def wants_stream(request: WireRequest) -> bool:
    """Whether a stream is asked for, by either of two headers (d.1)."""
    headers = request.headers
    return headers.get("x-dashscope-sse", "").lower() == "enable" or "text/event-stream" in headers.get("accept", "")


def refuse_async(request: WireRequest) -> None:
    """No call here can be made a task."""
    if request.headers.get("x-dashscope-async", "").lower() == "enable":
        raise faults.ASYNC_REFUSED()


def generation(request: WireRequest, request_id: str) -> Ask:
    """POST /api/v1/services/aigc/text-generation/generation."""
    given = reading.body_of(request)
    parameters = reading.member(given, "parameters")
    form = parameters.get("result_format") or "text"
    if form not in ("text", "message"):
        raise faults.PARAMETER(problem=f"'result_format' must be text or message, it is {form!r}"[:200] + ".")
    return _generation(request, request_id, given, parameters, str(form))


def multimodal(request: WireRequest, request_id: str) -> Ask:
    """POST /api/v1/services/aigc/multimodal-generation/generation."""
    given = reading.body_of(request)
    return _generation(request, request_id, given, reading.member(given, "parameters"), "parts")


def _generation(
    request: WireRequest, request_id: str, given: dict[str, Any], parameters: dict[str, Any], form: str
) -> Ask:
    refuse_async(request)
    reading.refuse_search(parameters)
    stop = parameters.get("stop")
    if isinstance(stop, list) and any(not isinstance(each, str) for each in stop):
        raise faults.UNSUPPORTED(what="'stop' with token IDs", next="Send the stop strings themselves.")
    put = reading.member(given, "input")
    messages = reading.messages_of(reading.items(put, "messages"))
    if not messages:
        messages = [{"role": "user", "content": reading.text(put, "prompt")}]
    stream = wants_stream(request)
    body = {name: value for name, value in parameters.items() if name not in _OURS}
    body |= {"messages": [_plain(each) for each in messages], "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    inputs = reading.estimate(parameters, messages)
    incremental = reading.flag(parameters, "incremental_output")
    writer = GenerationWriter(request_id, inputs, form, incremental=incremental)
    return Ask("chat", reading.model_of(given), body, stream, writer, inputs, reading.most_output(body))


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message in OpenAI's form: parts like {"text": …} and {"image": …} become typed ones."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    parts = []
    for each in content:
        if not isinstance(each, dict):
            raise faults.PARAMETER(problem="A part of a message's content must be an object.")
        if "type" in each:
            parts.append(each)
        elif "text" in each:
            parts.append({"type": "text", "text": each["text"]})
        else:
            found = next((name for name in _PARTS if name in each), None)
            if found is None:
                raise faults.PARAMETER(problem=f"A part of a message's content is none of text, {', '.join(_PARTS)}.")
            parts.append({"type": _PARTS[found], _PARTS[found]: {"url": each[found]}})
    return {**message, "content": parts}


class VectorWriter(Watcher):
    """Embeddings and rerank: one answer, never a stream.  form: embeddings or results."""

    def __init__(self, request_id: str, form: str, documents: list[Any] | None = None) -> None:
        super().__init__()
        self.upstream_model = ""
        self._request_id = request_id
        self._form = form
        self._documents = documents

    def whole(self, raw: bytes) -> bytes:
        """The answer in the vendor's members."""
        found = self.read(raw)
        output = {"embeddings": self._vectors(found)} if self._form == "embeddings" else {"results": self._ranks(found)}
        total = self.usage.total_tokens or self.usage.prompt_tokens if self.usage else 0
        return encode({"output": output, "usage": {"total_tokens": total}, "request_id": self._request_id})

    def _vectors(self, found: Chunk) -> list[dict[str, Any]]:
        try:
            return [
                {"text_index": each.get("index", number), "embedding": each["embedding"]}
                for number, each in enumerate(found.data or [])
            ]
        except (KeyError, AttributeError):
            raise faults.SERVING(why="its answer has no embeddings") from None

    def _ranks(self, found: Chunk) -> list[dict[str, Any]]:
        ranks = []
        try:
            for each in found.results or []:
                rank = {"index": each["index"], "relevance_score": each["relevance_score"]}
                if self._documents is not None:
                    told = self._documents[rank["index"]]
                    rank["document"] = told if isinstance(told, dict) else {"text": told}
                ranks.append(rank)
        except (KeyError, TypeError, IndexError):
            raise faults.SERVING(why="its answer has no ranks") from None
        return ranks

    def feed(self, _block: bytes) -> bytes:
        """Never asked: no stream is asked for."""
        raise faults.SERVING(why="it streams what is no stream")

    def end(self) -> bytes:
        """Nothing."""
        return b""

    def fail(self, error: bytes, _status: int) -> bytes:
        """The error itself."""
        return error


def embeddings(request: WireRequest, request_id: str) -> Ask:
    """POST /api/v1/services/embeddings/text-embedding/text-embedding."""
    refuse_async(request)
    given = reading.body_of(request)
    parameters = reading.member(given, "parameters")
    if parameters.get("output_type") not in (None, "dense"):
        raise faults.UNSUPPORTED(what="'output_type' other than dense", next="Leave it out.")
    if parameters.get("instruct"):
        raise faults.UNSUPPORTED(what="'instruct'", next="Put the instruction before the text.")
    if parameters.get("text_type") not in (None, "document", "query"):
        raise faults.PARAMETER(problem="'text_type' must be document or query.")
    put = reading.member(given, "input")
    texts = put.get("texts", put if isinstance(put, list) else None)
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, list) or not texts or any(not isinstance(each, str) for each in texts):
        raise faults.NO_INPUT(member="input.texts")
    body: dict[str, Any] = {"input": texts}
    if parameters.get("dimension") is not None:
        body["dimensions"] = parameters["dimension"]
    if parameters.get("text_type") == "query":
        body["input_type"] = "query"  # as most servers of models that tell questions from texts call it
    writer = VectorWriter(request_id, "embeddings")
    return Ask("embeddings", reading.model_of(given), body, False, writer, reading.estimate(texts), 0)


def rerank(request: WireRequest, request_id: str) -> Ask:
    """POST /api/v1/services/rerank/text-rerank/text-rerank."""
    refuse_async(request)
    given = reading.body_of(request)
    put, parameters = reading.member(given, "input"), reading.member(given, "parameters")
    documents = reading.items(put, "documents")
    if not documents:
        raise faults.NO_INPUT(member="input.documents")
    body: dict[str, Any] = {"query": reading.text(put, "query"), "documents": documents}
    if parameters.get("top_n") is not None:
        body["top_n"] = parameters["top_n"]
    kept = documents if reading.flag(parameters, "return_documents") else None
    writer = VectorWriter(request_id, "results", kept)
    return Ask("rerank", reading.model_of(given), body, False, writer, reading.estimate([put]), 0)
