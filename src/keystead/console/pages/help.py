"""Help: the guides, search, and a page for every error code.  Open to everybody: nothing here is anybody's data."""

from __future__ import annotations

import asyncio
import re

from starlette.responses import PlainTextResponse, Response

from keystead.console.help.desk import desk
from keystead.console.help.here import Here, fill, here
from keystead.console.help.search import MAX_QUERY
from keystead.console.routing import Pages
from keystead.console.visit import Visit
from keystead.faults import FaultKind

PAGES = Pages()

NO_HELP = FaultKind(
    "HelpNotFound", 404, "There is no page of help of that name.", "Search in the help, or begin with its contents."
)


@PAGES.get("/help", public=True)
async def contents(visit: Visit) -> Response:
    """Every guide, by what one wants to do."""
    groups = await asyncio.to_thread(desk().groups, visit.language.code, _where(visit))
    return visit.render("help/contents.html", groups=groups, query="")


@PAGES.get("/help/search", public=True)
async def find(visit: Visit) -> Response:
    """What is found in guides, reference and error codes."""
    query = visit.query.get("q", "")[:MAX_QUERY]
    hits = await asyncio.to_thread(desk().search, query, visit.language.code)
    return visit.render("help/found.html", query=query, hits=hits)


@PAGES.get("/help/errors/{code}", public=True)
async def error_code(visit: Visit) -> Response:
    """What a code means, what usually causes it, and the next step."""
    given = (visit.path["code"], visit.language.code, _where(visit), visit.text("Copy"))
    shown = await asyncio.to_thread(desk().code, *given)
    if shown is None:
        raise NO_HELP()
    return visit.render("help/code.html", code=shown, query="")


@PAGES.get("/help/examples/{name}", public=True)
async def example(visit: Visit) -> Response:
    """A program of the guides as a file, with this server's address in it."""
    text = desk().library.example(visit.path["name"])
    if text is None:
        raise NO_HELP()
    return PlainTextResponse(fill(text, _where(visit)))


@PAGES.get("/help/{name:path}", public=True)
async def guide(visit: Visit) -> Response:
    """A guide, or a part of the reference."""
    name = visit.path["name"]
    given = (name, visit.language.code, _where(visit), visit.text("Copy"))
    shown = await asyncio.to_thread(desk().page, *given)  # a long one takes a while to render, once
    if shown is None:
        raise NO_HELP()
    codes = desk().codes(visit.language.code).names if name == "errors" else ()
    return visit.render("help/page.html", page=shown, codes=codes, query="")


def _where(visit: Visit) -> Here:
    """This server as the reader came by it, and the workspace that the frame shows, if somebody is signed in."""
    scheme = "https" if visit.request.secure else "http"
    workspace = visit.place.current["WorkspaceId"] if visit.place.current is not None else ""
    return here(
        visit.house.fittings.public_url,
        scheme,
        visit.request.headers.get("host", ""),
        account=visit.me.person.account_id if visit.signed_in is not None else "",
        workspace=workspace if re.fullmatch(r"[\w-]{1,64}", workspace) else "",
    )
