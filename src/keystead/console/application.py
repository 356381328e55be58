"""The console's application: every request to it, on one page.

    from this site? → whose session → may it open this page → proven again where that is asked → the page

A page answers through `Visit`; what it is refused and does not catch becomes the panel that says so.
"""

from __future__ import annotations

import hmac
import importlib
import logging
import pkgutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from keystead import ids
from keystead.console import pages as page_files
from keystead.console.asking import Refusal, RefusedError, ShownError
from keystead.console.entrance import PREFIX, Fittings
from keystead.console.menu import Menu
from keystead.console.routing import Page
from keystead.console.sessions import Keeper, clear_cookie, cookie_name
from keystead.console.statics import Statics
from keystead.console.templates import environment
from keystead.console.visit import WORKSPACE_COOKIE, House, Visit
from keystead.faults import Fault, FaultKind
from keystead.server.dispatch import Dispatcher, as_fault

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The content security policy of every answer, without exceptions (design.md section 9)."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

OTHER_SITE = FaultKind(
    "InvalidOrigin",
    403,
    "The form was sent from another site, or by a page that is older than your session.",
    "Open the page here and send its form again.",
)
SENT_BEFORE = FaultKind(
    "FormSentBefore",
    409,
    "This form was sent before, or the page is more than an hour old; nothing was done now.",
    "Open the page again if you want to do it once more.",
)
NO_PAGE = FaultKind("PageNotFound", 404, "There is no such page.", "Use the menu or the search.")

_PLACES = 1000
_PLACE_SECONDS = 15
"""How old the list of workspaces in the frame may be; pages ask for themselves."""

_log = logging.getLogger("keystead.console")


def build(dispatcher: Dispatcher, fittings: Fittings) -> Starlette:
    """Put the console together: pages, templates, static files."""
    declared = declared_pages()
    statics = Statics()
    house = House(
        templates=environment(statics.marks),
        menu=Menu(frozenset(page.path for page in declared)),
        keeper=Keeper(dispatcher, fittings.idle_seconds),
        fittings=fittings,
        marks=statics.marks,
    )
    door = _Door(house)
    routes = [Route(PREFIX + page.path, door.opens(page), methods=[page.method]) for page in declared]
    routes.append(Route(PREFIX + "/static/{name}", statics.answer, methods=["GET"]))
    routes += [Route(path, _to_overview, methods=["GET"]) for path in ("/", PREFIX)]
    nowhere = Page("", "GET", _nowhere)
    routes.append(Route(PREFIX + "/{rest:path}", door.opens(nowhere), methods=["GET", "POST"]))
    return Starlette(routes=routes)


def declared_pages() -> list[Page]:
    """Every page and form target of the files in `pages/`."""
    found = pkgutil.iter_modules(page_files.__path__, page_files.__name__ + ".")
    return [page for each in found for page in importlib.import_module(each.name).PAGES.declared]


async def _to_overview(_request: Request) -> Response:
    return RedirectResponse(PREFIX + "/", 302)


async def _nowhere(_visit: Visit) -> Response:
    raise NO_PAGE()


