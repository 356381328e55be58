"""How people come in: set-up by the token, passwords, what the cookie is, and the way out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import expect

from services.browser import PASSWORD, Person, console_user
from services.server import Server

Visitor = Callable[..., Person]


def test_the_account_is_set_up_by_its_token_and_signs_in(console: Server, visitor: Visitor) -> None:
    made = console.cli("account", "setup-token", "--output", "json", "--data-dir", str(console.data_dir))
    token = json.loads(made.stdout)["SetupToken"]
    person = visitor()
    page = person.open("/sign-in")
    page.get_by_role("link", name="Set up with the token").click()
    page.fill("#token", token)
    page.fill("#password", "short")
    page.evaluate("document.querySelector('#password').removeAttribute('minlength')")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("alert")).to_contain_text("5 characters; 12 to 32")
    page.fill("#password", "Very-Long-Horse-77")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.locator(".tools summary", has_text="Account").click()
    page.get_by_role("button", name="Sign Out").click()
    expect(page).to_have_url(re.compile(r"/console/sign-in$"))
    person.sign_in(console.account_id, "Very-Long-Horse-77", account=True)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    person.open(f"/set-up?token={token}")
    page.fill("#password", "Another-Horse-77")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("alert")).to_contain_text("used before")


def test_a_ram_user_signs_in_and_sees_users(boss: Person, console: Server) -> None:
    boss.page.get_by_role("navigation", name="Menu").get_by_role("link", name="Users").click()
    expect(boss.page.get_by_role("link", name="boss", exact=True)).to_be_visible()


def test_wrong_name_and_wrong_password_read_alike(console: Server, visitor: Visitor) -> None:
    name = console_user(console, "known")
    person = visitor()
    said = []
    for tried in (name, f"unknown@{console.account_id}"):
        person.sign_in(tried, "Wrong-Password-1")
        said.append(person.page.get_by_role("alert").inner_text())
    assert said == ["The name or the password is wrong."] * 2


def test_a_person_without_rights_gets_the_denial_panel(outsider: Person) -> None:
    page = outsider.page
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.get_by_role("navigation", name="Menu").get_by_role("link", name="Users").count() == 0
    outsider.open("/users")
    expect(page.get_by_role("alert")).to_contain_text("You may not do this.")
    expect(page.get_by_role("alert")).to_contain_text("ram:ListUsers")
    outsider.check_access()


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(boss: Person) -> None:
    cookie = next(each for each in boss.context.cookies() if each["name"] == "keystead-session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert boss.page.evaluate("document.cookie") == ""


def test_the_menu_opens_in_a_narrow_window(visitor: Visitor, console: Server) -> None:
    name = console_user(console, "liwei", "AdministratorAccess")
    person = visitor(locale="zh-CN", viewport={"width": 390, "height": 800})
    page = person.sign_in(name, PASSWORD)
    page.get_by_text("菜单", exact=True).click()
    page.get_by_role("navigation", name="菜单").get_by_role("link", name="用户", exact=True).click()
    expect(page.get_by_role("heading", name="用户", exact=True)).to_be_visible()
