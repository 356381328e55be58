"""Edits of what somebody else changed since, and what was typed and not sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, expect

from services import rpc
from services.browser import Person, console_user
from services.server import Server

from .plain import Reader

Call = Callable[..., object]


@pytest.fixture
def call(console: Server) -> Call:
    def made(action: str, product: str = "ims", **given: str) -> object:
        return rpc.call(console.url, console.admin, product, action, **given)

    return made


def test_both_versions_are_shown_and_neither_is_lost(boss: Person, call: Call) -> None:
    call("CreateGroup", GroupName="stale-group", DisplayName="As it was")
    page = boss.open("/groups/stale-group")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Remarks").fill("mine")
    call("UpdateGroup", GroupName="stale-group", NewDisplayName="As somebody made it", NewComments="theirs")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved.")
    rows = page.locator("tbody tr")
    assert rows.all_inner_texts() == ["Display name\tAs somebody made it\tAs it was", "Remarks\ttheirs\tmine"]
    boss.check_access()
    assert "theirs" in str(call("GetGroup", GroupName="stale-group"))
    assert page.get_by_role("link", name="Keep Theirs").get_attribute("href") == "/console/groups/stale-group"
    page.get_by_role("button", name="Save Yours over It").click()
    expect(page.get_by_role("status")).to_contain_text("The group is changed.")
    group = str(call("GetGroup", GroupName="stale-group"))
    assert "As it was" in group
    assert "mine" in group


USER = {"UserName": "stale-user"}
TRUST = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["a.example"]}}]}'
)
POLICY = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:GetUser","Resource":"*"}]}'


def test_every_such_form_notices_and_lets_an_unchanged_one_pass(console: Server, call: Call) -> None:
    reader = Reader(console).sign_in(console_user(console, "stale-editor", "AdministratorAccess"))
    call("CreateUser", product="ram", **USER)
    key = call("CreateAccessKey", product="ram", **USER)["AccessKey"]["AccessKeyId"]
    call("CreateRole", product="ram", RoleName="stale-role", AssumeRolePolicyDocument=TRUST)
    call("CreatePolicy", product="ram", PolicyName="stale-policy", PolicyDocument=POLICY)
    white = '{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["%s"]}]}'
    pair = {"UserPrincipalName": "stale-user", "UserAccessKeyId": key}
    forms = (
        (
            "/users/stale-user/authentication", "/users/stale-user/edit",
            {"NewUserPrincipalName": "stale-user", "NewDisplayName": "mine"},
            lambda: call("UpdateUser", UserPrincipalName="stale-user", NewDisplayName="theirs"),
        ),
        (
            "/roles/stale-role/permissions", "/roles/stale-role/edit",
            {"NewDescription": "mine", "NewMaxSessionDuration": "3600"},
            lambda: call("UpdateRole", product="ram", RoleName="stale-role", NewDescription="theirs"),
        ),
        (
            "/policies/custom/stale-policy", "/policies/custom/stale-policy/remarks", {"NewDescription": "mine"},
            lambda: call("UpdatePolicyDescription", product="ram", PolicyName="stale-policy", NewDescription="theirs"),
        ),
        (
            f"/users/stale-user/access-keys/{key}", f"/users/stale-user/access-keys/{key}", {"Note": "mine"},
            lambda: call("UpdateAccessKeyPair", product="keystead", **USER, UserAccessKeyId=key, Note="theirs"),
        ),
        (
            f"/users/stale-user/access-keys/{key}/network", f"/users/stale-user/access-keys/{key}/network",
            {"addresses": "127.0.0.9"},
            lambda: call("SetAccessKeyPolicy", **pair, AccessKeyPolicy=white % "127.0.0.8"),
        ),
    )  # fmt: skip
    for page, form, fields, theirs in forms:
        reader.get(page)
        opened = reader.hidden("_opened")
        theirs()
        reader.get(page)
        text = reader.post(form, **fields, _opened=opened)
        assert reader.status == 409, (form, text)
        assert "theirs" in text or "127.0.0.8" in text
        text = reader.post(form, **fields, _opened=reader.hidden("_opened"))
        assert reader.status == 200, (form, text)
        assert "Nothing was saved." not in text
        reader.get(page)
        assert fields.get("addresses", "mine") in reader.text, form
    reader.client.close()


def test_leaving_asks_when_something_was_typed(boss: Person) -> None:
    page = boss.open("/groups/new")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Group name").press_sequentially("half")
    page.get_by_role("link", name="Overview").click()
    page.wait_for_function("() => document.querySelector('[name=GroupName]')?.value === 'half'")
    assert asked == ["beforeunload"]
    page.remove_listener("dialog", stay)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()


def test_a_dialog_that_was_given_up_asks_nothing(boss: Person, call: Call) -> None:
    call("CreateGroup", GroupName="given-up")
    page = boss.open("/groups/given-up")
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.type) or dialog.accept())
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Remarks").press_sequentially("half")
    page.get_by_role("button", name="Cancel").first.click()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    assert asked == []


def test_a_form_shows_its_command_beside_what_was_typed(boss: Person) -> None:
    page = boss.open("/groups/new")
    page.get_by_label("Group name").fill("it's-mine")
    with boss.context.expect_page() as opening:
        page.get_by_role("button", name="Show as command").click()
    shown = opening.value
    expect(shown.get_by_text("Nothing was done.")).to_be_visible()
    expect(shown.locator("pre").first).to_contain_text("""keystead ims create-group --group-name 'it'"'"'s-mine'""")
    expect(shown.locator("pre").last).to_contain_text("GroupName=it%27s-mine")
    shown.close()
    assert page.get_by_label("Group name").input_value() == "it's-mine"
    expect(page.get_by_role("button", name="Create Group")).to_be_enabled()
    boss.check_access()
