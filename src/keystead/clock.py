"""Time, as an argument.  Everything that needs the time is handed a `Clock`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], float]
"""Returns seconds since 1970-01-01T00:00:00Z."""

system_clock: Clock = time.time


def iso(seconds: float) -> str:
    """Write an instant as the vendor does: `2026-01-02T03:04:05Z`, UTC, whole seconds."""
    return _iso(int(seconds))


@lru_cache(maxsize=64)
def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
