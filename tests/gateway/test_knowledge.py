"""Knowledge bases over an embedding model behind a server, and the setting that names the usual one."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.planes import Plane
from services.server import Server
from services.upstream import Running

TEXT = "The office kettle stands in room 4711."


def call(server: Server, *arguments: str) -> dict[str, Any]:
    """Our CLI as the administrator; its JSON."""
    done = server.cli(*arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def base_of(server: Server, place: str, *more: str) -> tuple[str, str]:
    """A knowledge base with one file; its ID and its job's."""

    def bailian(*arguments: str) -> dict[str, Any]:
        return call(server, "bailian", arguments[0], "--workspace-id", place, *arguments[1:])

    digest = hashlib.md5(TEXT.encode(), usedforsecurity=False).hexdigest()
    lease = bailian(
        *("apply-file-upload-lease", "--category-id", "default", "--file-name", "tea.txt"),
        *("--md5", digest, "--size-in-bytes", str(len(TEXT))),
    )["Data"]
    sent = httpx.put(lease["Param"]["Url"], content=TEXT, headers=lease["Param"]["Headers"], trust_env=False)
    assert sent.status_code == 200, sent.text
    file_id = bailian(
        *("add-file", "--lease-id", lease["FileUploadLeaseId"], "--category-id", "default"),
        *("--parser", "DASHSCOPE_DOCMIND"),
    )["Data"]["FileId"]
    base = bailian(
        *("create-index", "--name", "tea", "--structure-type", "unstructured", "--sink-type", "BUILT_IN"),
        *("--document-ids", json.dumps([file_id]), *more),
    )["Data"]["Id"]
    return base, bailian("submit-index-job", "--index-id", base)["Data"]["Id"]


def status(server: Server, place: str, base: str, job: str) -> dict[str, Any]:
    """The job's state, once it runs no more."""
    deadline = time.monotonic() + 150
    while True:
        asked = ("get-index-job-status", "--workspace-id", place, "--index-id", base, "--job-id", job)
        found: dict[str, Any] = call(server, "bailian", *asked)["Data"]
        if found["Status"] != "RUNNING":
            return found
        assert time.monotonic() < deadline, "its vectors do not come"
        time.sleep(0.3)


def test_a_model_behind_a_server_embeds_knowledge_and_is_metered(plane: Plane) -> None:
    base, job = base_of(plane.server, plane.workspace, "--embedding-model-name", "qwen-plus")
    assert status(plane.server, plane.workspace, base, job)["Status"] == "COMPLETED"
    used = plane.call("keystead", "get-usage", "--group-by", '["model"]', "--workspace-id", plane.workspace)
    before = next(each["Calls"] for each in used["Usage"] if each["Group"]["model"] == "qwen-plus")
    retrieved = ("retrieve", "--workspace-id", plane.workspace, "--index-id", base, "--query", "zebra")
    nodes = plane.call("bailian", *retrieved)["Data"]["Nodes"]
    assert [each["Text"] for each in nodes] == [TEXT]
    deadline = time.monotonic() + 10
    while True:
        used = plane.call("keystead", "get-usage", "--group-by", '["model"]', "--workspace-id", plane.workspace)
        if next(each["Calls"] for each in used["Usage"] if each["Group"]["model"] == "qwen-plus") > before:
            break
        assert time.monotonic() < deadline, "the question was not metered"
        time.sleep(0.3)
    # Another model behind the same name: the vectors are made anew, by nobody's order.
    call(plane.server, "model", "update", "qwen-plus", "--upstream", plane.upstream.url, "--model", "other")
    try:
        assert plane.server.log().count("their embedding model has changed") <= 1
        deadline = time.monotonic() + 30
        while "their embedding model has changed" not in plane.server.log():
            assert time.monotonic() < deadline, "nothing was embedded anew"
            time.sleep(0.3)
    finally:
        call(plane.server, "model", "update", "qwen-plus", "--upstream", plane.upstream.url, "--model", "fake")
    assert status(plane.server, plane.workspace, base, job)["Status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("model", "code"),
    [("none-such", "ModelNotFound"), ("broken", "ModelServingError"), ("refuses", "InvalidParameter")],
)
def test_a_model_that_does_not_embed_is_refused_at_once(plane: Plane, model: str, code: str) -> None:
    done = plane.server.cli(
        *("bailian", "create-index", "--workspace-id", plane.workspace, "--name", "x", "--sink-type", "BUILT_IN"),
        *("--structure-type", "unstructured", "--embedding-model-name", model),
    )
    assert done.returncode != 0
    assert code in done.stderr


@pytest.mark.parametrize("setting", ["none", "gone", "fake"])
def test_the_setting_names_the_usual_model(
    start_server: Callable[..., Server], fake_upstream: Running, setting: str
) -> None:
    server = start_server(options=["--embedding-model", setting])
    call(server, "model", "add", "fake", "--upstream", fake_upstream.url, "--key", "upstream-secret")
    place = call(server, "modelstudio", "list-workspaces")["workspaces"][0]["workspaceId"]
    base, job = base_of(server, place)
    assert status(server, place, base, job)["Status"] == "COMPLETED"
    shown = call(server, "bailian", "list-indices", "--workspace-id", place)["Data"]["Indices"][0]
    assert shown["EmbeddingModelName"] == (setting if setting == "fake" else "")
