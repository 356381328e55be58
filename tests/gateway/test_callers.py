"""Who may call what: keys, signed calls and sessions, workspaces by key, header and host name; limits over the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.planes import CHAT, NATIVE, OPTIONS, Plane
from services import acs3
from services.postgres import Cluster
from services.rpc import Key, signed
from services.server import Server
from services.upstream import upstream

BODY = {"model": "qwen-plus", "messages": [{"role": "user", "content": "hi"}]}
PROMPT = {"model": "qwen-plus", "input": {"prompt": "hi"}}


def test_codes_of_keys_in_both_envelopes(plane: Plane) -> None:
    for value in ("", "Bearer sk-wrong", "Bearer " + plane.key[:-1] + "g", "Basic x"):
        headers = {"authorization": value} if value else {}
        answer = httpx.post(plane.server.url + NATIVE, json=PROMPT, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (401, "InvalidApiKey"), value
    other, number, _ = plane.make_key("to be disabled")
    plane.call("modelstudio", "disable-api-key", "--api-key-id", number)
    answer = plane.post(CHAT, BODY, authorization=f"Bearer {other}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert plane.audited(answer.headers["x-request-id"])["Outcome"] == "InvalidApiKey"
    plane.call("modelstudio", "enable-api-key", "--api-key-id", number)
    assert plane.post(CHAT, BODY, authorization=f"Bearer {other}").status_code == 200
    plane.call("modelstudio", "delete-api-key", "--api-key-id", number)
    assert plane.post(CHAT, BODY, authorization=f"Bearer {other}").status_code == 401


def test_workspace_by_header_and_host(plane: Plane) -> None:
    assert plane.post(NATIVE, PROMPT, x_dashscope_workspace=plane.workspace).status_code == 200
    answer = plane.post(NATIVE, PROMPT, x_dashscope_workspace="llm-0000000000000000")
    assert (answer.status_code, answer.json()["code"]) == (403, "Workspace.AccessDenied")
    answer = plane.post(CHAT, BODY, x_dashscope_workspace="llm-0000000000000000")
    assert answer.json()["error"]["type"] == answer.json()["error"]["code"] == "Workspace.AccessDenied"
    assert plane.post(NATIVE, PROMPT, host=f"{plane.workspace}.cn-beijing.maas.example.com").status_code == 200
    answer = plane.post(NATIVE, PROMPT, host="llm-0000000000000000.cn-beijing.maas.example.com")
    assert (answer.status_code, answer.json()["code"]) == (403, "Endpoint.AccessDenied")


def test_addresses_and_models_of_a_key(plane: Plane) -> None:
    scope = {"type": "Custom", "accessIps": ["203.0.113.0/24"]}
    value, _, _ = plane.make_key("elsewhere", "--auth", json.dumps(scope))
    answer = plane.post(NATIVE, PROMPT, authorization=f"Bearer {value}")
    assert (answer.status_code, answer.json()["code"]) == (403, "AccessDenied")
    scope = {"type": "Custom", "modelAccessScope": {"allowAllModels": False, "accessibleModels": ["echo"]}}
    value, _, _ = plane.make_key("narrow", "--auth", json.dumps(scope))
    answer = plane.post(NATIVE, PROMPT, authorization=f"Bearer {value}")
    assert (answer.status_code, answer.json()["code"]) == (403, "Model.AccessDenied")
    assert "scope" in answer.json()["message"]
    event = plane.audited(answer.headers["x-request-id"])
    assert event["Resource"].endswith(":model/qwen-plus")
    assert event["Outcome"] == "Model.AccessDenied"
    assert plane.post(NATIVE, {**PROMPT, "model": "echo"}, authorization=f"Bearer {value}").status_code == 200
    listed = httpx.get(plane.server.url + "/v1/models", headers={"authorization": f"Bearer {value}"}, trust_env=False)
    assert [each["id"] for each in listed.json()["data"]] == ["echo"]
    # What may not be called is refused alike whether it exists or not.
    unknown = plane.post(NATIVE, {**PROMPT, "model": "nothing"}, authorization=f"Bearer {value}")
    assert unknown.json()["code"] == "Model.AccessDenied"


def test_temporary_keys(plane: Plane) -> None:
    made = httpx.post(
        plane.server.url + "/api/v1/tokens?expire_in_seconds=30", headers=plane.headers, trust_env=False
    ).json()
    assert made["token"].startswith("st-")
    token = {"authorization": f"Bearer {made['token']}"}
    assert plane.post(NATIVE, PROMPT, **token).status_code == 200
    again = plane.post("/api/v1/tokens", None, **token)
    assert again.json()["code"] == "UnsupportedOperation"
    wrong = httpx.post(
        plane.server.url + "/api/v1/tokens?expire_in_seconds=9999", headers=plane.headers, trust_env=False
    )
    assert (wrong.status_code, wrong.json()["code"]) == (400, "InvalidParameter")


def test_a_temporary_key_is_narrowed_attributed_and_revoked(plane: Plane) -> None:
    value, number, _ = plane.make_key("for temporary ones")
    permanent = {"authorization": f"Bearer {value}"}

    def make(body: dict[str, Any]) -> httpx.Response:
        return plane.post("/api/v1/tokens?expire_in_seconds=1000", body, **permanent)

    narrow = make({"models": ["echo"], "applications": [], "person": "alice@example.com"})
    token = {"authorization": f"Bearer {narrow.json()['token']}"}
    assert plane.post(NATIVE, PROMPT, **token).json()["code"] == "Model.AccessDenied"
    answer = plane.post(NATIVE, {**PROMPT, "model": "echo"}, **token)
    assert answer.status_code == 200
    for request_id in (narrow.headers["x-request-id"], answer.headers["x-request-id"]):
        assert "alice@example.com" in json.dumps(plane.audited(request_id))
    application = plane.post("/api/v1/apps/" + "0" * 32 + "/completion", {"input": {"prompt": "x"}}, **token)
    assert "scope of the key" in application.json()["message"]
    for wrong in ({"models": ["a*"]}, {"models": "echo"}, {"model": ["echo"]}, {"person": "x" * 200}):
        assert (make(wrong).status_code, make(wrong).json()["code"]) == (400, "InvalidParameter"), wrong
    plane.call("keystead", "revoke-temporary-model-keys", "--api-key-id", number)
    assert plane.post(NATIVE, {**PROMPT, "model": "echo"}, **token).status_code == 401
    assert plane.post(NATIVE, PROMPT, **permanent).status_code == 200
    again = make({}).json()["token"]
    assert plane.post(NATIVE, PROMPT, authorization=f"Bearer {again}").status_code == 200


def _signed(plane: Plane, key: Key, body: Any, **more: str) -> httpx.Response:
    """An ACS3-signed call of the data plane."""
    raw, url = json.dumps(body).encode(), plane.server.url + NATIVE
    given = {name.replace("_", "-"): value for name, value in more.items()}
    headers = acs3.headers(key, "POST", url, "InvokeModel", "2026-02-10", raw, more=given)
    return httpx.post(url, content=raw, headers=headers, trust_env=False)


def test_signed_calls_need_policy_and_membership(plane: Plane) -> None:
    assert _signed(plane, plane.server.admin, PROMPT).status_code == 200
    answer = _signed(plane, plane.server.admin, PROMPT, x_dashscope_workspace="llm-0000000000000000")
    assert (answer.status_code, answer.json()["code"]) == (403, "Workspace.AccessDenied")
    plane.call("ram", "create-user", "--user-name", "caller")
    made = plane.call("ram", "create-access-key", "--user-name", "caller")["AccessKey"]
    pair = Key(made["AccessKeyId"], made["AccessKeySecret"])
    outside = _signed(plane, pair, PROMPT)
    assert (outside.status_code, outside.json()["code"]) == (403, "Workspace.AccessDenied")
    user = plane.call("ram", "get-user", "--user-name", "caller")["User"]["UserId"]
    plane.call("keystead", "add-workspace-member", "--user-name", "caller", "--level", "member")
    assert user
    refused = _signed(plane, pair, PROMPT)
    assert (refused.status_code, refused.json()["code"]) == (403, "Model.AccessDenied")
    document = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "modelstudio:InvokeModel",
                "Resource": "acs:modelstudio:*:*:model/qwen-*",
                "Condition": {"NumericLessThan": {"modelstudio:estimatedTokens": "5000"}},
            }
        ],
    }
    plane.call("ram", "create-policy", "--policy-name", "invoke", "--policy-document", json.dumps(document))
    plane.call(
        *("ram", "attach-policy-to-user", "--policy-type", "Custom", "--policy-name", "invoke"),
        *("--user-name", "caller"),
    )
    assert _signed(plane, pair, PROMPT).status_code == 200
    assert _signed(plane, pair, {**PROMPT, "parameters": {"max_tokens": 9000}}).status_code == 403
    assert _signed(plane, pair, {**PROMPT, "model": "echo"}).json()["code"] == "Model.AccessDenied"
    wrong = Key(pair.id, "wrong")
    assert _signed(plane, wrong, PROMPT).json()["code"] == "SignatureDoesNotMatch"


def test_a_signature_that_does_not_cover_the_body_opens_nothing(plane: Plane) -> None:
    """RPC 1.0 signs the query: whoever sees one such request could put another body below it."""
    query = signed(plane.server.admin, "POST", {"Action": "InvokeModel", "Version": "2026-02-10"})
    answer = httpx.post(f"{plane.server.url}{NATIVE}?{query}", json=PROMPT, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (400, "IncompleteSignature")
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{plane.server.url}{NATIVE}?{query}", content=b"", headers=form, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "InvalidApiKey")


def test_a_signed_call_works_once(plane: Plane) -> None:
    first = _signed(plane, plane.server.admin, PROMPT)
    assert first.status_code == 200
    again = httpx.post(
        plane.server.url + NATIVE, content=first.request.content, headers=dict(first.request.headers), trust_env=False
    )
    assert (again.status_code, again.json()["code"]) == (400, "SignatureNonceUsed")
    changed = httpx.post(
        plane.server.url + NATIVE,
        content=b"{}",
        headers={**first.request.headers, "content-length": "2"},
        trust_env=False,
    )
    assert changed.status_code == 400


def test_limits_over_the_wire(plane: Plane) -> None:
    value, number, _ = plane.make_key("limited")
    plane.call(
        *("keystead", "set-usage-limit", "--scope", "key", "--scope-id", number, "--measure", "requests"),
        *("--amount", "2", "--period", "day"),
    )
    bearer = {"authorization": f"Bearer {value}"}
    answers = [plane.post(CHAT, BODY, **bearer) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    error = answers[2].json()["error"]
    assert error["code"] == "limit_requests"
    assert f"key {number}" in error["message"]
    assert 0 < int(answers[2].headers["retry-after"]) <= 86_400
    assert plane.post(NATIVE, PROMPT, **bearer).json()["code"] == "Throttling.RateQuota"
    assert plane.audited(answers[2].headers["x-request-id"])["Outcome"] == "Throttling.RateQuota"
    plane.call(
        *("keystead", "set-usage-limit", "--scope", "key", "--scope-id", number, "--measure", "tokens"),
        *("--amount", "10", "--period", "month", "--time-zone", "Asia/Shanghai"),
    )
    assert plane.post(CHAT, BODY, **bearer).json()["error"]["code"] == "insufficient_quota"


def test_200_streams_on_two_nodes_never_exceed_a_limit(
    start_server: Callable[..., Server], postgres_cluster: Cluster, redis_url: str
) -> None:
    with postgres_cluster.database() as url, upstream() as own:
        options = (*OPTIONS, "--redis-url", redis_url)
        one = start_server(database=url, options=options)
        two = start_server(database=url, options=options, beside=one)
        plane = Plane(one, own)
        plane.call("keystead", "add-model", "--model-name", "slow", "--upstream", own.url)
        value, number, workspace = plane.make_key("shared")
        for scope, identity, amount in (("workspace", workspace, "20"), ("key", number, "30")):
            plane.call(
                *("keystead", "set-usage-limit", "--scope", scope, "--scope-id", identity),
                *("--measure", "concurrent", "--amount", amount),
            )
        codes = asyncio.run(_streams([one.url, two.url], value, 200))
        most = own.seen()["peak"]
        one.check_log()
        two.check_log()
        used = plane.call("keystead", "get-usage", "--model-name", "slow", "--group-by", '["outcome"]')["Usage"]
    assert set(codes) <= {200, 429}
    assert 20 <= codes.count(200) < 200
    assert most <= 20
    assert sum(each["Calls"] for each in used if each["Group"]["outcome"] == "Success") == codes.count(200)


async def _streams(urls: list[str], key: str, count: int) -> list[int]:
    """Open streams at both nodes at once and read each to its end; the status of each."""
    body = {**BODY, "model": "slow", "stream": True, "max_tokens": 10}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as client:

        async def one(number: int) -> int:
            url = urls[number % len(urls)] + CHAT
            async with client.stream("POST", url, json=body, headers={"authorization": f"Bearer {key}"}) as answer:
                async for _ in answer.aiter_raw():
                    pass
                return answer.status_code

        codes = await asyncio.gather(*(one(number) for number in range(count)))
    await asyncio.sleep(1)
    return list(codes)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/v1/nothing", "/api/v1/tasks/abc", "/v1/responses/resp_1"])
def test_what_is_not_served(plane: Plane, path: str) -> None:
    answer = httpx.get(plane.server.url + path, headers=plane.headers, trust_env=False)
    assert answer.status_code == 404
    assert "request_id" in answer.json()
