"""One request to the console: who asks, in which language, and what a page needs to answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from keystead.console.asking import Asked, Asking, Given, RefusedError, action_of
from keystead.console.entrance import PREFIX, Fittings
from keystead.console.fields import secret_names
from keystead.console.sessions import Keeper, SignedIn
from keystead.console.texts import LANGUAGES, Language, accepted, clauses, language
from keystead.faults import Fault
from keystead.wire.request import WireRequest

if TYPE_CHECKING:
    import jinja2

    from keystead.console.menu import Menu

LANGUAGE_COOKIE = "keystead-language"
THEME_COOKIE = "keystead-theme"
NOTICE_COOKIE = "keystead-notice"
WORKSPACE_COOKIE = "keystead-workspace"
_MOST_NOTICE = 400


@dataclass(frozen=True, slots=True)
class House:
    """What every page shares: templates, menu, static files' marks, and the way to the server."""

    templates: jinja2.Environment
    menu: Menu
    keeper: Keeper
    fittings: Fittings
    marks: Mapping[str, str]


@dataclass(slots=True)
class Place:
    """The workspaces that the person is in, as the frame shows them, and the one that pages act on."""

    joined: list[dict[str, Any]] = field(default_factory=list)
    current: dict[str, Any] | None = None


class Visit:
    """One request.  `form` and `query` hold the last value of each name; `path` the parts of the page's address."""

    def __init__(
        self, house: House, request: WireRequest, path: Mapping[str, str], cookies: Mapping[str, str], now: float
    ) -> None:
        self.house = house
        self.request = request
        self.path = path
        self.cookies = cookies
        self.now = now
        self.query: dict[str, str] = dict(request.query)
        self.form: dict[str, str] = dict(request.form)
        self.signed_in: SignedIn | None = None
        self.place = Place()
        self._asking: Asking | None = None

    # -- who -------------------------------------------------------------------------------------------------------

    def admit(self, signed_in: SignedIn) -> None:
        """Let a person in; calls are made as its caller from here on."""
        self.signed_in = signed_in
        agent = self.request.headers.get("user-agent", "")
        dispatcher = self.house.keeper.dispatcher
        self._asking = Asking(
            dispatcher, signed_in.caller, self.request.peer, self.request.secure, f"console {agent}"[:256], self.now
        )

    @property
    def me(self) -> SignedIn:
        """The session of a page that needs one."""
        assert self.signed_in is not None  # noqa: S101 - the application admits nobody to such a page without one
        return self.signed_in

    @property
    def asking(self) -> Asking:
        """The way to the server's actions."""
        assert self._asking is not None  # noqa: S101 - as above
        return self._asking

    @property
    def asked(self) -> list[Asked]:
        """The calls made so far, for "Show as command"."""
        return self._asking.asked if self._asking is not None else []

    # -- what ------------------------------------------------------------------------------------------------------

    async def ask(self, product: str, action: str, /, **given: Given) -> dict[str, Any]:
        """Call an action, parameters by wire name; its answer as a dict of wire names.  Raises `RefusedError`."""
        return await self.asking.ask(product, action, given)

    async def ask_form(self, product: str, action: str, /, **more: Given) -> dict[str, Any]:
        """Call an action with those fields of the form that are its parameters; `more` goes over them.

        A field that is empty and not named in `more` is left out unless the form names it in `_empty`: clearing a
        value is meant only where the form says so.
        """
        wanted = {one.name for one in action_of(product, action).parameters}
        clears = set(self.form.get("_empty", "").split())
        given: dict[str, Given] = {
            name: value
            for name, value in self.form.items()
            if (name in wanted or name.partition(".")[0] in wanted) and (value != "" or name in clears)
        }
        return await self.asking.ask(product, action, given | more)

    async def try_ask(self, product: str, action: str, /, **given: Given) -> dict[str, Any] | None:
        """The same for a part of a page that may be missing: None where it is refused.

        A server that fails is no refusal: half a page would look like the whole.
        """
        try:
            return await self.asking.ask(product, action, given, explain=False)
        except RefusedError as refused:
            if refused.refusal.fault.status >= 500:
                raise
            return None

    def lacks(self, product: str, action: str, /, **given: Given) -> str:
        """The permission that is missing for a call, for a button's hint; "" when nothing speaks against it."""
        return self.asking.lacks(product, action, given)

    def chosen(self, name: str) -> list[str]:
        """Every value of a form field that may come more than once, such as a row's check box."""
        return [value for key, value in self.request.form if key == name]

    # -- in which words ----------------------------------------------------------------------------------------------

    @cached_property
    def language(self) -> Language:
        """The person's choice, else what the browser asks for."""
        code = self.cookies.get(LANGUAGE_COOKIE, "")
        return language(code if code in LANGUAGES else accepted(self.request.headers.get("accept-language", "")))

    def text(self, english: str, /, **values: object) -> str:
        """A text in the person's language."""
        return self.language.text(english, **values)

    def message(self, fault: Fault) -> str:
        """What a fault says, in the person's language."""
        return clauses.message(self.language, fault)

    def next_step(self, fault: Fault) -> str:
        """What a fault says to do, in the person's language."""
        return clauses.next_step(self.language, fault)

    def sentence(self, english: str) -> str:
        """A sentence that an action answered, in the person's language where it is known there."""
        return clauses.sentence(self.language, english)

    # -- answering ---------------------------------------------------------------------------------------------------

    def url(self, path: str, /, **query: str | int | None) -> str:
        """The address of a page; parts of `path` must be quoted by `quoted`."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return PREFIX + path + (f"?{urlencode(given)}" if given else "")

    def here(self, **changes: str | int | None) -> str:
        """This page's address with some of its query changed; None takes a part away."""
        query = {**self.query, **changes}
        kept = {name: value for name, value in query.items() if value not in (None, "")}
        return self.request.raw_path + (f"?{urlencode(kept)}" if kept else "")

    def render(self, template: str, /, status: int = 200, **values: Any) -> Response:
        """A page from its template; `visit` and the words are there for it."""
        view: Any = values.get("view")
        if status == 200 and getattr(view, "refusal", None) is not None:
            status = view.refusal.fault.status  # a list that was refused is a refused page
        found = self.house.templates.get_template(template)
        body = found.render(
            visit=self, _=self.text, n_=self.language.count, url=self.url, lacks=self._may_lack, **values
        )
        response = HTMLResponse(body, status)
        if NOTICE_COOKIE in self.cookies:
            response.delete_cookie(NOTICE_COOKIE, path=PREFIX, secure=self.request.secure, httponly=True)
        return response

    def _may_lack(self, product: str, action: str, **given: Given) -> str:
        return self.lacks(product, action, **given) if self._asking is not None else ""

    def redirect(self, path: str, notice: str = "") -> Response:
        """To another page of the console after a form, with one sentence that says what was done."""
        response = RedirectResponse(path if path.startswith(PREFIX) else PREFIX + path, 303)
        if notice:
            response.set_cookie(
                NOTICE_COOKIE,
                quote(notice[:_MOST_NOTICE]),
                max_age=60,
                path=PREFIX,
                secure=self.request.secure,
                httponly=True,
                samesite="lax",
            )
        return response

    @property
    def notice(self) -> str:
        """What the form before said was done."""
        return unquote(self.cookies.get(NOTICE_COOKIE, ""))[:_MOST_NOTICE]

    @property
    def theme(self) -> str:
        """light, dark, or "" for what the system says."""
        chosen = self.cookies.get(THEME_COOKIE, "")
        return chosen if chosen in ("light", "dark") else ""

    @property
    def sent_again(self) -> list[tuple[str, str]] | None:
        """The fields of a form that failed, to send it again under a new mark; None where a secret is among them."""
        fields = self.request.form
        if any(value and name in secret_names() for name, value in fields):
            return None
        return [(name, self.form_mark if name == "_mark" else value) for name, value in fields]

    @property
    def form_mark(self) -> str:
        """A new mark for a form that may be sent once."""
        return self.house.keeper.form_mark()

    @cached_property
    def element_id(self) -> str:
        """A prefix for IDs that must differ between parts of a page."""
        return secrets.token_hex(3)

    @property
    def base_url(self) -> str:
        """The address that people and programs reach this server by: the operator's word, else how this came."""
        if self.house.fittings.public_url:
            return self.house.fittings.public_url.rstrip("/")
        return f"{'https' if self.request.secure else 'http'}://{self.request.headers.get('host', '')}"


def quoted(part: str) -> str:
    """One part of an address."""
    return quote(part, safe="")
