"""Forwarded addresses count from trusted proxies only, and a caller cannot put one in front."""

from __future__ import annotations

import pytest

from keystead.server.peers import Networks, Proxies, real_peer

PROXIES = Proxies(("10.0.0.0/8", "::1"))
FORWARDED = Proxies(("10.0.0.0/8", "::1"), "forwarded")


@pytest.mark.parametrize(
    ("peer", "forwarded", "wanted"),
    [
        ("192.0.2.9", "203.0.113.7", "192.0.2.9"),  # not a proxy: the header is the caller's own text
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"),  # what the caller claimed stands further left
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
    ],
)
def test_the_real_peer(peer: str, forwarded: str, wanted: str) -> None:
    assert real_peer(peer, False, {"x-forwarded-for": forwarded}, PROXIES)[0] == wanted


def test_forwarded_tls_counts_from_a_proxy_only() -> None:
    assert real_peer("10.0.0.1", False, {"x-forwarded-proto": "https"}, PROXIES)[1] is True
    assert real_peer("192.0.2.9", False, {"x-forwarded-proto": "https"}, PROXIES)[1] is False
    assert real_peer("10.0.0.1", True, {"x-forwarded-proto": "http"}, PROXIES)[1] is False


@pytest.mark.parametrize(
    ("peer", "forwarded", "wanted"),
    [
        ("192.0.2.9", "for=203.0.113.7", "192.0.2.9"),
        ("10.0.0.1", "for=203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "For=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"),
        ("10.0.0.1", 'for="203.0.113.7:4711"', "203.0.113.7"),
        ("10.0.0.1", 'by=10.0.0.1; for="[2001:db8::1]:4711"', "2001:db8::1"),
        ("10.0.0.1", "for=1.2.3.4, for=203.0.113.7, for=10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "for=unknown", "10.0.0.1"),
        ("10.0.0.1", "for=_hidden, for=10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", 'for="x, for=203.0.113.7', "203.0.113.7"),  # the caller's open quote swallows nothing
        ("10.0.0.1", "for=203.0.113.7;for=1.2.3.4", "10.0.0.1"),  # twice: whom to believe?
        ("10.0.0.1", "proto=https", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_the_real_peer_by_rfc_7239(peer: str, forwarded: str, wanted: str) -> None:
    assert real_peer(peer, False, {"forwarded": forwarded}, FORWARDED)[0] == wanted


def test_only_the_header_that_the_proxies_write_counts() -> None:
    both = {"forwarded": "for=1.1.1.1;proto=https", "x-forwarded-for": "2.2.2.2", "x-forwarded-proto": "http"}
    assert real_peer("10.0.0.1", False, both, FORWARDED) == ("1.1.1.1", True)
    assert real_peer("10.0.0.1", False, both, PROXIES) == ("2.2.2.2", False)


def test_networks_remember_within_bounds() -> None:
    networks = Networks(("10.0.0.0/8",))
    for number in range(10_000):
        assert f"10.0.{number // 256}.{number % 256}" in networks
    assert "garbage" not in networks
    assert "" not in networks
