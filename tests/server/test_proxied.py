"""The PROXY protocol: whom a trusted proxy speaks for; hostile headers end the connection, however they are cut."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxyprotocol.result import ProxyResultIPv4, ProxyResultIPv6, ProxyResultLocal
from proxyprotocol.v1 import ProxyProtocolV1
from proxyprotocol.v2 import ProxyProtocolV2

from keystead.server.proxied import MAX_HEADER, Header
from services.server import Server

V4 = ProxyResultIPv4((IPv4Address("203.0.113.7"), 4000), (IPv4Address("192.0.2.1"), 80))
V6 = ProxyResultIPv6((IPv6Address("2001:db8::7"), 4000), (IPv6Address("2001:db8::1"), 80))
HEADERS = {
    "version 1": ProxyProtocolV1().pack(V4),
    "version 1, IPv6": ProxyProtocolV1().pack(V6),
    "version 2": ProxyProtocolV2().pack(V4),
    "version 2, IPv6": ProxyProtocolV2().pack(V6),
    "version 2, local": ProxyProtocolV2().pack(ProxyResultLocal()),
}
PROXY = "127.0.0.2"
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@given(cuts=st.sets(st.integers(min_value=1, max_value=200)))
def test_a_header_is_read_however_it_is_cut(header: bytes, cuts: set[int]) -> None:
    whole = header + REQUEST
    places = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    reader = Header()
    found = None
    for begin, end in pairwise(places):
        if found is None:
            found = reader.feed(whole[begin:end])
            rest = b"" if found is None else found[1]
        else:
            rest += whole[begin:end]
    assert found is not None
    assert rest == REQUEST


@given(st.binary(max_size=300))
def test_anything_else_is_refused_or_incomplete(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert Header().feed(data) is None or data[:5] == b"PROXY" or data[:4] == b"\r\n\r\n"


def test_a_header_is_bounded() -> None:
    with pytest.raises(ValueError, match="too long"):
        Header().feed(b"PROXY TCP4 " + b"1" * (MAX_HEADER + 10))


def ask(server: Server, opening: bytes) -> bytes:
    """What the server sends on a connection that begins like this; empty when it hangs up."""
    with socket.create_connection((server.host, server.port), timeout=10, source_address=(PROXY, 0)) as connection:
        connection.sendall(opening)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65536):
                answer += data
        return answer


@pytest.fixture
def proxied(start_server: Callable[..., Server]) -> Server:
    """A server that trusts one other address of this machine as a proxy, and shows /metrics to 203.0.113.0/24."""
    options = ("--trusted-proxy", PROXY, "--proxy-protocol", "--metrics-from", "203.0.113.0/24")
    return start_server(options=options)


def test_the_caller_is_who_the_proxy_names(proxied: Server) -> None:
    assert ask(proxied, HEADERS["version 1"] + REQUEST).startswith(b"HTTP/1.1 200")
    assert ask(proxied, HEADERS["version 2"] + REQUEST).startswith(b"HTTP/1.1 200")
    assert ask(proxied, HEADERS["version 2, IPv6"] + REQUEST).startswith(b"HTTP/1.1 403")
    assert ask(proxied, HEADERS["version 2, local"] + REQUEST).startswith(b"HTTP/1.1 403")


def test_a_trusted_proxy_without_a_header_is_cut_off(proxied: Server) -> None:
    assert ask(proxied, REQUEST) == b""
    assert ask(proxied, b"PROXY nonsense\r\n" + REQUEST) == b""
