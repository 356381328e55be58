"""The guide to errors holds every code that the program declares."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_table_is_what_the_program_declares() -> None:
    """In a process of its own: kinds that other tests declare are not the program's."""
    script = Path(__file__).with_name("error_codes.py")
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run {script.name}:\n{done.stdout}{done.stderr}"
