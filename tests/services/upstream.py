"""A model server that does what a test asks for: OpenAI's wire form on a bare protocol, quick enough for benchmarks.

The model's name chooses what happens.  `fake` answers `max_tokens` words (5 unless told); `slow` 50 ms apart; `echo`
repeats the last message; `tools` calls the first tool; `silent` leaves usage out.  The faults: `dies-first`, `dies`,
`garbage`, `hangs`, `hangs-mid`, `long-line`, `busy` (429, Retry-After 7), `broken` (500), `unready` (503), `refuses`
(400), `numbers` (valid JSON of the wrong shape).
`GET /_seen` says how many calls came, are open, were finished and were left by their caller, and what the last one was.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httptools

SLOW_SECONDS = 0.05
LONG_LINE = 10 * 1024 * 1024


class Seen:
    """What this server has been asked."""

    def __init__(self) -> None:
        self.calls = self.open = self.finished = self.left = self.peak = 0
        self.last: dict[str, Any] = {}

    def report(self) -> dict[str, Any]:
        """Everything, as `/_seen` answers it."""
        return {
            **{name: getattr(self, name) for name in ("calls", "open", "finished", "left", "peak")},
            "last": self.last,
        }


class Upstream(asyncio.Protocol):
    """One connection."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.task is not None and not self.task.done():
            self.seen.left += 1
            self.task.cancel()

    def on_message_begin(self) -> None:
        self.path, self.body, self.headers = b"", b"", {}

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.path == b"/_seen":
            self.answer(200, self.seen.report())
        elif self.path.endswith(b"/models"):
            self.answer(200, {"object": "list", "data": [{"id": "fake", "object": "model"}]})
        else:
            self.task = asyncio.get_running_loop().create_task(self.serve())

    async def serve(self) -> None:
        seen = self.seen
        asked = json.loads(self.body or b"{}")
        seen.calls += 1
        seen.open += 1
        seen.peak = max(seen.peak, seen.open)
        seen.last = {"path": self.path.decode(), "body": asked, "headers": self.headers}
        try:
            await self.reply(asked)
            seen.finished += 1
        finally:
            seen.open -= 1

    async def reply(self, asked: dict[str, Any]) -> None:
        mode = asked.get("model", "")
        if mode == "hangs":
            await asyncio.sleep(3600)
        if mode == "dies-first" or (mode == "dies" and not asked.get("stream")):
            self.transport.abort()
        elif mode in _REFUSALS:
            status, extra = _REFUSALS[mode]
            self.answer(status, {"error": {"message": f"upstream says {mode}", "code": mode}}, extra)
        elif self.path.endswith(b"/embeddings"):
            self.answer(200, _embeddings(asked))
        elif self.path.endswith(b"/rerank"):
            self.answer(200, _ranked(asked))
        elif asked.get("stream"):
            await self.stream(asked, mode)
        elif mode == "garbage":
            self.raw(200, b"<html>not at all JSON", b"text/html")
        elif mode == "numbers":
            self.raw(200, b'{"choices": 7, "usage": "many"}', b"application/json")
        elif mode == "long-line":
            self.raw(200, b" " * LONG_LINE * 4, b"application/json")
        else:
            if mode == "slow":
                await asyncio.sleep(SLOW_SECONDS * 4)
            self.answer(200, _completion(asked, mode))

    async def stream(self, asked: dict[str, Any], mode: str) -> None:
        write = self.transport.write
        write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        words, usage = _words(asked, mode), _usage(asked, mode)
        legacy = self.path.endswith(b"/completions") and not self.path.endswith(b"/chat/completions")
        for number, word in enumerate(words):
            if number == 2 and mode == "dies":
                await asyncio.sleep(0.3)  # a reset takes with it what the other side has not read yet
                self.transport.abort()
                return
            if number == 2 and mode == "hangs-mid":
                await asyncio.sleep(3600)
            if number == 2 and mode == "garbage":
                _chunk(write, b"data: {this is not JSON\n\n")
                continue
            if number == 2 and mode == "numbers":
                _chunk(write, b'data: {"choices": 7}\n\n')
                continue
            if number == 2 and mode == "long-line":
                for _ in range(LONG_LINE // 65536):
                    _chunk(write, b"x" * 65536)
                    await asyncio.sleep(0)
                continue
            _chunk(write, _event(asked, {"text": word} if legacy else {"delta": {"content": word}}))
            if mode == "slow":
                await asyncio.sleep(SLOW_SECONDS)
            elif number % 16 == 15:
                await asyncio.sleep(0)
        if mode == "tools":
            call = {**_tool_call(asked), "index": 0}
            _chunk(write, _event(asked, {"delta": {"tool_calls": [call]}}))
        end = {"text": ""} if legacy else {"delta": {}}
        _chunk(write, _event(asked, {**end, "finish_reason": "tool_calls" if mode == "tools" else "stop"}))
        if mode != "silent" and (asked.get("stream_options") or {}).get("include_usage"):
            _chunk(write, b"data: " + json.dumps({**_head(asked), "choices": [], "usage": usage}).encode() + b"\n\n")
        _chunk(write, b"data: [DONE]\n\n")
        write(b"0\r\n\r\n")

    def answer(self, status: int, body: dict[str, Any], extra: bytes = b"") -> None:
        self.raw(status, json.dumps(body).encode(), b"application/json", extra)

    def raw(self, status: int, body: bytes, kind: bytes, extra: bytes = b"") -> None:
        head = b"HTTP/1.1 %d X\r\ncontent-type: %b\r\n%bcontent-length: %d\r\n\r\n" % (status, kind, extra, len(body))
        self.transport.write(head + body)


_REFUSALS = {
    "busy": (429, b"retry-after: 7\r\n"),
    "broken": (500, b""),
    "unready": (503, b""),
    "refuses": (400, b""),
}


def _chunk(write: Any, data: bytes) -> None:
    write(b"%x\r\n%b\r\n" % (len(data), data))


def _head(asked: dict[str, Any]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked.get("model", "")}


def _event(asked: dict[str, Any], choice: dict[str, Any]) -> bytes:
    full = {**_head(asked), "choices": [{"index": 0, "finish_reason": None, **choice}]}
    return b"data: " + json.dumps(full).encode() + b"\n\n"


def _words(asked: dict[str, Any], mode: str) -> list[str]:
    if mode == "tools":
        return []
    if mode == "echo":
        messages = asked.get("messages") or [{"content": asked.get("prompt", "")}]
        text = messages[-1]["content"]
        return [text if isinstance(text, str) else text[0].get("text", "")]
    return [f"word{number} " for number in range(asked.get("max_tokens") or 5)]


def _usage(asked: dict[str, Any], mode: str) -> dict[str, int]:
    words = len(_words(asked, mode)) or 3
    return {"prompt_tokens": 11, "completion_tokens": words, "total_tokens": 11 + words}


def _tool_call(asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["tools"][0]["function"]["name"]
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": '{"city": "Rome"}'}}


def _completion(asked: dict[str, Any], mode: str) -> dict[str, Any]:
    text = "".join(_words(asked, mode))
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if mode == "tools":
        message = {"role": "assistant", "content": None, "tool_calls": [_tool_call(asked)]}
    choice: dict[str, Any] = {"index": 0, "finish_reason": "tool_calls" if mode == "tools" else "stop"}
    choice |= {"message": message} if "messages" in asked else {"text": text}
    head = {**_head(asked), "object": "chat.completion", "choices": [choice]}
    return head if mode == "silent" else {**head, "usage": _usage(asked, mode)}


def _embeddings(asked: dict[str, Any]) -> dict[str, Any]:
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    data = [{"object": "embedding", "index": n, "embedding": [0.5, 0.25, float(n)]} for n, _ in enumerate(texts)]
    return {"object": "list", "model": asked["model"], "data": data, "usage": {"prompt_tokens": 4, "total_tokens": 4}}


def _ranked(asked: dict[str, Any]) -> dict[str, Any]:
    results = [{"index": n, "relevance_score": 1 / (n + 1)} for n, _ in enumerate(asked["documents"])]
    return {"results": results, "usage": {"total_tokens": 6}}


async def _main(port: int) -> None:
    seen = Seen()
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(seen), "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


class Running:
    """A fake in a process of its own."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process
        self.url = f"http://127.0.0.1:{port}/v1"

    def seen(self) -> dict[str, Any]:
        """What `/_seen` answers."""
        import httpx

        found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/_seen", trust_env=False).json()
        return found


@contextmanager
def upstream() -> Iterator[Running]:
    """Run a fake for the length of the block."""
    from services.loopback import child_environment, free_port
    from services.process import stop, wait_until

    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, str(port)], env=child_environment())
    running = Running(port, process)
    try:
        wait_until(lambda: _answers(running), process, seconds=20, log=lambda: "")
        yield running
    finally:
        stop(process)


def _answers(running: Running) -> bool:
    import httpx

    try:
        return bool(running.seen())
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main(int(sys.argv[1])))
