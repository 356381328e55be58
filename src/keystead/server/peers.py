"""Who is at the other end of a connection, also behind proxies that the operator trusts."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

_MOST_REMEMBERED = 4096

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks:
    """A set of networks that remembers, within bounds, which addresses it has been asked for."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        """`texts` are addresses or networks, already checked by the settings."""
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(text, strict=False) for text in texts)
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        found = self._known.get(address)
        if found is None:
            found = self._look(address)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[address] = found
        return found

    def _look(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def real_peer(peer: str, secure: bool, headers: Mapping[str, str], proxies: Networks) -> tuple[str, bool]:
    """The address that the request came from, and whether over TLS.

    X-Forwarded-For and X-Forwarded-Proto count only from a trusted proxy; of the list the last address that is not a
    trusted proxy itself, so that a caller cannot put one in front.
    """
    if peer not in proxies:
        return peer, secure
    secure = headers.get("x-forwarded-proto", "https" if secure else "http").strip().lower() == "https"
    for hop in reversed(headers.get("x-forwarded-for", "").split(",")[-32:]):
        address = hop.strip()
        if not address:
            continue
        if not _is_address(address):
            return peer, secure
        if address not in proxies:
            return address, secure
        peer = address
    return peer, secure


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
