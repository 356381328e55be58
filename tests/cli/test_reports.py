"""`keystead report credential` against a real server."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import pytest

from keystead.cli.main import COMMANDS
from services.server import Server


def test_the_command_is_known() -> None:
    assert COMMANDS["report"][0] == "reports"


def test_a_report_comes_as_csv(server: Server, tmp_path: Path) -> None:
    assert server.cli("ram", "create-user", "--user-name", "alice").returncode == 0
    done = server.cli("report", "credential")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    domains = {row["user"].partition("@")[0] for row in rows}
    assert domains == {"<root>", "admin", "alice"}
    file = tmp_path / "report.csv"
    written = server.cli("report", "credential", "--output", str(file))
    assert written.returncode == 0, written.stderr
    assert file.read_text() == done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "3 lines" in written.stderr


@pytest.mark.parametrize("path", ["missing/report.csv", "."])
def test_a_file_that_cannot_be_written(server: Server, tmp_path: Path, path: str) -> None:
    done = server.cli("report", "credential", "--output", str(tmp_path / path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
