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
        self._idle = False
        self._idle_since = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def on_message_begin(self) -> None:
        """Begin a request; its ASGI scope is made where one is needed."""
        self._idle = False
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header as it was written: its name is put into lower case where it is looked at."""
        if len(name) == 6 and name.lower() == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def _go_the_long_way(self) -> None:
        """Turn the request over to uvicorn, with the scope that it would have begun."""
        url, expects = self.url, self.expect_100_continue
        headers = [(name.lower(), value) for name, value in self.headers]
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers = self.scope["headers"] = headers
        super().on_headers_complete()

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
            self._go_the_long_way()
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
            self._go_the_long_way()
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
        head = STATUS_LINE[answer.status] + b"\r\n".join(map(b": ".join, answer.headers))
        # INVARIANT: no header of an answer holds a line break, so that nobody's text can add one.
        if not head.count(b"\n") == head.count(b"\r") == len(answer.headers):
            _log.error("a header of an answer holds a line break; the connection is closed")
            transport.close()
            return
        if running.keep_alive:
            transport.write(head + b"\r\n\r\n" + answer.body)
            self._answered()
        else:
            transport.write(head + b"\r\nconnection: close\r\n\r\n" + answer.body)
            transport.close()
            self.on_response_complete()

    def _answered(self) -> None:
        """Do after an answer what uvicorn does: go on with requests that were sent before it, else wait for the next.

        uvicorn sets a timer after each answer and stops it at the next request, which costs as much as a fifth of an
        empty handler.  Here one timer runs as long as the connection and looks how long it has been idle.
        """
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle = True
        self._idle_since = self.loop.time()
        if self._watch is None:
            self._watch = self.loop.call_later(self.timeout_keep_alive, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        """Close a connection on which no request has begun since its last answer, for as long as is allowed."""
        left: float = self.timeout_keep_alive
        if self._idle:
            left += self._idle_since - self.loop.time()
        if left > 0:
            self._watch = self.loop.call_later(left, self._look_whether_idle)
        else:
            self._watch = None
            self.timeout_keep_alive_handler()


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
