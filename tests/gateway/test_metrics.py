"""What /metrics says of model calls, and that nothing a caller writes becomes a label."""

from __future__ import annotations

import json
import socket

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gateway.planes import CHAT, NATIVE, Plane, eventually

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(plane: Plane) -> Series:
    """Every sample by its name and labels."""
    text = httpx.get(plane.server.url + "/metrics", trust_env=False).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def grown(before: Series, after: Series, name: str, **labels: str) -> float:
    """By how much one series has grown."""
    key = (name, tuple(sorted(labels.items())))
    return after.get(key, 0) - before.get(key, 0)


def test_calls_tokens_and_latencies(plane: Plane) -> None:
    before = scrape(plane)
    assert plane.chat("qwen-plus", max_tokens=7).status_code == 200
    assert plane.chat("qwen-plus", max_tokens=7, stream=True).status_code == 200
    assert plane.post(NATIVE, {"model": "broken", "input": {"prompt": "x"}}).status_code == 500
    after = eventually(lambda: (found := scrape(plane)) and grown_calls(before, found) == 3 and found)
    name = "keystead_model_calls_total"
    assert grown(before, after, name, plane="compatible", model="qwen-plus", outcome="Success") == 2
    assert grown(before, after, name, plane="native", model="broken", outcome="ModelServingError") == 1
    assert grown(before, after, "keystead_model_tokens_total", model="qwen-plus", direction="input") == 22
    assert grown(before, after, "keystead_model_tokens_total", model="qwen-plus", direction="output") == 14
    labels = {"plane": "compatible", "model": "qwen-plus"}
    for histogram in ("keystead_model_first_byte_seconds", "keystead_model_call_seconds"):
        assert grown(before, after, histogram + "_count", **labels) == 2
        assert grown(before, after, histogram + "_bucket", **labels, le="+Inf") == 2
        assert grown(before, after, histogram + "_sum", **labels) > 0


def grown_calls(before: Series, after: Series) -> float:
    """Requests of the data planes between two looks."""
    return sum(value - before.get(key, 0) for key, value in after.items() if key[0] == "keystead_model_calls_total")


def test_a_stream_is_open_while_it_runs(plane: Plane) -> None:
    body = json.dumps(
        {"model": "slow", "stream": True, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
    )
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {plane.key}\r\ncontent-length: {len(body)}"
    with socket.create_connection((plane.server.host, plane.server.port)) as connection:
        connection.sendall(f"{head}\r\n\r\n{body}".encode())
        assert connection.recv(100)
        assert scrape(plane)["keystead_model_calls_open", ()] == 1
    eventually(lambda: scrape(plane)["keystead_model_calls_open", ()] == 0)


def test_refusals_by_limit(plane: Plane) -> None:
    value, number, _ = plane.make_key("measured")
    plane.call(
        *("keystead", "set-usage-limit", "--scope", "key", "--scope-id", number, "--measure", "tokens"),
        *("--amount", "1", "--period", "day"),
    )
    before = scrape(plane)
    body = {"model": "qwen-plus", "messages": [{"role": "user", "content": "hi"}]}
    assert plane.post(CHAT, body, authorization=f"Bearer {value}").status_code == 429
    after = scrape(plane)
    assert grown(before, after, "keystead_model_limit_refusals_total", scope="key", measure="tokens") == 1
    labels = {"plane": "compatible", "model": "qwen-plus", "outcome": "Throttling.AllocationQuota"}
    assert grown(before, after, "keystead_model_calls_total", **labels) == 1


def test_a_server_that_fails_is_shown_as_left_alone(plane: Plane) -> None:
    made = plane.call(
        *("keystead", "add-model", "--model-name", "dead", "--upstream", "http://127.0.0.1:9", "--upstream-model", "x")
    )
    server = made["Model"]["Upstreams"][0]["UpstreamId"]
    up = ("keystead_upstream_up", (("model", "dead"), ("upstream", server)))
    failures = ("keystead_upstream_failures", up[1])
    assert plane.chat("dead").status_code == 503
    found = scrape(plane)
    assert found[up] == 1
    assert found[failures] >= 1
    for _ in range(5):
        plane.chat("dead")
    found = scrape(plane)
    assert found[up] == 0
    assert found[failures] == 5
    assert plane.chat("dead").json()["error"]["message"].count("left alone") == 1
    plane.call("keystead", "remove-model", "--model-name", "dead")
    assert plane.chat("dead").status_code == 404
    assert up not in scrape(plane)


def test_callers_make_no_series(plane: Plane) -> None:
    """Of a hundred names, keys and paths that nobody knows, one series each of the refusals grows."""
    plane.chat("no-such-model")
    httpx.post(plane.server.url + CHAT, headers={"authorization": "Bearer sk-nobody"}, trust_env=False)
    plane.post("/v1/nothing", {})
    before = set(scrape(plane))
    for number in range(100):
        assert plane.chat(f"no-such-model-{number}").status_code == 404
        headers = {"authorization": f"Bearer sk-{number}"}
        httpx.post(plane.server.url + CHAT, headers=headers, trust_env=False)
        plane.post(f"/v1/nothing-{number}", {})
    after = set(scrape(plane))
    assert after == before
    assert "no-such" not in str(after)
