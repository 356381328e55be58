"""Keys of an issuer: fetched once, kept for a while, found again after a rotation, and asked for at intervals."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keystead.identity import oidc
from keystead.identity.issuers import Issuers, unfit
from keystead.identity.oidc import SigningKey, TokenRefusedError
from keystead.identity.providers import OidcProvider
from keystead.server import tls
from services.issuer import Issuer, issuer


@pytest.fixture
def at() -> Iterator[Issuer]:
    with issuer() as made:
        yield made


def provider(at: Issuer, **changes: Any) -> OidcProvider:
    values: dict[str, Any] = {"id": "3", "account_id": "1", "name": "p", "issuer": at.url, "client_ids": ("app",)}
    return OidcProvider(**{**values, "fingerprints": (), "issuance_limit": 3600, **changes})


def key(keys: Issuers, at: Issuer, text: str, now: float = 1000, **changes: Any) -> SigningKey:
    return asyncio.run(keys.key(provider(at, **changes), oidc.peek(text)[0], now))


def refused(keys: Issuers, at: Issuer, text: str, now: float = 1000, **changes: Any) -> tuple[str, str]:
    with pytest.raises(TokenRefusedError) as caught:
        key(keys, at, text, now, **changes)
    return caught.value.part, str(caught.value)


def test_keys_are_fetched_once_and_again_when_they_are_old(at: Issuer) -> None:
    keys = Issuers(loopback_http=True)
    text = at.token()
    for now in (1000, 1100, 1599):
        assert key(keys, at, text, now).id == at.keys[0].kid
    assert len(at.asked) == 2
    key(keys, at, text, 1600)
    assert len(at.asked) == 4


def test_many_at_once_ask_once(at: Issuer) -> None:
    keys, text = Issuers(loopback_http=True), at.token()
    at.slow = 0.1

    async def all_at_once() -> None:
        header = oidc.peek(text)[0]
        await asyncio.gather(*(keys.key(provider(at), header, 1000) for _ in range(20)))

    asyncio.run(all_at_once())
    assert len(at.asked) == 2


def test_a_rotated_key_is_found_but_unknown_ones_do_not_flood_the_issuer(at: Issuer) -> None:
    keys = Issuers(loopback_http=True)
    key(keys, at, at.token())
    at.rotate()
    new = at.token()
    assert refused(keys, at, new, 1029)[0] == "InvalidSignature"
    assert len(at.asked) == 2
    assert key(keys, at, new, 1030).id == at.keys[0].kid
    for kid in range(50):
        refused(keys, at, at.token(header={"kid": str(kid)}), 1059)
    assert len(at.asked) == 4


def test_a_key_that_the_issuer_took_back_counts_for_minutes_only(at: Issuer) -> None:
    keys, text = Issuers(loopback_http=True), at.token()
    key(keys, at, text)
    at.rotate()
    assert key(keys, at, text, 1599)
    assert refused(keys, at, text, 1600)[0] == "InvalidSignature"


def test_an_issuer_that_fails_is_not_asked_again_at_once(at: Issuer) -> None:
    keys, text = Issuers(loopback_http=True), at.token()
    at.status = 500
    for _ in range(10):
        assert refused(keys, at, text) == (
            "HttpsUrlInvalid",
            f"the keys of {at.url} were not read: it answered 500; redirects are not followed",
        )
    assert len(at.asked) == 1
    at.status = 200
    assert key(keys, at, text, 1030)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tls.TlsFiles:
    """A certificate for this machine of an authority that this process trusts."""
    files = tls.ensure(tmp_path, (), time.time())
    assert files.authority is not None
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    return files


def fingerprint(path: Path, name: str) -> str:
    """The digest of the first certificate in a PEM file, as people copy it."""
    der = ssl.PEM_cert_to_DER_cert(path.read_text().partition("-----END CERTIFICATE-----")[0] + _END)
    digits = hashlib.new(name, der).hexdigest().upper()
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))


_END = "-----END CERTIFICATE-----\n"


def test_the_certificates_of_an_issuer_may_be_pinned(authority: tls.TlsFiles) -> None:
    assert authority.authority is not None
    with issuer(tls.server_context(authority)) as at:
        text = at.token()
        assert key(Issuers(), at, text)
        for path in (authority.certificate, authority.authority):
            for name in ("sha1", "sha256"):
                assert key(Issuers(), at, text, fingerprints=("0" * 40, fingerprint(path, name)))
        part, why = refused(Issuers(), at, text, fingerprints=("0" * 40,))
        assert part == "HttpsUrlInvalid"
        assert "fingerprints" in why


def test_a_certificate_that_nobody_vouches_for_is_refused_even_when_it_is_pinned(
    authority: tls.TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with issuer(tls.server_context(authority)) as at:
        pinned = fingerprint(authority.certificate, "sha256")
        assert refused(Issuers(), at, at.token(), fingerprints=(pinned,))[0] == "HttpsUrlInvalid"


@pytest.mark.parametrize(
    ("address", "loopback", "fits"),
    [
        ("https://issuer.example.com", False, True),
        ("https://issuer.example.com:8443/realms/x", False, True),
        ("http://issuer.example.com", True, False),
        ("http://127.0.0.1:8080", True, True),
        ("http://localhost:8080/x", True, True),
        ("http://[::1]:8080", True, True),
        ("http://127.0.0.1:8080", False, False),
        ("http://localhost.evil.example.com", True, False),
        ("https://user@issuer.example.com", False, False),
        ("https://issuer.example.com/?q", False, False),
        ("https://issuer.example.com/#f", False, False),
        ("https://issuer.example.com:x", False, False),
        ("https://", False, False),
        ("https://issuer.example.com/\r\nHost: evil", False, False),
        ("ftp://issuer.example.com", False, False),
        ("file:///etc/passwd", True, False),
    ],
)
def test_an_issuer_is_a_https_address(address: str, loopback: bool, fits: bool) -> None:
    assert (unfit(address, loopback_http=loopback) is None) is fits