@dataclass(slots=True)
class _Door:
    """What stands between a request and its page."""

    house: House
    places: OrderedDict[bytes, tuple[float, list[dict[str, Any]]]] = field(default_factory=OrderedDict)

    def opens(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a page."""

        async def endpoint(request: Request) -> Response:
            now = self.house.keeper.dispatcher.clock()
            visit = Visit(self.house, request.scope["state"]["wire"], request.path_params, request.cookies, now)
            try:
                response = await self._admit(visit, page)
            except RefusedError as refused:
                response = visit.render("refused.html", refused.refusal.fault.status, refusal=refused.refusal)
            except Exception as error:  # noqa: BLE001 - whatever fails becomes a page with a request ID
                response = _failed(visit, error)
            for name, value in HEADERS.items():
                response.headers[name] = value
            response.headers.setdefault("cache-control", "no-store")
            return response

        return endpoint

    async def _admit(self, visit: Visit, page: Page) -> Response:
        if page.method == "POST":
            _check_same_site(visit)
        cookie = visit.cookies.get(cookie_name(visit.request), "")
        signed_in = await self.house.keeper.find(cookie)
        if signed_in is not None:
            visit.admit(signed_in)
        if page.public:
            if signed_in is not None and signed_in.row.state == "open":
                await self._find_place(visit)
            return await page.handler(visit)
        if signed_in is None:
            return self._to_sign_in(visit, page, was_signed_in=bool(cookie))
        if signed_in.row.state not in page.states:
            return visit.redirect({"reset": "/change-password", "bind": "/bind-mfa"}.get(signed_in.row.state, "/"))
        if page.method == "POST" and not hmac.compare_digest(visit.form.get("_token", ""), signed_in.form_token):
            raise OTHER_SITE()
        if signed_in.row.state == "open":
            await self._find_place(visit)
        if page.method == "POST" and page.shown and visit.form.get("_show") == "command":
            return await _as_command(visit, page)
        proof = page.proof(visit) if callable(page.proof) else page.proof
        if proof and not signed_in.is_verified(visit.now):
            asked = await self._ask_proof(visit, page)
            if asked is not None:
                return asked
        if page.once and not await self.house.keeper.spend(visit.form.get("_mark", "")):
            raise SENT_BEFORE()
        response = await page.handler(visit)
        if page.method == "POST":  # it may have made, renamed or deleted a workspace
            self.places.pop(signed_in.row.digest, None)
        return response

    def _to_sign_in(self, visit: Visit, page: Page, *, was_signed_in: bool) -> Response:
        """To the sign-in page, and from there back; what a form held is lost, and that is said."""
        there = visit.request.raw_path
        if page.method == "GET" and visit.request.raw_query:
            there += "?" + visit.request.raw_query
        response = visit.redirect(
            visit.url("/sign-in", next=there if page.method == "GET" else "", over="1" if was_signed_in else None)
        )
        if was_signed_in:
            clear_cookie(response, visit.request)
        return response

    async def _ask_proof(self, visit: Visit, page: Page) -> Response | None:
        """None once the session is proven; before that the page that asks, with the form in it."""
        proof = visit.form.get("_proof", "")
        if page.method == "GET":
            return visit.redirect(visit.url("/verify", next=visit.here()))
        wrong = False
        if proof:
            if await self.house.keeper.verify(visit.me, proof.strip()):
                return None
            wrong = True
            if await self.house.keeper.find(visit.me.cookie) is None:
                return self._to_sign_in(visit, page, was_signed_in=True)
        secrets = [name for name, value in visit.form.items() if value and "password" in name.lower()]
        if secrets:  # what was typed is never sent back: the person types it again once proven
            back = urlsplit(visit.request.headers.get("referer", "")).path
            return visit.redirect(visit.url("/verify", next=back if back.startswith(PREFIX + "/") else PREFIX + "/"))
        return await proof_page(visit, visit.request.raw_path, wrong=wrong)

    async def _find_place(self, visit: Visit) -> None:
        """The workspaces of the frame, at most `_PLACE_SECONDS` old, and the one that is being looked at."""
        digest = visit.me.row.digest
        known = self.places.get(digest)
        if known is None or visit.now - known[0] > _PLACE_SECONDS or visit.request.method == "POST":
            joined: list[dict[str, Any]] = []
            if not visit.lacks("keystead", "ListWorkspaceIds"):
                joined = await _joined(visit)
                visit.asked.clear()
            known = (visit.now, joined)
            self.places[digest] = known
            while len(self.places) > _PLACES:
                self.places.popitem(last=False)
        visit.place.joined = known[1]
        wanted = visit.path.get("workspace") or visit.cookies.get(WORKSPACE_COOKIE, "")
        by_id = {each["WorkspaceId"]: each for each in known[1]}
        default = next((each for each in known[1] if each["IsDefault"]), known[1][0] if known[1] else None)
        visit.place.current = by_id.get(wanted) or default


async def _joined(visit: Visit) -> list[dict[str, Any]]:
    """The workspaces that the person is in; none where they cannot be had: the page itself says what fails."""
    try:
        answer = await visit.ask("keystead", "ListWorkspaceIds")
    except RefusedError:
        return []
    found: list[dict[str, Any]] = answer["Workspaces"]["Workspace"]
    return found


async def _as_command(visit: Visit, page: Page) -> Response:
    """The call that a form makes, as a command; nothing is done, so no proof and no mark of the form is asked for."""
    visit.asking.shows = True
    visit.house = replace(visit.house, keeper=replace(visit.house.keeper, shows=True))
    visit.asked.clear()
    response: Response | None
    try:
        response = await page.handler(visit)
    except ShownError:
        response = None
    if not visit.asked or (response is not None and response.status_code >= 400):
        return response or visit.redirect("/")  # the form itself was refused, and says why
    return visit.render("as_command.html", asked=visit.asked[-1])


async def proof_page(visit: Visit, action: str, *, wrong: bool, next_page: str = "") -> Response:
    """The page that asks to prove again who it is; it keeps the fields of the form that was sent."""
    from keystead.products.people import console_sessions

    me = visit.me
    by_code = await visit.house.keeper.read(lambda tx: console_sessions.needs_code(tx, me.row), me.person.account_id)
    kept = [(name, value) for name, value in visit.request.form if name not in ("_proof", "_token")]
    return visit.render(
        "verify.html", 403 if wrong else 200, by_code=by_code, wrong=wrong, kept=kept, action=action, next=next_page
    )


def _check_same_site(visit: Visit) -> None:
    """Refuse a form that another site sent: what the browser says of it, before any token is looked at."""
    headers = visit.request.headers
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise OTHER_SITE()
    origin = headers.get("origin")
    if origin and origin != "null" and urlsplit(origin).netloc != headers.get("host", ""):
        raise OTHER_SITE()


def _failed(visit: Visit, error: Exception) -> Response:
    """The page of a failure: a fault says what it is, anything else is in the log under the request ID."""
    request_id = ids.request_id()
    fault: Fault = as_fault(error, request_id)
    refusal = Refusal(fault, request_id, "", "", {})
    try:
        return visit.render("refused.html", fault.status, refusal=refusal)
    except Exception:  # noqa: BLE001 - the last resort: nothing may leave without a request ID
        _log.exception("%s: the page that says what failed failed itself", request_id)
        return Response(
            f"{fault.code}: {fault.message} Request ID: {request_id}", fault.status, media_type="text/plain"
        )
