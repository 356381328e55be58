"""The acts of the matrix: each answers status and code, or what it showed, and undoes what it made."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from gateway.planes import CHAT, NATIVE
from gateway.world import BAILIAN, STUDIO, Visitor, World

NATIVE_CODES = {
    "invalid_api_key": "InvalidApiKey",
    "access_denied": "AccessDenied",
    "invalid_parameter_error": "InvalidParameter",
    "model_not_found": "ModelNotFound",
}


def told(answer: httpx.Response, shown: str = "") -> str:
    """Status and code of an answer, in the native spelling; of a success what it showed."""
    if answer.status_code == 200:
        return f"200 {shown}".strip()
    body = answer.json()
    code = body["error"]["code"] if "error" in body else body.get("Code") or body["code"]
    return f"{answer.status_code} {NATIVE_CODES.get(code, code)}"


def _list_ids(world: World, who: Visitor) -> str:
    answer = world.ours(who, "ListWorkspaceIds")
    if answer.status_code != 200:
        return told(answer)
    known = {value: name for name, value in world.names.items()}
    listed = [each["WorkspaceId"] for each in answer.json()["Workspaces"]["Workspace"]]
    # The vendor's list says the same, in IDs and in its count.
    theirs = world.send(who, "GET", "/modelstudio/workspaces", "ListWorkspaces", STUDIO).json()
    assert sorted(each["workspaceId"] for each in theirs["workspaces"]) == sorted(listed)
    assert theirs["totalCount"] == len(listed)
    return told(answer, ",".join(sorted(known[each] for each in listed)) or "-")


def _list_applications(world: World, who: Visitor) -> str:
    path = f"/{who.place}/application/agents"
    answer = world.send(who, "GET", path, "ListPublishedAgent", BAILIAN)
    if answer.status_code == 200:
        codes = [each["code"] for each in answer.json()["data"]["list"]]
        assert codes, answer.text
        assert world.names["application elsewhere"] not in codes
    return told(answer)


def _read_agent_key(world: World, who: Visitor) -> str:
    answer = world.ours(who, "GetWorkspaceDetails", WorkspaceId=who.place)
    key = answer.json()["Workspace"]["AgentKey"] if answer.status_code == 200 else ""
    return told(answer, "shown" if key.endswith("_p_efm") else "hidden")


def _list_models(world: World, who: Visitor) -> str:
    answer = world.data(who, "/v1/models", None, method="GET")
    if answer.status_code != 200:
        return told(answer)
    listed = sorted(each["id"] for each in answer.json()["data"])
    theirs = world.data(who, "/api/v1/models", None, method="GET").json()["output"]
    assert sorted(each["model"] for each in theirs["models"]) == listed
    assert theirs["total"] == len(listed)
    return told(answer, ",".join(listed) or "-")


def _said(answer: httpx.Response, text: str) -> str:
    """What a call of `echo` answers stands in it."""
    if answer.status_code == 200:
        assert text in answer.text, answer.text
    return told(answer)


def _compatible(world: World, who: Visitor) -> str:
    body = {"model": who.model, "messages": [{"role": "user", "content": "parrot"}]}
    return _said(world.data(who, CHAT, body), "parrot")


def _native(world: World, who: Visitor) -> str:
    return _said(world.data(who, NATIVE, {"model": who.model, "input": {"prompt": "parrot"}}), "parrot")


def _application_compatible(world: World, who: Visitor) -> str:
    path = f"/api/v2/apps/agent/{who.application}/compatible-mode/v1/responses"
    return _said(world.data(who, path, {"input": "parrot"}), "parrot")


def _application_native(world: World, who: Visitor) -> str:
    return _said(
        world.data(who, f"/api/v1/apps/{who.application}/completion", {"input": {"prompt": "parrot"}}), "parrot"
    )


def _application_legacy(world: World, who: Visitor) -> str:
    return _said(world.data(who, "/v2/app/completions", {"AppId": who.application, "Prompt": "parrot"}), "parrot")


def _create_workspace(world: World, who: Visitor) -> str:
    path = f"/modelstudio/workspaces?workspaceName=made-{next(world.count)}"
    answer = world.send(who, "POST", path, "CreateWorkspace", STUDIO)
    if answer.status_code == 200:
        made = answer.json()["workspace"]["workspaceId"]
        for each in world.rpc("keystead", "ListWorkspaceMembers", WorkspaceId=made)["Members"]["Member"]:
            kind = "UserName" if each["PrincipalType"] == "User" else "RoleName"
            world.rpc("keystead", "RemoveWorkspaceMember", WorkspaceId=made, **{kind: each["PrincipalName"]})
        gone = world.roa("DELETE", f"/modelstudio/workspaces/{made}", "DeleteWorkspace", STUDIO)
        assert gone.json()["isDeleted"], gone.text
    return told(answer)


def _add_member(world: World, who: Visitor) -> str:
    answer = world.ours(who, "AddWorkspaceMember", WorkspaceId=who.place, UserName="newcomer")
    if answer.status_code == 200:
        world.leave("newcomer")
    return told(answer)


def _create_key(world: World, who: Visitor) -> str:
    path = f"/modelstudio/apikeys?workspaceId={who.place}"
    answer = world.send(who, "POST", path, "CreateApiKey", STUDIO)
    if answer.status_code == 200:
        number = answer.json()["apiKey"]["apiKeyId"]
        assert world.roa("DELETE", f"/modelstudio/apikeys/{number}", "DeleteApiKey", STUDIO).status_code == 200
    return told(answer)


def _create_application(world: World, who: Visitor) -> str:
    path = f"/{who.place}/application/agents"
    answer = world.send(who, "POST", path, "CreateAndPulishAgent", BAILIAN, name="x", modelId="echo", instructions="x")
    if answer.status_code == 200:
        gone = world.roa("DELETE", f"{path}/{answer.json()['data']}", "DeleteAgent", BAILIAN)
        assert gone.status_code == 200, gone.text
    return told(answer)


DO: dict[str, Callable[[World, Visitor], str]] = {
    "list IDs": _list_ids,
    "list applications": _list_applications,
    "read AgentKey": _read_agent_key,
    "list models": _list_models,
    "compatible": _compatible,
    "native": _native,
    "application, compatible": _application_compatible,
    "application, native": _application_native,
    "application, legacy": _application_legacy,
    "create workspace": _create_workspace,
    "add member": _add_member,
    "create key": _create_key,
    "create application": _create_application,
}
