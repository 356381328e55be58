"""A text that began with `data:` or `http://` was taken for a picture: it reserved nothing and passed every bound on
`modelstudio:estimatedTokens`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead.gateway import compatible
from keystead.wire.request import WireRequest

LONG = "x" * 30_000


def _inputs(**body: Any) -> int:
    request = WireRequest("POST", "/", "", {}, json.dumps({"model": "m", **body}).encode())
    return (compatible.completions if "prompt" in body else compatible.chat)(request).inputs


@pytest.mark.parametrize("start", ["data:", "http://", "https://example.com/ "])
def test_it_counts_as_text(start: str) -> None:
    assert _inputs(prompt=start + LONG) >= 10_000
    assert _inputs(messages=[{"role": "user", "content": start + LONG}]) >= 10_000
    assert _inputs(messages=[{"role": "user", "content": [{"type": "text", "text": start + LONG}]}]) >= 10_000
    tool = {"type": "function", "function": {"name": "f", "description": start + LONG}}
    assert _inputs(messages=[{"role": "user", "content": "hi"}], tools=[tool]) >= 10_000


def test_token_ids_count_one_each() -> None:
    assert _inputs(prompt=[1] * 5000) >= 5000


def test_a_picture_still_counts_nothing() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + LONG}}
    assert _inputs(messages=[{"role": "user", "content": [part, {"type": "text", "text": "what is it?"}]}]) < 50
