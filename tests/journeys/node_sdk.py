"""The vendor's Node.js clients, driven by `node/drive.js`: one process, a line of JSON per call and per answer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from journeys.client import ApiError, Key
from services.loopback import child_environment
from services.process import missing, stop
from services.rpc import VERSIONS
from services.server import Server

FOLDER = Path(__file__).with_name("node")
Kind = Literal["pop-core-get", "pop-core-post", "current"]


class NodeSdk:
    """`pop-core-get` and `pop-core-post` are @alicloud/pop-core's RPCClient, `current` the generated packages."""

    wrong_secret = "SignatureDoesNotMatch"

    def __init__(self, server: Server, kind: Kind) -> None:
        self.shows_status = self.shows_detail = kind == "current"
        if not shutil.which("node"):
            missing("Node.js", "apt-get install nodejs npm, or 'make test' as root")
        if not (FOLDER / "node_modules" / "@alicloud").is_dir():
            missing("The set of Node.js clients", "npm ci in tests/journeys/node, or 'make test'")
        self._kind, self._server = kind, server
        self._process = subprocess.Popen(
            ["node", str(FOLDER / "drive.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )

    def call(self, key: Key, product: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Hand the call to the driver and wait for its line."""
        pair = {"id": key.id, "secret": key.secret, "token": key.token}
        wanted = {
            "kind": self._kind,
            "host": f"{self._server.host}:{self._server.port}",
            "product": product,
            "version": VERSIONS[product],
            "action": action,
            "parameters": dict(parameters),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**wanted, "key": pair}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if broken := answer.get("broken"):
            raise AssertionError(f"the client failed without an answer: {broken}")
        if refusal := answer.get("refused"):
            shown = re.sub(r"^\S+: code: \d+, | request id: \S+$|, URL: \S+$", "", refusal["message"])
            raise ApiError(refusal["code"], refusal["status"], shown, refusal["requestId"], refusal["detail"])
        result: dict[str, Any] = answer["answered"]
        return result

    def close(self) -> None:
        """End the driver."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        stop(self._process)
        self._process.stdout.close()
