"""The programs in the guides run as they stand, with the address that the console would put in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.reading import ROOT, blocks, fenced
from keystead.console.help.here import Here, fill
from services.process import missing
from services.server import Server, running
from services.upstream import upstream

FIRST, CLIENTS = ((ROOT / f"docs/guides/{name}.md").read_text("utf-8") for name in ("first-call", "clients"))
NODE_MODULES = ROOT / "tests/journeys/node/node_modules"


def programs(language: str) -> list[str]:
    return fenced(FIRST, language) + fenced(CLIENTS, language)


SIGNED = [text for text in programs("python") if "get_caller_identity" in text or "GetCallerIdentityRequest" in text]
ASKING = [text for text in programs("python") if text not in SIGNED]
NODE = programs("javascript")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the model `qwen-plus`, which repeats the question."""
    with running(tmp_path_factory.mktemp("guide")) as started, upstream() as model_server:
        ours(
            started,
            *("keystead", "add-model", "--model-name", "qwen-plus", "--upstream", model_server.url),
            *("--upstream-model", "echo"),
        )
        yield started


def ours(server: Server, *arguments: str) -> dict[str, object]:
    """Our own command line, as the administrator."""
    done = server.cli(*arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def run(command: list[str], server: Server, folder: Path, **more: str) -> str:
    """Run a command with the administrator's pair; returns its output."""
    pair = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": server.admin.id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": server.admin.secret,
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        "NODE_PATH": str(NODE_MODULES),
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env={**server.environment, **pair, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(text: str, server: Server) -> str:
    """The text as the console of that server shows it."""
    return fill(text, Here(server.url))


@pytest.mark.parametrize("number", range(len(SIGNED)))
def test_python(number: int, server: Server, tmp_path: Path) -> None:
    (tmp_path / "call.py").write_text(shown(SIGNED[number], server))
    assert f"acs:ram::{server.account_id}:user/admin" in run([sys.executable, "call.py"], server, tmp_path)


@pytest.mark.parametrize("number", range(len(ASKING)))
def test_python_that_asks_a_model(number: int, server: Server, tmp_path: Path) -> None:
    """DashScope and OpenAI with an API key, broadscope with an AgentKey; the model repeats the question."""
    key = ours(server, "modelstudio", "create-api-key", "--description", f"guide {number}")["apiKey"]
    assert isinstance(key, dict)
    more = {"DASHSCOPE_API_KEY": str(key["apiKeyValue"])}
    if "APP_ID" in ASKING[number]:
        made = ours(
            server,
            *("bailian", "create-and-pulish-agent", "--workspace-id", str(key["workspaceId"]), "--name", "guide"),
            *("--model-id", "qwen-plus", "--instructions", "Be brief."),
        )
        workspace = ours(server, "keystead", "get-workspace-details")["Workspace"]
        assert isinstance(workspace, dict)
        more |= {"APP_ID": str(made["data"]), "AGENT_KEY": str(workspace["AgentKey"])}
    (tmp_path / "call.py").write_text(shown(ASKING[number], server))
    assert run([sys.executable, "call.py"], server, tmp_path, **more).strip() == "hello"


@pytest.mark.parametrize("number", range(len(NODE)))
def test_node(number: int, server: Server, tmp_path: Path) -> None:
    if not shutil.which("node") or not NODE_MODULES.is_dir():
        missing("Node.js with the vendor's clients", "apt-get install nodejs npm, or 'make test' as root")
    (tmp_path / "call.js").write_text(shown(NODE[number], server))
    if "DASHSCOPE_API_KEY" in NODE[number]:
        key = ours(server, "modelstudio", "create-api-key", "--description", f"node {number}")["apiKey"]
        assert isinstance(key, dict)
        said = run(["node", "call.js"], server, tmp_path, DASHSCOPE_API_KEY=str(key["apiKeyValue"]))
        assert said.strip() == "hello"
    else:
        assert f"acs:ram::{server.account_id}:user/admin" in run(["node", "call.js"], server, tmp_path)


def test_command_line_and_curl(server: Server, tmp_path: Path) -> None:
    for program in ("bash", "curl", "openssl"):
        if not shutil.which(program):
            missing(program, f"apt-get install {program}, or 'make test' as root")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    wanted = [text for text in fenced(FIRST, "bash") if re.search(r"get-caller-identity|first_call\.sh", text)]
    assert len(wanted) == 2
    for text in wanted:
        said = run(["bash", "-c", shown(text, server)], server, tmp_path, PATH=path)
        assert f"acs:ram::{server.account_id}:user/admin" in said


def test_terraform_is_configured_as_in_the_test_that_runs_the_provider() -> None:
    """The same provider block as the configuration that tests/journeys applies with the official provider."""
    (guide,) = fenced(FIRST, "hcl")
    applied = (ROOT / "tests/journeys/terraform/main.tf").read_text("utf-8")

    def provider(text: str) -> str:
        return text[text.index('provider "alicloud" {') :].partition("\n}\n")[0]

    assert provider(guide).replace('"127.0.0.1:8420"', "var.address") == provider(applied)
    assert guide.count("{") == guide.count("}")
    filled = fill(guide, Here("https://keystead.example.com"))
    assert 'protocol               = "HTTPS"' in filled
    assert 'ram = "keystead.example.com"' in filled


def test_there_are_snippets() -> None:
    assert (len(SIGNED), len(ASKING), len(NODE)) == (2, 3, 3)
    assert {language for language, _ in blocks(FIRST)} == {"bash", "python", "javascript", "hcl"}
