"""The programs in docs/guides/clients.md run as they stand, but for the address."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.reading import ROOT, fenced
from services.process import missing
from services.server import Server

GUIDE = (ROOT / "docs/guides/clients.md").read_text("utf-8")
NODE_MODULES = ROOT / "tests/journeys/node/node_modules"
PYTHON, NODE = fenced(GUIDE, "python"), fenced(GUIDE, "javascript")


def run(program: str, name: str, server: Server, folder: Path, text: str) -> str:
    """Write the text with this server's address to a file, run it with the administrator's pair, return its output."""
    text = text.replace("127.0.0.1:8420", f"{server.host}:{server.port}").replace("port=8420", f"port={server.port}")
    (folder / name).write_text(text)
    pair = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": server.admin.id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": server.admin.secret,
        "NODE_PATH": str(NODE_MODULES),
    }
    done = subprocess.run(
        [program, name],
        cwd=folder,
        env={**server.environment, **pair},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_python(number: int, shared_server: Server, tmp_path: Path) -> None:
    said = run(sys.executable, "call.py", shared_server, tmp_path, PYTHON[number])
    assert f"acs:ram::{shared_server.account_id}:user/admin" in said


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", range(len(NODE)))
def test_node(number: int, shared_server: Server, tmp_path: Path) -> None:
    if not shutil.which("node") or not NODE_MODULES.is_dir():
        missing("Node.js with the vendor's clients", "apt-get install nodejs npm, or 'make test' as root")
    said = run("node", "call.js", shared_server, tmp_path, NODE[number])
    assert f"acs:ram::{shared_server.account_id}:user/admin" in said


def test_there_are_snippets() -> None:
    assert (len(PYTHON), len(NODE)) == (2, 2)
