"""A wheel holds what the program reads at run time, the documents that the console shows among it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from keystead.console.help.library import Library

ROOT = Path(__file__).parents[2]


def test_the_wheel_has_every_page_and_file_that_is_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    package = tmp_path / "installed/keystead"
    here, there = Library(ROOT), Library(package / "console/help")
    assert {key: page.text for key, page in there.pages.items()} == {key: page.text for key, page in here.pages.items()}
    assert there.example("first_call.sh") == here.example("first_call.sh")
    tracked = subprocess.run(["git", "ls-files", "src/keystead"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split():
        assert (package / name.removeprefix("src/keystead/")).is_file(), name
