"""The small models that need no network: each started at its first call, watched, ended with this program.

The chat model has 135 million parameters, answers in short English, and gets facts wrong; its list entry says so.
A process each: docs/decisions/0012-embeddings-and-vector-search.md.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from keystead.gateway import embedded_server, embedding_server, faults
from keystead.gateway.catalogue import EMBEDDED

_START_SECONDS = 60.0
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 120.0
_log = logging.getLogger("keystead.model")


@dataclass(frozen=True, slots=True)
class Kind:
    """One model that this program can run.  url: what stands for its address in the table of servers.  module: what
    its process runs.  is_installed: whether its extra is here."""

    url: str
    name: str
    title: str
    description: str
    module: str
    is_installed: Callable[[], bool]


CHAT = Kind(
    EMBEDDED,
    "smollm2",
    "SmolLM2 135M (embedded)",
    "SmolLM2-135M-Instruct, embedded: for trying things out with no network. 135 million parameters, 4,096 tokens of "
    "context, English; it gets facts wrong and calls no tools.",
    "keystead.gateway.embedded_server",
    lambda: embedded_server.weights() is not None,
)
EMBEDDINGS = Kind(
    EMBEDDED + "embeddings",
    "multilingual-e5-small",
    "multilingual-e5-small (embedded)",
    "multilingual-e5-small, embedded, quantized to 4 bits: embeddings of 384 dimensions with no network, for some 100 "
    "languages. 118 million parameters; texts beyond 512 tokens are averaged over windows.",
    "keystead.gateway.embedding_server",
    embedding_server.is_installed,
)
KINDS = (CHAT, EMBEDDINGS)


class Embedded:
    """The process of one kind, at most one; `address` starts it where it does not run.  Used from the event loop."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
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
                why = f"its process failed; it is started again in {wait} s"
                raise faults.UNAVAILABLE(model=self.kind.name, why=why)
            try:
                self._address = await asyncio.wait_for(self._start(), _START_SECONDS)
            except (OSError, ValueError, KeyError, TimeoutError) as error:
                self._failures += 1
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**self._failures)
                self._not_before = time.monotonic() + pause
                _log.warning("the embedded model %s did not start: %s", self.kind.name, type(error).__name__)
                await self.close()
                raise faults.UNAVAILABLE(model=self.kind.name, why="its process did not start") from None
            self._failures = 0
            return self._address

    async def _start(self) -> tuple[str, str]:
        self._address = None
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.kind.module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        async for line in self._process.stdout:
            if line.startswith(b'{"url"'):
                told = json.loads(line)
                _log.info("the embedded model %s runs as process %d", self.kind.name, self._process.pid)
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
