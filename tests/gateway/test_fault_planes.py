"""Each fault of a model server in a stream of each plane: what the client reads, one usage row, one audit event."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.planes import CHAT, NATIVE, Plane, eventually
from gateway.world import World
from services import rpc
from services.server import Server
from services.upstream import Running

rpc.VERSIONS.setdefault("keystead", "2026-11-01")
LEGACY = "/v2/app/completions"
PLANES = ("compatible", "native", "legacy")
BROKEN = {
    "dies": "ModelServingError",
    "garbage": "ModelServingError",
    "numbers": "ModelServingError",
    "long-line": "ModelServingError",
    "hangs-mid": "ResponseTimeout",
}
"""Models whose stream breaks after it has begun, and the code in it."""
REFUSED = {
    "busy": (429, "Throttling"),
    "broken": (500, "ModelServingError"),
    "unready": (500, "ModelServingError"),
    "refuses": (400, "InvalidParameter"),
    "dies-first": (503, "ModelUnavailable"),
}
"""Models that never begin to answer."""


@pytest.fixture(scope="module")
def applications(_plane: Plane) -> dict[str, str]:
    """An application for each model that these tests call."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        world = World(_plane.server, _plane.upstream, client)
        return {model: world.application(_plane.workspace, model) for model in (*BROKEN, *REFUSED, "slow")}


def asked(name: str, model: str, applications: dict[str, str], most: int = 100) -> tuple[str, dict[str, Any], str]:
    """Address, body and one more header of a stream of a model in a plane."""
    said = [{"role": "user", "content": "hi"}]
    if name == "compatible":
        return CHAT, {"model": model, "messages": said, "stream": True, "max_tokens": most}, "accept: */*"
    if name == "native":
        body = {"model": model, "input": {"messages": said}, "parameters": {"max_tokens": most}}
        return NATIVE, body, "x-dashscope-sse: enable"
    parameters = {"MaxTokens": most, "IncrementalOutput": True}
    body = {"AppId": applications[model], "Prompt": "hi", "Stream": True, "Parameters": parameters}
    return LEGACY, body, "accept: text/event-stream"


def stream(plane: Plane, name: str, model: str, applications: dict[str, str]) -> httpx.Response:
    """Read a stream to its end."""
    path, body, header = asked(name, model, applications)
    header_name, _, value = header.partition(": ")
    return plane.post(path, body, **{header_name.replace("-", "_"): value})


def last_event(name: str, text: str) -> dict[str, Any]:
    """The error that ends a stream, in the form of its plane."""
    lines = text.rstrip("\n").split("\n\n")[-1].split("\n")
    if name == "native":
        assert lines[1] == "event:error"
        assert lines[3] == "status:500"
        found: dict[str, Any] = json.loads(lines[4].removeprefix("data:"))
        return found
    assert lines[0].startswith("data: {")
    assert "[DONE]" not in text
    found = json.loads(lines[0].removeprefix("data: "))
    if name == "compatible":
        error: dict[str, Any] = found["error"]
        return error
    assert found["Success"] is False
    return {"code": found["Code"], "message": found["Message"]}


def recorded(plane: Plane, request_id: str) -> tuple[str, str]:
    """The outcomes of the call's one usage row and its one audit event."""
    usage = plane.used(request_id)

    def events() -> list[dict[str, Any]]:
        found: Any = rpc.call(
            plane.server.url, plane.server.admin, "keystead", "LookupEvents", EventRequestId=request_id
        )
        return list(found["Events"]["Event"])

    found = eventually(events)
    assert len(found) == 1
    return str(usage["outcome"]), str(found[0]["Outcome"])


@pytest.mark.parametrize("name", PLANES)
@pytest.mark.parametrize("model", BROKEN)
def test_a_stream_that_breaks(plane: Plane, applications: dict[str, str], name: str, model: str) -> None:
    plane.heal(model)
    answer = stream(plane, name, model, applications)
    assert "word0" in answer.text
    error = last_event(name, answer.text)
    assert error["code"] == BROKEN[model]
    assert error["message"]
    assert recorded(plane, answer.headers["x-request-id"]) == (BROKEN[model], BROKEN[model])


