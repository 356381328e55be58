"""Keystead's own CLI, a process per call: `keystead call ram CreateUser` and `keystead ram create-user`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from journeys.client import ApiError, Key, snake
from services.server import Server

REFUSED = 1
"""The exit code for an answer of 4xx."""


class OurCli:
    """The form with the names of the wire. A refusal is read as a person reads it: lines on stderr."""

    shows_status = True
    shows_detail = True
    wrong_secret = "SignatureDoesNotMatch"

    def __init__(self, server: Server) -> None:
        self._server = server

    def _arguments(self, product: str, action: str, parameters: Mapping[str, str]) -> list[str]:
        given = [part for name, value in parameters.items() for part in (f"--{name}", value)]
        return ["call", product, action, *given]

    def call(self, key: Key, product: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Run the command with the pair in its environment, as CI jobs do."""
        pair = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret}
        if key.token:
            pair["ALIBABA_CLOUD_SECURITY_TOKEN"] = key.token
        arguments = self._arguments(product, action, parameters)
        done = self._server.cli(
            *arguments, "--output", "json", environment={**pair, "KEYSTEAD_ENDPOINT": self._server.url}
        )
        if done.returncode == 0:
            answer: dict[str, Any] = json.loads(done.stdout)
            return answer
        assert done.returncode == REFUSED, f"{done.returncode}: {done.stderr}"
        assert key.secret not in done.stderr
        raise _refusal(done.stderr)

    def close(self) -> None:
        """Nothing is kept."""


class OurCliByProduct(OurCli):
    """The form for people: a command per product and action, options in lower case."""

    def _arguments(self, product: str, action: str, parameters: Mapping[str, str]) -> list[str]:
        given = [part for name, value in parameters.items() for part in (f"--{snake(name, '-')}", value)]
        return [product, snake(action, "-"), *given]


def _refusal(text: str) -> ApiError:
    lines = dict(re.findall(r"^([A-Z][A-Za-z ]+): (.*)$", text, flags=re.MULTILINE))
    code, status = re.fullmatch(r"(\S+) \(HTTP (\d+)\)", lines["Code"]).groups()  # type: ignore[union-attr]
    return ApiError(code=code, status=int(status), message=lines["Error"], request_id=lines["Request ID"], detail=lines)
