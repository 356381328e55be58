"""The console as a person sees it: Debian's Chromium, headless, that reaches this machine only.

Whatever a page breaks fails its test: a violation of the content security policy, an error in a script, an answer of
5xx that the test did not expect, a violation of WCAG 2.2 AA.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from services.server import Server

AXE = Path(__file__).parents[1] / "journeys" / "node" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PASSWORD = "Correct-Horse-7"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def chromium_path() -> str:
    """Debian's Chromium; without it the test is skipped here, and fails in CI."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed (package chromium)")
        pytest.skip("Chromium is not installed (package chromium)")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of this test process; what is expected of a page may take as long as a loaded machine needs."""
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS, headless=True)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Person:
    """Somebody at a browser: a context with its own cookies, one page in it, and what went wrong there.

    allowed: statuses of 5xx that the test brings about itself.
    """

    context: BrowserContext
    page: Page
    url: str
    problems: list[str] = field(default_factory=list)
    allowed: set[int] = field(default_factory=set)

    def watch(self) -> None:
        """Note what no page may do."""
        self.context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + "
            "e.blockedURI))"
        )
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on("response", lambda answer: self._answered(answer.status, answer.url))

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:
            self.problems.append(f"console: {text}")

    def _answered(self, status: int, url: str) -> None:
        if status >= 500 and status not in self.allowed:
            self.problems.append(f"{status} from {url}")

    def open(self, path: str) -> Page:
        """Open a page of the console; `path` is below /console."""
        self.page.goto(f"{self.url}/console{path}")
        return self.page

    def sign_in(self, name: str, password: str = PASSWORD, *, account: bool = False) -> Page:
        """Sign in as a RAM user (`name@alias`) or as the account, and end on the overview."""
        self.open("/sign-in?as=account" if account else "/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.locator("form button.primary").click()
        return self.page

    def reload_until(self, shown: Locator) -> None:
        """Open the page again until it shows that: what was only read reaches trail and counts a little later."""
        for _ in range(60):
            if shown.count():
                return
            self.page.wait_for_timeout(250)
            self.page.reload()

    def check(self) -> None:
        """Fail when a page did what no page may do."""
        assert not self.problems, self.problems

    def check_access(self) -> None:
        """Fail when the page that is open violates WCAG 2.2 AA, in light or in dark."""
        for scheme in ("light", "dark"):
            # Without motion: a colour on its way from one scheme to the other is nobody's contrast.
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            found = violations(self.page)
            assert not found, f"{self.page.url} ({scheme}):\n" + "\n".join(found)
        self.page.emulate_media(color_scheme=None, reduced_motion=None)


def violations(page: Page, rules: list[str] = RULES) -> list[str]:
    """What axe-core finds on the page that is open, a line each; rules: tags of rules, or rules by their names."""
    # Not add_script_tag: the pages' own policy forbids it, and it is to stay in force while axe looks.
    page.evaluate(AXE.read_text("utf-8") + "; 0")
    report: dict[str, Any] = page.evaluate(
        "([type, values]) => axe.run(document, {runOnly: {type, values}, resultTypes: ['violations']})",
        ["tag" if rules is RULES else "rule", rules],
    )
    return [
        f"{each['id']}: {each['help']}: {json.dumps([node['target'] for node in each['nodes'][:3]])} "
        f"{each['nodes'][0].get('failureSummary', '')[:300]}"
        for each in report["violations"]
    ]


@contextmanager
def person(browser: Browser, server: Server, **options: Any) -> Iterator[Person]:
    """Somebody who has not signed in yet; at the end nothing may have gone wrong on any page."""
    context = browser.new_context(locale=options.pop("locale", "en-US"), **options)
    context.set_default_timeout(20_000)
    found = Person(context, context.new_page(), server.url)
    found.watch()
    try:
        yield found
        found.check()
    finally:
        context.close()


def console_user(server: Server, name: str, *policies: str, password: str = PASSWORD) -> str:
    """Make a RAM user with Console Access and these system policies; returns its logon name."""
    from services import rpc

    admin = server.admin
    rpc.call(server.url, admin, "ram", "CreateUser", UserName=name)
    rpc.call(server.url, admin, "ram", "CreateLoginProfile", UserName=name, Password=password)
    for policy in policies:
        rpc.call(server.url, admin, "ram", "AttachPolicyToUser", UserName=name, PolicyName=policy, PolicyType="System")
    return f"{name}@{server.account_id}"