@pytest.mark.parametrize("name", PLANES)
@pytest.mark.parametrize("model", REFUSED)
def test_a_stream_that_never_begins(plane: Plane, applications: dict[str, str], name: str, model: str) -> None:
    status, code = REFUSED[model]
    answer = stream(plane, name, model, applications)
    if model in ("unready", "dies-first") and answer.status_code == 503:
        code = "ModelUnavailable"  # left alone after failures
    else:
        assert answer.status_code == status
    body = answer.json()
    told = body["error"]["code"] if name == "compatible" else body["code" if name == "native" else "Code"]
    assert told in (code, "invalid_parameter_error" if code == "InvalidParameter" else code)
    if model == "busy":
        assert answer.headers["retry-after"] == "7"
    assert recorded(plane, answer.headers["x-request-id"]) == (code, code)


@pytest.mark.parametrize("name", PLANES)
def test_a_client_that_leaves_ends_the_servers_call(plane: Plane, applications: dict[str, str], name: str) -> None:
    path, given, header = asked(name, "slow", applications, 400)
    body = json.dumps(given).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {plane.key}\r\ncontent-length: {len(body)}"
    before = plane.upstream.seen()["left"]
    with socket.create_connection((plane.server.host, plane.server.port)) as connection:
        connection.sendall(f"{head}\r\n{header}\r\n\r\n".encode() + body)
        begun = connection.recv(4096).decode()
    request_id = begun.lower().split("x-request-id: ")[1].split("\r")[0].upper()
    eventually(lambda: plane.upstream.seen()["left"] > before)
    assert recorded(plane, request_id) == ("ClientDisconnect", "ClientDisconnect")
    assert plane.used(request_id)["output_tokens"] < 400


def test_who_refuses_is_not_asked_again(plane: Plane) -> None:
    before = plane.upstream.seen()["calls"]
    assert plane.chat("busy").status_code == 429
    assert plane.upstream.seen()["calls"] == before + 1


def test_killed_in_the_middle_of_calls(start_server: Callable[..., Server], fake_upstream: Running) -> None:
    """What had ended is counted and audited once, what ran once as interrupted, also after one more restart.

    The last of those that ended did so at the very moment of the kill: nothing of it was in the database yet.
    """
    server = start_server(options=["--no-embedded-model"])
    plane = Plane(server, fake_upstream)
    for name in ("fake", "slow"):
        plane.call("keystead", "add-model", "--model-name", name, "--upstream", fake_upstream.url)
    plane.key, plane.key_id, plane.workspace = plane.make_key("killed")
    plane.headers = {"authorization": f"Bearer {plane.key}"}
    ended = [plane.chat("fake", max_tokens=5).headers["x-request-id"] for _ in range(3)]
    path, given, header = asked("compatible", "slow", {}, 400)
    body = json.dumps(given).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {plane.key}\r\ncontent-length: {len(body)}"
    connections = [socket.create_connection((server.host, server.port)) for _ in range(4)]
    running = []
    for connection in connections:
        connection.sendall(f"{head}\r\n{header}\r\n\r\n".encode() + body)
        running.append(connection.recv(4096).decode().lower().split("x-request-id: ")[1].split("\r")[0].upper())
    ended += [plane.chat("fake", max_tokens=5).headers["x-request-id"] for _ in range(3)]
    server.kill9()
    for connection in connections:
        connection.close()
    for _ in range(2):
        server.start()
        assert {plane.used(each)["outcome"] for each in ended} == {"Success"}
        assert {(plane.used(each)["outcome"], plane.used(each)["estimated"]) for each in running} == {
            ("Interrupted", 1)
        }
        found: Any = rpc.call(
            server.url, server.admin, "keystead", "LookupEvents", EventAction="InvokeModel", MaxItems="50"
        )
        events = [(each["RequestId"], each["Outcome"]) for each in found["Events"]["Event"]]
        assert sorted(events) == sorted(
            [(each, "Success") for each in ended] + [(each, "Interrupted") for each in running]
        )
        used: Any = rpc.call(server.url, server.admin, "keystead", "GetUsage")
        assert [each["Calls"] for each in used["Usage"]] == [10]
        server.stop()
    server.start()
