"""Charts as numbers: where each bar of an inline SVG stands.  No style is needed, as the pages' policy allows none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

DAYS = 90
WIDTH, HEIGHT, TOP = 900, 120, 16
"""Of the chart in its own units.  TOP is kept free for the figure of the highest bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day.  x, y, width, height: of its bar."""

    date: str
    calls: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Calls by day, oldest first.  most: of one day; total: of all."""

    bars: tuple[Bar, ...]
    most: int
    total: int

    @property
    def busy(self) -> list[Bar]:
        """The days with calls, newest first: the same as a table."""
        return [bar for bar in reversed(self.bars) if bar.calls]


def by_day(days: list[dict[str, Any]], now: float) -> Chart:
    """A chart of the last 90 days from the days that had calls."""
    counted = {each["Date"]: int(each["Calls"]) for each in days}
    today = datetime.fromtimestamp(now, UTC).date()
    dates = [(today - timedelta(days=back)).isoformat() for back in reversed(range(DAYS))]
    most = max((counted.get(date, 0) for date in dates), default=0)
    step = WIDTH / DAYS
    bars = []
    for at, date in enumerate(dates):
        calls = counted.get(date, 0)
        height = max(2.0, (HEIGHT - TOP) * calls / most) if calls else 0.0
        bars.append(Bar(date, calls, round(at * step + 1, 2), round(HEIGHT - height, 2), step - 2, round(height, 2)))
    return Chart(tuple(bars), most, sum(bar.calls for bar in bars))
