"""The Cloud Shell's two addresses: a line to run, a line to complete; and a page of its own for use without scripts."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from keystead.console import shell
from keystead.console.routing import Pages
from keystead.console.visit import Visit

PAGES = Pages()


@PAGES.get("/shell")
async def open_shell(visit: Visit) -> Response:
    """The shell as a page."""
    return visit.render("shell.html", line="", answer=None)


@PAGES.post("/shell", shown=False)
async def run(visit: Visit) -> Response:
    """Run a line; answers JSON to the page's script and a page to a form."""
    line = visit.form.get("line", "")
    answer = await shell.run(visit.asking, line.strip(), visit.language, endpoint=visit.base_url)
    if visit.request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"text": answer.text, "ok": answer.ok})
    visit.asked.clear()  # the line itself is the command
    return visit.render("shell.html", line=line, answer=answer)


@PAGES.get("/shell/complete")
async def complete(visit: Visit) -> Response:
    """What the last word of a line may become."""
    return JSONResponse({"words": shell.complete(visit.query.get("line", "")[: shell.MOST_LINE])})
