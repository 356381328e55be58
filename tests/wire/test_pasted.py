"""A request in the shapes that people paste is the request that was sent."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.wire import pasted
from signing.messages import SIGNED, request_of

TEXTS = {
    name: vector
    for name, vector in SIGNED.items()
    if vector["request"]["body"]["encoding"] == "utf-8" and "\n" not in vector["request"]["body"]["data"]
}


def target(vector: dict) -> str:  # type: ignore[type-arg]
    wire = vector["request"]
    return wire["path"] + (f"?{wire['query']}" if wire["query"] else "")


def same(text: str, name: str) -> None:
    found, sent = pasted.read(text), request_of(SIGNED[name])
    assert (found.method, found.raw_path, found.raw_query) == (sent.method, sent.raw_path, sent.raw_query)
    assert found.body == sent.body
    assert {n: v for n, v in found.headers.items() if n in sent.headers} == dict(sent.headers)


@pytest.mark.parametrize("name", TEXTS)
def test_raw_http(name: str) -> None:
    wire = TEXTS[name]["request"]
    head = [f"{wire['method']} {target(TEXTS[name])} HTTP/1.1", *(f"{n}: {v}" for n, v in wire["headers"])]
    body = wire["body"]["data"]
    same("\r\n".join(head) + "\r\n\r\n" + body, name)
    same("\n".join(head) + "\n\n" + body + "\n", name)  # as an editor leaves it
    if not body:
        same("\n".join(f"> {line}" for line in head) + "\n>\n", name)  # as curl -v shows it


@pytest.mark.parametrize("name", [n for n, v in TEXTS.items() if "'" not in json.dumps(v["request"])])
def test_curl(name: str) -> None:
    wire = TEXTS[name]["request"]
    host = next((v for n, v in wire["headers"] if n.lower() == "host"), "h.test")
    words = ["curl", "-X", wire["method"], f"https://{host.removeprefix('http://')}{target(TEXTS[name])}"]
    for n, v in wire["headers"]:
        words += ["-H", f"{n}: {v}"]
    if wire["body"]["data"]:
        words += ["--data-raw", wire["body"]["data"]]
    same(shlex.join(words), name)
    same(" \\\n  ".join(shlex.quote(word) for word in words), name)


@pytest.mark.parametrize("name", TEXTS)
def test_json(name: str) -> None:
    wire = TEXTS[name]["request"]
    headers = [{"name": n, "value": v} for n, v in wire["headers"]]
    body = wire["body"]["data"]
    url = f"http://h.test{target(TEXTS[name])}"
    har = {"method": wire["method"], "url": url, "headers": headers, "postData": {"text": body}}
    same(json.dumps({"request": har}), name)
    flat = {"method": wire["method"], "path": wire["path"], "query": wire["query"], "headers": wire["headers"]}
    same(json.dumps({**flat, "body": body}), name)


def test_a_url_is_a_get() -> None:
    found = pasted.read("  https://keystead.test:8443/?Action=GetUser&Signature=a%2Bb  \n")
    assert (found.method, found.raw_query) == ("GET", "Action=GetUser&Signature=a%2Bb")
    assert found.headers["host"] == "keystead.test:8443"


def test_curl_puts_data_where_it_is_told() -> None:
    found = pasted.read("curl -G -d Action=GetUser --data-urlencode 'Name=a b' http://h.test/")
    assert (found.method, found.raw_query, found.body) == ("GET", "Action=GetUser&Name=a%20b", b"")
    found = pasted.read("curl -dAction=GetUser --data b=1 h.test")
    assert (found.method, found.body) == ("POST", b"Action=GetUser&b=1")
    assert found.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "text",
    ["", "   ", "hello", "GET", "{", "[1]", '{"a": 1}', "curl", "curl 'http://h", "curl -d @file http://h", "curl $'a'",
     "GET / HTTP/1.1\nno header", "curl -F a=b http://h", "G T / HTTP/1.1", "x" * 70_000],
)  # fmt: skip
def test_what_is_no_request_is_refused_in_words(text: str) -> None:
    with pytest.raises(Fault) as refused:
        pasted.read(text)
    assert refused.value.code == "InvalidParameter.Request.Format"


@given(st.text(max_size=300) | st.text(max_size=200).map(lambda text: "curl " + text))
def test_hostile_text_is_read_or_refused(text: str) -> None:
    with suppress(Fault):
        pasted.read(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["request", "method", "url", "path", "query", "headers", "body", "postData"]),
                        inner, max_size=6), max_leaves=12))  # fmt: skip
def test_hostile_json_is_read_or_refused(value: object) -> None:
    with suppress(Fault):
        pasted.read("{" + json.dumps(value)[1:] if isinstance(value, dict) else json.dumps({"request": value}))
