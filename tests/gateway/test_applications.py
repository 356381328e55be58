"""Applications in the three forms that clients have for them."""

from __future__ import annotations

import json

import dashscope
import httpx
import openai
import pytest

from gateway.planes import Plane


@pytest.fixture(scope="module")
def application(_plane: Plane) -> str:
    """An application in the default workspace whose model repeats the question."""
    made = _plane.call(
        *("bailian", "create-and-pulish-agent", "--workspace-id", _plane.workspace, "--name", "echo"),
        *("--model-id", "echo", "--instructions", "Be brief."),
    )
    return str(made["data"])


@pytest.fixture
def native(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> Plane:
    """dashscope's older calls, pointed at the gateway."""
    monkeypatch.setattr(dashscope, "base_http_api_url", plane.server.url + "/api/v1")
    return plane


def test_dashscope(native: Plane, application: str) -> None:
    answer = dashscope.Application.call(
        app_id=application, prompt="first", api_key=native.key, workspace=native.workspace
    )
    assert (answer.status_code, answer.output.text, answer.output.finish_reason) == (200, "first", "stop")
    assert answer.usage.models[0].model_id == "echo"
    session = answer.output.session_id
    answer = dashscope.Application.call(app_id=application, prompt="again", session_id=session, api_key=native.key)
    assert (answer.output.text, answer.output.session_id) == ("again", session)
    sent = native.upstream.seen()["last"]["body"]["messages"]
    assert [each["content"] for each in sent[-3:]] == ["first", "first", "again"]


def test_dashscope_stream(native: Plane, application: str) -> None:
    parts = list(dashscope.Application.call(app_id=application, prompt="hello", stream=True, api_key=native.key))
    assert parts[-1].output.text == "hello"
    assert parts[-1].output.finish_reason == "stop"
    assert all(each.output.session_id for each in parts)
    deltas = list(
        dashscope.Application.call(
            app_id=application, prompt="hello", stream=True, incremental_output=True, api_key=native.key
        )
    )
    assert "".join(each.output.text for each in deltas) == "hello"


def test_an_application_that_is_not_there(native: Plane) -> None:
    answer = dashscope.Application.call(app_id="0" * 32, prompt="x", api_key=native.key)
    assert (answer.status_code, answer.code) == (403, "App.AccessDenied")


def test_openai(plane: Plane, application: str) -> None:
    base = f"{plane.server.url}/api/v2/apps/agent/{application}/compatible-mode/v1"
    with openai.OpenAI(base_url=base, api_key=plane.key, http_client=httpx.Client(trust_env=False)) as client:
        answer = client.responses.create(input="hello")
        assert (answer.output_text, answer.model) == ("hello", "")
        events = list(client.responses.create(input="hello", stream=True))
    assert "".join(each.delta for each in events if each.type == "response.output_text.delta") == "hello"
    assert events[-1].type == "response.completed"


@pytest.mark.parametrize("form", ["text", "message"])
def test_the_legacy_form(plane: Plane, application: str, form: str) -> None:
    body = {
        "RequestId": "a" * 32,
        "AppId": application,
        "Prompt": "hello",
        "TopP": 0.0,
        "Stream": False,
        "SessionId": None,
        "Messages": None,
        "History": None,
        "Parameters": {"ResultFormat": form, "TopK": None},
    }
    answer = plane.post("/v2/app/completions", body).json()
    assert (answer["Success"], answer["RequestId"]) == (True, "a" * 32)
    data = answer["Data"]
    assert {"Thoughts", "DocReferences", "SessionId", "ResponseId"} <= set(data)
    assert (data["Choices"][0]["Message"]["Content"] if form == "message" else data["Text"]) == "hello"
    assert data["Usage"][0]["ModelId"] == "echo"
    streamed = plane.post("/v2/app/completions", {**body, "Stream": True})
    lines = [line for line in streamed.text.split("\n") if line]
    assert all(line.startswith("data: {") for line in lines)
    assert "[DONE]" not in streamed.text
    last = json.loads(lines[-1][6:])["Data"]
    assert (last["Choices"][0]["Message"]["Content"] if form == "message" else last["Text"]) == "hello"
    assert "top_p" not in plane.upstream.seen()["last"]["body"]


def test_usage_and_audit_name_the_application(plane: Plane, application: str) -> None:
    answer = plane.post(f"/api/v1/apps/{application}/completion", {"input": {"prompt": "x"}, "parameters": {}})
    request_id = answer.headers["x-request-id"]
    assert plane.used(request_id)["application_id"] == application
    event = plane.audited(request_id)
    assert event["Action"] == "InvokeApplication"
    assert event["Resource"].endswith(f":application/{application}")


def test_limits_of_an_application_bind(plane: Plane) -> None:
    made = plane.call(
        *("bailian", "create-and-pulish-agent", "--workspace-id", plane.workspace, "--name", "limited"),
        *("--model-id", "echo", "--instructions", "Be brief."),
    )
    plane.call(
        *("keystead", "set-usage-limit", "--scope", "application", "--scope-id", made["data"]),
        *("--measure", "requests", "--amount", "1", "--period", "day"),
    )
    codes = [
        plane.post(f"/api/v1/apps/{made['data']}/completion", {"input": {"prompt": "x"}}).status_code for _ in range(2)
    ]
    assert codes == [200, 429]
