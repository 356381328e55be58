"""Every page of the console in both languages, light and dark, wide and narrow; none is left out.

The list is the application's own: a page that is declared is looked at, so a new one comes with its proof.  What only a
sent form shows (one-time secrets, results) is looked at where that form is tested.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from keystead.console.application import declared_pages
from keystead.console.menu import SECTIONS
from services import browser as browsers
from services import rpc
from services.browser import Person, console_user
from services.server import Server

from .furnished import Furnished

WIDE = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "en-US"}
NARROW = {"viewport": {"width": 360, "height": 800}, "color_scheme": "dark", "locale": "zh-CN"}
LOOKS = ["color-contrast", "target-size", "scrollable-region-focusable", "html-has-lang", "html-lang-valid"]
"""The rules of WCAG that another width, other colours and other words may break on a page that keeps all of them."""
BAD_PATTERNS = """() => [...document.querySelectorAll("[pattern]")].map(each => each.pattern).filter(pattern => {
  try { new RegExp(pattern, "v"); return false; } catch { return true; }
})"""
"""A pattern that a browser cannot compile checks nothing."""
MOST_BYTES = 150_000
"""Of a page with all that it loads, nothing of it cached."""

NO_PAGES = {
    "/access-keys/{key}": "leads to the pair's page",
    "/bind-mfa": "for a session of its own, below",
    "/change-password": "for a session of its own, below",
    "/credential-report/file": "a file",
    "/enter-workspace": "leads elsewhere",
    "/grants/names.json": "for a script",
    "/help/examples/{name}": "a program",
    "/language": "leads elsewhere",
    "/policies/actions.json": "for a script",
    "/security-report": "a file",
    "/shell/complete": "for a script",
    "/theme": "leads elsewhere",
    "/users/new/check": "for a script",
    "/users/{name}": "leads to the first tab",
}
"""Declared, and nothing that anybody looks at."""

DECLARED = {page.path: page.handler for page in declared_pages() if page.method == "GET"}
ROUTES = sorted({handler: path for path, handler in DECLARED.items() if path not in NO_PAGES}.values())
"""One for each handler: the pages of one's own pairs are those of a user's."""
STATES = (
    "/nowhere",
    "/users?q=nobody-is-called-this",
    "/users?sort=-CreateDate&size=100",
    "/audit?request=none",
    "/recycle-bin/access-keys?q=none",
    "/unused-access?days=3650",
    "/who-can",
    "/users/{user}/access?show=smaller",
    "/roles/{role}/access?show=smaller",
    "/settings/no-such-card",
    "/workspaces/{workspace}/api-keys?q=no-such-key",
    "/workspaces/{workspace}/models?q=no-such-model",
    "/workspaces/{workspace}/members?q=nobody-is-called-this",
    "/workspaces/{workspace}/usage?by=day",
    "/workspaces/llm-nosuchworkspace",
)
"""Other states of these pages: no hit, not there, other columns."""


@dataclass
class Onlookers:
    """Who looks at each page: somebody in English in a wide light window, somebody in Chinese in a narrow dark one."""

    furnished: Furnished
    people: tuple[Person, Person]


@pytest.fixture(scope="module")
def onlookers(browser: Browser, furnished: Furnished) -> Iterator[Onlookers]:
    furnished.prove()
    server, session = furnished.server, furnished.reader.client.cookies["keystead-session"]
    cookie = {"name": "keystead-session", "value": session, "url": server.url}
    with ExitStack() as stack:
        people = [stack.enter_context(browsers.person(browser, server, **window)) for window in (WIDE, NARROW)]
        for each in people:
            each.context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Lax"}])
        yield Onlookers(furnished, (people[0], people[1]))
    server.check_log()


def test_no_page_is_left_out() -> None:
    assert set(NO_PAGES) <= set(DECLARED)
    assert {DECLARED[route] for route in ROUTES} == {DECLARED[path] for path in DECLARED if path not in NO_PAGES}
    for section in SECTIONS:
        for entry in section.entries:
            path = f"/workspaces/{{workspace}}{entry.path}" if entry.in_workspace else entry.path
            assert path not in DECLARED or path in ROUTES, entry.label


@pytest.mark.parametrize("route", [*ROUTES, *STATES])
def test_a_page(onlookers: Onlookers, console: Server, route: str) -> None:
    address = onlookers.furnished.address(route)
    for person, rules in zip(onlookers.people, (browsers.RULES, LOOKS), strict=True):
        page = person.open(address)
        expect(page.locator("html")).to_have_attribute("lang", "en" if rules is browsers.RULES else "zh")
        look(person, rules)
        size = page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".reduce((sum, each) => sum + each.encodedBodySize, 0)"
        )
        assert 1_000 < size < MOST_BYTES, f"{address} ships {size} bytes"
        if route not in STATES:
            assert page.locator("main .panel.failed, main .panel.denied").count() == 0, page.locator(
                "main"
            ).inner_text()


@pytest.mark.parametrize(
    ("column", "title"), [("PasswordResetRequired", "/change-password"), ("MFABindRequired", "/bind-mfa")]
)
def test_a_page_before_all_others(browser: Browser, console: Server, column: str, title: str) -> None:
    name = f"before{title.replace('/', '-')}"
    logon = console_user(console, name)
    rpc.call(console.url, console.admin, "ram", "UpdateLoginProfile", UserName=name, **{column: "true"})
    for window, rules in ((WIDE, browsers.RULES), (NARROW, LOOKS)):
        with browsers.person(browser, console, **window) as person:
            person.sign_in(logon)
            expect(person.page).to_have_url(f"{console.url}/console{title}")
            look(person, rules)


def look(person: Person, rules: list[str]) -> None:
    """Fail when the page that is open breaks WCAG, the policy of its content, a script, or the window's width."""
    found = browsers.violations(person.page, rules)
    overflow = person.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if overflow > 0:
        found.append(f"wider than the window by {overflow} pixels")
    found += [f"no pattern for browsers: {each}" for each in person.page.evaluate(BAD_PATTERNS)]
    problems, person.problems[:] = list(person.problems), []
    assert not found + problems, f"{person.page.url}:\n" + "\n".join(found + problems)
