"""Until when a key is to count, as forms ask for it: not bounded, some days, or the end of a day.

Source: reference/console.md 3.6, 4.5.  The template is expiry.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from keystead.clock import iso
from keystead.console.pairs import DAY
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import FaultKind

PERIODS = (("30", mark("30 days")), ("90", mark("90 days")), ("180", mark("180 days")))

DAY_INVALID = FaultKind(
    "InvalidParameter.ExpireDate",
    400,
    "The last day {day} is not a day of the form 2030-01-31.",
    "Choose a day in the calendar, or one of the periods.",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a form offers.  limit: the greatest age in days that the operator allows, 0 for any.  chosen, day: what is
    selected before anything was sent."""

    limit: int
    tomorrow: str
    chosen: str = "90"
    day: str = ""

    @property
    def periods(self) -> list[tuple[str, str]]:
        """The periods that the limit leaves: days, and their label."""
        return [(days, label) for days, label in PERIODS if not self.limit or int(days) <= self.limit]


def choice(visit: Visit, limit: int) -> Choice:
    """The choice for something new."""
    return Choice(limit, iso(int(visit.now) + DAY)[:10])


def choice_of(visit: Visit, limit: int, until: str | None) -> Choice:
    """The choice for what expires at a time of the wire already, None for never."""
    return Choice(limit, iso(int(visit.now) + DAY)[:10], "date" if until else "none", (until or "")[:10])


def wanted(visit: Visit) -> str | None:
    """What was chosen, as a time of the wire; None where nothing bounds it.  Raises `InvalidParameter.ExpireDate`."""
    chosen = visit.form.get("expires", "")
    if chosen == "date":
        return end_of_day(visit.form.get("day", ""))
    return iso(int(visit.now) + int(chosen) * DAY) if chosen in dict(PERIODS) else None


def end_of_day(day: str) -> str:
    """The end of a day (`2030-01-31`) as a time of the wire.  Raises `InvalidParameter.ExpireDate` for what is none."""
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise DAY_INVALID(day=day[:20]) from None
    return iso(int(moment.timestamp()) + DAY - 1)
