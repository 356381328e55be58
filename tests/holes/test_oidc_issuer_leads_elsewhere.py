"""Whoever may name an issuer makes this server send requests: they go to that issuer only, and are bounded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from keystead.identity import oidc
from keystead.identity.issuers import MAX_DISCOVERY, MAX_KEY_SET, Issuers
from keystead.identity.oidc import TokenRefusedError
from keystead.identity.providers import OidcProvider
from services.issuer import Issuer, issuer


@pytest.fixture
def at() -> Iterator[Issuer]:
    with issuer() as made:
        yield made


@pytest.fixture
def inside() -> Iterator[Issuer]:
    """Something that only this server reaches."""
    with issuer() as made:
        yield made


def refused(at: Issuer, *, loopback_http: bool = True, fingerprints: tuple[str, ...] = ()) -> str:
    keys = Issuers(loopback_http=loopback_http, patience=0.5)
    known = OidcProvider("3", "1", "p", at.url, ("app",), fingerprints, 3600)
    with pytest.raises(TokenRefusedError) as caught:
        asyncio.run(keys.key(known, oidc.peek(at.token())[0], 1000))
    assert caught.value.part == "HttpsUrlInvalid"
    return str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(at: Issuer, inside: Issuer, status: int) -> None:
    at.status, at.headers = status, {"Location": inside.url + "/keys"}
    assert "redirects are not followed" in refused(at)
    assert inside.asked == []


@pytest.mark.parametrize("form", ["{url}/keys", "file:///etc/passwd", "//127.0.0.1/keys", "http://127.0.0.1:x/", "", 1])
def test_keys_on_another_host_are_not_fetched(at: Issuer, inside: Issuer, form: Any) -> None:
    at.discovery = {"jwks_uri": form.format(url=inside.url) if isinstance(form, str) else form}
    assert "not on the issuer's own host" in refused(at)
    assert inside.asked == []


def test_credentials_in_the_address_do_not_hide_another_host(at: Issuer, inside: Issuer) -> None:
    at.discovery = {"jwks_uri": at.url.replace("http://", "http://user@") + "/keys"}
    assert "not on the issuer's own host" in refused(at)


def test_a_discovery_document_of_another_issuer_is_refused(at: Issuer) -> None:
    at.discovery = {"issuer": "https://other.example.com"}
    assert "names another issuer" in refused(at)


def test_a_huge_discovery_document_is_cut_off(at: Issuer) -> None:
    at.discovery = {"padding": "x" * MAX_DISCOVERY}
    assert f"more than {MAX_DISCOVERY} bytes" in refused(at)


def test_a_huge_key_set_is_cut_off(at: Issuer) -> None:
    at.padding = MAX_KEY_SET
    assert f"more than {MAX_KEY_SET} bytes" in refused(at)


def test_a_compressed_answer_is_not_unpacked(at: Issuer) -> None:
    at.headers = {"Content-Encoding": "gzip"}
    assert "content encoding" in refused(at)


def test_a_slow_issuer_is_given_up(at: Issuer) -> None:
    at.slow = 3
    began = time.monotonic()
    refused(at)
    assert time.monotonic() - began < 2


def test_plain_http_needs_the_operators_word(at: Issuer) -> None:
    assert "https://" in refused(at, loopback_http=False)
    assert at.asked == []


def test_a_pinned_certificate_is_not_found_over_plain_http(at: Issuer) -> None:
    assert "fingerprints" in refused(at, fingerprints=("0" * 40,))
