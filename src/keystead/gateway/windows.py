"""Counters of limits in this process."""

from __future__ import annotations

from collections.abc import Sequence

from keystead.gateway.limits import Counter, Seed

_SWEEP_SECONDS = 60


class LocalWindows:
    """Counters in a dictionary; used from the event loop.  What has ended is swept away each minute."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._sums: dict[str, tuple[int, int]] = {}
        self._running: dict[str, dict[str, int]] = {}
        self._swept = 0.0

    async def reserve(self, counters: Sequence[Counter], call_id: str, now: float) -> list[tuple[int, int]]:
        """See `limits.Windows`."""
        for each in counters:
            if each.seed_from is not None and each.key not in self._sums:
                held = await self._seed(each)
                self._sums.setdefault(each.key, (held, each.until))
        # INVARIANT: nothing is awaited from here on, so that check and raise are one step.
        self._sweep(now)
        held_by = [self._held(each, now) for each in counters]
        full = [
            (index, held)
            for index, (each, held) in enumerate(zip(counters, held_by, strict=True))
            if held + each.add > each.limit.amount
        ]
        if not full:
            for each, held in zip(counters, held_by, strict=True):
                if each.limit.measure == "concurrent":
                    self._running.setdefault(each.key, {})[call_id] = each.until
                else:
                    self._sums[each.key] = (held + each.add, each.until)
        return full

    async def settle(self, counters: Sequence[Counter], used: Sequence[int], call_id: str) -> None:
        """See `limits.Windows`."""
        for each, amount in zip(counters, used, strict=True):
            if each.limit.measure == "concurrent":
                running = self._running.get(each.key, {})
                running.pop(call_id, None)
                if not running:
                    self._running.pop(each.key, None)
            elif each.key in self._sums:
                held, until = self._sums[each.key]
                self._sums[each.key] = (max(0, held + amount - each.add), until)

    async def close(self) -> None:
        """See `limits.Windows`: nothing is held open."""

    def _held(self, counter: Counter, now: float) -> int:
        if counter.limit.measure != "concurrent":
            return self._sums.get(counter.key, (0, 0))[0]
        running = self._running.get(counter.key)
        return sum(until > now for until in running.values()) if running else 0

    def _sweep(self, now: float) -> None:
        if now - self._swept < _SWEEP_SECONDS:
            return
        self._swept = now
        self._sums = {key: value for key, value in self._sums.items() if value[1] > now}
        for key in list(self._running):
            self._running[key] = {call: until for call, until in self._running[key].items() if until > now}
            if not self._running[key]:
                del self._running[key]
