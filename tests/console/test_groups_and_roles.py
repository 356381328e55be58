"""Groups and roles in the console: made, filled, trusted, used, and what goes with them when they go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from console.plain import Reader
from services import rpc
from services.browser import Person, console_user
from services.rpc import ApiError, Key
from services.server import Server

Visitor = Callable[..., Person]


@pytest.fixture
def reader(console: Server, _administrator: str) -> Iterator[Reader]:
    found = Reader(console).sign_in(_administrator)
    yield found
    found.client.close()


def test_a_group_is_made_filled_and_deleted_with_what_its_members_lose(reader: Reader, console: Server) -> None:
    for name in ("ann", "ben"):
        rpc.call(console.url, console.admin, "ram", "CreateUser", UserName=name)
    reader.get("/groups/new")
    assert "InvalidParameter.GroupName" in reader.post("/groups/new", GroupName="no blanks")
    text = reader.post("/groups/new", GroupName="readers", DisplayName="Readers", Comments="for a test")
    assert "The group readers is created." in text
    assert "The group has no members yet." in text
    assert "EntityNotExist.User" in reader.post("/groups/readers/add", users="nobody-here")
    assert "2 users are added." in reader.post("/groups/readers/add", users="ann\nben")
    assert "ben is removed from the group." in reader.post("/groups/readers/remove", user="ben")
    given = {"GroupName": "readers", "PolicyType": "System", "PolicyName": "ReadOnlyAccess"}
    rpc.call(console.url, console.admin, "ram", "AttachPolicyToGroup", **given)
    assert "ReadOnlyAccess" in reader.get("/groups/readers/permissions")
    assert "1 member of the group loses" in reader.get(
        "/grants/revoke?kind=Group&principal=readers&type=System&policy=ReadOnlyAccess"
    )
    reader.get("/groups/readers")
    text = reader.post("/groups/readers/edit", NewDisplayName="", NewComments="changed", _empty="NewDisplayName")
    assert "changed" in text
    text = reader.get("/groups/readers/delete")
    assert "1 user loses at once what these policies allow" in text
    assert "ann" in text
    assert "The group readers is deleted." in reader.post("/groups/readers/delete")
    assert rpc.call(console.url, console.admin, "ram", "ListGroupsForUser", UserName="ann")["Groups"]["Group"] == []


def test_a_role_is_made_trusted_used_and_deleted(reader: Reader, console: Server) -> None:
    account = console.account_id
    reader.get("/roles/new")
    text = reader.post("/roles/new", RoleName="helper", principal_type="identities", principal_identities="nonsense")
    assert "MalformedPolicyDocument" in text
    text = reader.post("/roles/new", RoleName="helper", principal_type="account", MaxSessionDuration="7200")
    assert "The role helper is created." in text
    assert "This role has no permissions yet." in text
    assert "2 hours" in text
    taken = {"RoleArn": f"acs:ram::{account}:role/helper", "RoleSessionName": "night-shift"}
    night = rpc.call(console.url, console.admin, "sts", "AssumeRole", **taken)["Credentials"]
    session = Key(night["AccessKeyId"], night["AccessKeySecret"], night["SecurityToken"])
    assert rpc.call(console.url, session, "sts", "GetCallerIdentity")["IdentityType"] == "AssumedRoleUser"
    text = reader.get("/roles/helper/trust")
    assert f"every user and role of the account {account} to take on this role" in text
    base = reader.page.split('name="base" value="')[1].split('"')[0]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}
    document = json.dumps({"Version": "1", "Statement": [trust]})
    given = {"RoleName": "helper", "NewAssumeRolePolicyDocument": document.replace("ecs", "fc")}
    rpc.call(console.url, console.admin, "ram", "UpdateRole", **given)
    text = reader.post("/roles/helper/trust", NewAssumeRolePolicyDocument=document, base=base)
    assert "Somebody changed this policy meanwhile. Nothing was saved." in text
    assert 'added "ecs.aliyuncs.com"' in text
    base = reader.page.split('name="base" value="')[1].split('"')[0]
    text = reader.post("/roles/helper/trust", NewAssumeRolePolicyDocument=document, base=base)
    assert "The trust policy is saved" in text
    assert "the service ecs.aliyuncs.com to take on this role" in text
    for _ in range(60):  # what only reads reaches the audit a little later
        text = reader.get("/roles/helper/sessions")
        if "night-shift" in text:
            break
        time.sleep(0.3)
    assert "night-shift" in text
    assert "Live" in text
    assert "NotConfirmed" in reader.post("/roles/helper/sessions/revoke", _typed="other")
    assert rpc.call(console.url, session, "sts", "GetCallerIdentity")["AccountId"] == account
    text = reader.post("/roles/helper/sessions/revoke", _typed="helper")
    assert "The role's sessions are over." in text
    assert "Revoked until" in text
    assert "Live" not in text
    with pytest.raises(ApiError) as refused:
        rpc.call(console.url, session, "sts", "GetCallerIdentity")
    assert refused.value.code == "InvalidSecurityToken.Expired"
    assert "CreateRole" in reader.get("/roles/helper/events")
    text = reader.get("/roles/helper/delete")
    assert "It was taken on lately, by user/admin:" in text
    assert "NotConfirmed" in reader.post("/roles/helper/delete", _typed="other")
    assert "The role helper is deleted" in reader.post("/roles/helper/delete", _typed="helper")


MEMBER = {"GroupName": "x", "UserPrincipalName": "x"}
REFUSED = [
    ("keystead", "SearchGroups", {}),
    ("keystead", "SearchRoles", {}),
    ("ims", "CreateGroup", {"GroupName": "x"}),
    ("ims", "UpdateGroup", {"GroupName": "x", "NewComments": "x"}),
    ("ims", "DeleteGroup", {"GroupName": "x"}),
    ("ims", "AddUserToGroup", MEMBER),
    ("ims", "RemoveUserFromGroup", MEMBER),
    ("ram", "CreateRole", {"RoleName": "x", "AssumeRolePolicyDocument": "{}"}),
    ("ram", "UpdateRole", {"RoleName": "x"}),
    ("ram", "DeleteRole", {"RoleName": "x"}),
    ("ram", "AttachPolicyToGroup", {"GroupName": "x", "PolicyType": "System", "PolicyName": "x"}),
    ("ram", "DetachPolicyFromRole", {"RoleName": "x", "PolicyType": "System", "PolicyName": "x"}),
]


@pytest.fixture(scope="module")
def without_rights(_console: Server) -> Key:
    """The pair of a user without any right."""
    rpc.call(_console.url, _console.admin, "ram", "CreateUser", UserName="without-rights")
    made = rpc.call(_console.url, _console.admin, "ram", "CreateAccessKey", UserName="without-rights")["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])


@pytest.mark.parametrize(("product", "action", "given"), REFUSED, ids=[each[1] for each in REFUSED])
def test_the_api_refuses_what_each_button_does(
    console: Server, without_rights: Key, product: str, action: str, given: dict[str, str]
) -> None:
    with pytest.raises(rpc.ApiError) as refused:
        rpc.call(console.url, without_rights, product, action, **given)
    assert (refused.value.status, refused.value.code.split(".")[0]) == (403, "NoPermission")


def test_somebody_without_rights_gets_the_denial_panel(console: Server) -> None:
    nobody = Reader(console).sign_in(console_user(console, "no-groups"))
    for path in ("/groups", "/groups/x", "/groups/x/delete", "/roles", "/roles/x", "/roles/x/trust", "/roles/x/delete"):
        text = nobody.get(path)
        assert "You may not do this." in text, path
    nobody.get("/groups/new")
    assert nobody.disabled("Create Group") == "Needs ram:CreateGroup"
    nobody.get("/roles/new")
    assert nobody.disabled("Create Role") == "Needs ram:CreateRole"
    nobody.client.close()


def test_a_groups_dialog_by_keyboard_in_chinese_and_narrow(visitor: Visitor, console: Server) -> None:
    person = visitor(locale="zh-CN", viewport={"width": 390, "height": 800})
    person.sign_in(console_user(console, "wang", "AdministratorAccess"))
    rpc.call(console.url, console.admin, "ram", "CreateGroup", GroupName="narrow-group")
    page = person.open("/groups/narrow-group")
    opener = page.get_by_role("button", name="添加成员")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("登录名称，每行一个")).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
