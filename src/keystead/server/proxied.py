"""The PROXY protocol: a trusted proxy says at the beginning of a connection for whom it was opened.

For proxies that pass on bytes and know no HTTP (HAProxy and load balancers in TCP mode).  The header itself is read by
the library proxy-protocol, both versions; what stands here is how it meets uvicorn.
"""

from __future__ import annotations

import asyncio
from typing import Any

from proxyprotocol import ProxyProtocolIncompleteError
from proxyprotocol.detect import ProxyProtocolDetect
from proxyprotocol.result import ProxyResult, is_ipv4, is_ipv6

from keystead.server.connection import Connection
from keystead.server.peers import Networks

MAX_HEADER = 4096
"""Longer headers are refused: version 1 has at most 107 bytes, version 2 addresses and a few short fields."""
_OVER_TLS = 1  # PP2_CLIENT_SSL

_detect = ProxyProtocolDetect()


class Header:
    """Reads one header from pieces as they come."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._wanted = 8

    def feed(self, data: bytes) -> tuple[ProxyResult, bytes] | None:
        """The header and what follows it, or None while it is incomplete.  Raises ValueError for anything else."""
        self._held += data
        while len(self._held) >= self._wanted:
            try:
                found = _detect.unpack(bytes(self._held[: self._wanted]))
            except ProxyProtocolIncompleteError as error:
                self._extend(error)
                continue
            return found, bytes(self._held[self._wanted :])
        return None

    def _extend(self, error: ProxyProtocolIncompleteError) -> None:
        if error.want_read.want_line:
            end = self._held.find(b"\n", self._wanted)
            self._wanted = end + 1 if end >= 0 else len(self._held) + 1
        else:
            self._wanted += error.want_read.want_bytes or 1
        if self._wanted > MAX_HEADER:
            raise ValueError("the header is too long")


def behind(proxies: Networks) -> type[Connection]:
    """The protocol, for connections of which those from `proxies` begin with a PROXY header.

    INVARIANT: a trusted proxy that sends no such header is cut off; the header of anybody else is not read, and is no
    HTTP either.
    """

    class Proxied(Connection):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            trusted = self.client is not None and self.client[0] in proxies
            self._header = Header() if trusted else None

        def data_received(self, data: bytes) -> None:
            if self._header is None:
                super().data_received(data)
                return
            try:
                found = self._header.feed(data)
            except ValueError:
                self.transport.close()
                return
            if found is not None:
                self._header = None
                self._take(found[0])
                if found[1]:
                    super().data_received(found[1])

        def _take(self, said: ProxyResult) -> None:
            if is_ipv4(said) or is_ipv6(said):
                address: Any = said.source
                self.client = (str(address[0]), int(address[1]))
                self.scheme = "https" if int(said.tlv.ssl.client) & _OVER_TLS else "http"

    return Proxied
