"""Requests for the tests of signing: the least that satisfies `Message`, and the vectors as such requests."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from keystead.percent import Pairs, decode_pairs

_FILE = json.loads((Path(__file__).parents[1] / "vectors" / "signing-vectors.json").read_text("utf-8"))
VECTORS: dict[str, dict[str, Any]] = {vector["id"]: vector for vector in _FILE["vectors"]}
NEGATIVES: list[dict[str, Any]] = _FILE["negatives"]
SIGNED = {name: v for name, v in VECTORS.items() if v["scheme"] not in {"BEARER", "ANONYMOUS"}}


@dataclass(frozen=True)
class Request:
    """A request as the server hands it over."""

    method: str = "GET"
    raw_path: str = "/"
    raw_query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def query(self) -> Pairs:
        return decode_pairs(self.raw_query)

    @cached_property
    def form(self) -> Pairs:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return ()
        return decode_pairs(self.body.decode("utf-8", "surrogateescape"), where="form body")

    @cached_property
    def named(self) -> Mapping[str, str]:
        return dict(self.query + self.form)


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names in lower case, values stripped, repeated names joined in sorted order."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value.strip())
    return {name: ",".join(sorted(values)) for name, values in found.items()}


def request_of(vector: Mapping[str, Any]) -> Request:
    """The wire request of a vector."""
    wire = vector["request"]
    data = wire["body"]["data"]
    body = b64decode(data) if wire["body"]["encoding"] == "base64" else data.encode()
    return Request(wire["method"], wire["path"], wire["query"] or "", joined(wire["headers"]), body)


def secret_of(vector: Mapping[str, Any]) -> str:
    """What the server holds for the vector's key: the secret, or the public key."""
    credential = vector["credential"]
    return str(credential.get("access_key_secret") or credential["public_key_pem"])
