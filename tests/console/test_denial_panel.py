"""What a denied page says, and that menus name only what may be opened."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from services import rpc
from services.browser import Person, console_user
from services.server import Server

from .plain import Reader

EXPLAINS = {"Effect": "Allow", "Action": ["ram:DecodeDiagnosticMessage", "ram:GetPolicy"], "Resource": "*"}
ELSEWHERE = {"IpAddress": {"acs:SourceIp": ["203.0.113.0/24"]}}


def somebody(console: Server, name: str, *statements: dict[str, object]) -> str:
    """A user with these statements; the logon name."""
    logon = console_user(console, name)
    if statements:
        document = json.dumps({"Version": "1", "Statement": statements})
        rpc.call(console.url, console.admin, "ram", "CreatePolicy", PolicyName=name, PolicyDocument=document)
        given = {"UserName": name, "PolicyName": name, "PolicyType": "Custom"}
        rpc.call(console.url, console.admin, "ram", "AttachPolicyToUser", **given)
    return logon


def test_a_near_miss_is_shown_with_what_was_wanted_and_sent(console: Server) -> None:
    near = {"Effect": "Allow", "Action": "ram:ListUsers", "Resource": "*", "Condition": ELSEWHERE}
    reader = Reader(console).sign_in(somebody(console, "near-misser", EXPLAINS, near))
    text = reader.get("/users")
    assert reader.status == 403
    assert f"Resource acs:ram:*:{console.account_id}:user/*" in text
    assert "near-misser Statement[1] · v1 · user" in text
    assert "IpAddress acs:SourceIp : wanted 203.0.113.0/24 ; sent 127.0.0.1" in text.replace(
        "acs:sourceip", "acs:SourceIp"
    )
    assert "What would allow it" in text
    assert '"ram:ListUsers"' in text
    reader.client.close()


def test_a_statement_that_forbids_is_named(console: Server) -> None:
    forbids = {"Effect": "Deny", "Action": "ram:ListGroups", "Resource": "*"}
    reader = Reader(console).sign_in(somebody(console, "forbidden-one", EXPLAINS, forbids))
    text = reader.get("/groups")
    assert "The statement that forbids it forbidden-one Statement[1] · v1 · user" in text
    assert "Change what denies it in: Policies of the identity and its groups" in text
    reader.client.close()


def test_who_may_not_ask_why_sees_the_smallest_statement(outsider: Person, console: Server) -> None:
    page = outsider.open("/users")
    panel = page.get_by_role("alert")
    expect(panel).to_contain_text("You may not do this.")
    expect(panel).not_to_contain_text("Near misses")
    wanted = {"Effect": "Allow", "Action": "ram:ListUsers", "Resource": f"acs:ram:*:{console.account_id}:user/*"}
    assert json.loads(panel.locator("pre").inner_text()) == {"Version": "1", "Statement": [wanted]}
    copied = panel.get_by_role("button", name="Copy Request for an Administrator").get_attribute("data-copy") or ""
    assert '"ram:ListUsers"' in copied
    outsider.check_access()


@pytest.mark.parametrize("label", ["Simulate", "Explain a Denial", "Signature Debugger", "Who Can", "Users", "Usage"])
def test_a_page_that_may_not_be_opened_is_not_in_the_menu(outsider: Person, boss: Person, label: str) -> None:
    for person, count in ((boss, 1), (outsider, 0)):
        person.open("/help")
        menu = person.page.get_by_role("navigation", name="Menu")
        expect(menu.get_by_role("link", name="Overview")).to_be_visible()
        assert menu.get_by_role("link", name=label, exact=True).count() == count


def test_taking_a_right_from_a_user_asks_first(boss: Person, console: Server) -> None:
    somebody(console, "asked-about", EXPLAINS)
    rpc.call(console.url, console.admin, "ram", "CreateGroup", GroupName="asked-about")
    rpc.call(console.url, console.admin, "ram", "AddUserToGroup", UserName="asked-about", GroupName="asked-about")
    page = boss.open("/users/asked-about/permissions")
    page.get_by_role("button", name="Revoke").first.click()
    dialog = page.get_by_role("dialog", name="Revoke asked-about from asked-about?")
    expect(dialog).to_contain_text("asked-about loses what the policy allows")
    dialog.get_by_role("button", name="Cancel").click()
    boss.check_access()
    page = boss.open("/users/asked-about/groups")
    page.get_by_role("button", name="Remove").first.click()
    dialog = page.get_by_role("dialog", name="Remove asked-about from asked-about?")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_contain_text("Removed from asked-about.")


def test_console_access_that_was_used_lately_is_taken_by_typing_the_name(console: Server) -> None:
    chief = Reader(console).sign_in(console_user(console, "taker", "AdministratorAccess"))
    Reader(console).sign_in(console_user(console, "taken-from")).client.close()
    chief.get("/users/taken-from/authentication")
    assert "Type taken-from to confirm" in chief.text
    assert "NotConfirmed" in chief.post("/users/taken-from/logon/remove")
    chief.get("/users/taken-from/authentication")
    assert "Console Access is taken away." in chief.post("/users/taken-from/logon/remove", _typed="taken-from")
    chief.client.close()
