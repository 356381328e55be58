"""The listeners: plain HTTP and HTTPS side by side on one event loop, with a graceful stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn

from keystead.server.connection import Connection
from keystead.server.edge import Edge
from keystead.server.peers import Networks

GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to listen on; `context` makes it HTTPS.  Port 0 takes any free one.

    proxies: those whose connections begin with a PROXY protocol header; None where that is off.
    """

    host: str
    port: int
    context: ssl.SSLContext | None = None
    proxies: Networks | None = None


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: two of them run on one loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; a TLS connection that is merely kept open is cut, for its polite close would wait for the client."""
        if self.config.is_ssl:
            for connection in list(self.server_state.connections):
                cycle = getattr(connection, "cycle", None)
                if cycle is None or cycle.response_complete:
                    connection.transport.abort()
        await super().shutdown(sockets)


def bind(listener: Listener) -> socket.socket:
    """Open the listener's socket.  Raises OSError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    return socket.create_server((listener.host, listener.port), family=family, backlog=2048)


def address(listener: Listener, bound: socket.socket) -> str:
    """Where a client on this machine reaches a bound listener, as a URL."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is compared
    shown = f"[{shown}]" if ":" in shown else shown
    return f"{'https' if listener.context else 'http'}://{shown}:{port}"


def _http(proxies: Networks | None) -> Any:
    if proxies is None:
        return Connection
    from keystead.server.proxied import behind  # only where the setting asks for it

    return behind(proxies)


def _server(edge: Edge, listener: Listener) -> _Server:
    config = uvicorn.Config(
        edge,
        http=_http(listener.proxies),
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    config.load()
    if listener.context is not None:
        config.ssl = listener.context
        config.ssl_certfile = "given"  # what `is_ssl` looks at; the context above is what is used
    return _Server(config)


async def serve(
    edge: Edge,
    listeners: list[Listener],
    background: list[Callable[[], Awaitable[None]]],
    on_ready: Callable[..., None],
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is running.  `on_ready` gets the addresses.

    Raises OSError when an address cannot be bound.
    """
    sockets = [bind(listener) for listener in listeners]
    servers = [_server(edge, listener) for listener in listeners]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    tasks = [asyncio.ensure_future(work()) for work in background]
    serving = [asyncio.create_task(one.serve([bound])) for one, bound in zip(servers, sockets, strict=True)]
    try:
        while not all(server.started for server in servers):
            await asyncio.sleep(0.002)
        on_ready(*(address(one, bound) for one, bound in zip(listeners, sockets, strict=True)))
        await asyncio.gather(*serving)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
