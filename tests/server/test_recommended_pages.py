"""Every refusal leads to its code's page of help, by an address that the operator and not the caller decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from services.server import Server, running

Answers = dict[str, httpx.Response]


def asked(server: Server, **headers: str) -> Answers:
    """A refusal of each envelope: JSON, XML, one of the edge's own, and the three model planes."""
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        return {
            "json": client.get("/?Action=Nothing&Version=2015-05-01&Format=JSON"),
            "xml": client.get("/?Action=Nothing&Version=2015-05-01&Format=XML"),
            "edge": client.get("/" + "a" * 5000),
            "upload": client.put("/uploads/none", content=b"x"),
            "compatible": client.get("/compatible-mode/v1/models"),
            "native": client.post("/api/v1/services/aigc/text-generation/generation", json={}),
            "legacy": client.post("/v2/app/completions", json={}),
        }


def recommended(answer: httpx.Response) -> str:
    """The text that holds the next step."""
    if answer.text.startswith("<?xml"):
        return answer.text.partition("<Recommend>")[2].partition("</Recommend>")[0]
    body = answer.json()
    return str(body.get("Recommend") or body.get("error", {}).get("message") or body.get("message") or body["Message"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that knows its address from host and port."""
    with running(tmp_path_factory.mktemp("plain")) as started:
        yield started


def test_the_page_is_named_behind_the_next_step_in_every_envelope_and_is_there(server: Server) -> None:
    for kind, answer in asked(server).items():
        step, _, page = recommended(answer).rpartition(" ")
        assert page.startswith(f"{server.url}/console/help/errors/"), (kind, answer.text)
        assert step, kind
        code = page.rpartition("/")[2]
        if kind not in ("xml", "compatible"):
            assert code in (answer.json().get("Code"), answer.json().get("code"))
        shown = httpx.get(page, trust_env=False)
        assert shown.status_code == 200, page
        assert f"<h1>{code}</h1>" in shown.text


def test_a_caller_cannot_decide_the_address(server: Server) -> None:
    for kind, answer in asked(server, host="evil.example", **{"x-forwarded-host": "evil.example"}).items():
        assert f"{server.url}/console/help/errors/" in recommended(answer), kind
        assert "evil.example" not in recommended(answer), kind


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A function that starts a server with options."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(running(tmp_path, options=options))


def test_the_public_address_counts_more(started: Callable[..., Server]) -> None:
    server = started("--public-url", "https://keys.example.com")
    for kind, answer in asked(server).items():
        assert "https://keys.example.com/console/help/errors/" in recommended(answer), kind


@pytest.mark.parametrize("options", [("--no-console",), ("--trusted-proxy", "127.0.0.1"), ("--host", "0.0.0.0")])  # noqa: S104
def test_without_an_address_that_clients_can_use_none_is_told(
    started: Callable[..., Server], options: tuple[str, ...]
) -> None:
    """No console, a proxy whose own address nobody named, or an address that is every address."""
    server = started(*options)
    for kind, answer in asked(server).items():
        assert recommended(answer), kind
        assert "/console/help" not in answer.text, kind
