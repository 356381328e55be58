"""Whatever a model server does: a defined answer, a usage row, an audit event, and nothing left open."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import httpx
import pytest

from gateway.planes import CHAT, NATIVE, Plane, eventually

SERVING = ("ModelServingError", 500)
TIMEOUT = ("ResponseTimeout", 500)
UNAVAILABLE = ("ModelUnavailable", 503)

WHOLE = {
    "dies-first": UNAVAILABLE,
    "dies": UNAVAILABLE,
    "garbage": SERVING,
    "numbers": SERVING,
    "hangs": TIMEOUT,
    "long-line": SERVING,
    "busy": ("Throttling", 429),
    "broken": SERVING,
    "unready": SERVING,
    "refuses": ("InvalidParameter", 400),
}
STREAMED = {"dies": SERVING, "garbage": SERVING, "numbers": SERVING, "hangs-mid": TIMEOUT, "long-line": SERVING}
COMPATIBLE = {"InvalidParameter": "invalid_parameter_error"}


@pytest.mark.parametrize(("mode", "expected"), WHOLE.items(), ids=WHOLE)
def test_a_call_in_one_piece(plane: Plane, mode: str, expected: tuple[str, int]) -> None:
    code, status = expected
    answer = plane.chat(mode)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == COMPATIBLE.get(code, code)
    request_id = answer.headers["x-request-id"]
    assert plane.used(request_id)["outcome"] == code
    event = plane.audited(request_id)
    assert (event["Action"], event["Outcome"]) == ("InvokeModel", code)
    assert event["AccessKeyId"] == f"apikey/{plane.key_id}"
    if mode == "busy":
        assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("mode", ["busy", "broken", "refuses"])
def test_the_native_envelope(plane: Plane, mode: str) -> None:
    answer = plane.post(NATIVE, {"model": mode, "input": {"prompt": "hi"}})
    code, status = WHOLE[mode]
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "request_id"}
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(("mode", "expected"), STREAMED.items(), ids=STREAMED)
def test_a_stream_that_breaks_says_so_inside(plane: Plane, mode: str, expected: tuple[str, int]) -> None:
    code, _ = expected
    plane.heal(mode)
    answer = plane.chat(mode, stream=True)
    events = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
    assert answer.status_code == 200
    assert json.loads(events[0])["choices"][0]["delta"]["content"] == "word0 "
    assert json.loads(events[-1])["error"]["code"] == code
    request_id = answer.headers["x-request-id"]
    used = plane.used(request_id)
    assert (used["outcome"], used["estimated"], used["output_tokens"]) == (code, True, 2)
    assert used["input_tokens"] > 0
    assert plane.audited(request_id)["Outcome"] == code


@pytest.mark.parametrize("mode", ["dies", "garbage"])
def test_a_native_stream_that_breaks(plane: Plane, mode: str) -> None:
    body = {"model": mode, "input": {"prompt": "hi"}, "parameters": {"incremental_output": True}}
    plane.heal(mode)
    answer = plane.post(NATIVE, body, x_dashscope_sse="enable")
    last = answer.text.rstrip("\n").split("\n\n")[-1].split("\n")
    assert last[1:4] == ["event:error", ":HTTP_STATUS/500", "status:500"]
    assert json.loads(last[4].removeprefix("data:"))["code"] == "ModelServingError"


def test_a_silent_server_is_counted_and_marked(plane: Plane) -> None:
    for stream in (False, True):
        answer = plane.chat("silent", stream=stream)
        used = plane.used(answer.headers["x-request-id"])
        assert (used["outcome"], used["estimated"]) == ("Success", True)
        assert used["output_tokens"] >= 5


@pytest.mark.parametrize("stream", [True, False])
def test_the_client_leaves(plane: Plane, stream: bool) -> None:
    model = "slow" if stream else "hangs"
    before = plane.upstream.seen()["left"]
    body = json.dumps(
        {"model": model, "stream": stream, "max_tokens": 400, "messages": [{"role": "user", "content": "hi"}]}
    ).encode()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {plane.key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((plane.server.host, plane.server.port)) as connection:
        connection.sendall(head.encode() + body)
        if stream:
            assert connection.recv(100)
        else:
            time.sleep(0.5)
    eventually(lambda: plane.upstream.seen()["left"] > before, seconds=1.5)

    def left() -> dict[str, Any] | None:
        """What the newest call that was left has used, once it is this one."""
        found = plane.call("keystead", "lookup-events", "--outcome", "ClientDisconnect", "--max-items", "1")
        used = [plane.used(event["RequestId"]) for event in found["Events"]["Event"]]
        return used[0] if used and used[0]["model"] == model else None

    used = eventually(left)
    assert used["outcome"] == "ClientDisconnect"
    assert used["output_tokens"] < 400


def test_a_server_that_fails_is_left_alone_and_another_one_answers(plane: Plane) -> None:
    plane.call("keystead", "add-model", "--model-name", "two", "--upstream", "http://127.0.0.1:9", "--weight", "1000")
    plane.call(
        *("keystead", "update-model", "--model-name", "two", "--upstream", plane.upstream.url),
        *("--upstream-model", "fake", "--weight", "1"),
    )
    for _ in range(8):
        assert plane.chat("two").status_code == 200
    servers = plane.call("keystead", "test-model", "--model-name", "two")
    assert [each["Works"] for each in servers["Results"]] == [False, True]
    plane.call("keystead", "remove-model", "--model-name", "two")
    assert plane.chat("two").status_code == 404


def test_the_servers_key_reaches_it_and_nobody_else(plane: Plane) -> None:
    plane.chat("qwen-plus")
    last = plane.upstream.seen()["last"]
    assert last["headers"]["authorization"] == "Bearer upstream-secret"
    assert plane.key not in json.dumps(last)
    listed = plane.call("keystead", "list-models")
    assert "upstream-secret" not in json.dumps(listed)
    assert all(
        each["HasKey"]
        for model in listed["Models"]
        for each in model["Upstreams"]
        if not each["Url"].startswith("embedded:")
    )
    assert "upstream-secret" not in plane.server.log()
    raw = (plane.server.data_dir / "keystead.db").read_bytes()
    assert b"upstream-secret" not in raw
    assert plane.key.encode() not in raw


def test_a_body_that_is_not_an_object(plane: Plane) -> None:
    for body in (b"", b"[1]", b"{", b"[" * 100_000, b'{"model": 7, "messages": []}'):
        answer = httpx.post(plane.server.url + CHAT, content=body, headers=plane.headers, trust_env=False)
        assert answer.status_code == 400, body[:20]
        assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("depth", [200, 900, 990, 1000])
def test_hostile_bodies_close_no_server(plane: Plane, depth: int) -> None:
    nested = b'{"model":"fake","messages":[{"role":"user","content":' + b"[" * depth + b"]" * depth + b"}]}"
    half = b'{"model":"fake","messages":[{"role":"user","content":"\\ud800"}]}'
    for body in (nested, half):
        for _ in range(6):
            answer = httpx.post(plane.server.url + CHAT, content=body, headers=plane.headers, trust_env=False)
            assert answer.status_code in (200, 400), answer.text
    assert plane.chat("fake").status_code == 200
