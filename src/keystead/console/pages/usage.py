"""Usage of a workspace: model calls summed by model, key, application or owner.  Source: reference/console.md 4.7."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import Fault, FaultKind

PAGES = Pages()

GROUPS = (
    ("model", mark("by model")),
    ("key", mark("by API key")),
    ("application", mark("by application")),
    ("owner", mark("by owner")),
    ("day", mark("by day")),
)
DAYS = 31
"""Shown when no day is asked for."""

MOST = 1000
WIDTH, ROW = 900, 22
"""Of the chart, and of a row in it, in its own units."""

BAD_DAY = FaultKind(
    "InvalidParameter.day",
    400,
    "The day {day!r} is not of the form 2030-01-31.",
    "Choose a day in the calendar.",
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which days, both included, and what is summed by."""

    start: date
    end: date
    by: str

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of GetUsage."""
        after = self.end + timedelta(days=1)
        return {"StartTime": f"{self.start}T00:00:00Z", "EndTime": f"{after}T00:00:00Z", "GroupBy": [self.by]}


@PAGES.get("/workspaces/{workspace}/usage")
async def usage(visit: Visit) -> Response:
    """The sums as a table, a chart, or a file."""
    today = datetime.fromtimestamp(visit.now, UTC).date()
    span = Span(today - timedelta(days=DAYS - 1), today, "model")
    try:
        span = _span(visit, span)
        answer = await visit.ask(
            "keystead", "GetUsage", WorkspaceId=visit.path["workspace"], MaxItems=MOST, **span.given
        )
    except (Fault, RefusedError) as error:
        return _page(visit, span, [], refusal_of(error))
    rows = answer["Usage"]
    if span.by == "day":
        rows = sorted(rows, key=lambda row: row["Group"]["day"])
    if visit.query.get("format") == "csv":
        return _file(span, rows)
    return _page(visit, span, rows, None)


def _span(visit: Visit, usual: Span) -> Span:
    """What the address asks for.  Raises `InvalidParameter.day`."""
    days = {"start": usual.start, "end": usual.end}
    for name in days:
        text = visit.query.get(name, "")
        if text:
            try:
                days[name] = date.fromisoformat(text)
            except ValueError:
                raise BAD_DAY(day=text[:20]) from None
    by = visit.query.get("by", "")
    return Span(days["start"], min(days["end"], date.max - timedelta(days=1)), by if by in dict(GROUPS) else usual.by)


def _page(visit: Visit, span: Span, rows: list[dict[str, Any]], refusal: Refusal | None) -> Response:
    most = max((row["TotalTokens"] for row in rows), default=0) or 1
    shown = [
        {
            **row,
            "Name": row["Group"][span.by][:10] if span.by == "day" else row["Group"][span.by],
            "Length": round((WIDTH - 330) * row["TotalTokens"] / most, 1),
        }
        for row in rows
    ]
    return visit.render(
        "usage.html",
        refusal.fault.status if refusal else 200,
        span=span,
        rows=shown,
        total={name: sum(row[name] for row in rows) for name in ("Calls", "FailedCalls", "TotalTokens")},
        full=len(rows) >= MOST,
        groups=GROUPS,
        size=(WIDTH, ROW),
        refusal=refusal,
    )


_COLUMNS = ("Calls", "FailedCalls", "InputTokens", "OutputTokens", "TotalTokens", "Cost")


def _file(span: Span, rows: list[dict[str, Any]]) -> Response:
    """The same as CSV."""
    held = io.StringIO()
    lines = csv.writer(held, lineterminator="\r\n")
    lines.writerow([span.by, *_COLUMNS])
    for row in rows:
        name = row["Group"][span.by]
        # A cell that would begin a formula is quoted (CWE-1236).
        lines.writerow(["'" + name if name[:1] in ("=", "+", "-", "@") else name, *(row[each] for each in _COLUMNS)])
    headers = {"content-disposition": 'attachment; filename="usage.csv"'}
    return Response(held.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")
