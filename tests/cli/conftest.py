"""The program in a child process with a home of its own, and a server for it to call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli import stub as stub_server
from services.loopback import child_environment

PROGRAM = Path(sys.executable).with_name("keystead")


@dataclass(frozen=True)
class Program:
    """`keystead` as a person has it: an empty home, 80 columns, no settings of the person who tests."""

    home: Path
    environment: Mapping[str, str]

    def __call__(
        self, *arguments: str, stdin: str | None = None, program: tuple[str, ...] = (str(PROGRAM),), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [*program, *arguments],
            env={**self.environment, **environment},
            cwd=self.home,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def keystead(tmp_path: Path) -> Program:
    """The program with an empty home."""
    return Program(tmp_path, child_environment({"HOME": str(tmp_path), "COLUMNS": "80", "XDG_DATA_HOME": ""}))


@pytest.fixture
def stub() -> Iterator[stub_server.Stub]:
    """A server that checks signatures and answers as scripted."""
    with stub_server.running() as running:
        yield running


@pytest.fixture
def caller(keystead: Program, stub: stub_server.Stub) -> Program:
    """The program with the stub's pair and address in its environment."""
    pair = {"ALIBABA_CLOUD_ACCESS_KEY_ID": stub_server.KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": stub_server.SECRET}
    return Program(keystead.home, {**keystead.environment, **pair, "KEYSTEAD_ENDPOINT": stub.url})
