"""Explain a Denial, Simulate, Signature Debugger, Audit and Credential Report, through a real browser."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from journeys.house import House
from journeys.wire import Wire
from keystead.console.decisions import DECISIONS, LAYERS
from keystead.console.pages.signature_debugger import CAUSES
from keystead.policy import LayerKind
from keystead.signing.diagnosis import causes
from services.browser import Person
from services.server import Server


@pytest.fixture
def house(console: Server) -> House:
    return House(console)


def test_what_the_api_names_has_a_name_on_the_pages() -> None:
    assert set(CAUSES) == {kind.name for kind in causes.ALL}
    assert set(LAYERS) == {kind.value for kind in LayerKind}
    assert set(DECISIONS) == {"Allow", "ExplicitDeny", "ImplicitDeny"}


def test_a_denial_is_explained_and_taken_to_the_simulator(house: House, boss: Person) -> None:
    here = {"IpAddress": {"acs:SourceIp": "10.9.0.0/16"}}
    clerk = house.user("clerk", {"Effect": "Allow", "Action": "ram:GetUser", "Resource": "*", "Condition": here})
    denied = house.refused(clerk, "GetUser", UserName=house.name("clerk"))
    house.explain(EventRequestId=denied.request_id or "")  # it has reached the audit
    page = boss.open("/")
    page.get_by_role("link", name="Explain a Denial").click()
    page.get_by_label("Request ID, diagnostic message").fill(f"Error: {denied.message} RequestId: {denied.request_id}")
    page.get_by_role("button", name="Explain", exact=True).click()
    near = page.get_by_role("region", name="Near misses").get_by_role("table")
    expect(near).to_contain_text(f"p-{house.name('clerk')}")
    expect(near).to_contain_text("IpAddress acs:SourceIp")
    expect(near).to_contain_text("10.9.0.0/16")
    expect(near).to_contain_text("127.0.0.1")
    expect(page.get_by_role("region", name="What would allow it")).to_contain_text('"Action": "ram:GetUser"')
    boss.check_access()
    page.get_by_role("link", name="Open in Simulate").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(house.name("clerk"))
    expect(page.get_by_label("Action", exact=True)).to_have_value("ram:GetUser")
    page.get_by_role("button", name="Simulate").click()
    results = page.get_by_role("region", name="Results")
    expect(results).to_contain_text("0 allowed, 1 denied")
    boss.check_access()
    context = page.get_by_label("Conditions").first
    context.fill(context.input_value().replace("127.0.0.1", "10.9.1.1"))
    page.get_by_role("button", name="Simulate").click()
    expect(results).to_contain_text("1 allowed, 0 denied")


def test_a_set_is_simulated_with_a_policy_that_is_not_attached(house: House, boss: Person) -> None:
    house.user("clerk")
    page = boss.open(f"/simulate?kind=user&name={house.name('clerk')}")
    page.get_by_text("Run as a set").click()
    page.get_by_label("One question a line").fill(
        'ram:GetUser *\nram:ListUsers\tacs:ram:*:1:user/*\t{"acs:MFAPresent": "true"}\n'
    )
    page.get_by_text("As if a policy were attached").click()
    policy = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ram:List*", "Resource": "*"}]}
    page.get_by_label("Policy", exact=True).fill(json.dumps(policy))
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_role("region", name="Results")).to_contain_text("1 allowed, 1 denied")
    page.get_by_label("Policy", exact=True).fill("{")
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_role("alert")).to_contain_text("MalformedPolicyDocument")
    expect(page.get_by_label("One question a line")).to_have_value(re.compile("ram:ListUsers"))


def test_a_signature_is_looked_into_side_by_side(house: House, boss: Person) -> None:
    clerk = house.user("clerk")
    wire = Wire(house, clerk, UserName=house.name("clerk"))
    right = house.do("DebugSignature", "keystead", Request=wire.text)["Server"]["CanonicalRequest"]
    wire.headers["host"] = "keystead.example"
    page = boss.open("/")
    page.get_by_role("link", name="Signature Debugger").click()
    page.get_by_label("Request: raw HTTP").fill(wire.text)
    page.get_by_text("What your client signed").click()
    page.get_by_label("Your client's canonical request").fill(right)
    page.get_by_role("button", name="Look into It").click()
    expect(page.get_by_role("heading", name="The request is refused.")).to_be_visible()
    expect(page.get_by_role("heading", name="The header Host")).to_be_visible()
    expect(page.get_by_text("does not make this signature")).to_be_visible()
    marks = page.get_by_role("region", name="Canonical request").locator("mark")
    expect(marks).to_have_count(2)
    assert marks.all_inner_texts() == ["k", "1"]
    boss.check_access()
    assert clerk.secret not in page.content()
    blank = Wire(house, clerk, secret=clerk.secret + "\n")
    page.get_by_label("Request: raw HTTP").fill(blank.text)
    page.get_by_role("button", name="Look into It").click()
    expect(page.get_by_role("heading", name="A blank at the secret")).to_contain_text("proven")
    page.get_by_label("Request: raw HTTP").fill("hello")
    page.get_by_role("button", name="Look into It").click()
    expect(page.get_by_role("alert").first).to_contain_text("cannot be read")


def test_the_audit_is_filtered_by_its_address_paged_and_downloaded(house: House, boss: Person, downloads: Path) -> None:
    clerk = house.user("clerk")
    for _ in range(25):
        house.refused(clerk, "DeleteUser", UserName="somebody")
    last = house.refused(clerk, "DeleteUser", UserName="somebody")
    house.explain(EventRequestId=last.request_id or "")
    page = boss.open("/")
    page.get_by_role("link", name="Audit").click()
    page.get_by_label("Identity").first.fill(house.name("clerk"))
    page.get_by_label("Outcome").select_option("NoPermission")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(rf"identity={house.name('clerk')}.*outcome=NoPermission"))
    expect(page.locator("tbody tr")).to_have_count(26)
    boss.check_access()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="20").click()
    expect(page.locator("tbody tr")).to_have_count(20)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("tbody tr")).to_have_count(20)
    for name, read in (("CSV", _csv), ("JSON", json.loads)):
        with page.expect_download() as downloading:
            page.get_by_role("link", name=f"Download {name}").click()
        file = downloads / f"audit.{name}"
        downloading.value.save_as(file)
        rows = read(file.read_text())
        assert len(rows) == 26
        assert {row["Outcome"] for row in rows} == {"NoPermission"}
        assert rows[0]["RequestId"] == last.request_id
    page.locator("tbody tr").first.get_by_role("link", name="Explain").click()
    expect(page.get_by_role("heading", name="What was refused")).to_be_visible()
    page.get_by_role("link", name="Show in the audit").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    boss.open("/audit?identity=nobody-of-that-name")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    boss.open("/audit?start=yesterday")
    expect(page.get_by_role("alert")).to_contain_text("InvalidParameter.StartTime")


def _csv(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_credential_report_is_made_shown_and_downloaded(house: House, boss: Person, downloads: Path) -> None:
    page = boss.open("/")
    page.get_by_role("link", name="Credential Report", exact=True).click()
    page.get_by_role("button", name="Make the Report").click()
    expect(page.get_by_role("status")).to_have_text("The report is made.")
    expect(page.locator("tbody tr").first).to_contain_text("<root>")
    boss.check_access()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download CSV").click()
    file = downloads / "report.csv"
    downloading.value.save_as(file)
    rows = list(csv.reader(io.StringIO(file.read_text())))
    assert rows[1][0] == "<root>"
    assert len(rows) > 2


def test_who_has_no_right_sees_the_denial_panel_and_no_menu_entry(outsider: Person) -> None:
    page = outsider.open("/")
    for label in ("Audit", "Credential Report"):
        expect(page.get_by_role("navigation", name="Menu").get_by_role("link", name=label)).to_have_count(0)
    for path in ("/audit", "/credential-report"):
        outsider.open(path)
        expect(page.get_by_role("alert")).to_contain_text("You may not do this.")
    outsider.check_access()
    for path, button in (("/explain-denial", "Explain"), ("/signature-debugger", "Look into It")):
        outsider.open(path)
        expect(page.get_by_role("button", name=button, exact=True)).to_be_disabled()
    outsider.open("/simulate?name=admin&action=ram:GetUser")
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_role("alert")).to_contain_text("ram:ListPoliciesForUser")
    page.get_by_role("link", name="Open in Simulate").click()
    expect(page.get_by_label("Action", exact=True)).to_have_value("ram:ListPoliciesForUser")
    expect(page.locator("#resource")).to_have_value(re.compile("user/admin$"))


def test_the_forms_work_by_keyboard_alone(house: House, boss: Person) -> None:
    page = boss.open("/simulate")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type("ram:GetUser")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Results")).to_contain_text("1 allowed")
    page.locator(".layers summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".layers details").first).not_to_have_attribute("open", "")
