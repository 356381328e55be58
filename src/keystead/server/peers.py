"""Who is at the other end of a connection, also behind proxies that the operator trusts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

_MOST_REMEMBERED = 4096
_MOST_HOPS = 32

# One pair of RFC 7239 section 4: token "=" (token / quoted-string), and what stands behind it.
_PAIR = re.compile(r'\s*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*(?:;|$)')

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


class Proxies(Networks):
    """The proxies that are trusted, and the header that they write."""

    def __init__(self, texts: tuple[str, ...], header: str = "x-forwarded-for") -> None:
        """`header` is x-forwarded-for (with x-forwarded-proto) or forwarded (RFC 7239).

        One of them only: a proxy that writes one hands on what the caller wrote into the other.
        """
        super().__init__(texts)
        self.header = header


def real_peer(peer: str, secure: bool, headers: Mapping[str, str], proxies: Proxies) -> tuple[str, bool]:
    """The address that the request came from, and whether over TLS.

    The proxies' header counts only from a trusted proxy; of its list the last address that is not a trusted proxy
    itself, so that a caller cannot put one in front.
    """
    if peer not in proxies:
        return peer, secure
    given = headers.get(proxies.header, "")
    if proxies.header == "forwarded":
        hops = _elements(given)
    else:
        scheme = headers.get("x-forwarded-proto", "").strip().lower()
        hops = [(hop.strip(), scheme) for hop in given.split(",")[-_MOST_HOPS:]] if given or scheme else []
    return _walk(peer, secure, hops, proxies)


def _walk(peer: str, secure: bool, hops: list[tuple[str, str]], proxies: Proxies) -> tuple[str, bool]:
    """From the nearest hop outwards, as long as the one who named it is trusted."""
    for address, scheme in reversed(hops):
        if scheme:
            secure = scheme == "https"
        if not address:
            continue
        if not _is_address(address):
            return peer, secure
        if address not in proxies:
            return address, secure
        peer = address
    return peer, secure


def _elements(header: str) -> list[tuple[str, str]]:
    """The (for, proto) of each element of a Forwarded header; a broken element names nobody.

    Elements are cut at every comma: one inside quotes breaks its own element, while a quote that the caller left open
    cannot swallow what the proxy added behind it.
    """
    found: list[tuple[str, str]] = []
    for element in header.split(",")[-_MOST_HOPS:]:
        if not element.strip():
            continue
        pairs: dict[str, str] = {}
        text, at = element.strip(), 0
        while at < len(text):
            match = _PAIR.match(text, at)
            if match is None or match[1].lower() in pairs:
                pairs = {"for": "unknown"}
                break
            pairs[match[1].lower()] = _unquoted(match[2])
            at = match.end()
        found.append((_node(pairs.get("for", "unknown")), pairs.get("proto", "").lower()))
    return found


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _node(text: str) -> str:
    """The address in a node name: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80` (section 6)."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
