"""Limits of model calls: all that bind, reserved before the call and settled after it.

Reserving is one step: every counter is checked and then every counter is raised, or none is.  So, on one node or on
many that share a Redis:

    requests, concurrent   never exceed their limit.
    tokens, money          exceed it by at most what calls in flight use beyond their reservations.  A reservation is
                           the estimated input plus `max_tokens`, or plus `reserve_output_tokens` where the caller
                           sets none.  One token for three bytes is above what tokenizers count for prose, so a
                           caller that sets `max_tokens` exceeds by nothing, and one that does not by at most
                           (calls in flight) x (longest answer - reserve_output_tokens).

Without a shared Redis each node counts by itself: N nodes allow N times a limit of requests, concurrent and minutes;
long windows start from the usage rows of all nodes when a node first counts in them.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from keystead.faults import Fault
from keystead.gateway import periods
from keystead.gateway.catalogue import Model
from keystead.identity.model_keys import Limit

_QUOTA_MEASURES = frozenset({"tokens", "money"})
_NOUNS = {
    "requests": "{amount} requests",
    "tokens": "{amount} tokens",
    "concurrent": "{amount} calls at a time",
    "money": "an amount of {amount}",
}


@dataclass(frozen=True, slots=True)
class Counter:
    """One limit for one call.  key: the counter's name, with its window.  add: what is reserved.  until: its window's
    end; for concurrent when a lost call is forgotten.  seed_from: the window's beginning where usage rows tell what it
    already holds, else None."""

    account_id: str
    limit: Limit
    key: str
    add: int
    until: int
    seed_from: int | None = None


Seed = Callable[[Counter], Awaitable[int]]
"""What a window that nobody has counted in yet already holds."""


class Windows(Protocol):
    """Where counters live: in this process, or in Redis."""

    async def reserve(self, counters: Sequence[Counter], call_id: str, now: float) -> list[tuple[int, int]]:
        """Raise every counter, or none.  Answers (index, what it holds) of those that are too full; empty when done."""
        ...

    async def settle(self, counters: Sequence[Counter], used: Sequence[int], call_id: str) -> None:
        """Correct what was reserved to what was used, and end a concurrent call."""
        ...

    async def close(self) -> None:
        """Let go of what is held open."""
        ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one call has reserved."""

    call_id: str
    counters: tuple[Counter, ...]
    model: Model


class Limiter:
    """Applies limits.  reserve_output: tokens reserved for an answer of unknown length.  longest: seconds after which
    a running call is taken for lost."""

    def __init__(
        self, windows: Windows, *, reserve_output: int, longest: int, refused: Callable[[Limit], None] | None = None
    ) -> None:
        """refused: told of the limit that bound."""
        self._windows = windows
        self._refused = refused
        self._reserve_output = reserve_output
        self._longest = longest

    async def reserve(
        self,
        account_id: str,
        limits: Sequence[Limit],
        model: Model,
        call_id: str,
        inputs: int,
        most_output: int | None,
        now: float,
    ) -> Ticket:
        """Reserve a call.  inputs: estimated tokens.  Raises the vendor's throttling faults."""
        counters = tuple(
            self._counter(account_id, limit, model, inputs, most_output, now)
            for limit in limits
            if not limit.model or limit.model == model.name
        )
        if counters:
            full = await self._windows.reserve(counters, call_id, now)
            if full:
                counter, held = _last_to_free([(counters[index], held) for index, held in full])
                if self._refused is not None:
                    self._refused(counter.limit)
                raise _refusal(counter, held, now)
        return Ticket(call_id, counters, model)

    def outputs(self, most_output: int | None) -> int:
        """Tokens that are taken for an answer beforehand."""
        return self._reserve_output if most_output is None else most_output

    async def settle(self, ticket: Ticket, input_tokens: int, output_tokens: int) -> None:
        """Put what was used in place of what was reserved."""
        if not ticket.counters:
            return
        tokens = input_tokens + output_tokens
        used = {
            "requests": 1,
            "concurrent": 1,
            "tokens": tokens,
            "money": ticket.model.cost(input_tokens, output_tokens),
        }
        await self._windows.settle(
            ticket.counters, [used[each.limit.measure] for each in ticket.counters], ticket.call_id
        )

    def _counter(
        self, account_id: str, limit: Limit, model: Model, inputs: int, most_output: int | None, now: float
    ) -> Counter:
        if limit.measure == "concurrent":
            return Counter(account_id, limit, f"{limit.id}:c", 1, int(now) + self._longest)
        start, end = periods.window(limit.period, limit.time_zone, now)
        outputs = self.outputs(most_output)
        add = {"requests": 1, "tokens": inputs + outputs, "money": model.cost(inputs, outputs)}[limit.measure]
        seed = start if periods.is_long(limit.period) else None
        return Counter(account_id, limit, f"{limit.id}:{start}", add, end, seed)


def _last_to_free(full: list[tuple[Counter, int]]) -> tuple[Counter, int]:
    """Of the limits that bind the one that frees last: who waits that long is not refused again."""
    return max(full, key=lambda each: (each[0].limit.measure != "concurrent", each[0].until))


def _refusal(counter: Counter, held: int, now: float) -> Fault:
    """The refusal in the words of one limit."""
    limit = counter.limit
    amount = limit.amount / 1_000_000 if limit.measure == "money" else limit.amount
    held_shown = held / 1_000_000 if limit.measure == "money" else held
    noun = _NOUNS[limit.measure].format(amount=amount)
    what = f" for the model {limit.model}" if limit.model else ""
    if limit.measure == "concurrent":
        wait, span, when = 1, "", "when one of them ends"
    else:
        wait = max(1, math.ceil(counter.until - now))
        span = f" per {limit.period}" if not limit.period.isdigit() else f" per {limit.period} seconds"
        when = f"in {wait} seconds"
    code = "Throttling.AllocationQuota" if limit.measure in _QUOTA_MEASURES else "Throttling.RateQuota"
    needs = f", this call reserves {counter.add}" if limit.measure == "tokens" else ""
    return Fault(
        code,
        429,
        f"Requests rate limit exceeded: the limit of the {limit.scope} {limit.scope_id} is {noun}{span}{what}; "
        f"{held_shown} are used or reserved{needs}. It frees {when}.",
        next_step=f"Wait {wait} s and try again, or ask for a higher limit of the {limit.scope}.",
        headers=(("retry-after", str(wait)),),
    )
