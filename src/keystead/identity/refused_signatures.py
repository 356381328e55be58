"""Requests that were refused before they were believed, for a while: so that their signature can be looked into.

A request names parameters that nobody else may read, so each is sealed under the master key while it lies here, and
what is shown of it has its secrets blanked.  Bounded in number, by pair, and in bytes; kept in this process only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import msgspec

from keystead.identity.keyring import Keyring
from keystead.wire.request import WireRequest

MOST = 512
MOST_UNSURE = 64
"""Of pairs that were not in memory: whoever names pairs that do not exist must not push out the others."""
MOST_OF_A_PAIR = 8
LARGEST = 65_536
"""Bytes of body, of a request that is kept."""

_PURPOSE = "refused-signature"


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    method: str
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes


class Refusal(NamedTuple):
    """One refused request.  at: seconds.  secrets: the names of parameters that must not be shown."""

    access_key_id: str
    at: float
    code: str
    secrets: frozenset[str]
    sealed: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


class RefusedSignatures:
    """The last refused requests by request ID; the oldest give way."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._kept: OrderedDict[str, Refusal] = OrderedDict()
        self._unsure: OrderedDict[str, Refusal] = OrderedDict()
        self._of_pair: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._kept) + len(self._unsure)

    def add(
        self,
        request_id: str,
        access_key_id: str,
        request: WireRequest,
        *,
        now: float,
        code: str,
        secrets: frozenset[str],
        sure: bool,
    ) -> None:
        """Keep a refused request; a large one is not kept.  sure: the pair is known to exist."""
        size = len(request.body) + len(request.raw_query) + len(request.raw_path)
        if size > LARGEST:
            return
        kept = _Kept(request.method, request.raw_path, request.raw_query, dict(request.headers), request.body)
        sealed = self._keyring.seal(_encode(kept), _PURPOSE)
        mine = self._of_pair.setdefault(access_key_id, [])
        mine.append(request_id)
        shelf, most = (self._kept, MOST) if sure else (self._unsure, MOST_UNSURE)
        shelf[request_id] = Refusal(access_key_id, now, code, secrets, sealed)
        if len(mine) > MOST_OF_A_PAIR:
            self._drop(mine[0])
        elif len(shelf) > most:
            self._drop(next(iter(shelf)))

    def get(self, request_id: str) -> Refusal | None:
        """The refusal of that request ID, None where it is not here (any more)."""
        return self._kept.get(request_id) or self._unsure.get(request_id)

    def request(self, refusal: Refusal) -> WireRequest:
        """The request as it arrived."""
        kept = _decode(self._keyring.open(refusal.sealed, _PURPOSE))
        return WireRequest(kept.method, kept.raw_path, kept.raw_query, kept.headers, kept.body)

    def _drop(self, request_id: str) -> None:
        refusal = self._kept.pop(request_id, None) or self._unsure.pop(request_id)
        mine = self._of_pair[refusal.access_key_id]
        mine.remove(request_id)
        if not mine:
            del self._of_pair[refusal.access_key_id]
