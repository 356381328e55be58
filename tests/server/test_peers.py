"""Forwarded addresses count from trusted proxies only, and a caller cannot put one in front."""

from __future__ import annotations

import pytest

from keystead.server.peers import Networks, real_peer

PROXIES = Networks(("10.0.0.0/8", "::1"))


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


def test_networks_remember_within_bounds() -> None:
    networks = Networks(("10.0.0.0/8",))
    for number in range(10_000):
        assert f"10.0.{number // 256}.{number % 256}" in networks
    assert "garbage" not in networks
    assert "" not in networks
