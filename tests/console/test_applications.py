"""Applications in the console: made, talked with as it streams, changed and deleted; the search; acting as a role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from gateway.planes import eventually
from services import rpc
from services.browser import PASSWORD, Person, console_user
from services.server import Server
from services.upstream import upstream


@pytest.fixture(scope="module")
def model_server() -> Iterator[str]:
    """The address of a model server that repeats what it is told."""
    with upstream() as started:
        yield f"{started.url}/v1"


def test_an_application_is_made_talked_with_and_deleted(boss: Person, console: Server, model_server: str) -> None:
    rpc.call(
        console.url, console.admin, "keystead", "AddModel",
        ModelName="parrot", Upstream=model_server, UpstreamModel="echo",
    )  # fmt: skip
    page = boss.page
    page.reload()
    page.get_by_role("link", name="Applications").click()
    expect(page.get_by_text("No applications yet")).to_be_visible()
    boss.check_access()
    page.get_by_role("link", name="Create Application").click()
    page.get_by_label("Name").fill("Helpdesk")
    page.fill("#model", "parrot")
    page.locator("textarea[name=applicationConfig]").fill("{not json")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert").first).to_contain_text("applicationConfig")
    page.locator("textarea[name=applicationConfig]").fill("")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("status")).to_have_text("The application is created.")
    app = page.url.rsplit("/", 1)[1]
    page.fill("#prompt", "Good morning to all of you")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".said.theirs")).to_contain_text("Good morning to all of you")

    def events() -> list[dict[str, object]]:
        found: Any = rpc.call(
            console.url,
            console.admin,
            "keystead",
            "LookupEvents",
            EventAction="CreateTemporaryModelKey",
            Identity="boss",
        )
        return list(found["Events"]["Event"])

    assert eventually(events)
    tabs = page.get_by_role("navigation", name="Tabs")
    tabs.get_by_role("link", name="Usage").click()
    boss.reload_until(page.get_by_role("cell", name="1", exact=True).first)
    boss.check_access()
    tabs.get_by_role("link", name="Events").click()
    boss.reload_until(page.get_by_text("modelstudio:InvokeApplication"))
    boss.check_access()
    page.get_by_role("searchbox", name="Search").first.fill("Helpdesk")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Helpdesk").click()
    page.get_by_role("button", name="Delete").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Every call of it is refused")
    dialog.locator("input[name=_typed]").fill(app)
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("deleted")


def _signed_in(console: Server, name: str) -> httpx.Client:
    client = httpx.Client(base_url=console.url, trust_env=False, timeout=30)
    form = {"kind": "user", "name": name, "password": PASSWORD}
    signed_in = httpx.post(f"{console.url}/console/sign-in", data=form, trust_env=False, timeout=30)
    assert signed_in.status_code == 303
    client.cookies.update(signed_in.cookies)
    return client


def _token(client: httpx.Client) -> str:
    found = re.search(r'name="_token" value="([0-9a-f]{64})"', client.get("/console/").text)
    assert found
    return found.group(1)


def test_the_search_shows_only_what_may_be_listed(console: Server) -> None:
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName="findme")
    with _signed_in(console, console_user(console, "seeker", "AliyunRAMReadOnlyAccess")) as client:
        assert "/console/users/findme" in client.get("/console/search?q=findme").text
    with _signed_in(console, console_user(console, "blind")) as client:
        page = client.get("/console/search?q=findme").text
        assert "/console/users/findme" not in page
        assert "Nothing that you may list matches" in page


def test_a_session_acts_as_a_role_and_back(console: Server) -> None:
    name = console_user(console, "actor", "AliyunSTSAssumeRoleAccess")
    trust = {
        "Version": "1",
        "Statement": [
            {
                "Action": "sts:AssumeRole",
                "Effect": "Allow",
                "Principal": {"RAM": [f"acs:ram::{console.account_id}:root"]},
            }
        ],
    }
    admin = console.admin
    rpc.call(console.url, admin, "ram", "CreateRole", RoleName="lister", AssumeRolePolicyDocument=json.dumps(trust))
    rpc.call(
        console.url, admin, "ram", "AttachPolicyToRole",
        RoleName="lister", PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System",
    )  # fmt: skip
    with _signed_in(console, name) as client:
        token = _token(client)
        assert client.get("/console/users").status_code == 403
        wrong = client.post("/console/switch-role", data={"_token": token, "role": "nobody"})
        assert wrong.status_code >= 400
        assert client.post("/console/switch-role", data={"_token": token, "role": "lister"}).status_code == 303
        page = client.get("/console/users")
        assert page.status_code == 200
        assert "Role session" in page.text
        rpc.call(
            console.url, admin, "ram", "DetachPolicyFromRole",
            RoleName="lister", PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System",
        )  # fmt: skip
        assert client.get("/console/users").status_code == 403
        assert client.post("/console/switch-role/back", data={"_token": token}).status_code == 303
        assert "Role session" not in client.get("/console/").text
