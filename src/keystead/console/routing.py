"""How a page is declared: on its handler, with its path and what it takes.

`PAGES = Pages()` stands in each file of `pages/`; `@PAGES.get("/users")` on a handler that takes a `Visit` and answers
a Starlette response.  A new file in that folder is served without being named anywhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from keystead.console.visit import Visit

Handler = Callable[["Visit"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """One declared page or form target.

    path: below /console, with Starlette's `{name}` parts.  proof: a security verification within ten minutes is needed
    (console.md 2.5), or whether one is for this visit; a form that comes without one is kept in the page that asks for
    it, unless it holds passwords.
    once: the form carries a mark that is good once, so that sending it again does not do it again.
    states: session states that may open it.  public: no session is needed.
    shown: the form's call may be shown as a command instead of being made; not where a form changes the session itself.
    """

    path: str
    method: str
    handler: Handler
    proof: bool | Callable[[Visit], bool] = False
    once: bool = False
    states: tuple[str, ...] = ("open",)
    public: bool = False
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one file."""

    declared: list[Page] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare the handler below as the page at `path`."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare the handler below as what a form at `path` is sent to."""
        return self._declare("POST", path, options)

    def _declare(self, method: str, path: str, options: dict[str, Any]) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.declared.append(Page(path, method, handler, **options))
            return handler

        return declare
