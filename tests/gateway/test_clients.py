"""The clients that people have, unmodified: openai, dashscope, curl."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import dashscope
import httpx
import openai
import pytest

from gateway.planes import NATIVE, Plane
from services.loopback import child_environment
from services.process import missing

SAY = [{"role": "user", "content": "hi"}]
WORDS = "word0 word1 word2 word3 word4 "
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture(params=["/compatible-mode/v1", "/v1"])
def client(plane: Plane, request: pytest.FixtureRequest) -> Any:
    """OpenAI's client at either address."""
    with openai.OpenAI(
        base_url=plane.server.url + request.param, api_key=plane.key, http_client=httpx.Client(trust_env=False)
    ) as made:
        yield made


def test_openai_chat(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="qwen-plus", messages=SAY)  # type: ignore[arg-type]
    assert answer.choices[0].message.content == WORDS
    assert (answer.model, answer.usage.total_tokens) == ("qwen-plus", 16)  # type: ignore[union-attr]


@pytest.mark.parametrize("usage", [True, False])
def test_openai_stream(client: openai.OpenAI, usage: bool) -> None:
    chunks = list(
        client.chat.completions.create(
            model="qwen-plus",
            messages=SAY,  # type: ignore[arg-type]
            stream=True,
            stream_options={"include_usage": usage},
        )
    )
    assert "".join(each.choices[0].delta.content or "" for each in chunks if each.choices) == WORDS
    assert {each.model for each in chunks} == {"qwen-plus"}
    assert [each.usage.total_tokens for each in chunks if each.usage] == ([16] if usage else [])


def test_openai_tools(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="tools", messages=SAY, tools=[TOOL])  # type: ignore[arg-type,list-item]
    assert answer.choices[0].message.tool_calls[0].function.name == "weather"  # type: ignore[index,union-attr]
    found = [
        call.function.name
        for chunk in client.chat.completions.create(
            model="tools",
            messages=SAY,  # type: ignore[arg-type]
            tools=[TOOL],  # type: ignore[list-item]
            stream=True,
        )
        for choice in chunk.choices
        for call in choice.delta.tool_calls or []
    ]
    assert found == ["weather"]


def test_openai_embeddings_models_completions(client: openai.OpenAI) -> None:
    vectors = client.embeddings.create(model="qwen-plus", input=["a", "b"])
    assert [each.embedding[:2] for each in vectors.data] == [[0.5, 0.25]] * 2
    assert "qwen-plus" in {each.id for each in client.models.list()}
    assert client.models.retrieve("qwen-plus").id == "qwen-plus"
    assert client.completions.create(model="qwen-plus", prompt="hi").choices[0].text == WORDS
    parts = client.completions.create(model="qwen-plus", prompt="hi", stream=True)
    assert "".join(each.choices[0].text for each in parts) == WORDS


def test_openai_responses(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="echo", input="say this", instructions="be brief")
    assert answer.output_text == "say this"
    events = list(client.responses.create(model="qwen-plus", input=SAY, stream=True))  # type: ignore[arg-type]
    assert [each.sequence_number for each in events] == list(range(len(events)))
    assert "".join(each.delta for each in events if each.type == "response.output_text.delta") == WORDS
    assert events[-1].type == "response.completed"
    assert events[-1].response.usage.total_tokens == 16  # type: ignore[union-attr]
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model="qwen-plus", input="x", previous_response_id="resp_1")


def test_openai_errors(plane: Plane, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nothing", messages=SAY)  # type: ignore[arg-type]
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError) as wrong:
        client.with_options(api_key="sk-wrong").models.list()
    assert wrong.value.code == "invalid_api_key"
    with pytest.raises(openai.RateLimitError):
        client.with_options(max_retries=0).chat.completions.create(model="busy", messages=SAY)  # type: ignore[arg-type]
    plane.heal("dies")
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(model="dies", messages=SAY, stream=True))  # type: ignore[arg-type]


@pytest.fixture
def native(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> Plane:
    """dashscope's older calls, pointed at the gateway."""
    monkeypatch.setattr(dashscope, "base_http_api_url", plane.server.url + "/api/v1")
    return plane


def test_dashscope_generation(native: Plane) -> None:
    answer = dashscope.Generation.call("qwen-plus", prompt="hi", api_key=native.key)
    assert (answer.status_code, answer.output.text, answer.output.finish_reason) == (200, WORDS, "stop")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (11, 5)
    answer = dashscope.Generation.call(
        "qwen-plus", messages=SAY, result_format="message", api_key=native.key, workspace=native.workspace
    )
    assert answer.output.choices[0].message.content == WORDS


@pytest.mark.parametrize("incremental", [True, False])
def test_dashscope_stream(native: Plane, incremental: bool) -> None:
    parts = list(
        dashscope.Generation.call(
            "qwen-plus",
            messages=SAY,
            result_format="message",
            stream=True,
            incremental_output=incremental,
            api_key=native.key,
        )
    )
    assert all(each.status_code == 200 for each in parts)
    texts = [each.output.choices[0].message.content for each in parts]
    assert ("".join(texts) if incremental else texts[-1]) == WORDS
    assert [each.output.choices[0].finish_reason for each in parts] == ["null"] * (len(parts) - 1) + ["stop"]
    assert parts[-1].usage.output_tokens == 5


def test_dashscope_errors(native: Plane) -> None:
    answer = dashscope.Generation.call("qwen-plus", prompt="hi", api_key="sk-wrong")
    assert (answer.status_code, answer.code) == (401, "InvalidApiKey")
    answer = dashscope.Generation.call("nothing", prompt="hi", api_key=native.key)
    assert (answer.status_code, answer.code) == (400, "InvalidParameter")

    native.heal("dies")
    parts = list(dashscope.Generation.call("dies", prompt="hi", stream=True, api_key=native.key))
    assert (parts[-1].status_code, parts[-1].code) == (500, "ModelServingError")


def test_dashscope_embeddings_and_rerank(native: Plane) -> None:
    answer = dashscope.TextEmbedding.call("qwen-plus", input=["a", "b"], api_key=native.key)
    assert [each["text_index"] for each in answer.output["embeddings"]] == [0, 1]
    ranks = dashscope.TextReRank.call(
        "qwen-plus", query="a", documents=["b", "c"], return_documents=True, api_key=native.key
    )
    assert [each["document"]["text"] for each in ranks.output.results] == ["b", "c"]


def test_curl(plane: Plane) -> None:
    program = shutil.which("curl")
    if not program:
        missing("curl", "apt-get install curl")
    body = json.dumps({"model": "qwen-plus", "input": {"prompt": "hi"}})
    done = subprocess.run(
        [
            *(program, "-sN", plane.server.url + NATIVE, "-H", f"Authorization: Bearer {plane.key}"),
            *("-H", "X-DashScope-SSE: enable", "-H", "Content-Type: application/json", "-d", body),
        ],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    frames = done.stdout.split("\n\n")
    assert frames[0].split("\n")[:3] == ["id:1", "event:result", ":HTTP_STATUS/200"]
    last = json.loads(frames[-2].split("\ndata:")[1])
    assert last["output"] == {"text": WORDS, "finish_reason": "stop"}
