"""A call by a known caller: what stands between the wire and the handler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.identity.callers import Caller
from keystead.products.action import Action


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from: its request ID, the peer's address, whether over TLS, the client's own name."""

    request_id: str
    address: str
    secure: bool
    agent: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call by a known caller, before its parameters are read.  mark: the nonce's digest, kept until `until`."""

    action: Action
    caller: Caller
    given: Mapping[str, str]
    origin: Origin
    now: float
    mark: bytes = b""
    until: int = 0
