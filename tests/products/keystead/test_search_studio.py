"""SearchWorkspaces, SearchMembers, SearchApplications, SearchApiKeys and SearchModels: rows, filters, who sees what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead import ids
from keystead.clock import iso
from keystead.store import agents, usage
from products.modelstudio.studio import OURS, STUDIO, Studio

DAY = 86_400
ON_EVERYTHING_BUT = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": ["modelstudio:*", "sfm:*"], "Resource": "acs:modelstudio:*:*:*"},
        ],
    }
)


@pytest.fixture
def house(studio: Studio) -> Studio:
    """A second workspace, `lab`; ann administers it, bob is a member, cyd a custom member with models only; eve is
    outside.  All of them may call every action on every workspace."""
    for name in ("ann", "bob", "cyd", "eve"):
        studio.user(name)
        studio.now += 1
    studio.call("2015-05-01", "CreatePolicy", PolicyName="apps", PolicyDocument=ON_EVERYTHING_BUT)
    for name in ("ann", "bob", "cyd", "eve"):
        given = {"UserName": name, "PolicyName": "apps", "PolicyType": "Custom"}
        studio.call("2015-05-01", "AttachPolicyToUser", **given)
    lab = studio.workspace("lab")
    for name, level in (("ann", "administrator"), ("bob", "member")):
        studio.call(OURS, "AddWorkspaceMember", WorkspaceId=lab, UserName=name, Level=level, DisplayName=f"The {name}")
        studio.now += 1
    page = {"Pages__1__Page": "models", "Pages__1__Operation": "view"}
    studio.call(OURS, "AddWorkspaceMember", WorkspaceId=lab, UserName="cyd", Level="custom", **page)
    studio.directory.clear()
    return studio


def lab(studio: Studio) -> str:
    return str(studio.call(OURS, "SearchWorkspaces", Query="lab")["Workspaces"]["Workspace"][0]["WorkspaceId"])


def call(studio: Studio, key: int = 0, **given: Any) -> dict[str, object]:
    row: dict[str, object] = {
        "call_id": ids.request_id(),
        "account_id": studio.account_id,
        "at": studio.now * 1000,
        "workspace_id": lab(studio),
        "application_id": "",
        "key_id": key,
        "owner_id": "",
        "principal": "",
        "model": "qwen-plus",
        "operation": "chat",
        "input_tokens": 1,
        "output_tokens": 1,
        "estimated": False,
        "cost": 1_500_000,
        "outcome": "Success",
        "upstream_id": "",
        "duration_ms": 1,
    }
    return row | given


def test_workspaces_with_figures_for_who_stands_in_every_one(house: Studio) -> None:
    key = house.call(STUDIO, "CreateApiKey", "bob", workspaceId=lab(house))["apiKey"]["apiKeyId"]
    long_ago = call(house, key, at=(house.now - 40 * DAY) * 1000)
    with house.write() as tx:
        agents.insert(tx, lab(house), "a" * 32, name="x", model="m", instructions="", config="{}", samples="{}")
        usage.insert(tx, [call(house, key), long_ago])
    rows = house.call(OURS, "SearchWorkspaces", Figures="true")["Workspaces"]["Workspace"]
    assert [(row["WorkspaceName"], row["YourLevel"]) for row in rows] == [
        ("Default Workspace", "super"),
        ("lab", "super"),
    ]
    assert (rows[1]["MemberCount"], rows[1]["ApplicationCount"], rows[1]["ApiKeyCount"]) == (3, 1, 1)
    assert rows[1]["SpendThisMonth"] == "1.500000"
    assert rows[0]["SpendThisMonth"] == "0.000000"
    plain = house.call(OURS, "SearchWorkspaces", Sort="-WorkspaceName")
    assert [row["WorkspaceName"] for row in plain["Workspaces"]["Workspace"]] == ["lab", "Default Workspace"]
    assert "MemberCount" not in plain["Workspaces"]["Workspace"][0]


def test_others_are_told_of_their_own_workspaces_only(house: Studio) -> None:
    for name, level in (("ann", "administrator"), ("bob", "member"), ("cyd", "custom")):
        answer = house.call(OURS, "SearchWorkspaces", name, Figures="true")
        assert answer["TotalCount"] == 1
        (row,) = answer["Workspaces"]["Workspace"]
        assert (row["WorkspaceName"], row["YourLevel"]) == ("lab", level)
        assert "MemberCount" not in row
        assert "SpendThisMonth" not in row
    outside = house.call(OURS, "SearchWorkspaces", "eve")
    assert (outside["TotalCount"], outside["Workspaces"]["Workspace"]) == (0, [])


@pytest.mark.parametrize("action", ["SearchMembers", "SearchApplications", "SearchApiKeys", "SearchModels"])
def test_an_outsiders_workspace_answers_like_one_that_does_not_exist(house: Studio, action: str) -> None:
    assert house.refused(OURS, action, "eve", WorkspaceId=lab(house)) == "WorkSpaceNotFound"
    assert house.refused(OURS, action, "eve", WorkspaceId="llm-none") == "WorkSpaceNotFound"
    assert house.refused(OURS, action, WorkspaceId="llm-none") == "WorkSpaceNotFound"


def test_members(house: Studio) -> None:
    house.call(STUDIO, "CreateApiKey", "bob", workspaceId=lab(house))

    def found(by: str = "", /, **given: str) -> list[str]:
        answer = house.call(OURS, "SearchMembers", by, WorkspaceId=lab(house), **given)
        return [each["PrincipalName"] for each in answer["Members"]["Member"]]

    assert found("ann") == ["ann", "bob", "cyd"]
    assert found(Sort="-JoinDate") == ["cyd", "bob", "ann"]
    assert found(Level="custom") == ["cyd"]
    assert found(PrincipalType="Role") == []
    assert found(Query="the B") == ["bob"]
    assert found(Query="CYD") == ["cyd"]
    assert found(Page="2", PageSize="2") == ["cyd"]
    rows = house.call(OURS, "SearchMembers", WorkspaceId=lab(house))["Members"]["Member"]
    assert (rows[1]["DisplayName"], rows[1]["ApiKeyCount"], rows[1]["Status"]) == ("The bob", 1, "active")
    assert rows[2]["Pages"] == {"Page": [{"Page": "models", "Operation": "view"}]}
    for name in ("bob", "cyd"):
        assert house.refused(OURS, "SearchMembers", name, WorkspaceId=lab(house)) == "NoPermission.WorkspaceRole"


def test_applications(house: Studio) -> None:
    with house.write() as tx:
        for number, name in enumerate(("Beta", "alpha")):
            given = {"model": "qwen-plus", "instructions": "", "config": "{}", "samples": "{}"}
            agents.insert(tx, lab(house), str(number) * 32, name=name, **given)
        old = (house.now - 8 * DAY) * 1000
        usage.insert(tx, [call(house, application_id="0" * 32), call(house, application_id="0" * 32, at=old)])

    def found(**given: str) -> list[str]:
        answer = house.call(OURS, "SearchApplications", "bob", WorkspaceId=lab(house), **given)
        return [each["Name"] for each in answer["Applications"]["Application"]]

    assert found(Sort="Name") == ["alpha", "Beta"]
    assert found(Query="BET") == ["Beta"]
    assert found(Query="1111") == ["alpha"]
    rows = house.call(OURS, "SearchApplications", WorkspaceId=lab(house), Sort="-Name")["Applications"]["Application"]
    assert [(row["Name"], row["Calls"], row["Model"]) for row in rows] == [
        ("Beta", 1, "qwen-plus"),
        ("alpha", 0, "qwen-plus"),
    ]
    assert house.refused(OURS, "SearchApplications", "cyd", WorkspaceId=lab(house)) == "NoPermission.WorkspaceRole"


def test_api_keys(house: Studio) -> None:
    made = {}
    for name in ("ann", "bob", "bob"):
        house.now += 1
        answer = house.call(STUDIO, "CreateApiKey", name, workspaceId=lab(house), description=f"{name}'s {len(made)}")
        made[answer["apiKey"]["description"]] = answer["apiKey"]
    bobs = made["bob's 1"]

    def found(by: str = "", /, **given: str) -> list[str]:
        answer = house.call(OURS, "SearchApiKeys", by, **given)
        return [each["Name"] for each in answer["ApiKeys"]["ApiKey"]]

    assert found("bob") == ["bob's 2", "bob's 1"]
    assert found("ann", WorkspaceId=lab(house)) == ["bob's 2", "bob's 1", "ann's 0"]
    assert found(Sort="Name") == ["ann's 0", "bob's 1", "bob's 2"]
    assert found(UserName="ann") == ["ann's 0"]
    assert found("bob", UserName="ann") == []
    assert found(Query="BOB") == ["bob's 2", "bob's 1"]
    assert found(Query=bobs["apiKeyValue"][-4:]) == ["bob's 1"]
    assert found(Query=str(bobs["apiKeyId"])) == ["bob's 1"]
    house.call(STUDIO, "DisableApiKey", apiKeyId=str(bobs["apiKeyId"]))
    house.call(OURS, "RotateApiKey", ApiKeyId=str(made["ann's 0"]["apiKeyId"]))
    assert found(Status="Disabled") == ["bob's 1"]
    assert found(Status="Rotating") == ["ann's 0"]
    assert found(Status="Active") == ["bob's 2"]
    assert found(PageSize="1", Page="2") == ["bob's 1"]
    limit = {"Scope": "key", "ScopeId": str(bobs["apiKeyId"]), "Measure": "tokens", "Period": "day", "Amount": "5"}
    house.call(OURS, "SetUsageLimit", **limit)
    with house.write() as tx:
        usage.insert(tx, [call(house, bobs["apiKeyId"]), call(house, bobs["apiKeyId"], at=5000)])
    whole = house.call(OURS, "SearchApiKeys", Query="bob's 1")
    (row,) = whole["ApiKeys"]["ApiKey"]
    assert bobs["apiKeyValue"] not in json.dumps(whole)
    assert row["Key"] == f"sk-****{bobs['apiKeyValue'][-4:]}"
    assert (row["OwnerType"], row["OwnerName"], row["OwnerWorks"]) == ("User", "bob", True)
    assert (row["WorkspaceName"], row["Status"], row["LastUsedDate"]) == ("lab", "Disabled", iso(house.now))
    assert [(each["Measure"], each["Period"], each["Amount"]) for each in row["Limits"]["Limit"]] == [
        ("tokens", "day", 5)
    ]
    assert "Models" not in row
    house.call(OURS, "SetUserStatus", UserName="bob", Status="freeze")
    assert house.call(OURS, "SearchApiKeys", Query="bob's 1")["ApiKeys"]["ApiKey"][0]["OwnerWorks"] is False
    assert house.refused(OURS, "SearchApiKeys", "cyd", WorkspaceId=lab(house)) == "NoPermission.WorkspaceRole"
    assert found("cyd") == []


def test_models(house: Studio) -> None:
    house.model("studio-a", "studio-b")
    house.call(STUDIO, "UpdateModelPermissions", workspaceId=lab(house), **grant("studio-a"))
    with house.write() as tx:
        usage.insert(tx, [call(house, model="studio-a"), call(house, model="studio-a", at=(house.now - DAY) * 1000)])

    def rows(by: str = "", /, **given: str) -> dict[str, Any]:
        answer = house.call(OURS, "SearchModels", by, Query="studio-", **given)
        return {each["ModelName"]: each for each in answer["Models"]["Model"]}

    found = rows(WorkspaceId=lab(house))
    assert list(found) == ["studio-a", "studio-b"]
    assert (found["studio-a"]["IsAuthorized"], found["studio-b"]["IsAuthorized"]) == (True, False)
    assert (found["studio-a"]["WorkspaceCount"], found["studio-b"]["WorkspaceCount"]) == (2, 1)
    assert (found["studio-a"]["CallsToday"], found["studio-b"]["CallsToday"]) == (1, 0)
    assert list(rows(Sort="-ModelName")) == ["studio-b", "studio-a"]
    assert "CallsToday" not in rows("cyd", WorkspaceId=lab(house))["studio-a"]


def grant(model: str) -> dict[str, str]:
    return {"models__1__model": model, "models__1__inference": "true"}
