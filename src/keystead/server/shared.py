"""Windows that several nodes share through Redis or Valkey: nonces of every call, and rate limits.

Without it each node has windows of its own: a read replayed at another node within its 15 minutes is answered there,
and N nodes allow N times the rate.  Writes are safe either way, their nonces are in the database.
"""

from __future__ import annotations

import logging

import redis.asyncio as redis
from redis.exceptions import RedisError

from keystead.faults import FaultKind
from keystead.identity import replay
from keystead.patience import Turns
from keystead.server.limits import throttled

UNREACHABLE = FaultKind(
    "ServiceUnavailable",
    503,
    "The request has failed due to a temporary failure of the server. The store of shared windows does not answer.",
    "Try again in a moment, or use another node.",
)
_CONNECTIONS = 64
_TIMEOUT_SECONDS = 1.0
_QUEUE_SECONDS = 5.0
_log = logging.getLogger("keystead.shared")


class SharedWindows:
    """The windows in one Redis; every failure of it refuses the call."""

    def __init__(self, url: str, limits: dict[str, int]) -> None:
        """`limits` maps a kind of call to calls per second and account; 0 is none."""
        self._redis = redis.Redis.from_url(url, socket_timeout=None, socket_connect_timeout=None)
        # Calls queue for a connection: many at once are no failure.
        self._turns = Turns(_CONNECTIONS, seconds=_TIMEOUT_SECONDS, queue_seconds=_QUEUE_SECONDS)
        self._limits = limits

    async def accept(self, mark: bytes, until: int) -> None:
        """Remember a nonce's digest until `until`.  Raises `SignatureNonceUsed` or `ServiceUnavailable`."""
        try:
            name = b"keystead:nonce:" + mark
            fresh = await self._turns.run(lambda: self._redis.set(name, b"", nx=True, exat=until))
        except (RedisError, OSError) as error:
            raise self._failed(error) from None
        if not fresh:
            raise replay.NONCE_USED()

    async def take(self, kind: str, account_id: str, now: float) -> None:
        """Count one call of this second.  Raises `Throttling.User` or `ServiceUnavailable`."""
        limit = self._limits.get(kind)
        if not limit:
            return
        key = f"keystead:rate:{kind}:{account_id}:{int(now)}"
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, 2)
                count, _ = await self._turns.run(pipe.execute)
        except (RedisError, OSError) as error:
            raise self._failed(error) from None
        if count > limit:
            raise throttled(kind, limit, int((1 - now % 1) * 1000) + 1)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    @staticmethod
    def _failed(error: Exception) -> Exception:
        _log.warning("the store of shared windows failed: %s", type(error).__name__)
        return UNREACHABLE()
