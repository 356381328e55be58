"""An API key with a last day, as a person makes and changes it in a browser.  Source: reference/console.md 4.5."""

from __future__ import annotations

import time

import httpx
from playwright.sync_api import expect

from console.test_access_key_create import prove
from services import rpc
from services.browser import Person
from services.server import Server


def status_of(server: Server, value: str) -> int:
    """How the gateway answers a bearer value."""
    headers = {"authorization": f"Bearer {value}"}
    return httpx.get(f"{server.url}/compatible-mode/v1/models", headers=headers, trust_env=False).status_code


def test_a_key_is_given_a_last_day_seen_in_the_list_and_given_more_time(boss: Person, console: Server) -> None:
    page = boss.page
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="API Keys").click()
    page.get_by_role("link", name="Create API Key").click()
    page.get_by_label("Name").fill("in a browser")
    expect(page.get_by_label("Last day (UTC)")).to_be_hidden()
    page.get_by_label("Expires").select_option(label="At the end of a day")
    week = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 86_400))
    page.get_by_label("Last day (UTC)").fill(week)
    boss.check_access()
    page.get_by_role("button", name="Create API Key").click()
    prove(page)
    dialog = page.get_by_role("dialog", name="API key created")
    value = dialog.get_by_label("API Key", exact=True).input_value()
    number = dialog.get_by_label("API Key ID", exact=True).input_value()
    dialog.get_by_label("I have saved the secret").check()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_label("Basic information")).to_contain_text("Expiring")
    boss.check_access()

    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    rpc.call(console.url, console.admin, "keystead", "SetApiKeyExpiry", ApiKeyId=number, ExpireDate=until)
    for _ in range(300):
        if status_of(console, value) == 401:
            break
        time.sleep(0.2)
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="API Keys").click()
    page.locator("select[name=status]").select_option(label="Expired")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="in a browser")).to_be_visible()
    page.get_by_role("link", name="in a browser").click()
    expect(page.get_by_label("Basic information")).to_contain_text("Expired")
    expect(page.get_by_role("button", name="Rotate")).to_have_count(0)
    boss.check_access()
    page.get_by_label("Expires").select_option(label="180 days")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("The expiry is changed.")).to_be_visible()
    expect(page.get_by_label("Basic information")).to_contain_text("Active")
    assert status_of(console, value) == 200
    boss.open("/notices")
    expect(page.get_by_text("Your API key in a browser")).to_have_count(0)
