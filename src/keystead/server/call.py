"""A call by a known caller: what stands between the wire and the handler.

Structs, not dataclasses: every request makes one of each, and these cost a fifth.  None of them is in a cycle.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from keystead.identity.callers import Caller
from keystead.products.action import Action


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a call came from: its request ID, the peer's address, whether over TLS, the client's own name."""

    request_id: str
    address: str
    secure: bool
    agent: str


class Call(msgspec.Struct, frozen=True, gc=False):
    """A call by a known caller, before its parameters are read.  mark: the nonce's digest, kept until `until`."""

    action: Action
    caller: Caller
    given: Mapping[str, str]
    origin: Origin
    now: float
    mark: bytes = b""
    until: int = 0
