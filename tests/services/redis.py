"""A throwaway Redis on a loopback port, with nothing kept on disk."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.loopback import LOOPBACK, child_environment, free_port
from services.process import missing, stop, wait_until


@contextmanager
def redis() -> Iterator[str]:
    """Yield the address of a running server; valkey-server serves as well."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if not program:
        missing("Redis", "apt-get install redis-server, or 'make test' as root")
    with tempfile.TemporaryDirectory(prefix="keystead-redis-") as home:
        port, log = free_port(), Path(home) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, "--port", str(port), "--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", home],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=child_environment(),
            )
        try:
            wait_until(lambda: _answers(port), process, seconds=30, log=log.read_text)
            yield f"redis://{LOOPBACK}:{port}/0"
        finally:
            stop(process)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
