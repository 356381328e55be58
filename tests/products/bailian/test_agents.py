"""Applications: reference/model-studio.md c.1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from products.bailian.house import BAILIAN, House
from products.modelstudio.studio import BY_VERSION, RAM, STUDIO, TREES

ROLE, AWAY, REFUSED = "NoPermission.WorkspaceRole", "NOT AUTHORIZED", "NoPermission"

CONFIG = {
    "parameters": {"dialogRound": 3, "maxTokens": 500, "temperature": 0.5, "enable_thinking": False},
    "longTermMemory": {"enable": True},
    "historyConfig": {"enableRecord": True},
}


def test_an_application_is_made_listed_read_changed_and_deleted(house: House) -> None:
    code = house.agent(instructions="Be brief.", applicationConfig=CONFIG)
    assert len(code) == 32
    listed = house.ask("ListPublishedAgent", "member")
    assert listed["success"] == "true"
    assert [each["code"] for each in listed["data"]["list"]] == [code]
    shown = house.ask("GetPublishedAgent", "member", AppCode=code)["data"]
    assert shown["applicationConfig"]["parameters"] == {"dialogRound": 3, "maxTokens": 500, "temperature": 0.5}
    assert shown["instructions"] == "Be brief."
    house.ask("UpdateAndPublishAgentSelective", "member", AppCode=code, instructions="Be long.")
    shown = house.ask("GetPublishedAgent", AppCode=code)["data"]
    assert (shown["instructions"], shown["applicationConfig"]["longTermMemory"]) == ("Be long.", {"enable": True})
    house.ask("UpdateAndPublishAgentSelective", AppCode=code, applicationConfig={"parameters": {"temperature": 1}})
    shown = house.ask("GetPublishedAgent", AppCode=code)["data"]["applicationConfig"]
    assert shown["parameters"] == {"temperature": 1.0}
    assert shown["historyConfig"] == {"enableRecord": True}
    house.ask("UpdateAndPublishAgent", AppCode=code, name="other", modelId="qwen-max")
    shown = house.ask("GetPublishedAgent", AppCode=code)["data"]
    assert (shown["name"], shown["modelId"], shown["instructions"], shown["applicationConfig"]) == (
        *("other", "qwen-max", ""),
        {},
    )
    assert house.ask("DeleteAgent", AppCode=code)["data"] == code
    assert house.no("GetPublishedAgent", AppCode=code) == "ApplicationNotFound"
    assert house.ask("ListPublishedAgent")["data"]["total"] == 0


def test_an_application_of_another_workspace_is_not_there(house: House) -> None:
    code = house.agent()
    for action in ("GetPublishedAgent", "DeleteAgent", "UpdateAndPublishAgentSelective"):
        assert house.no(action, WorkspaceId=house.elsewhere, AppCode=code) == "ApplicationNotFound"


def test_pages_and_kinds(house: House) -> None:
    made = {house.agent(name=f"agent {number}") for number in range(5)}
    pages = [house.ask("ListPublishedAgent", pageNo=number, pageSize=2)["data"] for number in (1, 2, 3)]
    assert {each["code"] for page in pages for each in page["list"]} == made
    assert [page["total"] for page in pages] == [5, 5, 5]
    assert house.ask("ListPublishedAgent", subTypes=["workflow"])["data"] == {
        "list": [],
        "pageNo": 1,
        "pageSize": 10,
        "total": 0,
    }


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"tools": [{"type": "search"}]}, "UnsupportedOperation"),
        ({"workFlows": [{"type": "x"}]}, "UnsupportedOperation"),
        ({"securityConfig": {"processingStrategy": "block"}}, "UnsupportedOperation"),
        ({"security": {"processingStrategy": "block"}}, "UnsupportedOperation"),
        ({"ragConfig": {"enableWebSearch": True}}, "UnsupportedOperation"),
        ({"ragConfig": {"fixedReplyDetail": "no"}}, "UnsupportedOperation"),
        ({"historyConfig": {"enableAdbRecord": True}}, "UnsupportedOperation"),
        ({"parameters": {"dialogRound": 51}}, "InvalidParameter.applicationConfig"),
        ({"parameters": {"temperature": "hot"}}, "InvalidParameter.applicationConfig"),
        ({"unheardOf": 1}, "InvalidParameter.applicationConfig"),
        ("[", "InvalidParameter.applicationConfig"),
        ("[" * 5000, "InvalidParameter.applicationConfig"),
        ({"ragConfig": {"enableSearch": True}}, "InvalidParameter.applicationConfig"),
        (
            {"ragConfig": {"enableSearch": True, "knowledgeBaseCodeList": ["none"]}},
            "InvalidParameter.applicationConfig",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_when_it_is_set(house: House, config: Any, code: str) -> None:
    given = {"name": "x", "modelId": "qwen-plus", "applicationConfig": config}
    assert house.no("CreateAndPulishAgent", **given) == code
    agent = house.agent()
    assert house.no("UpdateAndPublishAgentSelective", AppCode=agent, applicationConfig=config) == code


def test_a_name_and_a_model_are_needed(house: House) -> None:
    assert house.no("CreateAndPulishAgent", modelId="qwen-plus") == "Missingname"
    assert house.no("CreateAndPulishAgent", name="x") == "MissingmodelId"
    assert house.no("CreateAndPulishAgent", name="x", modelId="a*").startswith("InvalidParameter.modelId")


# account, super, administrator, member, custom (views applications, operates prompts), outsider, powerless
CELLS = {
    "CreateAndPulishAgent": ("yes", "yes", "yes", "yes", ROLE, AWAY, REFUSED),
    "ListPublishedAgent": ("yes", "yes", "yes", "yes", "yes", AWAY, REFUSED),
    "GetPublishedAgent": ("yes", "yes", "yes", "yes", "yes", AWAY, REFUSED),
    "UpdateAndPublishAgent": ("yes", "yes", "yes", "yes", ROLE, AWAY, REFUSED),
    "UpdateAndPublishAgentSelective": ("yes", "yes", "yes", "yes", ROLE, AWAY, REFUSED),
    "DeleteAgent": ("yes", "yes", "yes", "yes", ROLE, AWAY, REFUSED),
    "CreatePromptTemplate": ("yes", "yes", "yes", "yes", "yes", AWAY, REFUSED),
    "ListPromptTemplates": ("yes", "yes", "yes", "yes", "yes", AWAY, REFUSED),
    "CreateMemory": ("yes", "yes", "yes", "yes", ROLE, AWAY, REFUSED),
    "ListMemories": ("yes", "yes", "yes", "yes", ROLE, AWAY, REFUSED),
    "ListIndices": ("yes", "yes", "yes", "yes", ROLE, AWAY, REFUSED),
}
WHO = ("", "super", "administrator", "member", "custom", "outsider", "powerless")


def test_policy_and_membership_are_both_needed(house: House) -> None:
    for action, row in CELLS.items():
        for who, expected in zip(WHO, row, strict=True):
            given = {"name": "x", "modelId": "m", "content": "x", "description": "x"}
            tree = {each.name for each in BY_VERSION[BAILIAN].actions[action].parameters}
            given = {name: value for name, value in given.items() if name in tree}
            if "AppCode" in tree:
                given["AppCode"] = house.agent()
            if expected == "yes":
                house.ask(action, who, **given)
            else:
                assert house.no(action, who, **given) == expected, (action, who)


def test_an_unknown_workspace_and_a_foreign_one_are_refused_alike(house: House) -> None:
    said = set()
    for place in (house.elsewhere, "llm-0123456789abcdef"):
        fault = house.fault("ListPublishedAgent", "member", WorkspaceId=place)
        assert fault.status == 401
        said.add((fault.code, fault.message.replace(place, "it"), fault.next_step))
    assert len(said) == 1


def test_a_policy_may_name_one_application(house: House) -> None:
    mine, other = house.agent(), house.agent()
    statement = {
        "Effect": "Allow",
        "Action": "sfm:*",
        "Resource": f"acs:modelstudio:*:*:application/{mine}",
    }
    document = json.dumps({"Version": "1", "Statement": [statement]})
    house.call(RAM, "CreatePolicy", PolicyName="one", PolicyDocument=document)
    house.call(RAM, "AttachPolicyToUser", UserName="powerless", PolicyName="one", PolicyType="Custom")
    house.ask("GetPublishedAgent", "powerless", AppCode=mine)
    assert house.no("GetPublishedAgent", "powerless", AppCode=other) == REFUSED
    assert house.no("ListPublishedAgent", "powerless") == REFUSED


def test_permissions_are_named_as_the_vendor_names_them() -> None:
    actions = BY_VERSION[BAILIAN].actions
    exceptions = {"ListIndices": "ListIndex", "ListIndexDocuments": "ListIndexFiles", "ListChunks": "ChunkList"}
    for name, action in actions.items():
        if action.permission is not None:
            assert action.permission == f"sfm:{exceptions.get(name, name)}"


def test_every_published_action_is_declared() -> None:
    published = {key.partition(" ")[2] for key in TREES if key.startswith(BAILIAN)}
    assert published == set(BY_VERSION[BAILIAN].actions)


def test_a_workspace_with_applications_stays(house: House) -> None:
    given = {"WorkspaceId": house.elsewhere}
    agent = house.agent(**given)
    base = house.ask("CreateIndex", Name="x", **given)["Data"]["Id"]
    house.ask("AddCategory", CategoryName="x", **given)
    answer = house.call(STUDIO, "DeleteWorkspace", workspaceId=house.elsewhere)
    assert len(answer["failReasons"]) == 2
    house.ask("DeleteAgent", AppCode=agent, **given)
    house.ask("DeleteIndex", IndexId=base, **given)
    assert house.call(STUDIO, "DeleteWorkspace", workspaceId=house.elsewhere)["isDeleted"] is True
