"""The console by keyboard alone: the ways in, the two documented ways to a pair, the skip link, dialogs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from services import rpc
from services.browser import PASSWORD, Person, console_user
from services.server import Server

Visitor = Callable[..., Person]
MOST_STOPS = 120
"""Presses of Tab within which everything on a page is reached."""


BEHIND_THE_MENU = "it => document.activeElement === document.body && Boolean(it.closest('.framed #content'))"
OUTLINED = "it => getComputedStyle(it).outlineStyle !== 'none' || getComputedStyle(it).boxShadow !== 'none'"


def reach(wanted: Locator) -> None:
    """Press Tab until that has the focus, past the menu where the page has just come, and see that it shows it."""
    page = wanted.page
    expect(wanted).to_be_visible()
    if wanted.evaluate(BEHIND_THE_MENU):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    for _ in range(MOST_STOPS):
        if wanted.evaluate("each => each === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()
    assert wanted.evaluate(OUTLINED), "nothing shows where the focus is"


def press(wanted: Locator, key: str = "Enter") -> None:
    """Reach it and press a key on it."""
    reach(wanted)
    wanted.page.keyboard.press(key)


def sign_in(page: Page, name: str, password: str) -> None:
    """Type name and password: the first field has the focus from the beginning."""
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def prove(page: Page, password: str) -> None:
    """Prove who it is, where that is asked for."""
    page.wait_for_load_state()
    if page.locator("#proof").count():
        expect(page.locator("#proof")).to_be_focused()
        page.keyboard.type(password)
        page.keyboard.press("Enter")


def finish(page: Page) -> None:
    """Leave the one-time dialog: Escape does not, "Done" only once it was said that the secret is saved."""
    dialog = page.get_by_role("dialog", name="AccessKey created")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    stays_inside(page, dialog)
    done = dialog.get_by_role("button", name="Done")
    expect(done).to_be_disabled()
    press(dialog.get_by_label("I have saved the secret"), "Space")
    press(done)
    expect(dialog).to_have_count(0)


def stays_inside(page: Page, dialog: Locator) -> None:
    """Nothing behind an open dialog gets the focus; the browser's own bar may have its turn, then it is the body."""
    for _ in range(15):
        page.keyboard.press("Tab")
        assert dialog.evaluate("it => it.contains(document.activeElement) || document.activeElement === document.body")


def test_the_way_of_a_ram_user_to_a_pair(visitor: Visitor, console: Server) -> None:
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName="keys-only")
    person = visitor()
    page = person.open("/sign-in")
    sign_in(page, console_user(console, "typing-boss", "AdministratorAccess"), PASSWORD)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#content').contains(document.activeElement)")

    page.reload()
    press(page.get_by_role("navigation", name="Menu").get_by_role("link", name="Users", exact=True))
    expect(page.get_by_role("heading", name="Users", exact=True)).to_be_visible()
    reach(page.get_by_placeholder(re.compile("name", re.IGNORECASE)).last)
    page.keyboard.type("keys-only")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=keys-only"))
    press(page.get_by_role("link", name="keys-only", exact=True))
    press(page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Authentication"))
    press(page.get_by_role("link", name="Create AccessKey"))
    press(page.get_by_label("Command line on my machine"), "Space")
    reach(page.get_by_label("Note"))
    page.keyboard.type("typed")
    press(page.get_by_label("I confirm"), "Space")
    press(page.get_by_role("button", name="Continue"))
    prove(page, PASSWORD)
    finish(page)
    found = rpc.call(console.url, console.admin, "keystead", "SearchAccessKeys", UserName="keys-only")
    assert [each["Note"] for each in found["AccessKeys"]["AccessKey"]] == ["typed"]

    opener = page.get_by_role("button", name="Enable").first
    press(opener)
    dialog = page.get_by_role("dialog", name="Give keys-only Console Access")
    expect(dialog).to_be_visible()
    stays_inside(page, dialog)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_way_of_the_account_to_a_pair(start_server: Callable[..., Server], visitor: Visitor) -> None:
    server = start_server()
    password = "Very-Long-Horse-79"
    made = server.cli("account", "setup-token", "--output", "json", "--data-dir", str(server.data_dir))
    person = visitor(server)
    page = person.open(f"/set-up?token={json.loads(made.stdout)['SetupToken']}")
    reach(page.locator("#password"))
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    menu = page.locator(".tools summary", has_text="Account")
    press(menu)
    press(page.get_by_role("button", name="Sign Out"))
    press(page.get_by_role("link", name="Account", exact=True))
    sign_in(page, server.account_id, password)
    press(menu)
    reach(page.get_by_role("link", name="AccessKey", exact=True))
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    press(page.get_by_role("link", name="AccessKey", exact=True))
    expect(page.get_by_text("has every permission and cannot be limited")).to_be_visible()
    press(page.get_by_role("link", name="I Understand the Risk, Continue"))
    press(page.get_by_role("link", name="Create AccessKey"))
    press(page.get_by_label("Command line on my machine"), "Space")
    press(page.get_by_label("I confirm"), "Space")
    press(page.get_by_label("I am aware that this pair has full permissions."), "Space")
    press(page.get_by_role("button", name="Continue"))
    prove(page, password)
    finish(page)
    expect(page.get_by_role("heading", name="AccessKey Pair")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
