"""Nothing but curl and openssl: the script that the README shows."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeys.client import Key
from services.loopback import child_environment
from services.process import missing
from services.rpc import error_of
from services.server import Server

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "first_call.sh"


class Curl:
    """`docs/examples/first_call.sh`: ACS3 with the parameters in a form body. curl prints the body, not the status."""

    shows_status = False
    shows_detail = True
    wrong_secret = "SignatureDoesNotMatch"

    def __init__(self, server: Server) -> None:
        for program in ("bash", "curl", "openssl"):
            if not shutil.which(program):
                missing(program, f"apt-get install {program}, or 'make test' as root")
        self._url = server.url

    def call(self, key: Key, product: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Run the script with the pair in its environment."""
        pair = {
            "KEYSTEAD_ENDPOINT": self._url,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret,
        }
        if key.token:
            pair["ALIBABA_CLOUD_SECURITY_TOKEN"] = key.token
        done = subprocess.run(
            [str(SCRIPT), product, action, *(f"{name}={value}" for name, value in parameters.items())],
            env=child_environment(pair),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, f"no answer: {done.stderr}"
        body: dict[str, Any] = json.loads(done.stdout)
        if done.returncode:
            raise error_of(None, body)
        return body

    def close(self) -> None:
        """Nothing is kept."""
