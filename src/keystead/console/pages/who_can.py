"""Who Can: an action and a resource, and everybody who may; the question stands in the address.

Source: reference/console.md 5.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from keystead.console.asking import Given, RefusedError
from keystead.console.decisions import WORDS
from keystead.console.routing import Pages
from keystead.console.tables import SIZES, cell, line
from keystead.console.visit import Visit

PAGES = Pages()

_MOST_PAGES = 500
"""Calls of a download, each of up to 100 identities; a list that has more says so in its last line."""
_COLUMNS = ("PrincipalType", "PrincipalName", "PrincipalId", "Enabled", "Decision")


@PAGES.get("/who-can")
async def who_can(visit: Visit) -> Response:
    """The form, and under it who was found."""
    given = {name: visit.query.get(name, "").strip() for name in ("action", "resource", "context", "type", "marker")}
    asked: dict[str, Given] = {
        "Action": given["action"],
        "Resource": given["resource"] or None,
        "Context": given["context"] or None,
        "PrincipalType": given["type"] if given["type"] in ("User", "Role") else None,
    }
    if visit.lacks("keystead", "WhoCan"):
        await visit.ask("keystead", "WhoCan", **{**asked, "Action": given["action"] or "ram:GetUser"})  # says why not
    size = next((size for size in SIZES if str(size) == visit.query.get("size")), SIZES[0])
    answer, refusal = None, None
    if given["action"]:
        try:
            if visit.query.get("format") == "csv":
                return await _csv(visit, asked)
            answer = await visit.ask("keystead", "WhoCan", MaxItems=size, Marker=given["marker"] or None, **asked)
        except RefusedError as refused:
            refusal = refused.refusal
    return visit.render(
        "who_can.html",
        refusal.fault.status if refusal else 200,
        refusal=refusal,
        answer=answer,
        given=given,
        words=WORDS,
        first=visit.here(marker=None),
        rest=visit.here(marker=answer["Marker"]) if answer and answer.get("Marker") else "",
        csv=visit.here(format="csv", marker=None),
    )


async def _csv(visit: Visit, asked: dict[str, Given]) -> Response:
    """Everybody as CSV, page after page as it is read.  Raises `RefusedError`."""
    first = await visit.ask("keystead", "WhoCan", MaxItems=100, **asked)

    async def lines() -> AsyncIterator[str]:
        yield line([*_COLUMNS, "Statements"])
        answer = first
        for number in range(1, _MOST_PAGES + 1):
            for each in answer["Identities"]["Identity"]:
                yield line([*(cell(each[name]) for name in _COLUMNS), cell(_path(each))])
            if not answer["IsTruncated"]:
                return
            if number < _MOST_PAGES:
                answer = await visit.ask("keystead", "WhoCan", MaxItems=100, Marker=answer["Marker"], **asked)
        yield line(["# there are more; ask for one kind of identity"])

    headers = {"content-disposition": 'attachment; filename="who-can.csv"'}
    return StreamingResponse(lines(), headers=headers, media_type="text/csv; charset=utf-8")


def _path(identity: dict[str, Any]) -> str:
    """By which statements, as text."""
    found = []
    for each in identity["Statements"]["Statement"]:
        named = f"{each['PolicyName']} Statement[{each['StatementIndex']}]" if each["Readable"] else "(hidden policy)"
        found.append(f"{each['GroupName']}: {named}" if each["GroupName"] else named)
    return "; ".join(found)
