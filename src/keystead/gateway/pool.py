"""Calls to model servers: which of them, retries before the first byte, circuit breaking, bounds.

Connections are pooled and kept; a call that is cancelled closes its connection, which is how a server hears of it.
aiohttp and not httpx: docs/decisions/0010-aiohttp-for-upstreams.md.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from keystead.faults import Fault
from keystead.gateway import faults, lines
from keystead.gateway.catalogue import EMBEDDED, Model, Upstream

if TYPE_CHECKING:  # imported where it is used: a start without a model call need not pay for it
    import aiohttp

_encode = msgspec.json.Encoder().encode
_TRIES = 3
_FAILURES_TO_OPEN = 5
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 300.0
_MOST_ERROR_BYTES = 8192
_RETRIED = frozenset({500, 502, 503, 504})
_FAILURES = frozenset({502, 503, 504})  # a 500 may be one caller's request: it must not close the server to all


@dataclass(frozen=True, slots=True)
class Bounds:
    """connect_seconds: until a server takes the connection.  idle_seconds: the longest silence, also before the first
    byte.  line_bytes: of a stream's line.  body_bytes: of a whole answer."""

    connect_seconds: float = 5
    idle_seconds: float = 120
    line_bytes: int = 1_048_576
    body_bytes: int = 33_554_432


class State(NamedTuple):
    """A server as this node sees it: failures since it last answered, and whether it is left alone."""

    failures: int
    left_alone: bool


class _Health:
    """What this node knows of one server: failures in a row, and until when it is left alone.

    After a pause one call tries it; the others leave it alone until that one has its answer's head.
    """

    __slots__ = ("failures", "open_until")

    def __init__(self) -> None:
        self.failures = 0
        self.open_until = 0.0

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.failures >= _FAILURES_TO_OPEN:
            self._pause(now, self.failures)

    def asked(self, now: float) -> None:
        """A call goes to it: where its pause has just ended, that call is the one that tries."""
        if self.failures >= _FAILURES_TO_OPEN:
            self._pause(now, _FAILURES_TO_OPEN)

    def begun(self) -> None:
        """It answers; that the answer gets to its end is not said yet."""
        self.open_until = 0.0

    def answered(self) -> None:
        self.failures, self.open_until = 0, 0.0

    def _pause(self, now: float, failures: int) -> None:
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (failures - _FAILURES_TO_OPEN))
        self.open_until = now + pause


class _AgainError(Exception):
    """A try that failed before the first byte.  kept: perhaps for a kept connection that the server had closed."""

    def __init__(self, fault: Fault, *, kept: bool = False) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.kept = kept


class Reply:
    """A server's answer, its headers read and its body not."""

    def __init__(self, upstream: Upstream, response: aiohttp.ClientResponse, bounds: Bounds) -> None:
        self.upstream = upstream
        self._response = response
        self._bounds = bounds

    async def blocks(self) -> AsyncIterator[bytes]:
        """The stream in whole lines.  Raises `ModelServingError` and `ResponseTimeout`."""
        import aiohttp

        try:
            async for block in lines.blocks(self._response.content.iter_any(), self._bounds.line_bytes):
                yield block
        except TimeoutError:  # aiohttp's own is a ClientError too
            raise faults.TIMEOUT(seconds=self._bounds.idle_seconds) from None
        except aiohttp.ClientError as error:
            raise faults.SERVING(why=f"it ended its answer early ({type(error).__name__})") from None

    async def whole(self) -> bytes:
        """The whole body.  Raises as `blocks`, and for a body that is too large."""
        import aiohttp

        parts: list[bytes] = []
        size = 0
        try:
            async for data in self._response.content.iter_any():
                size += len(data)
                if size > self._bounds.body_bytes:
                    raise faults.SERVING(why=f"its answer has more than {self._bounds.body_bytes} bytes")
                parts.append(data)
        except TimeoutError:  # aiohttp's own is a ClientError too
            raise faults.TIMEOUT(seconds=self._bounds.idle_seconds) from None
        except aiohttp.ClientError as error:
            raise faults.SERVING(why=f"it ended its answer early ({type(error).__name__})") from None
        return b"".join(parts)


