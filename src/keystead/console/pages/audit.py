"""Audit: who did what; filters in the address, pages by marker, CSV and JSON.  Source: reference/console.md 5."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from keystead.console.asking import Given, RefusedError
from keystead.console.routing import Pages
from keystead.console.tables import SIZES, cell, line
from keystead.console.texts import mark
from keystead.console.visit import Visit

PAGES = Pages()

MOST = 50_000
"""Events of a download; what is beyond is said in its last line."""
_PAGE = 1000

FILTERS = (
    ("start", mark("From"), "StartTime"),
    ("end", mark("Until"), "EndTime"),
    ("identity", mark("Identity"), "Identity"),
    ("key", mark("AccessKey ID"), "EventAccessKeyId"),
    ("action", mark("Action"), "EventAction"),
    ("product", mark("Product"), "EventProduct"),
    ("resource", mark("Resource"), "Resource"),
    ("request", mark("Request ID"), "EventRequestId"),
)
"""In the address, as shown, and the parameter of LookupEvents."""
KINDS = (("read", mark("Reads")), ("write", mark("Writes")))
OUTCOMES = (
    ("Success", mark("Done")),
    ("Failure", mark("Refused or failed")),
    ("NoPermission", mark("Denied by policy")),
)


@PAGES.get("/audit")
async def audit(visit: Visit) -> Response:
    """A page of the trail, or the same as a file."""
    wanted = _asked(visit)
    if visit.query.get("format") in ("csv", "json"):
        return await _file(visit, wanted, visit.query["format"])
    size = next((size for size in SIZES if str(size) == visit.query.get("size")), SIZES[1])
    events: list[dict[str, Any]] = []
    refusal, older = None, ""
    try:
        answer = await visit.ask(
            "keystead", "LookupEvents", MaxItems=size, Marker=visit.query.get("marker") or None, **wanted
        )
    except RefusedError as refused:
        refusal = refused.refusal
    else:
        events = answer["Events"]["Event"]
        older = _address(visit, marker=answer["Marker"]) if answer.get("Marker") else ""
    return visit.render(
        "audit.html", refusal.fault.status if refusal and not refusal.denied else 200 if not refusal else 403,
        refusal=refusal, events=events, older=older, newest=_address(visit, marker=None), size=size, sizes=SIZES,
        filters=FILTERS, kinds=KINDS, outcomes=OUTCOMES, given=visit.query, chips=_chips(visit), address=_sized(visit),
        cleared=visit.url("/audit"), csv=_address(visit, format="csv", marker=None),
        json_file=_address(visit, format="json", marker=None),
    )  # fmt: skip


def _asked(visit: Visit) -> dict[str, Given]:
    found: dict[str, Given] = {parameter: visit.query.get(key, "").strip() or None for key, _, parameter in FILTERS}
    found["Kind"] = visit.query.get("kind") if visit.query.get("kind") in ("read", "write") else None
    found["Outcome"] = visit.query.get("outcome", "").strip() or None
    for name in ("StartTime", "EndTime"):
        text = found[name]
        if isinstance(text, str) and len(text) == 16:  # as a browser's own field writes it
            found[name] = f"{text}:00Z"
    return found


def _address(visit: Visit, **changes: str | None) -> str:
    kept = {name: value for name, value in {**visit.query, **changes}.items() if value}
    return visit.url("/audit") + (f"?{urlencode(kept)}" if kept else "")


def _sized(visit: Visit) -> dict[int, str]:
    return {size: _address(visit, size=str(size), marker=None) for size in SIZES}


def _chips(visit: Visit) -> list[tuple[str, str, str]]:
    """The filters in force: label, value, and the address without it."""
    labels = {key: label for key, label, _ in FILTERS} | {"kind": mark("Kind"), "outcome": mark("Outcome")}
    return [
        (label, visit.query[key], _address(visit, **{key: None, "marker": None}))
        for key, label in labels.items()
        if visit.query.get(key)
    ]


async def _file(visit: Visit, wanted: dict[str, Given], kind: str) -> Response:
    """All events of the filter, page after page as they are read.  Raises `RefusedError` before the first line."""
    first = await visit.ask("keystead", "LookupEvents", MaxItems=_PAGE, **wanted)
    lines = _csv(visit, wanted, first) if kind == "csv" else _json(visit, wanted, first)
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
    headers = {"content-disposition": f'attachment; filename="audit.{kind}"'}
    return StreamingResponse(lines, headers=headers, media_type=media)


async def _pages(visit: Visit, wanted: dict[str, Given], answer: dict[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
    seen = 0
    while True:
        rows = answer["Events"]["Event"]
        seen += len(rows)
        yield rows
        if not answer.get("Marker") or seen >= MOST:
            return
        answer = await visit.ask("keystead", "LookupEvents", MaxItems=_PAGE, Marker=answer["Marker"], **wanted)


async def _csv(visit: Visit, wanted: dict[str, Given], first: dict[str, Any]) -> AsyncIterator[str]:
    names: list[str] = []
    async for rows in _pages(visit, wanted, first):
        if rows and not names:
            names = list(rows[0])
            yield line(names)
        for row in rows:
            texts = [json.dumps(row[n], ensure_ascii=False) if isinstance(row[n], dict) else row[n] for n in names]
            yield line([cell(text) for text in texts])


async def _json(visit: Visit, wanted: dict[str, Given], first: dict[str, Any]) -> AsyncIterator[str]:
    before = "["
    async for rows in _pages(visit, wanted, first):
        for row in rows:
            yield before + "\n" + json.dumps(row, ensure_ascii=False)
            before = ","
    yield ("[" if before == "[" else "") + "\n]\n"
