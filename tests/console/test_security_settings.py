"""A person's own settings: password, MFA device, passkey, sessions; through a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pyotp
from playwright.sync_api import expect

from services.browser import PASSWORD, Person, console_user
from services.server import Server

Visitor = Callable[..., Person]


def _codes(seed: str) -> tuple[str, str]:
    """The code of the step before and that of now: two consecutive ones, without waiting half a minute."""
    totp = pyotp.TOTP(seed)

    now = int(time.time())
    return totp.at(now - 30), totp.at(now)


def test_a_device_is_bound_and_then_asked_for(console: Server, visitor: Visitor) -> None:
    name = console_user(console, "mfa-man")
    person = visitor()
    page = person.sign_in(name)
    person.open("/security")
    page.locator("section.card", has_text="MFA device").get_by_role("button", name="Bind").click()
    seed = page.locator("main .copyable code").inner_text()
    first, second = _codes(seed)
    page.fill("#code1", first)
    page.fill("#code2", second)
    page.get_by_role("button", name="Bind").click()
    expect(page.get_by_role("status")).to_have_text("The MFA device is bound.")
    assert seed not in page.content()
    page.locator(".tools summary", has_text="mfa-man").click()
    page.get_by_role("button", name="Sign Out").click()
    person.sign_in(name)
    page.fill("#code", second)  # used already: a code is good once
    page.get_by_role("button", name="Sign In").click()
    expect(page.get_by_role("alert")).to_contain_text("used before")
    assert PASSWORD not in page.content()
    page.fill("#code", pyotp.TOTP(seed).at(time.time() + 30))
    page.get_by_role("button", name="Sign In").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_changed_password_ends_every_session(console: Server, visitor: Visitor) -> None:
    name = console_user(console, "changer")
    elsewhere, person = visitor(), visitor()
    elsewhere.sign_in(name)
    page = person.sign_in(name)
    person.open("/security")
    expect(page.get_by_role("row")).to_have_count(3)
    page.locator("input[name=OldPassword]").fill("wrong")
    page.locator("input[name=NewPassword]").fill("Another-Horse-8")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("alert")).to_contain_text("The old password is refused")
    page.locator("input[name=OldPassword]").fill(PASSWORD)
    page.locator("input[name=NewPassword]").fill("Another-Horse-8")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("status")).to_contain_text("Sign in with it")
    elsewhere.open("/security")
    expect(elsewhere.page).to_have_url(re.compile("/sign-in"))
    person.sign_in(name, "Another-Horse-8")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_passkey_signs_in(console: Server, visitor: Visitor) -> None:
    name = console_user(console, "keyholder")
    person = visitor()
    person.url = person.url.replace("127.0.0.1", "localhost")
    page = person.page
    tools = person.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    tools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**options, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    person.sign_in(name)
    person.open("/security")
    page.fill("#passkey-name", "laptop")
    page.get_by_role("button", name="Add a Passkey").click()
    expect(page.get_by_role("status")).to_contain_text("without a password")
    expect(page.get_by_text("laptop")).to_be_visible()
    person.context.clear_cookies()
    person.open("/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
