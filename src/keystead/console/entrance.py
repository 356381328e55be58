"""The door to the console: cheap to import, builds the application at the first request to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keystead.server.dispatch import Dispatcher
from keystead.wire.request import WireRequest

if TYPE_CHECKING:
    from starlette.applications import Starlette

PREFIX = "/console"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fittings:
    """What the operator decides about the console.

    public_url: the address that people come by, "" where nobody said it.  label, colour: of the environment, shown in
    the header.  idle_seconds: after which a session that nobody uses is over.
    """

    public_url: str
    label: str
    colour: str
    idle_seconds: int


class Entrance:
    """Serves `/console` and everything below it, and sends a browser at `/` there."""

    def __init__(self, dispatcher: Dispatcher, fittings: Fittings) -> None:
        self._dispatcher = dispatcher
        self._fittings = fittings
        self._building: asyncio.Future[Starlette] | None = None

    def serves(self, scope: Scope) -> bool:
        """Whether a request is the console's: by its path, or a browser that came to `/` and asks for nothing."""
        path = scope["path"]
        if path.startswith(PREFIX):
            return len(path) == len(PREFIX) or path[len(PREFIX)] == "/"
        return path == "/" and scope["method"] == "GET" and not scope["query_string"] and _is_browser(scope)

    async def answer(self, scope: Scope, request: WireRequest, receive: Receive, send: Send) -> int:
        """Answer a request whose body has been read; returns the status."""
        if self._building is None:  # templates and their language take a while to load, and most nodes never need them
            self._building = asyncio.ensure_future(asyncio.to_thread(self._build))
        application = await asyncio.shield(self._building)
        status = 500

        async def told(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        scope["state"] = {"wire": request}
        await application(scope, receive, told)
        return status

    def _build(self) -> Starlette:
        from keystead.console.application import build

        return build(self._dispatcher, self._fittings)


def _is_browser(scope: Scope) -> bool:
    """Browsers ask for HTML and never sign."""
    named = dict(scope["headers"])
    return b"text/html" in named.get(b"accept", b"") and b"authorization" not in named
