"""The ASGI edge: bounds a request, builds the `WireRequest`, hands it on, writes the answer.

Plain ASGI, no framework: this is the path of every call.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Protocol

from keystead import ids
from keystead.faults import Fault, FaultKind
from keystead.gateway.gateway import Gateway
from keystead.server.dispatch import Dispatcher
from keystead.server.metrics import Metrics
from keystead.server.peers import Networks, Proxies, real_peer
from keystead.server.uploads import Uploads
from keystead.wire import answers
from keystead.wire.answers import Answer
from keystead.wire.request import TOO_LARGE, WireRequest, join_headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_QUERY = 262_144
MAX_PATH = 4096

NEED_TLS = FaultKind(
    "InvalidProtocol.NeedSsl",
    400,
    "Your request is denied as lack of ssl protect.",
    "Use the https address of this server.",
)
TOO_LONG = FaultKind(
    "RequestTooLarge",
    413,
    "The request's {what} in bytes is {actual}, the limit is {limit}.",
    "Send the parameters as a form body.",
)
OVERLOADED = FaultKind(
    "ServiceUnavailable",
    503,
    "The request has failed due to a temporary failure of the server. {running} requests are being answered, the most "
    "that this node takes.",
    "Try again in a moment.",
)
MAX_RUNNING = 2000
MAX_MODEL_CALLS = 10_000  # streams are open for long and cost little

_log = logging.getLogger("keystead.server")


class Console(Protocol):
    """What serves the web console; `server` does not know it, `app` hands it in."""

    def serves(self, scope: Scope) -> bool:
        """Whether a request is the console's."""

    async def answer(self, scope: Scope, request: WireRequest, receive: Receive, send: Send) -> int:
        """Answer a request whose body has been read; returns the status."""


class _GoneError(Exception):
    """The client left before it had sent its request."""


