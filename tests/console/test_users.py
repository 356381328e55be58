"""Users in the console: made, looked into, changed, deleted, brought back.  Source: console.md 3.3-3.5, 3.8."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from services import rpc
from services.browser import PASSWORD, Person
from services.rpc import ApiError, Key
from services.server import Server


def prove(page: Page) -> None:
    """Answer the security verification where it is asked for."""
    page.wait_for_load_state()
    if page.locator("#proof").count():
        page.fill("#proof", PASSWORD)
        page.get_by_role("button", name="Confirm").click()


def test_users_are_created_and_one_that_fails_undoes_no_other(boss: Person, console: Server) -> None:
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName="taken")
    rpc.call(console.url, console.admin, "ram", "CreateGroup", GroupName="writers")
    page = boss.open("/users")
    page.get_by_role("link", name="Create User").click()
    prove(page)
    page.get_by_label("Logon Name").fill("fresh")
    expect(page.get_by_text("The name is free.")).to_be_visible()
    page.get_by_label("Tags").fill("team: ml")
    page.get_by_role("button", name="Add User").click()
    page.get_by_label("Logon Name").nth(1).fill("taken")
    expect(page.get_by_text("There is a user of that name.")).to_be_visible()
    page.locator("#console").check()
    page.locator("#openapi").check()
    expect(page.get_by_text("Keep people and programs apart.")).to_be_visible()
    page.get_by_label("writers").check()
    page.get_by_label("AliyunRAMReadOnlyAccess").check()
    boss.check_access()
    page.get_by_role("button", name="Create", exact=True).click()
    dialog = page.get_by_role("dialog", name="Users created")
    expect(dialog).to_contain_text("EntityAlreadyExists.User")
    boss.check_access()
    password, access_key_id, secret = (
        dialog.get_by_role("row", name=re.compile("fresh")).get_by_role("cell").nth(each).inner_text()
        for each in (2, 3, 4)
    )
    dialog.get_by_label("I have saved the secret").check()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row", name=re.compile("fresh"))).to_contain_text("Both")
    assert secret not in page.content()
    assert password not in page.content()
    who = rpc.call(console.url, Key(access_key_id.strip(), secret.strip()), "ram", "GetUser", UserName="fresh")
    assert who["User"]["UserName"] == "fresh"
    tagged = rpc.call(console.url, console.admin, "keystead", "SearchUsers", TagKey="team", TagValue="ml")
    assert tagged["TotalCount"] == 1
    groups = rpc.call(console.url, console.admin, "ram", "ListGroupsForUser", UserName="fresh")
    assert "writers" in str(groups)


def test_the_tabs_of_a_user(boss: Person, console: Server) -> None:
    rpc.call(console.url, console.admin, "ims", "CreateUser", UserPrincipalName="tabby", DisplayName="Tabby Cat")
    rpc.call(console.url, console.admin, "ram", "CreateGroup", GroupName="cats")
    page = boss.open("/users/tabby/authentication")
    page.locator("section", has=page.get_by_role("heading", name="Console Logon")).get_by_role(
        "button", name="Enable"
    ).click()
    dialog = page.get_by_role("dialog", name="Give tabby Console Access")
    dialog.get_by_role("button", name="Enable").click()
    prove(page)
    once = page.get_by_role("dialog", name="Password of tabby")
    password = once.get_by_label("Password", exact=True).input_value()
    assert len(password) >= 20
    once.get_by_label("I have saved the secret").check()
    once.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Reset Password").first).to_be_visible()

    page.get_by_role("link", name="Groups", exact=True).last.click()
    page.get_by_role("button", name="Add to Group").click()
    page.get_by_role("dialog").get_by_label("Group").fill("cats")
    page.get_by_role("dialog").get_by_role("button", name="Add to Group").click()
    expect(page.get_by_role("status")).to_contain_text("Added to cats.")
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Permissions").click()
    page.get_by_role("button", name="Grant Permission").click()
    page.get_by_role("dialog").get_by_label("Policy").select_option("System/AliyunRAMReadOnlyAccess")
    page.get_by_role("dialog").get_by_role("button", name="Grant Permission").click()
    expect(page.get_by_role("status")).to_contain_text("AliyunRAMReadOnlyAccess is granted.")
    page.get_by_role("link", name="Effective").click()
    expect(page.get_by_role("row", name=re.compile("ram:Get"))).to_contain_text("AliyunRAMReadOnlyAccess")


def test_users_are_deleted_together_and_one_comes_back_disabled(boss: Person, console: Server) -> None:
    for name in ("goodbye-1", "goodbye-2"):
        rpc.call(console.url, console.admin, "ram", "CreateUser", UserName=name)
    page = boss.open("/users?q=goodbye")
    page.get_by_label("Select all rows").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.locator("[data-batch]").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    prove(page)
    expect(page.get_by_role("status")).to_contain_text("Done for 2 users.")
    boss.open("/recycle-bin?q=goodbye-1")
    expect(page.get_by_role("row", name=re.compile("goodbye-1"))).to_contain_text("user/boss")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("status")).to_contain_text("The user goodbye-1 is back, disabled.")
    found = rpc.call(console.url, console.admin, "keystead", "SearchUsers", Query="goodbye-1")
    assert found["Users"]["User"][0]["Status"] == "freeze"
    boss.open("/recycle-bin?q=goodbye-2")
    page.get_by_role("link", name="Delete", exact=True).click()
    page.get_by_label("Type goodbye-2 to confirm").fill("goodbye-2")
    page.get_by_role("button", name="Delete").click()
    prove(page)
    expect(page.get_by_role("status")).to_contain_text("goodbye-2 is gone for good.")
    boss.open("/recycle-bin?q=goodbye-2")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


ACTS: list[tuple[str, str, dict[str, str]]] = [
    ("ims", "CreateUser", {"UserPrincipalName": "new", "DisplayName": "new"}),
    ("ims", "GetUser", {"UserPrincipalName": "{name}"}),
    ("ims", "UpdateUser", {"UserPrincipalName": "{name}", "NewComments": "x"}),
    ("ims", "DeleteUser", {"UserPrincipalName": "{name}"}),
    ("keystead", "SetUserStatus", {"UserName": "{name}", "Status": "freeze"}),
    ("keystead", "SearchUsers", {}),
    ("keystead", "LookupEvents", {}),
    ("keystead", "SearchGrants", {"PrincipalType": "User", "PrincipalName": "{name}"}),
    ("ims", "CreateLoginProfile", {"UserPrincipalName": "{name}", "Password": PASSWORD}),
    ("ims", "UpdateLoginProfile", {"UserPrincipalName": "{name}", "Password": PASSWORD}),
    ("ims", "DeleteLoginProfile", {"UserPrincipalName": "{name}"}),
    ("ims", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "other"}),
    ("ims", "DisableVirtualMFA", {"UserPrincipalName": "{name}"}),
    ("keystead", "ListConsoleSessions", {"UserName": "{name}"}),
    ("keystead", "EndConsoleSession", {"UserName": "{name}", "SessionId": "0123456789abcdef"}),
    ("ims", "AddUserToGroup", {"UserPrincipalName": "{name}", "GroupName": "any"}),
    ("ims", "RemoveUserFromGroup", {"UserPrincipalName": "{name}", "GroupName": "any"}),
    ("ram", "AttachPolicyToUser", {"UserName": "{name}", "PolicyType": "System", "PolicyName": "AdministratorAccess"}),
    (
        "ram",
        "DetachPolicyFromUser",
        {"UserName": "{name}", "PolicyType": "System", "PolicyName": "AdministratorAccess"},
    ),
    ("keystead", "SearchRecycledUsers", {}),
    ("keystead", "SearchRecycledAccessKeys", {}),
    ("ims", "RestoreUserFromRecycleBin", {"UserId": "1"}),
    ("ims", "DeleteUserInRecycleBin", {"UserId": "1"}),
    ("ims", "RestoreAccessKeyFromRecycleBin", {"UserAccessKeyId": "LTAI0000000000000000", "UserId": "1"}),
    ("ims", "DeleteAccessKeyInRecycleBin", {"UserAccessKeyId": "LTAI0000000000000000", "UserId": "1"}),
]


def test_each_button_of_these_pages_is_refused_to_who_has_no_right(console: Server) -> None:
    for name in ("held", "passer-by"):
        rpc.call(console.url, console.admin, "ram", "CreateUser", UserName=name)
    made = rpc.call(console.url, console.admin, "ram", "CreateAccessKey", UserName="passer-by")["AccessKey"]
    key = Key(made["AccessKeyId"], made["AccessKeySecret"])
    rpc.call(console.url, console.admin, "ram", "SetSecurityPreference", AllowUserToManageMFADevices="false")
    try:
        for product, action, given in ACTS:
            sent = {parameter: value.replace("{name}", "held") for parameter, value in given.items()}
            with pytest.raises(ApiError) as refused:
                rpc.call(console.url, key, product, action, **sent)
            assert refused.value.code == "NoPermission", action
    finally:
        rpc.call(console.url, console.admin, "ram", "SetSecurityPreference", AllowUserToManageMFADevices="true")


def test_deleted_pairs_of_all_users_are_found_with_who_deleted_them(console: Server) -> None:
    rpc.call(console.url, console.admin, "ram", "CreateUser", UserName="shredder")
    made = rpc.call(console.url, console.admin, "keystead", "CreateAccessKeyPair", UserName="shredder", Note="old job")
    key = made["AccessKey"]["AccessKeyId"]
    rpc.call(console.url, console.admin, "ram", "DeleteAccessKey", UserName="shredder", UserAccessKeyId=key)
    for query in (key, "shred", "old job"):
        found = rpc.call(console.url, console.admin, "keystead", "SearchRecycledAccessKeys", Query=query)
        (row,) = found["AccessKeys"]["AccessKey"]
        assert (row["AccessKeyId"], row["UserName"], row["UserRecycled"]) == (key, "shredder", False)
        assert row["RecycledBy"].endswith(":user/admin")
    rpc.call(console.url, console.admin, "ims", "DeleteUser", UserPrincipalName="shredder")
    (row,) = rpc.call(console.url, console.admin, "keystead", "SearchRecycledAccessKeys", Query=key)["AccessKeys"][
        "AccessKey"
    ]
    assert row["UserRecycled"] is True
