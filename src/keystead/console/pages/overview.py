"""The overview: the account, its security score with the checks, and where to begin.  Source: console.md 3.2."""

from __future__ import annotations

from starlette.responses import Response

from keystead.console.routing import Pages
from keystead.console.visit import Visit

PAGES = Pages()


@PAGES.get("/")
async def overview(visit: Visit) -> Response:
    """The first page after signing in."""
    return visit.render("overview.html")
