"""SearchAll: what is found of each kind, and that nobody finds what he could not list."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from keystead.store import agents
from products.modelstudio.studio import OURS, RAM, STUDIO, Studio
from products.plane import ALLOW_ALL, trust
from services import rpc
from services.rpc import Key
from services.server import Server


@pytest.fixture
def house(studio: Studio) -> Studio:
    """One of each kind with "lab" in its name, in the workspace `lab` where it is of one."""
    studio.user("lab-ann")
    studio.call(RAM, "CreateGroup", GroupName="Labrats")
    root = f"acs:ram::{studio.account_id}:root"
    studio.call(RAM, "CreateRole", RoleName="lab-role", AssumeRolePolicyDocument=trust(root))
    studio.call(RAM, "CreatePolicy", PolicyName="lab-policy", PolicyDocument=ALLOW_ALL)
    lab = studio.workspace("The Lab")
    studio.call(OURS, "AddWorkspaceMember", WorkspaceId=lab, UserName="lab-ann")
    studio.call(STUDIO, "CreateApiKey", "lab-ann", workspaceId=lab, description="lab key")
    with studio.write() as tx:
        agents.insert(
            tx, lab, secrets.token_hex(16), name="Lab app", model="m", instructions="", config="{}", samples="{}"
        )
    return studio


def found(studio: Studio, by: str = "", /, **given: str) -> list[tuple[str, str]]:
    answer = studio.call(OURS, "SearchAll", by, **{"Query": "LAB", **given})
    return [(each["Kind"], each["Name"]) for each in answer["Hits"]["Hit"]]


EVERYTHING = [
    ("User", "lab-ann"),
    ("Group", "Labrats"),
    ("Role", "lab-role"),
    ("Policy", "lab-policy"),
    ("Workspace", "The Lab"),
    ("Application", "Lab app"),
    ("ApiKey", "lab key"),
]


def test_the_account_finds_everything(house: Studio) -> None:
    assert found(house) == EVERYTHING
    assert found(house, Kinds__1="Group", Kinds__2="ApiKey") == [("Group", "Labrats"), ("ApiKey", "lab key")]
    pair = house.pair("lab-ann")
    assert found(house, Query=pair[:12]) == [("AccessKey", "lab-ann")]
    assert found(house, Query=pair[:12].lower()) == []
    app = house.call(OURS, "SearchAll", Query="lab app")["Hits"]["Hit"][0]["Id"]
    assert found(house, Query=app[:20]) == [("Application", "Lab app")]
    assert ("Policy", "AdministratorAccess") in found(house, Query="administratoracc")


def test_more_of_a_kind_than_is_asked_for_is_said(house: Studio) -> None:
    for number in range(4):
        house.call(RAM, "CreateUser", UserName=f"lab-{number}")
    answer = house.call(OURS, "SearchAll", Query="lab", Most="2", Kinds__1="User", Kinds__2="Group")
    assert [each["Name"] for each in answer["Hits"]["Hit"]] == ["lab-0", "lab-1", "Labrats"]
    assert answer["MoreOf"] == {"Kind": ["User"]}


def test_each_kind_needs_the_right_of_its_list(house: Studio) -> None:
    assert found(house, "lab-ann") == [("Workspace", "The Lab"), ("ApiKey", "lab key")]  # no right on applications
    reader = house.user("people-reader", "AliyunRAMReadOnlyAccess")
    assert [kind for kind, _ in found(house, reader)] == ["User", "Group", "Role", "Policy"]
    assert house.call(OURS, "SearchAll", reader, Query=house.pair("lab-ann"))["Hits"]["Hit"]
    outsider = house.user("outsider")  # every right on workspaces, but in none
    assert found(house, outsider) == []
    nobody = house.user("nobody", "AliyunSTSAssumeRoleAccess")
    assert found(house, nobody) == []
    assert found(house, nobody, Query=house.pair("lab-ann")) == []


def test_a_deny_under_a_condition_of_the_request_holds_in_the_search(server: Server) -> None:
    """SearchAll itself needs no permission, so nothing else has gathered what conditions are judged by."""

    def admin(action: str, **given: str) -> Any:
        return rpc.call(server.url, server.admin, "ram", action, **given)

    admin("CreateUser", UserName="ann")
    made = admin("CreateAccessKey", UserName="ann")["AccessKey"]
    key = Key(made["AccessKeyId"], made["AccessKeySecret"])
    local = {"IpAddress": {"acs:SourceIp": ["127.0.0.0/8"]}}
    for name, statements in (
        ("allow", [{"Effect": "Allow", "Action": "ram:List*", "Resource": "*"}]),
        ("deny", [{"Effect": "Deny", "Action": "ram:ListUsers", "Resource": "*", "Condition": local}]),
    ):
        document = json.dumps({"Version": "1", "Statement": statements})
        admin("CreatePolicy", PolicyName=name, PolicyDocument=document)

    def kinds() -> set[str]:
        answer: Any = rpc.call(server.url, key, "keystead", "SearchAll", Query="a")
        return {each["Kind"] for each in answer["Hits"]["Hit"]}

    assert kinds() == set()
    admin("AttachPolicyToUser", PolicyName="allow", PolicyType="Custom", UserName="ann")
    assert kinds() == {"User", "Policy"}
    admin("AttachPolicyToUser", PolicyName="deny", PolicyType="Custom", UserName="ann")
    assert kinds() == {"Policy"}
