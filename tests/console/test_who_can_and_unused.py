"""Who Can and Unused Access through a browser: what they find, and the way to end it; refused without the right."""

from __future__ import annotations

import csv
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from journeys.house import House
from services.browser import Person
from services.server import Server

API_KEY = """
INSERT INTO api_keys (created_at, updated_at, description, id, account_id, workspace_id, owner_kind, owner_id, digest,
                      prefix, last_four, scope, disabled, disabled_reason, expires_at, generation)
SELECT ?, ?, ?, 424242, account_id, id, 'account', account_id, randomblob(32), 'sk-', 'abcd', '{}', 0, '', 9999999999, 0
FROM workspaces WHERE is_default
"""
LONG_AGO = int(time.time()) - 400 * 86_400


@pytest.fixture
def house(console: Server) -> House:
    return House(console)


def test_who_can_names_everybody_with_the_statement(house: House, boss: Person, downloads: Path) -> None:
    office = {"IpAddress": {"acs:SourceIp": "10.9.0.0/16"}}
    only = f"acs:oss:*:*:{house.name('bucket')}/*"
    house.user("reach-one", {"Effect": "Allow", "Action": "oss:PutObject", "Resource": only})
    house.user("reach-two", {"Effect": "Allow", "Action": "oss:Put*", "Resource": only, "Condition": office})
    never = [
        {"Effect": "Allow", "Action": "oss:*", "Resource": only},
        {"Effect": "Deny", "Action": "oss:*", "Resource": "*"},
    ]
    house.user("reach-three", *never)
    page = boss.open("/")
    page.get_by_role("link", name="Who Can").click()
    boss.check_access()
    page.get_by_label("Action", exact=True).fill("oss:PutObject")
    page.get_by_label("Resource").fill(only.replace("/*", "/report"))
    page.get_by_role("button", name="Find").click()
    found = page.get_by_role("region", name="Who can do it").get_by_role("table")
    one = found.get_by_role("row").filter(has_text=house.name("reach-one"))
    expect(one).to_contain_text("Allowed")
    expect(one).to_contain_text(f"p-{house.name('reach-one')}")
    two = found.get_by_role("row").filter(has_text=house.name("reach-two"))
    expect(two).to_contain_text("Depends on conditions")
    expect(two).to_contain_text("acs:SourceIp")
    expect(found).not_to_contain_text(house.name("reach-three"))
    expect(page.get_by_text("Show as command")).to_be_visible()
    boss.check_access()
    page.get_by_label("Conditions").fill('{"acs:SourceIp": "10.9.1.1"}')
    page.get_by_role("button", name="Find").click()
    expect(found.get_by_role("row").filter(has_text=house.name("reach-two"))).to_contain_text("Allowed")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download CSV").click()
    waiting.value.save_as(downloads / "who-can.csv")
    with (downloads / "who-can.csv").open(newline="") as file:
        lines = {line["PrincipalName"]: line for line in csv.DictReader(file)}
    assert lines[house.name("reach-two")]["Decision"] == "Allow"
    assert f"p-{house.name('reach-one')} Statement[0]" in lines[house.name("reach-one")]["Statements"]
    assert house.name("reach-three") not in lines
    two.get_by_role("link", name="Open in Simulate").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(house.name("reach-two"))


def test_who_can_says_that_nobody_can_and_what_is_wrong(house: House, boss: Person) -> None:
    page = boss.open("/who-can?action=nothing:" + "DoesThis" + "&type=Role")
    expect(page.get_by_text("Nobody but the account itself may do it.")).to_be_visible()
    page = boss.open("/who-can?action=ram:GetUser&context=%5B")
    expect(page.get_by_role("alert")).to_contain_text("InvalidParameter.Context")
    expect(page.get_by_label("Action", exact=True)).to_have_value("ram:GetUser")


def test_without_the_right_the_pages_are_refused_and_not_in_the_menu(outsider: Person) -> None:
    page = outsider.open("/")
    expect(page.get_by_role("link", name="Who Can")).to_have_count(0)
    expect(page.get_by_role("link", name="Unused Access")).to_have_count(0)
    for path, action in (
        ("/who-can", "keystead:WhoCan"),
        ("/who-can?action=ram:GetUser", "keystead:WhoCan"),
        ("/unused-access", "ram:ListUsers"),
        ("/unused-access/access-keys", "ram:ListAccessKeys"),
    ):
        page = outsider.open(path)
        expect(page.get_by_role("alert")).to_contain_text("You may not do this.")
        expect(page.get_by_role("alert")).to_contain_text(action)


def age(console: Server, statement: str, *values: str) -> None:
    """Let something have been there, and idle, for more than a year."""
    with closing(sqlite3.connect(console.data_dir / "keystead.db", timeout=30)) as opened, opened:
        assert opened.execute(statement, (LONG_AGO, LONG_AGO, *values)).rowcount == 1


def test_unused_access_lists_what_lies_idle_with_the_way_to_end_it(
    console: Server, house: House, boss: Person, downloads: Path
) -> None:
    anything = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
    idle, busy = house.user("lies-idle", anything), house.user("is-busy", anything)
    name = house.name("lies-idle")
    age(console, "UPDATE users SET created_at = ?, active_at = ? WHERE name = ?", name)
    age(console, "UPDATE access_keys SET created_at = ?, active_at = ? WHERE id = ?", idle.id)
    age(console, API_KEY, f"k-{name}")
    page = boss.open("/")
    page.get_by_role("link", name="Unused Access").click()
    table = page.get_by_role("region", name="Unused users").get_by_role("table")
    expect(table).to_contain_text(name)
    expect(table).not_to_contain_text(house.name("is-busy"))
    boss.check_access()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download CSV").click()
    waiting.value.save_as(downloads / "users.csv")
    assert name in (downloads / "users.csv").read_text()
    page.get_by_role("textbox", name="Unused for days").fill("500")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="AccessKeys").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Clear filters").first.click()
    pairs = page.get_by_role("region", name="Unused AccessKeys").get_by_role("table")
    expect(pairs).to_contain_text(idle.id)
    expect(pairs).not_to_contain_text(busy.id)
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="API Keys").click()
    expect(page.get_by_role("region", name="Unused API keys").get_by_role("table")).to_contain_text(f"k-{name}")
    boss.check_access()
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="AccessKeys").click()
    pairs.get_by_role("row").filter(has_text=idle.id).get_by_role("link", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Disable")
