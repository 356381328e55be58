"""Child processes: wait until one answers, stop it, never leave one behind; and what a missing program means."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

STOP_SECONDS = 15


def missing(what: str, remedy: str) -> NoReturn:
    """End the test that needs `what`: skipped on a person's machine, failed in CI, where everything is to run."""
    reason = f"{what} is not installed: {remedy}"
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], *, seconds: float, log: Callable[[], str]
) -> None:
    """Ask `ready` until it says yes; fail with the log when the process ends or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if (code := process.poll()) is not None:
            pytest.fail(f"{process.args!r} ended with {code} before it was ready:\n{log()}", pytrace=False)
        if time.monotonic() > deadline:
            stop(process)
            pytest.fail(f"{process.args!r} was not ready within {seconds} s:\n{log()}", pytrace=False)
        time.sleep(0.02)


def stop(process: subprocess.Popen[Any]) -> int:
    """Ask the process to end, insist after a while, and return its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()
