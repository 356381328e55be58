"""One model: its servers and how they fare, how its calls ended, the workspaces and keys that reach it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keystead import ids
from keystead.clock import iso
from keystead.identity import model_keys
from keystead.identity.model_keys import Scope
from keystead.identity.studio import encode_scope
from keystead.policy import decide
from keystead.store import api_keys, audit, upstreams, usage
from products.modelstudio.studio import OURS, STUDIO, Studio

from .test_search_studio import DAY, call, grant

MODEL = "qwen/details:7b"


@pytest.fixture
def house(studio: Studio) -> Iterator[Studio]:
    """A model with two servers; a workspace `lab` that may call it, and `other` that may not; bob is in `lab`."""
    studio.model(MODEL)
    with studio.write() as tx:
        for name in ("one", "two"):
            upstreams.put(tx, f"{studio.account_id}-{name}", MODEL, f"http://{name}.example/v1", "theirs", None, 100)
    for name in ("lab", "other"):
        studio.workspace(name)
    studio.user("bob")
    studio.call(OURS, "AddWorkspaceMember", WorkspaceId=place(studio, "lab"), UserName="bob", Level="member")
    studio.call(STUDIO, "UpdateModelPermissions", workspaceId=place(studio, "lab"), **grant(MODEL))
    studio.directory.clear()
    yield studio
    with studio.write() as tx:
        for name in (MODEL, "qwen/else"):
            upstreams.drop_model(tx, name)


def place(studio: Studio, name: str) -> str:
    return str(studio.call(OURS, "SearchWorkspaces", Query=name)["Workspaces"]["Workspace"][0]["WorkspaceId"])


def details(house: Studio, by: str = "", /, **given: str) -> dict[str, Any]:
    found: dict[str, Any] = house.call(OURS, "GetModelDetails", by, ModelName=MODEL, **given)
    return found


def refused_call(house: Studio, request_id: str, code: str, model: str = MODEL, days_ago: int = 0) -> audit.Event:
    resource = f"acs:modelstudio:*:{house.account_id}:model/{model}"
    at = (house.now - days_ago * DAY) * 1000
    known = ("RAMUser", "acs:ram::1:user/x", "", resource, code, "127.0.0.1", "", "{}")
    return audit.Event(house.account_id, at, request_id, "ModelStudio", "InvokeModel", "read", *known)


def test_servers_are_told_with_what_this_node_knows_of_them(house: Studio) -> None:
    one, two = (f"{house.account_id}-{name}" for name in ("one", "two"))
    house.troubled = {one: (7, True), two: (1, False), "another": (9, True)}
    with house.write() as tx:
        usage.insert(
            tx,
            [
                call(house, model=MODEL, upstream_id=two),
                call(house, model=MODEL, upstream_id=two, outcome="ModelServingError"),
                call(house, model="another", upstream_id=two),
            ],
        )
    servers = {each["UpstreamId"]: each for each in details(house)["Servers"]["Server"]}
    assert (servers[one]["State"], servers[one]["Failures"], servers[one]["Calls"]) == ("LeftAlone", 7, 0)
    assert (servers[two]["State"], servers[two]["Calls"], servers[two]["FailedCalls"]) == ("Failing", 2, 1)
    assert servers[two]["LastSuccessDate"] == iso(house.now)
    assert "LastSuccessDate" not in servers[one]
    house.troubled = {}
    assert [each["State"] for each in details(house)["Servers"]["Server"]] == ["Answers", "Answers"]


def test_errors_are_counted_once_by_where_they_arose(house: Studio) -> None:
    failed = call(house, model=MODEL, outcome="ModelServingError")
    long_ago = call(house, model=MODEL, outcome="ModelServingError", at=(house.now - 8 * DAY) * 1000)
    with house.write() as tx:
        usage.insert(tx, [failed, long_ago, call(house, model=MODEL)])
        audit.insert(
            tx,
            [
                refused_call(house, str(failed["call_id"]), "ModelServingError"),  # the same call, in the trail
                refused_call(house, ids.request_id(), "Model.AccessDenied"),
                refused_call(house, ids.request_id(), "Model.AccessDenied"),
                refused_call(house, ids.request_id(), "Model.AccessDenied", model="another"),
                refused_call(house, ids.request_id(), "Model.AccessDenied", days_ago=8),
            ],
        )
    found = details(house)
    assert found["Calls"] == 2
    assert [(each["Code"], each["Stage"], each["Calls"]) for each in found["Errors"]["Error"]] == [
        ("Model.AccessDenied", "Refused", 2),
        ("ModelServingError", "Failed", 1),
    ]
    longer = {each["Code"]: each["Calls"] for each in details(house, Days="31")["Errors"]["Error"]}
    assert longer == {"Model.AccessDenied": 3, "ModelServingError": 2}


def test_prices_and_what_a_member_is_not_told(house: Studio) -> None:
    found = details(house, WorkspaceId=place(house, "other"))
    assert (found["InputPrice"], found["OutputPrice"], found["Provider"]) == ("2", "0", "test")
    assert found["IsAuthorized"] is False
    told = details(house, "bob", WorkspaceId=place(house, "lab"))
    assert told["IsAuthorized"] is True
    assert not {"Errors", "Calls", "Since"} & told.keys()
    assert "Calls" not in told["Servers"]["Server"][0]
    assert house.refused(OURS, "GetModelDetails", "bob", ModelName=MODEL) == "WorkSpaceNotFound"
    assert house.refused(OURS, "GetModelDetails", ModelName="no-such-model") == "EntityNotExist.Model"


def test_workspaces_say_why_and_with_which_limits(house: Studio) -> None:
    lab = place(house, "lab")
    for model, amount in ((MODEL, "5"), ("", "50"), ("another", "500")):
        given = {"ScopeId": lab, "Model": model, "Measure": "requests", "Period": "60", "Amount": amount}
        house.call(OURS, "SetUsageLimit", Scope="workspace", **given)
    house.call(STUDIO, "UpdateModelPermissions", workspaceId=place(house, "other"), accessAllEntities="OPEN")

    def rows(by: str = "", /, **given: str) -> dict[str, Any]:
        answer = house.call(OURS, "SearchModelWorkspaces", by, ModelName=MODEL, **given)
        return {each["WorkspaceName"]: each for each in answer["Workspaces"]["Workspace"]}

    found = rows()
    assert {name: each["Reason"] for name, each in found.items()} == {
        "Default Workspace": "Default",
        "lab": "Granted",
        "other": "EveryModel",
    }
    assert sorted(each["Amount"] for each in found["lab"]["Limits"]["UsageLimit"]) == [5, 50]
    assert list(rows("bob")) == ["lab"]
    assert list(rows(Query="oth")) == ["other"]
    assert list(rows(PageSize="1", Page="2")) == ["lab"]
    house.call(STUDIO, "UpdateModelPermissions", workspaceId=place(house, "other"), accessAllEntities="CLOSE")
    assert "other" not in rows()
    assert house.refused(OURS, "SearchModelWorkspaces", ModelName="no-such-model") == "EntityNotExist.Model"


def test_keys_are_found_by_what_they_reach_as_the_gateway_decides(house: Studio) -> None:
    lab, other = place(house, "lab"), place(house, "other")
    house.model("qwen/else")
    house.call(STUDIO, "UpdateModelPermissions", workspaceId=lab, **grant("qwen/else"))
    scopes: dict[str, dict[str, str]] = {
        "lab-all": {},
        "lab-this": {"auth__type": "Custom", "auth__modelAccessScope__accessibleModels__1": MODEL},
        "lab-else": {"auth__type": "Custom", "auth__modelAccessScope__accessibleModels__1": "qwen/else"},
    }
    values = {}
    for name, given in scopes.items():
        made = house.call(STUDIO, "CreateApiKey", workspaceId=lab, description=name, **given)
        values[name] = made["apiKey"]["apiKeyValue"]
    made = house.call(STUDIO, "CreateApiKey", workspaceId=other, description="other-all")
    values["other-all"] = made["apiKey"]["apiKeyValue"]
    answer = house.call(OURS, "SearchApiKeys", ModelName=MODEL, Sort="Name")
    found = [each["Name"] for each in answer["ApiKeys"]["ApiKey"]]
    assert found == ["lab-all", "lab-this"]
    assert found == sorted(name for name, value in values.items() if reaches(house, value))
    assert house.call(OURS, "SearchApiKeys", ModelName=MODEL, WorkspaceId=other)["TotalCount"] == 0


def reaches(house: Studio, value: str) -> bool:
    """What the gateway decides for a key."""
    key = house.key(value)
    assert key is not None
    query = model_keys.invocation(model_keys.INVOKE_MODEL, model_keys.model_arn(house.account_id, MODEL), {})
    return decide(query, key.layers).allowed


def test_keys_that_reach_an_application(house: Studio) -> None:
    lab = place(house, "lab")
    app = house.call("2023-12-29", "CreateAndPulishAgent", WorkspaceId=lab, name="helper", modelId=MODEL)["data"]
    for name in ("every", "narrow"):
        house.call(STUDIO, "CreateApiKey", workspaceId=lab, description=name)
    house.call(STUDIO, "CreateApiKey", workspaceId=place(house, "other"), description="elsewhere")
    with house.write() as tx:
        (row,) = house.call(OURS, "SearchApiKeys", Query="narrow")["ApiKeys"]["ApiKey"]
        api_keys.update(tx, row["ApiKeyId"], scope=encode_scope(Scope(applications=("f" * 32,))))
    names = [each["Name"] for each in house.call(OURS, "SearchApiKeys", AppId=app)["ApiKeys"]["ApiKey"]]
    assert names == ["every"]
