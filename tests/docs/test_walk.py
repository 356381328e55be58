"""The README's walk from zero to a signed call, run block by block against a real server, with what it shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.reading import ROOT, blocks
from services.process import missing
from services.server import Server

SECTION = "## From zero to a signed call"
# What differs from run to run: account and user IDs, AccessKey IDs, and whatever the page writes as an ellipsis.
VARIES = re.compile(r"…|\b\d{16,18}\b|\bLTAI\w+")


def walk() -> list[tuple[str, str]]:
    text = (ROOT / "README.md").read_text("utf-8")
    return blocks(text.partition(SECTION)[2].partition("\n## ")[0])


def pattern(shown: str) -> str:
    """A line as shown, with room for what varies and for any number of blanks."""
    parts = re.split(VARIES, shown.strip())
    return r".*?".join(r"\s+".join(re.escape(word) for word in re.split(r" +", part)) for part in parts)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_walk_runs_and_prints_what_the_readme_shows(server: Server, tmp_path: Path) -> None:
    for program in ("bash", "curl", "openssl"):
        if not shutil.which(program):
            missing(program, f"apt-get install {program}, or 'make test' as root")
    folder = tmp_path / "checkout"
    folder.mkdir()
    for each in ("docs", ".venv"):
        (folder / each).symlink_to(ROOT / each)
    environment, printed, checked = server.environment, "", 0
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    for language, body in walk():
        body = body.replace("127.0.0.1:8420", f"{server.host}:{server.port}")
        if language == "python":
            (folder / "call.py").write_text(body)
        elif language == "bash":
            body = _with_the_pair(body, printed)
            for name, value in re.findall(r'^export (\w+)="?([^"\n]*?)"?$', body, flags=re.MULTILINE):
                if name != "PATH":
                    environment[name] = value
            printed = _run(body, folder, environment)
        elif language == "text":
            for line in body.splitlines():
                assert re.search(pattern(line), printed), (
                    f"the README shows\n  {line}\nbut this was printed:\n{printed}"
                )
                checked += 1
    assert checked > 15


def _with_the_pair(body: str, printed: str) -> str:
    """Put the pair that the step before printed where the page has an ellipsis."""
    if "LTAI…" not in body:
        return body
    pair = json.loads(printed[printed.rindex("\n{\n") :])["AccessKey"]
    return body.replace("LTAI…", pair["AccessKeyId"]).replace('"…"', f'"{pair["AccessKeySecret"]}"')


def _run(body: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", body],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout  # 1: a refusal, which is part of the walk
    assert "Traceback" not in done.stdout
    return done.stdout
