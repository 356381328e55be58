"""Counters of limits that nodes share through Redis or Valkey: one script checks all and then raises all.

Sums are plain numbers that expire with their window; running calls are sorted sets by the time at which a lost one is
forgotten, so a node that dies frees what it held.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from keystead.faults import FaultKind
from keystead.gateway.limits import Counter, Seed

UNREACHABLE = FaultKind(
    "ModelUnavailable",
    503,
    "The limits of this call cannot be checked: the store of shared windows does not answer.",
    "Try again in a moment, or use another node.",
)
_PREFIX = "keystead:limit:"
_TIMEOUT_SECONDS = 1.0
_AFTER_SECONDS = 60

# ARGV: call id, now, then per key: kind, limit, add, until.
_RESERVE = """
local full, n = {}, #KEYS
for i = 1, n do
  local kind, most, add = ARGV[4*i-1], tonumber(ARGV[4*i]), tonumber(ARGV[4*i+1])
  local held
  if kind == 'c' then
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ARGV[2])
    held = redis.call('ZCARD', KEYS[i])
  else
    held = tonumber(redis.call('GET', KEYS[i]) or '0')
  end
  if held + add > most then full[#full+1] = i - 1; full[#full+1] = held end
end
if #full > 0 then return full end
for i = 1, n do
  local kind, add, till = ARGV[4*i-1], ARGV[4*i+1], tonumber(ARGV[4*i+2])
  if kind == 'c' then
    redis.call('ZADD', KEYS[i], till, ARGV[1])
  else
    redis.call('INCRBY', KEYS[i], add)
  end
  redis.call('EXPIREAT', KEYS[i], till + 60)
end
return full
"""
_SETTLE = """
for i = 1, #KEYS do
  if ARGV[2*i] == 'c' then
    redis.call('ZREM', KEYS[i], ARGV[1])
  elseif redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('INCRBY', KEYS[i], ARGV[2*i+1])
  end
end
"""
_log = logging.getLogger("keystead.shared")


class SharedWindows:
    """Counters in one Redis; every failure of it refuses the call."""

    def __init__(self, url: str, seed: Seed) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, max_connections=256
        )
        self._seed = seed
        self._reserve = self._redis.register_script(_RESERVE)
        self._settle = self._redis.register_script(_SETTLE)
        self._seeded: dict[str, int] = {}

    async def reserve(self, counters: Sequence[Counter], call_id: str, now: float) -> list[tuple[int, int]]:
        """See `limits.Windows`."""
        keys = [_PREFIX + each.key for each in counters]
        arguments: list[Any] = [call_id, int(now)]
        for each in counters:
            arguments += [_kind(each), each.limit.amount, each.add, each.until]
        try:
            for each, key in zip(counters, keys, strict=True):
                if each.seed_from is not None and key not in self._seeded:
                    await self._plant(each, key, now)
            flat = await self._reserve(keys=keys, args=arguments)
        except (RedisError, OSError) as error:
            raise _failed(error) from None
        return [(int(flat[index]), int(flat[index + 1])) for index in range(0, len(flat), 2)]

    async def settle(self, counters: Sequence[Counter], used: Sequence[int], call_id: str) -> None:
        """See `limits.Windows`.  A failure is logged: the window then holds the reservation."""
        arguments: list[Any] = [call_id]
        for each, amount in zip(counters, used, strict=True):
            arguments += [_kind(each), amount - each.add]
        try:
            await self._settle(keys=[_PREFIX + each.key for each in counters], args=arguments)
        except (RedisError, OSError) as error:
            _log.warning("a call's limits keep its reservation: the shared windows failed (%s)", type(error).__name__)

    async def _plant(self, counter: Counter, key: str, now: float) -> None:
        if not await self._redis.exists(key):
            held = await self._seed(counter)
            await self._redis.set(key, held, nx=True, exat=counter.until + _AFTER_SECONDS)
        self._seeded = {name: until for name, until in self._seeded.items() if until > now}
        self._seeded[key] = counter.until

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def _kind(counter: Counter) -> str:
    return "c" if counter.limit.measure == "concurrent" else "s"


def _failed(error: Exception) -> Exception:
    _log.warning("the store of shared windows failed: %s", type(error).__name__)
    return UNREACHABLE()
