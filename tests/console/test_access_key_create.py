"""The documented way to an AccessKey pair, label for label; the secret is seen once and nowhere else.

Source: reference/console.md 3.6, 2.7, 7.1, 7.3.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.models import Config
from playwright.sync_api import Page, expect

from services import rpc
from services.browser import PASSWORD, Person
from services.server import Server


def prove(page: Page) -> None:
    """Answer the security verification where it is asked for."""
    page.wait_for_load_state()
    if page.locator("#proof").count():
        page.fill("#proof", PASSWORD)
        page.get_by_role("button", name="Confirm").click()


def fill_form(page: Page) -> None:
    """Say how the pair will be used, and confirm."""
    page.get_by_label("Program in a cluster or pipeline").check()
    expect(page.get_by_text("AssumeRoleWithOIDC")).to_be_visible()
    expect(page.get_by_text("borrow a role for an hour")).to_be_hidden()
    page.get_by_label("Note").fill("vault kv/reports")
    page.get_by_label("Expires").select_option(label="30 days")
    page.get_by_role("button", name="Add my address").click()
    page.get_by_label("I confirm that it is necessary to create an AccessKey").check()


def caller_by_sdk(console: Server, access_key_id: str, secret: str) -> str:
    """Who the vendor's SDK is told it is, with that pair."""
    endpoint = console.url.removeprefix("http://")
    config = Config(access_key_id=access_key_id, access_key_secret=secret, endpoint=endpoint, protocol="http")
    return str(Client(config).get_caller_identity().body.arn)


def test_the_documented_way_to_a_pair_by_its_labels(boss: Person, console: Server, downloads: Path) -> None:
    # A name that stands on the first page, however many users the other tests on this server have made.
    rpc.call(
        console.url, console.admin, "ims", "CreateUser", UserPrincipalName="0-reports", DisplayName="Nightly reports"
    )
    page = boss.page
    bodies: list[tuple[str, str]] = []
    page.on("response", lambda answer: bodies.append((answer.request.method, answer.url)))

    expect(page.get_by_role("heading", name="Identities")).to_be_visible()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Users").click()
    expect(page.get_by_role("columnheader", name="User Logon Name/Display Name")).to_be_visible()
    page.get_by_role("link", name="0-reports", exact=True).click()
    page.get_by_role("link", name="Authentication").click()
    page.get_by_role("link", name="Create AccessKey").click()
    fill_form(page)
    page.get_by_role("button", name="Continue").click()
    prove(page)

    dialog = page.get_by_role("dialog", name="AccessKey created")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("The secret is shown only now.")
    boss.check_access()
    access_key_id = dialog.get_by_label("AccessKey ID", exact=True).input_value()
    secret = dialog.get_by_label("AccessKey Secret", exact=True).input_value()
    assert access_key_id.startswith("LTAI")
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(dialog.get_by_role("button", name="Done")).to_be_disabled()

    dialog.get_by_role("button", name="Test It").click()
    expect(dialog.get_by_role("status")).to_contain_text(f"acs:ram::{console.account_id}:user/0-reports")
    for tab, word in (("CLI", "keystead_endpoint"), ("SDK", "get_caller_identity"), ("Terraform", "alicloud")):
        dialog.get_by_role("tab", name=tab).click()
        expect(dialog.get_by_role("tabpanel")).to_contain_text(word)
        expect(dialog.get_by_role("tabpanel")).to_contain_text(console.url.removeprefix("http://"))
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download CSV").click()
    kept = downloads / "pair.csv"
    download.value.save_as(kept)
    with kept.open(newline="") as opened:
        assert list(csv.reader(opened)) == [["AccessKey ID", "AccessKey Secret"], [access_key_id, secret]]

    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda shown: shown.dismiss())
        page.evaluate("location.assign('/console/users')")
    assert asked.value.type == "beforeunload"
    expect(dialog).to_be_visible()
    dialog.get_by_label("I have saved the secret").check()
    dialog.get_by_role("button", name="Done").click()
    expect(page).to_have_url(re.compile(r"/users/0-reports/authentication"))

    row = page.get_by_role("row", name=re.compile(access_key_id))
    boss.reload_until(row.get_by_text("GetCallerIdentity"))
    for word in ("vault kv/reports", "Active", "Restricted", "GetCallerIdentity"):
        expect(row).to_contain_text(word)
    assert caller_by_sdk(console, access_key_id, secret) == f"acs:ram::{console.account_id}:user/0-reports"
    assert secret not in page.content()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert not [address for _, address in bodies if secret in address]
    events = rpc.call(console.url, console.admin, "keystead", "LookupEvents", EventAction="CreateAccessKeyPair")
    assert secret not in str(events)
    assert secret not in console.log()


def test_the_third_pair_is_not_made_and_says_what_to_do(boss: Person, console: Server) -> None:
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName="typist")
    for _ in range(2):
        rpc.call(console.url, console.admin, "ram", "CreateAccessKey", UserName="typist")
    page = boss.open("/users/typist/authentication")
    create = page.get_by_role("button", name="Create AccessKey")
    expect(create).to_be_disabled()
    expect(create).to_have_attribute("title", "Two pairs at most; the second is for rotation.")
    boss.open("/users/typist/access-keys/new")
    expect(page.get_by_role("alert")).to_contain_text("Two pairs at most")
    expect(page.get_by_role("row")).to_have_count(3)


def test_a_form_is_not_sent_twice_and_its_boxes_are_asked_for(boss: Person, console: Server) -> None:
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName="twice")
    page = boss.open("/users/twice/access-keys/new")
    page.evaluate("for (const each of document.querySelectorAll('[required]')) each.required = false")
    page.get_by_role("button", name="Continue").click()
    prove(page)
    expect(page.get_by_role("alert")).to_contain_text("NotConfirmed")
    page.get_by_label("Test", exact=True).check()
    page.get_by_label("I confirm").check()
    fields = page.evaluate(
        "[...new FormData(document.querySelector('form.form'))].map(([k, v]) => encodeURIComponent(k) + '=' + "
        "encodeURIComponent(v)).join('&')"
    )
    statuses = [
        page.evaluate(
            "body => fetch(location.pathname, {method: 'POST', body, headers: {'content-type': "
            "'application/x-www-form-urlencoded'}}).then(answer => answer.status)",
            fields,
        )
        for _ in range(2)
    ]
    assert statuses == [200, 409]
    pairs = rpc.call(console.url, console.admin, "ram", "ListAccessKeys", UserName="twice")
    assert len(pairs["AccessKeys"]["AccessKey"]) == 1


def test_who_may_not_create_gets_the_denial_panel(outsider: Person, console: Server) -> None:
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName="guarded")
    page = outsider.open("/users/guarded/access-keys/new")
    expect(page.get_by_role("alert")).to_contain_text("ram:ListAccessKeys")
    outsider.open("/users/guarded/authentication")
    expect(page.get_by_role("alert")).to_contain_text("ram:GetUser")
