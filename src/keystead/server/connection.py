"""One HTTP connection: uvicorn's protocol, with a short way for signed calls.

A signed call is a small request to `/`.  uvicorn would make a scope, a task and a queue of messages for it, which costs
more than to answer it.  Here it is answered where its last byte is read: at once if nothing has to be waited for, which
is so for what memory can answer, else in a task.  Whatever is not surely such a call (pages, model calls, large bodies,
requests that were sent before the last answer, a client that does not read) goes uvicorn's way; the edge then treats it
no differently.
"""

from __future__ import annotations

import asyncio
import logging
import types
from collections.abc import Coroutine, Generator
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from keystead.server.edge import Edge
from keystead.wire.answers import Answer

MOST_BODY = 65_536
"""Larger bodies are read by uvicorn, which makes the client wait for the reader."""

_log = logging.getLogger("keystead.server")


class _Running:
    """What uvicorn asks of the request that a connection works on, for a call on the short way."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self) -> None:
        self.response_complete = True
        self.disconnected = False
        self.keep_alive = True
        self.message_event = asyncio.Event()


class Connection(HttpToolsProtocol):
    """The protocol of every listener."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._edge = self.app if isinstance(self.app, Edge) else None
        self._short = False
        self._method = ""
        self._sent = b""
        self._running = _Running()

    def on_headers_complete(self) -> None:
        """Choose the way."""
        url, parser = self.url, self.parser
        method = parser.get_method()
        self._short = (
            self._edge is not None
            and (method == b"POST" or (method == b"GET" and len(url) > 1))  # `GET /` may be a browser
            and (url == b"/" or url[:2] == b"/?")
            and b"#" not in url
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.expect_100_continue or self.flow.write_paused or parser.should_upgrade())
        )
        if not self._short:
            super().on_headers_complete()
            return
        self._method = method.decode("ascii")
        self._sent = b""
        running = self._running
        running.response_complete = False
        running.keep_alive = parser.should_keep_alive() and parser.get_http_version() != "1.0"
        self.cycle = running  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        """Gather a small body; a larger one turns the request over to uvicorn."""
        if not self._short:
            super().on_body(body)
            return
        self._sent += body
        if len(self._sent) > MOST_BODY:
            self._short = False
            self._running.response_complete = True
            super().on_headers_complete()
            super().on_body(self._sent)

    def on_message_complete(self) -> None:
        """Answer a call on the short way, as far as that goes without waiting."""
        if not self._short or self._edge is None:
            super().on_message_complete()
            return
        peer = self.client[0] if self.client else ""
        call = self._edge.call(self._method, self.url[2:], self.headers, self._sent, peer, self.scheme == "https")
        try:
            awaited = call.send(None)
        except StopIteration as done:
            self._write(done.value)
        else:
            task = self.loop.create_task(self._finish(call, awaited))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _finish(self, call: Coroutine[Any, Any, Answer], awaited: Any) -> None:
        self._write(await _resumed(call, awaited))

    def _write(self, answer: Answer) -> None:
        running, transport = self._running, self.transport
        running.response_complete = True
        if transport.is_closing():
            return
        lines = [STATUS_LINE[answer.status]]
        for name, value in answer.headers:
            lines += (name, b": ", value, b"\r\n")
        if not running.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        # INVARIANT: no header of an answer holds a line break, so that nobody's text can add one.
        if len(head.splitlines()) != len(answer.headers) + (1 if running.keep_alive else 2):
            _log.error("a header of an answer holds a line break; the connection is closed")
            transport.close()
            return
        transport.write(head + b"\r\n" + answer.body)
        if not running.keep_alive:
            transport.close()
        self.on_response_complete()


@types.coroutine
def _resumed(call: Coroutine[Any, Any, Answer], awaited: Any) -> Generator[Any, Any, Answer]:
    """The rest of a coroutine that was begun outside of a task and waits for `awaited`."""
    while True:
        try:
            try:
                given = yield awaited
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's, as `await` would hand it on
                awaited = call.throw(error)
            else:
                awaited = call.send(given)
        except StopIteration as done:
            answer: Answer = done.value
            return answer
