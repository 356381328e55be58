"""Rate limits per account: token buckets in memory, per process."""

from __future__ import annotations

from collections import OrderedDict

from keystead.faults import Fault, FaultKind

THROTTLED = FaultKind(
    "Throttling.User",
    400,
    "Request was denied due to user flow control. {limit} {kind} calls per second are allowed; "
    "the next one is free in {wait} ms.",
    "Wait {wait} ms and try again, or ask the operator to raise {setting}.",
)

_MOST_BUCKETS = 10_000


class RateLimits:
    """Calls per second and account, by kind of call; a limit of 0 means none.  A bucket holds one second's worth."""

    def __init__(self, limits: dict[str, int]) -> None:
        """`limits` maps a kind (read, write, sts) to calls per second."""
        self._limits = {kind: limit for kind, limit in limits.items() if limit}
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, kind: str, account_id: str, now: float) -> None:
        """Count one call.  Raises `Throttling.User` with the time to wait, in both headers that clients read."""
        limit = self._limits.get(kind)
        if limit is None:
            return
        tokens, then = self._buckets.pop((kind, account_id), (float(limit), now))
        tokens = min(float(limit), tokens + max(0.0, now - then) * limit)
        if tokens >= 1:
            self._keep(kind, account_id, tokens - 1, now)
            return
        self._keep(kind, account_id, tokens, now)
        wait = max(1, int((1 - tokens) / limit * 1000) + 1)
        raise throttled(kind, limit, wait)

    def _keep(self, kind: str, account_id: str, tokens: float, now: float) -> None:
        if len(self._buckets) >= _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        self._buckets[kind, account_id] = (tokens, now)


def throttled(kind: str, limit: int, wait: int) -> Fault:
    """`Throttling.User`; `wait` in milliseconds goes into both headers that clients read."""
    fault = THROTTLED(limit=limit, kind=kind, wait=wait, setting=_SETTINGS[kind])
    return fault.carrying(headers=(("x-acs-retry-after", str(wait)), ("retry-after", str(-(-wait // 1000)))))


_SETTINGS = {"read": "reads_per_second", "write": "writes_per_second", "sts": "sts_per_second"}
