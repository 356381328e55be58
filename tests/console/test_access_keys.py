"""One AccessKey pair in the console: what it shows, and that each act does what it says and asks as it must.

Source: reference/console.md 3.7, 3.14.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from services import rpc
from services.browser import Person
from services.rpc import ApiError, Key
from services.server import Server


def pair_of(console: Server, name: str) -> Key:
    """A user with a pair that has been used once, as the audit trail has it: reads reach it a little later."""
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName=name)
    made = rpc.call(console.url, console.admin, "keystead", "CreateAccessKeyPair", UserName=name, Note="old one")
    key = Key(made["AccessKey"]["AccessKeyId"], made["AccessKey"]["AccessKeySecret"])
    rpc.call(console.url, key, "sts", "GetCallerIdentity")
    for _ in range(60):
        seen = rpc.call(
            console.url, console.admin, "keystead", "GetAccessKeyActivity", UserName=name, UserAccessKeyId=key.id
        )
        if seen["Days"]["Day"]:
            return key
        time.sleep(0.3)
    raise AssertionError(f"the use of {key.id} did not reach the audit trail")


def answer(console: Server, key: Key) -> str:
    """What a call with that pair is told: Success, or the code."""
    try:
        rpc.call(console.url, key, "sts", "GetCallerIdentity")
    except ApiError as error:
        return error.code
    return "Success"


def test_a_pair_is_rotated_by_the_checklist_and_rolled_back(boss: Person, console: Server) -> None:
    key = pair_of(console, "rotated")
    page = boss.open(f"/access-keys/{key.id}")
    expect(page).to_have_url(re.compile(f"/users/rotated/access-keys/{key.id}$"))
    expect(page.get_by_role("heading", name=key.id)).to_be_visible()
    boss.reload_until(page.get_by_role("img", name="1 call in 90 days"))
    expect(page.get_by_role("img", name="1 call in 90 days")).to_be_visible()
    page.get_by_role("link", name="Rotate", exact=True).click()
    rpc.call(console.url, console.admin, "ram", "CreateAccessKey", UserName="rotated")
    page.reload()
    disable = page.get_by_role("button", name="Disable the Old Pair")
    page.evaluate("document.querySelector('[name=_typed]').removeAttribute('required')")
    disable.click()
    expect(page.get_by_role("alert")).to_contain_text("NotConfirmed")
    assert answer(console, key) == "Success"
    page.get_by_label(f"Type {key.id} to confirm").fill(key.id)
    disable.click()
    expect(page.get_by_role("status")).to_contain_text("The old pair is disabled.")
    assert answer(console, key) != "Success"
    page.get_by_role("button", name="Roll Back").click()
    expect(page.get_by_role("status")).to_contain_text("The old pair is enabled again.")
    assert answer(console, key) == "Success"


def test_a_pair_is_noted_restricted_disabled_and_deleted_by_its_id(boss: Person, console: Server) -> None:
    key = pair_of(console, "retired")
    at = f"/users/retired/access-keys/{key.id}"
    page = boss.open(at)
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("dialog").get_by_label("Note").fill("now in vault")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("now in vault").first).to_be_visible()

    page.get_by_role("link", name="Network Restriction").click()
    page.get_by_label("Allowed addresses").fill("203.0.113.0/24")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The list is in force.")
    page.get_by_label("Address", exact=True).fill("203.0.113.9")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("203.0.113.9 may call.")).to_be_visible()
    boss.check_access()
    assert answer(console, key) != "Success"

    boss.open(at + "/delete")
    expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    boss.open(at + "/disable")
    expect(page.get_by_text("Callers of the last hour")).to_be_visible()
    page.get_by_label("to confirm").fill(key.id)
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status")).to_contain_text("disabled")
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("to confirm").fill(key.id)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text(f"The AccessKey {key.id} is deleted.")
    left = rpc.call(console.url, console.admin, "ram", "ListAccessKeys", UserName="retired")
    assert left["AccessKeys"]["AccessKey"] == []


def test_a_pair_that_leaked_is_out_at_once(boss: Person, console: Server) -> None:
    key = pair_of(console, "leaky")
    page = boss.open(f"/users/leaky/access-keys/{key.id}")
    page.get_by_role("link", name="Report as Leaked").click()
    page.get_by_label("to confirm").fill(key.id)
    page.get_by_role("button", name="Report as Leaked").click()
    expect(page.get_by_role("status")).to_contain_text("is disabled for good")
    expect(page.get_by_role("button", name="Roll Back")).to_have_count(0)
    boss.check_access()
    assert answer(console, key) != "Success"
    boss.open(f"/users/leaky/access-keys/{key.id}")
    expect(page.get_by_text("Restricted (leaked)")).to_be_visible()
    expect(page.get_by_role("link", name="Enable")).to_have_count(0)
    expect(page.get_by_role("link", name="Report as Leaked")).to_have_count(0)
    boss.open(f"/users/leaky/access-keys/{key.id}/enable")
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("NotSupport.AccessKeyRestricted").first).to_be_visible()
    assert answer(console, key) != "Success"


def test_the_accounts_pair_stands_behind_its_warning(console: Server, visitor: Callable[..., Person]) -> None:
    made = console.cli("account", "setup-token", "--output", "json", "--data-dir", str(console.data_dir))
    person = visitor()
    page = person.open(f"/set-up?token={json.loads(made.stdout)['SetupToken']}")
    page.fill("#password", "Very-Long-Horse-78")
    page.get_by_role("button", name="Set up").click()
    page.locator(".tools summary", has_text="Account").click()
    page.get_by_role("link", name="AccessKey", exact=True).click()
    expect(page.get_by_text("has every permission and cannot be limited")).to_be_visible()
    expect(page.get_by_role("link", name="Use a RAM User Instead")).to_be_visible()
    person.check_access()
    page.get_by_role("link", name="I Understand the Risk, Continue").click()
    page.get_by_role("link", name="Create AccessKey").click()
    page.get_by_label("Test", exact=True).check()
    page.get_by_label("I confirm").check()
    page.get_by_label("I am aware that this pair has full permissions.").check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()
    if page.locator("#proof").count():
        page.fill("#proof", "Very-Long-Horse-78")
        page.get_by_role("button", name="Confirm").click()
    dialog = page.get_by_role("dialog", name="AccessKey created")
    dialog.get_by_role("button", name="Test It").click()
    expect(dialog.get_by_role("status")).to_contain_text(f"acs:ram::{console.account_id}:root")
    dialog.get_by_label("I have saved the secret").check()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row")).to_have_count(2)


def test_a_user_sees_its_own_pairs_where_that_is_allowed(outsider: Person, console: Server) -> None:
    page = outsider.open("/access-keys/own")
    expect(page.get_by_text("Your administrator manages AccessKeys.")).to_be_visible()
    rpc.call(console.url, console.admin, "ram", "SetSecurityPreference", AllowUserToManageAccessKeys="true")
    try:
        page.reload()
        page.get_by_role("link", name="Create AccessKey").click()
        expect(page.get_by_label("Allowed addresses")).to_be_disabled()
        outsider.check_access()
    finally:
        rpc.call(console.url, console.admin, "ram", "SetSecurityPreference", AllowUserToManageAccessKeys="false")


ACTS = [
    ("keystead", "CreateAccessKeyPair", {}),
    ("keystead", "UpdateAccessKeyPair", {"UserAccessKeyId": "{key}", "Note": "x"}),
    ("keystead", "GetAccessKeyActivity", {"UserAccessKeyId": "{key}"}),
    ("keystead", "SearchAccessKeys", {}),
    ("ram", "UpdateAccessKey", {"UserAccessKeyId": "{key}", "Status": "Inactive"}),
    ("ram", "DeleteAccessKey", {"UserAccessKeyId": "{key}"}),
    (
        "ims",
        "SetAccessKeyPolicy",
        {"UserAccessKeyId": "{key}", "AccessKeyPolicy": '{"Status":"Inactive","Statements":[]}'},
    ),
    ("ims", "GetAccessKeyPolicy", {"UserAccessKeyId": "{key}"}),
]


def test_each_button_of_these_pages_is_refused_to_who_has_no_right(console: Server) -> None:
    key, stranger = pair_of(console, "owned"), pair_of(console, "stranger")
    for product, action, given in ACTS:
        whose = {"UserPrincipalName" if product == "ims" else "UserName": "owned"}
        sent = {name: value.replace("{key}", key.id) for name, value in given.items()}
        with pytest.raises(ApiError) as refused:
            rpc.call(console.url, stranger, product, action, **whose, **sent)
        assert refused.value.code == "NoPermission", action


def test_an_id_of_wide_letters_fits_a_narrow_window(boss: Person) -> None:
    """Which letters an ID has is chance: some titles were wider than a telephone."""
    page = boss.open("/users")
    page.set_viewport_size({"width": 360, "height": 700})
    wide = "LTAI5t" + "W" * 18
    page.evaluate(
        "wide => { for (const it of document.querySelectorAll('h1, .crumbs li')) it.textContent = wide }", wide
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
