"""Counters of limits that nodes share through Redis or Valkey: one script checks all and then raises all.

Sums are plain numbers that expire with their window; running calls are sorted sets by the time at which a lost one is
forgotten, so a node that dies frees what it held.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import redis.asyncio as redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from keystead.faults import FaultKind
from keystead.gateway.limits import Counter, Seed
from keystead.patience import Turns

UNREACHABLE = FaultKind(
    "ModelUnavailable",
    503,
    "The limits of this call cannot be checked: the store of shared windows does not answer.",
    "Try again in a moment, or use another node.",
)
_PREFIX = "keystead:limit:"
_TIMEOUT_SECONDS = 3.0
_QUEUE_SECONDS = 10.0
_AFTER_SECONDS = 60
_CONNECTIONS = 16
_SEEDINGS = 3

# ARGV: call id, now, then per key: kind (c: concurrent, s: sum, l: sum that usage rows seed), limit, add, until.
# Answers {1, index, …} of the seeded sums that are not there, else {0, index, held, …} of those that are too full.
_RESERVE = """
local full, missing, n = {0}, {1}, #KEYS
for i = 1, n do
  local kind, most, add = ARGV[4*i-1], tonumber(ARGV[4*i]), tonumber(ARGV[4*i+1])
  local held
  if kind == 'c' then
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ARGV[2])
    held = redis.call('ZCARD', KEYS[i])
  else
    held = redis.call('GET', KEYS[i])
    if not held and kind == 'l' then missing[#missing+1] = i - 1 end
    held = tonumber(held or '0')
  end
  if held + add > most then full[#full+1] = i - 1; full[#full+1] = held end
end
if #missing > 1 then return missing end
if #full > 1 then return full end
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
        self._redis = redis.Redis.from_url(url, socket_timeout=None, socket_connect_timeout=None)
        # Calls queue for a connection: many at once are no failure.
        self._turns = Turns(_CONNECTIONS, seconds=_TIMEOUT_SECONDS, queue_seconds=_QUEUE_SECONDS)
        self._seed = seed
        self._reserve = self._redis.register_script(_RESERVE)
        self._settle = self._redis.register_script(_SETTLE)

    async def reserve(self, counters: Sequence[Counter], call_id: str, now: float) -> list[tuple[int, int]]:
        """See `limits.Windows`."""
        keys = [_PREFIX + each.key for each in counters]
        arguments: list[Any] = [call_id, int(now)]
        for each in counters:
            arguments += [_kind(each), each.limit.amount, each.add, each.until]
        try:
            for _ in range(_SEEDINGS):
                missing, *flat = await self._run(self._reserve, keys, arguments)
                if not missing:
                    return [(int(flat[index]), int(flat[index + 1])) for index in range(0, len(flat), 2)]
                # A window that nobody has counted in, or that Redis has lost: it holds what the usage rows say.
                for index in flat:
                    await self._plant(counters[int(index)], keys[int(index)])
        except (RedisError, OSError) as error:
            raise _failed(error) from None
        raise UNREACHABLE()

    async def settle(self, counters: Sequence[Counter], used: Sequence[int], call_id: str) -> None:
        """See `limits.Windows`.  A failure is logged: the window then holds the reservation."""
        arguments: list[Any] = [call_id]
        for each, amount in zip(counters, used, strict=True):
            arguments += [_kind(each), amount - each.add]
        try:
            await self._run(self._settle, [_PREFIX + each.key for each in counters], arguments)
        except (RedisError, OSError) as error:
            _log.warning("a call's limits keep its reservation: the shared windows failed (%s)", type(error).__name__)

    async def _run(self, script: AsyncScript, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script on one of few connections, first come, first served."""
        return await self._turns.run(lambda: script(keys=keys, args=arguments))

    async def _plant(self, counter: Counter, key: str) -> None:
        held = await self._seed(counter)
        until = counter.until + _AFTER_SECONDS
        await self._turns.run(lambda: self._redis.set(key, held, nx=True, exat=until))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def _kind(counter: Counter) -> str:
    if counter.limit.measure == "concurrent":
        return "c"
    return "s" if counter.seed_from is None else "l"


def _failed(error: Exception) -> Exception:
    _log.warning("the store of shared windows failed: %s", type(error).__name__)
    return UNREACHABLE()
