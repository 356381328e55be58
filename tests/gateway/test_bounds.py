"""Each setting of the gateway, held: the same call passes or not, by the setting."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from gateway.planes import Plane
from services.loopback import LOOPBACK
from services.server import Server
from services.upstream import Running

OPTIONS = {
    "upstream_connect_seconds": "1",
    "upstream_idle_seconds": "1",
    "upstream_line_bytes": "4096",
    "upstream_body_bytes": "65536",
    "model_call_seconds": "3",
    "reserve_output_tokens": "10",
}


@pytest.fixture
def bounded(start_server: Callable[..., Server], fake_upstream: Running) -> Plane:
    """A gateway with every bound at its smallest, and a model for some of the fake's modes."""
    flags = [part for name, value in OPTIONS.items() for part in ("--" + name.replace("_", "-"), value)]
    server = start_server(options=[*flags, "--no-embedded-model"])
    plane = Plane(server, fake_upstream)
    for name in ("fake", "slow", "hangs"):
        plane.call("keystead", "add-model", "--model-name", name, "--upstream", fake_upstream.url)
    plane.key, plane.key_id, plane.workspace = plane.make_key("bounds")
    plane.headers = {"authorization": f"Bearer {plane.key}"}
    return plane


def test_bounds_of_calls(bounded: Plane) -> None:
    assert bounded.chat("fake").status_code == 200
    # upstream_idle_seconds
    began = time.monotonic()
    answer = bounded.chat("hangs")
    assert answer.json()["error"]["code"] == "ResponseTimeout"
    assert 0.9 < time.monotonic() - began < 1.9
    # model_call_seconds: 100 words of 50 ms are 5 seconds
    began = time.monotonic()
    answer = bounded.chat("slow", stream=True, max_tokens=100)
    assert "ResponseTimeout" in answer.text
    assert 2.9 < time.monotonic() - began < 4.8
    # upstream_body_bytes: 20,000 words are more than 65,536 bytes
    answer = bounded.chat("fake", max_tokens=20_000)
    assert "65536 bytes" in answer.json()["error"]["message"]
    # upstream_line_bytes
    bounded.call("keystead", "add-model", "--model-name", "echo", "--upstream", bounded.upstream.url)
    said = [{"role": "user", "content": "x" * 5000}]
    body = {"model": "echo", "stream": True, "messages": said}
    assert "4096 bytes" in bounded.post("/v1/chat/completions", body).text
    assert bounded.post("/v1/chat/completions", {**body, "stream": False}).status_code == 200


def test_reserved_output(bounded: Plane) -> None:
    """A limit of 40 tokens takes a call that reserves 10 for its answer, and not one that asks for 100."""
    bounded.call(
        *("keystead", "set-usage-limit", "--scope", "key", "--scope-id", bounded.key_id, "--measure", "tokens"),
        *("--amount", "40", "--period", "day"),
    )
    assert bounded.chat("fake", max_tokens=100).status_code == 429
    assert bounded.chat("fake").status_code == 200


def test_connecting(bounded: Plane) -> None:
    """A server whose queue of connections is full takes no more of them."""
    with ExitStack() as stack:
        full, *others = (stack.enter_context(socket.socket()) for _ in range(9))
        full.bind((LOOPBACK, 0))
        full.listen(0)
        for each in others:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://{LOOPBACK}:{full.getsockname()[1]}/v1"
        bounded.call("keystead", "add-model", "--model-name", "full", "--upstream", url)
        began = time.monotonic()
        answer = bounded.chat("full")
        assert answer.json()["error"]["code"] == "ModelUnavailable"
        assert 0.9 < time.monotonic() - began < 5
