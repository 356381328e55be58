"""Workspaces, API keys and legacy tokens by the vendor's own clients, unmodified, against a running server."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

import broadscope_bailian
import httpx
import pytest
from alibabacloud_bailiancontrol20240816 import models as control
from alibabacloud_bailiancontrol20240816.client import Client as ControlClient
from alibabacloud_modelstudio20260210 import models
from alibabacloud_modelstudio20260210.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config

from journeys.client import Key
from services import rpc
from services.server import Server

rpc.VERSIONS.setdefault("keystead", "2026-11-01")


def studio(server: Server, key: Key) -> Client:
    """The vendor's client of Model Studio for a pair."""
    return Client(
        Config(
            access_key_id=key.id, access_key_secret=key.secret, endpoint=f"{server.host}:{server.port}", protocol="http"
        )
    )


@pytest.fixture
def person(shared_server: Server) -> tuple[str, Key]:
    """A RAM user with every right on workspaces, but in none; its name and pair."""
    url, admin = shared_server.url, shared_server.admin
    name = f"person-{secrets.token_hex(4)}"
    rpc.call(url, admin, "ram", "CreateUser", UserName=name)
    statements = [
        {"Effect": "Allow", "Action": "modelstudio:*", "Resource": "acs:modelstudio:*:*:*"},
        {"Effect": "Allow", "Action": "sfm:CreateToken", "Resource": "*"},
    ]
    text = json.dumps({"Version": "1", "Statement": statements})
    rpc.call(url, admin, "ram", "CreatePolicy", PolicyName=name, PolicyDocument=text)
    rpc.call(url, admin, "ram", "AttachPolicyToUser", UserName=name, PolicyName=name, PolicyType="Custom")
    made: Any = rpc.call(url, admin, "ram", "CreateAccessKey", UserName=name)
    pair = made["AccessKey"]
    return name, Key(pair["AccessKeyId"], pair["AccessKeySecret"])


def refusal(work: Any, *given: Any) -> AlibabaCloudException:
    """What the vendor's client raises."""
    with pytest.raises(AlibabaCloudException) as caught:
        work(*given)
    return caught.value


def test_workspaces_and_keys_by_the_vendors_client(shared_server: Server, person: tuple[str, Key]) -> None:
    name, pair = person
    admin, mine = studio(shared_server, shared_server.admin), studio(shared_server, pair)
    made = admin.create_workspace(models.CreateWorkspaceRequest(workspace_name=f"team {name} 组"))
    assert made.status_code == 200
    place = made.body.workspace.workspace_id
    assert made.body.success is True
    assert made.body.request_id

    assert mine.list_workspaces(models.ListWorkspacesRequest()).body.total_count == 0
    wanted = models.CreateApiKeyRequest(description="first", workspace_id=place)
    refused = refusal(mine.create_api_key, wanted)
    assert (refused.status_code, refused.code) == (404, "WorkSpaceNotFound")

    rpc.call(shared_server.url, shared_server.admin, "keystead", "AddWorkspaceMember", WorkspaceId=place, UserName=name)
    seen = mine.list_workspaces(models.ListWorkspacesRequest(max_results=1)).body
    assert [each.workspace_id for each in seen.workspaces] == [place]

    scope = models.CreateApiKeyRequestAuthModelAccessScope(allow_all_models=True)
    wanted.auth = models.CreateApiKeyRequestAuth(
        type="Custom", access_ips=["10.0.0.0/8", "::1/128"], model_access_scope=scope
    )
    key = mine.create_api_key(wanted).body.api_key
    assert key.api_key_value.startswith("sk-")
    listed = mine.list_api_keys(models.ListApiKeysRequest(workspace_id=place)).body
    assert [each.auth.access_ips for each in listed.api_keys] == [["10.0.0.0/8", "::1/128"]]
    assert key.api_key_value not in str(listed.to_map())
    assert mine.get_api_key(str(key.api_key_id)).body.api_key.workspace_id == place

    update = models.UpdateApiKeyRequest(description="changed")
    assert mine.update_api_key(str(key.api_key_id), update).body.success is True
    assert mine.disable_api_key(str(key.api_key_id), models.DisableApiKeyRequest()).body.success is True
    assert mine.get_api_key(str(key.api_key_id)).body.api_key.disabled == 1
    refused = refusal(mine.disable_api_key, str(key.api_key_id), models.DisableApiKeyRequest())
    assert (refused.status_code, refused.code) == (409, "InvalidApiKey.Status")
    assert mine.enable_api_key(str(key.api_key_id), models.EnableApiKeyRequest()).body.success is True
    again = mine.reset_api_key(str(key.api_key_id), models.ResetApiKeyRequest()).body.api_key
    assert (again.api_key_id, again.api_key_value == key.api_key_value) == (key.api_key_id, False)

    left = admin.delete_workspace(place, models.DeleteWorkspaceRequest()).body
    assert left.is_deleted is False
    assert {each.resource_type for each in left.fail_reasons} == {"Member", "ApiKey"}
    assert mine.delete_api_key(str(key.api_key_id)).body.success is True
    rpc.call(
        shared_server.url, shared_server.admin, "keystead", "RemoveWorkspaceMember", WorkspaceId=place, UserName=name
    )
    assert admin.delete_workspace(place, models.DeleteWorkspaceRequest()).body.is_deleted is True