class Edge:
    """The ASGI application."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        metrics: Metrics,
        *,
        gateway: Gateway,
        uploads: Uploads,
        console: Console | None,
        ready: Callable[[], str],
        max_body: int,
        max_headers: int,
        max_parameters: int,
        proxies: Proxies,
        watchers: Networks,
        require_tls: bool,
    ) -> None:
        """`ready` says why this node should get no traffic, or ""; `watchers` may read /metrics."""
        self._dispatcher = dispatcher
        self._metrics = metrics
        self._gateway = gateway
        self._uploads = uploads
        self._console = console
        self._ready = ready
        self._max_body = max_body
        self._max_headers = max_headers
        self._max_parameters = max_parameters
        self._proxies = proxies
        self._watchers = watchers
        self._require_tls = require_tls
        self._running = 0
        self.model_calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if self._gateway.serves(path):
            await self._call_model(scope, receive, send)
            return
        if path in _PLAIN:
            answer = self._plain(path, scope)
        elif self._console is not None and self._console.serves(scope):
            await self._show(self._console, scope, receive, send)
            return
        else:
            try:
                answer = await self._answer(scope, receive)
            except _GoneError:
                return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _call_model(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request of the data planes on; the gateway writes its answer itself, for it may be a stream."""
        try:
            request = await self._read(scope, receive)
            if self.model_calls >= MAX_MODEL_CALLS:
                raise OVERLOADED(running=self.model_calls)
        except _GoneError:
            return
        except Fault as fault:
            self._metrics.count(await self._gateway.refuse(scope["path"], fault, send))
            return
        self.model_calls += 1
        try:
            self._metrics.count(await self._gateway.answer(request, receive, send))
        finally:
            self.model_calls -= 1

    async def _show(self, console: Console, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request of the console on, bounded like any other; it writes its answer itself."""
        try:
            request = await self._read(scope, receive)
            if self._running >= MAX_RUNNING:
                raise OVERLOADED(running=self._running)
        except _GoneError:
            return
        except Fault as fault:
            answer = answers.failure(fault, "", ids.request_id(), xml=False, help_at=self._dispatcher.help_at)
            self._metrics.count(answer.status)
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})
            return
        self._running += 1
        try:
            self._metrics.count(await console.answer(scope, request, receive, send))
        finally:
            self._running -= 1

    def call(
        self, method: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes, peer: str, secure: bool
    ) -> Coroutine[Any, Any, Answer]:
        """What answers a call to `/` that has been read whole; the connection's short way."""
        try:
            joined, peer, secure = self._bounded(b"/", query, headers, peer, secure)
            if len(body) > self._max_body:
                raise self._too_large(len(body))
            request = WireRequest(
                method, "/", query.decode("latin-1"), joined, body, secure, peer, self._max_parameters
            )
        except Fault as fault:
            return self._refused(fault)
        return self._serve(self._dispatcher, request)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            request = await self._read(scope, receive)
        except Fault as fault:
            return await self._refused(fault)
        return await self._serve(self._uploads if self._uploads.serves(request.raw_path) else self._dispatcher, request)

    async def _serve(self, by: Dispatcher | Uploads, request: WireRequest) -> Answer:
        if self._running >= MAX_RUNNING:
            return await self._refused(OVERLOADED(running=self._running))
        self._running += 1
        try:
            answer = await by.answer(request)
        finally:
            self._running -= 1
        self._metrics.count(answer.status)
        return answer

    async def _refused(self, fault: Fault) -> Answer:
        answer = answers.failure(fault, "", ids.request_id(), xml=False, help_at=self._dispatcher.help_at)
        self._metrics.count(answer.status)
        return answer

    async def _read(self, scope: Scope, receive: Receive) -> WireRequest:
        path, query, client = scope["raw_path"], scope["query_string"], scope["client"]
        peer, secure = client[0] if client else "", scope["scheme"] == "https"
        headers, peer, secure = self._bounded(path, query, scope["headers"], peer, secure)
        body = await self._body(headers, receive)
        texts = path.decode("latin-1"), query.decode("latin-1")
        return WireRequest(scope["method"], *texts, headers, body, secure, peer, self._max_parameters)

    def _bounded(
        self, path: bytes, query: bytes, pairs: list[tuple[bytes, bytes]], peer: str, secure: bool
    ) -> tuple[dict[str, str], str, bool]:
        """The headers of a request that is within the bounds, whom it really came from, and whether over TLS."""
        headers = join_headers(pairs, self._max_headers)
        if len(query) > MAX_QUERY or len(path) > MAX_PATH:
            what, size, limit = ("query", len(query), MAX_QUERY)
            if len(path) > MAX_PATH:
                what, size, limit = ("path", len(path), MAX_PATH)
            raise TOO_LONG(what=what, actual=size, limit=limit)
        if peer in self._proxies:
            peer, secure = real_peer(peer, secure, headers, self._proxies)
        if self._require_tls and not secure:
            raise NEED_TLS()
        return headers, peer, secure

    def _too_large(self, found: int | str) -> Fault:
        return TOO_LARGE(what="body in bytes", actual=found, limit=self._max_body, setting="max_body_bytes")

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        declared = headers.get("content-length", "")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > self._max_body):
            raise self._too_large(declared[:40])
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._max_body:
                raise self._too_large("more")
            more = message.get("more_body", False)
        if message["type"] == "http.disconnect":
            raise _GoneError
        return b"".join(chunks) if len(chunks) > 1 else chunks[0]

    def _plain(self, path: str, scope: Scope) -> Answer:
        """The pages for machines that watch: alive, ready, metrics."""
        if path == "/healthz":
            return _text(200, b"alive\n")
        if path == "/readyz":
            why = self._ready()
            return _text(503, f"not ready: {why}\n".encode()) if why else _text(200, b"ready\n")
        client = scope["client"]
        peer = client[0] if client else ""
        forwarded = [name for name, _ in scope["headers"] if name in _FORWARDED]
        if forwarded and peer not in self._proxies:
            peer = ""  # a proxy that is not trusted speaks for somebody else, also from this machine
        elif forwarded:
            headers = join_headers(scope["headers"], self._max_headers)
            peer, _ = real_peer(peer, False, headers, self._proxies)
        if peer not in self._watchers:
            return _text(403, b"The setting metrics_from does not name your address.\n")
        return _text(200, self._metrics.text())


_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
_PLAIN = frozenset({"/healthz", "/readyz", "/metrics"})


def _text(status: int, body: bytes) -> Answer:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    return Answer(status, headers, body)