class Pool:
    """All connections to model servers of one node."""

    def __init__(
        self,
        bounds: Bounds,
        *,
        embedded: Mapping[str, Callable[[], Awaitable[tuple[str, str]]]] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """embedded: by the address that stands for it, what starts a model of this program where it does not run, and
        answers address and key."""
        self._bounds = bounds
        self._embedded = embedded or {}
        self._now = now
        self._health: dict[str, _Health] = {}
        self._session: aiohttp.ClientSession | None = None

    def _sessions(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:  # made on the loop that uses it
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._bounds.connect_seconds, sock_read=self._bounds.idle_seconds
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept-Encoding"),
            )
        return self._session

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def state(self, upstream: Upstream) -> State:
        """What this node knows of a server now."""
        found = self._health.get(upstream.id)
        return State(found.failures, found.open_until > self._now()) if found is not None else State(0, False)

    def troubled(self) -> dict[str, State]:
        """The servers that failed since they last answered, by ID."""
        now = self._now()
        return {
            each: State(kept.failures, kept.open_until > now) for each, kept in self._health.items() if kept.failures
        }

    def order(self, model: Model) -> list[Upstream]:
        """The servers to ask, drawn by weight; those that are left alone come only when no other is there."""
        now = self._now()
        fine = [each for each in model.upstreams if self._of(each).open_until <= now]
        return sorted(fine, key=_draw, reverse=True)

    @asynccontextmanager
    async def open(self, model: Model, path: str, body: dict[str, Any], request_id: str) -> AsyncIterator[Reply]:
        """Send a call to one of the model's servers and wait for its first byte.

        Asks another one, three in all, while none has begun to answer: none is asked again that has refused.  Raises
        the faults of section d.6.
        """
        response, upstream = await self._first(model, path, body, request_id)
        try:
            yield Reply(upstream, response, self._bounds)
        except Fault as fault:
            if fault.code == "ModelServingError" or (fault.code == "ResponseTimeout" and body.get("stream")):
                self._of(upstream).failed(self._now())
            raise
        else:
            self._of(upstream).answered()
        finally:
            response.close() if not response.content.at_eof() else response.release()

    async def _first(
        self, model: Model, path: str, body: dict[str, Any], request_id: str
    ) -> tuple[aiohttp.ClientResponse, Upstream]:
        servers = self.order(model)
        if not servers:
            some = f"{len(model.upstreams)} left alone after failures" if model.upstreams else "it has none"
            raise faults.UNAVAILABLE(model=model.name, why=some)
        tries = servers[:_TRIES]
        for number, upstream in enumerate(tries):
            self._of(upstream).asked(self._now())
            try:
                return await self._ask(upstream, path, body, request_id), upstream
            except _AgainError as failed:
                # The same server is asked twice only for what may be the fault of a connection that was kept.
                if failed.kept and len(tries) == 1:
                    tries.append(upstream)
                if number + 1 == len(tries):
                    raise failed.fault from None
        raise AssertionError  # the loop returns or raises

    async def _ask(
        self, upstream: Upstream, path: str, body: dict[str, Any], request_id: str
    ) -> aiohttp.ClientResponse:
        """One try.  Raises `_AgainError` for what another server may do better with, else the fault."""
        import aiohttp

        health = self._of(upstream)
        headers = {"content-type": "application/json", "x-request-id": request_id}
        data = _encoded({**body, "model": upstream.model})
        base, secret = await self._base(upstream)
        if secret:
            headers["authorization"] = f"Bearer {secret}"
        try:
            response = await self._sessions().post(base + path, data=data, headers=headers, allow_redirects=False)
        except aiohttp.ServerTimeoutError as error:
            if isinstance(error, aiohttp.ConnectionTimeoutError):
                health.failed(self._now())
                slow = faults.UNAVAILABLE(model=upstream.model, why="it takes no connection in time")
                raise _AgainError(slow) from None
            if body.get("stream"):  # a long answer in one piece is silent by nature: that is no failure
                health.failed(self._now())
            raise faults.TIMEOUT(seconds=self._bounds.idle_seconds) from None  # it may be at work: not asked twice
        except (aiohttp.ClientError, OSError, ValueError) as error:
            health.failed(self._now())
            fault = faults.UNAVAILABLE(model=upstream.model, why=type(error).__name__)
            raise _AgainError(fault, kept=not isinstance(error, aiohttp.ClientConnectorError)) from None
        if response.status in _FAILURES:
            health.failed(self._now())
        else:
            health.begun()
        if response.status < 300:
            return response
        raise await self._refusal(response)

    async def _base(self, upstream: Upstream) -> tuple[str, str]:
        if not upstream.url.startswith(EMBEDDED):
            return upstream.url, upstream.secret
        start = self._embedded.get(upstream.url)
        if start is None:
            why = "it is embedded, and its extra, [model] or [embeddings], is not installed or switched off"
            raise faults.UNAVAILABLE(model=upstream.model, why=why)
        return await start()

    async def _refusal(self, response: aiohttp.ClientResponse) -> Exception:
        """What a server's refusal means for the caller: a fault, or `_AgainError` where another server is asked."""
        import aiohttp

        try:
            async with asyncio.timeout(self._bounds.connect_seconds):
                raw = await response.content.read(_MOST_ERROR_BYTES)
        except (aiohttp.ClientError, TimeoutError):
            raw = b""
        response.close()
        try:
            given = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            given = raw.decode("utf-8", "replace")[:200]
        why = lines.said(given.get("error", given) if isinstance(given, dict) else given)
        status = response.status
        if status == 429:
            wait = response.headers.get("retry-after", "1")
            fault = faults.BUSY(why=why, seconds=wait if wait.isdecimal() and len(wait) < 6 else "1")
            fault.headers = (("retry-after", wait if wait.isdecimal() and len(wait) < 6 else "1"),)
            return _AgainError(fault)
        if status in (400, 413, 422):
            return faults.PARAMETER(problem=f"The model server refuses the request: {why}.")
        if status in _RETRIED:
            return _AgainError(faults.SERVING(why=f"it answered HTTP {status} ({why})"))
        if status in (401, 403):
            return faults.SERVING(why=f"it does not accept this gateway's key (HTTP {status})")
        return faults.SERVING(why=f"it answered HTTP {status} ({why})")

    def _of(self, upstream: Upstream) -> _Health:
        found = self._health.get(upstream.id)
        if found is None:
            if len(self._health) > 10_000:  # servers that were removed long ago
                self._health.clear()
            found = self._health[upstream.id] = _Health()
        return found


def _encoded(body: dict[str, Any]) -> bytes:
    """The body as JSON.  Raises `InvalidParameter` for what cannot be written: half a surrogate, endless nesting."""
    try:
        return _encode(body)
    except (UnicodeEncodeError, RecursionError, msgspec.EncodeError, TypeError, ValueError) as error:
        raise faults.PARAMETER(problem=f"The body cannot be handed on ({type(error).__name__}).") from None


def _draw(upstream: Upstream) -> float:
    """A lot whose highest is as likely as the weight (Efraimidis and Spirakis); without weight always the last."""
    return random.random() ** (1 / upstream.weight) if upstream.weight else -1.0  # noqa: S311
