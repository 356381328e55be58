"""The small model that needs no network: started at the first call, watched, ended with this program.

It has 135 million parameters, answers in short English, and gets facts wrong; its list entry says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

from keystead.gateway import faults
from keystead.gateway.embedded_server import weights

NAME = "smollm2"
DESCRIPTION = (
    "SmolLM2-135M-Instruct, embedded: for trying things out with no network. 135 million parameters, 4,096 tokens of "
    "context, English; it gets facts wrong and calls no tools."
)
_START_SECONDS = 60.0
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 120.0
_log = logging.getLogger("keystead.model")


def is_installed() -> bool:
    """Whether the extra [model] is here."""
    return weights() is not None


class Embedded:
    """The process, at most one; `address` starts it where it does not run.  Used from the event loop."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._address: tuple[str, str] | None = None
        self._starting = asyncio.Lock()
        self._failures = 0
        self._not_before = 0.0

    async def address(self) -> tuple[str, str]:
        """Base address and key.  Raises `ModelUnavailable` while it cannot be started; after a failure it is left
        alone for a while, longer each time."""
        if self._address is not None and self._process is not None and self._process.returncode is None:
            return self._address
        async with self._starting:
            if self._address is not None and self._process is not None and self._process.returncode is None:
                return self._address
            if time.monotonic() < self._not_before:
                wait = int(self._not_before - time.monotonic()) + 1
                raise faults.UNAVAILABLE(model=NAME, why=f"its process failed; it is started again in {wait} s")
            try:
                self._address = await asyncio.wait_for(self._start(), _START_SECONDS)
            except (OSError, ValueError, KeyError, TimeoutError) as error:
                self._failures += 1
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**self._failures)
                self._not_before = time.monotonic() + pause
                _log.warning("the embedded model did not start: %s", type(error).__name__)
                await self.close()
                raise faults.UNAVAILABLE(model=NAME, why="its process did not start") from None
            self._failures = 0
            return self._address

    async def _start(self) -> tuple[str, str]:
        self._address = None
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "keystead.gateway.embedded_server",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        async for line in self._process.stdout:
            if line.startswith(b'{"url"'):
                told = json.loads(line)
                _log.info("the embedded model runs as process %d", self._process.pid)
                self._reader = asyncio.ensure_future(_drain(self._process.stdout))
                return told["url"], told["key"]
        raise ValueError("it ended before it was ready")

    async def close(self) -> None:
        """End the process."""
        process, self._process, self._address = self._process, None, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


async def _drain(stream: asyncio.StreamReader) -> None:
    """Read what the library prints, so that it never waits for a full pipe."""
    while await stream.read(65536):
        pass
