"""Credential Report: made on demand, shown in part, downloaded whole.  Source: reference/console.md 5."""

from __future__ import annotations

import base64
import csv
import io
import time
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from keystead.console.asking import RefusedError
from keystead.console.routing import Pages
from keystead.console.visit import Visit

PAGES = Pages()

_SHOWN = 20
_PATIENCE = 3.0
"""Seconds that a form waits for the report; what takes longer is carried on by the server itself."""


@PAGES.get("/credential-report")
async def report(visit: Visit) -> Response:
    """The newest report's first lines, and the way to all of them."""
    return await _page(visit)


async def _page(visit: Visit, refused: RefusedError | None = None) -> Response:
    rows: list[list[str]] = []
    made, refusal = "", refused.refusal if refused else None
    try:
        answer = await visit.ask("ims", "GetCredentialReport", MaxItems=_SHOWN + 1)
        made = answer["GeneratedTime"]
        rows = list(csv.reader(io.StringIO(base64.b64decode(answer["Content"]).decode())))
    except RefusedError as error:
        if error.refusal.fault.code != "EntityNotExist.CredentialReport":
            refusal = refusal or error.refusal
    status = refusal.fault.status if refusal else 200
    return visit.render("credential_report.html", status, refusal=refusal, rows=rows, made=made)


@PAGES.post("/credential-report")
async def make(visit: Visit) -> Response:
    """Have the report made; a large one is finished by the server itself."""
    deadline = time.monotonic() + _PATIENCE
    try:
        while (await visit.ask("ims", "GenerateCredentialReport"))["State"] != "COMPLETED":
            if time.monotonic() > deadline:
                return visit.redirect("/credential-report", visit.text("The report is being made; look again soon."))
    except RefusedError as refused:
        return await _page(visit, refused)
    return visit.redirect("/credential-report", visit.text("The report is made."))


@PAGES.get("/credential-report/file")
async def download(visit: Visit) -> Response:
    """The whole report as CSV."""
    first = await visit.ask("ims", "GetCredentialReport")

    async def lines() -> AsyncIterator[bytes]:
        answer = first
        while True:
            yield base64.b64decode(answer["Content"])
            if answer["IsTruncated"] != "true":
                return
            answer = await visit.ask("ims", "GetCredentialReport", NextToken=answer["NextToken"])

    headers = {"content-disposition": 'attachment; filename="credential-report.csv"'}
    return StreamingResponse(lines(), headers=headers, media_type="text/csv; charset=utf-8")