def test_models_permissions_limits_and_billing(shared_server: Server) -> None:
    admin = studio(shared_server, shared_server.admin)
    place = admin.create_workspace(models.CreateWorkspaceRequest(workspace_name=secrets.token_hex(8)))
    place_id = place.body.workspace.workspace_id
    assert admin.list_models(models.ListModelsRequest(capabilities=["TG"])).body.success is True
    asked = models.ListModelPermissionsRequest(
        workspace_id=place_id, filter=models.ListModelPermissionsRequestFilter(model="qwen")
    )
    assert admin.list_model_permissions(asked).body.http_status_code == 200
    opened = models.UpdateModelPermissionsRequest(workspace_id=place_id, access_all_entities="OPEN")
    assert admin.update_model_permissions(opened).body.success is True
    assert admin.list_model_limits(models.ListModelLimitsRequest(workspace_id=place_id)).body.success is True
    limit = models.UpdateModelLimitsRequestWorkspaceLimits(
        model="no-such-model", operation_type="OVERLAY", request_limit=5, request_limit_period=60
    )
    wanted = models.UpdateModelLimitsRequest(workspace_id=place_id, workspace_limits=[limit])
    assert refusal(admin.update_model_limits, wanted).code == "ModelNotFound"
    month = models.GetBillingOverviewRequest(
        bill_month="2026-03", group_by=[models.GetBillingOverviewRequestGroupBy(code="BASE_MODEL")]
    )
    assert admin.get_billing_overview(month).body.data.currency == "CNY"
    refused = refusal(admin.get_organization, models.GetOrganizationRequest())
    assert (refused.status_code, refused.code) == (400, "UnsupportedOperation.TokenPlan")
    assert admin.delete_workspace(place_id, models.DeleteWorkspaceRequest()).body.is_deleted is True


def test_the_older_client_reads_the_same_keys(shared_server: Server) -> None:
    admin = studio(shared_server, shared_server.admin)
    made = admin.create_api_key(models.CreateApiKeyRequest(description="for the older client")).body.api_key
    older = ControlClient(
        Config(
            access_key_id=shared_server.admin.id,
            access_key_secret=shared_server.admin.secret,
            endpoint=f"{shared_server.host}:{shared_server.port}",
            protocol="http",
        )
    )
    shown = older.get_api_key(control.GetApiKeyRequest(api_key_id=str(made.api_key_id))).body.api_key
    assert (shown.apikey_id, shown.blocked) == (str(made.api_key_id), "0")
    listed = older.list_api_keys(control.ListApiKeysRequest(description="older client")).body.api_keys
    assert [each.blocked for each in listed] == [0]
    admin.delete_api_key(str(made.api_key_id))


def test_the_legacy_client_gets_its_token(shared_server: Server, person: tuple[str, Key]) -> None:
    name, pair = person
    url, admin = shared_server.url, shared_server.admin
    details: Any = rpc.call(url, admin, "keystead", "GetWorkspaceDetails")
    agent_key = details["Workspace"]["AgentKey"]

    def token(agent_key: str | None) -> str:
        client = broadscope_bailian.AccessTokenClient(pair.id, pair.secret, agent_key, endpoint=url)
        return str(client.get_token())

    for given in (agent_key, None):
        assert refusal(token, given).code == "InvalidAgentKey.NotFound"
    rpc.call(url, admin, "keystead", "AddWorkspaceMember", UserName=name)
    tokens = {token(agent_key), token(None)}
    assert all(each.startswith("at-") for each in tokens)
    query = rpc.signed(pair, "GET", {"Action": "CreateToken", "Version": "2023-06-01", "AgentKey": agent_key})
    answer = httpx.get(f"{url}/?{query}", trust_env=False)
    assert answer.headers["deprecation"].startswith("@")
    assert "API key" in answer.headers["x-keystead-deprecated"]
    body = answer.json()
    assert (body["HttpStatusCode"], body["Success"]) == ("200", True)
    assert "CreateToken" in shared_server.log()
    assert agent_key not in shared_server.log()
    events: Any = rpc.call(url, admin, "keystead", "LookupEvents", EventAction="CreateToken", Identity=name)
    assert agent_key not in json.dumps(events)
    assert base64.b64encode(agent_key.encode()).decode() not in json.dumps(events)

    def counted() -> list[int]:
        users: Any = rpc.call(url, admin, "keystead", "ListAgentKeyUsers")
        return [each["Calls"] for each in users["AgentKeyUsers"]["AgentKeyUser"] if each["AccessKeyId"] == pair.id]

    give_up = time.monotonic() + 20
    while counted() != [3] and time.monotonic() < give_up:
        time.sleep(0.1)  # reads reach the trail a moment later
    assert counted() == [3]
    rpc.call(url, admin, "keystead", "RemoveWorkspaceMember", UserName=name)
