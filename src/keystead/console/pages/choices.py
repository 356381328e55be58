"""What a browser remembers of a person's choices: language, light or dark, the workspace that pages act on."""

from __future__ import annotations

from starlette.responses import Response

from keystead.console.entrance import PREFIX
from keystead.console.routing import Pages
from keystead.console.texts import LANGUAGES
from keystead.console.visit import LANGUAGE_COOKIE, THEME_COOKIE, WORKSPACE_COOKIE, Visit

PAGES = Pages()
_YEAR = 31_536_000


@PAGES.get("/language", public=True)
async def choose_language(visit: Visit) -> Response:
    """Speak another language from here on."""
    wanted = visit.query.get("to", "")
    return _remember(visit, LANGUAGE_COOKIE, wanted if wanted in LANGUAGES else "en")


@PAGES.get("/theme", public=True)
async def choose_theme(visit: Visit) -> Response:
    """Light, dark, or like the system."""
    wanted = visit.query.get("to", "")
    return _remember(visit, THEME_COOKIE, wanted if wanted in ("light", "dark") else "system")


@PAGES.get("/enter-workspace")
async def enter_workspace(visit: Visit) -> Response:
    """Have the pages under "Model access" act on another workspace; one that is not joined is passed over."""
    wanted = visit.query.get("to", "")
    known = {each["WorkspaceId"] for each in visit.place.joined}
    if wanted not in known:
        return visit.redirect("/")
    path = "/workspaces/{workspace}/applications"
    there = f"/workspaces/{wanted}/applications" if path in visit.house.menu.served else "/"
    response = visit.redirect(there)
    return _keep(visit, response, WORKSPACE_COOKIE, wanted)


def _remember(visit: Visit, name: str, value: str) -> Response:
    back = visit.query.get("back", "")
    inside = back == PREFIX or back.startswith(PREFIX + "/")
    return _keep(visit, visit.redirect(back if inside and "\\" not in back else "/"), name, value)


def _keep(visit: Visit, response: Response, name: str, value: str) -> Response:
    response.set_cookie(
        name, value, max_age=_YEAR, path=PREFIX, secure=visit.request.secure, httponly=True, samesite="lax"
    )
    return response
