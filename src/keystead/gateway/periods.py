"""The windows that limits count in: fixed ones, so that every node and every restart means the same window."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_CALENDAR = frozenset({"day", "week", "month"})


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def window(period: str, time_zone: str, now: float) -> tuple[int, int]:
    """Beginning and end, in seconds, of the window that `now` is in.

    Of a number of seconds windows begin at its multiples; days, weeks (from Monday) and months at midnight in the
    time zone, which makes a day of a clock change 23 or 25 hours long.
    """
    if period not in _CALENDAR:
        length = int(period)
        start = int(now) // length * length
        return start, start + length
    here = datetime.fromtimestamp(now, _zone(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "day":
        start_at, end_at = here, here + timedelta(days=1)
    elif period == "week":
        start_at = here - timedelta(days=here.weekday())
        end_at = start_at + timedelta(days=7)
    else:
        start_at = here.replace(day=1)
        end_at = (start_at + timedelta(days=32)).replace(day=1)
    return int(start_at.timestamp()), int(end_at.timestamp())


def is_long(period: str) -> bool:
    """Whether a window outlives a restart, so that what it holds must be read from the usage rows."""
    return period in _CALENDAR or (period.isdigit() and int(period) >= 600)
