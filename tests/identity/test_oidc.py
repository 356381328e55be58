"""Tokens of our own issuer: what passes, and why each of the others does not."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from keystead.identity import oidc
from keystead.identity.oidc import TokenRefusedError
from keystead.identity.providers import OidcProvider
from services.issuer import Issuer, issuer


@pytest.fixture(scope="module")
def at() -> Iterator[Issuer]:
    with issuer() as made:
        yield made


def provider(at: Issuer, **changes: Any) -> OidcProvider:
    values: dict[str, Any] = {
        "id": "3",
        "account_id": "1",
        "name": "p",
        "issuer": at.url,
        "client_ids": ("app", "other"),
        "fingerprints": (),
        "issuance_limit": 12 * 3600,
    }
    return OidcProvider(**{**values, **changes})


def judged(at: Issuer, text: str) -> oidc.Token:
    """The token through every step, with the issuer's keys at hand."""
    known = provider(at)
    header, claims = oidc.peek(text)
    oidc.check(claims, known, time.time())
    keys = oidc.read_keys(json.dumps(at.answer("/keys")).encode())
    fitting = [key for key in keys if key.fits(header)]
    if len(fitting) != 1:
        raise TokenRefusedError("InvalidSignature", "no key")
    return oidc.verify(text, header, fitting[0], known, time.time())


def refused(at: Issuer, text: str) -> tuple[str, str]:
    with pytest.raises(TokenRefusedError) as caught:
        judged(at, text)
    return caught.value.part, str(caught.value)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_a_token_says_who_it_is_for(at: Issuer, algorithm: str) -> None:
    found = judged(at, at.token(header={"alg": algorithm}, aud=["app", "elsewhere"]))
    assert found.subject == "system:serviceaccount:team:app"
    assert found.audiences == ("app", "elsewhere")
    assert found.issuer == at.url


@pytest.mark.parametrize(("algorithm", "curve"), [("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")])
def test_elliptic_curves_sign_too(at: Issuer, algorithm: str, curve: Any) -> None:
    key = ECKey.generate_key(curve, {"kid": algorithm}, private=True)
    at.keys.append(key)
    assert judged(at, at.token(key=key, header={"alg": algorithm})).audiences == ("app",)


@pytest.mark.parametrize(
    ("claims", "part", "why"),
    [
        ({"iss": "https://evil.example.com"}, "Invalid", "iss"),
        ({"iss": None}, "Invalid", "iss"),
        ({"sub": None}, "Invalid", "sub"),
        ({"sub": ""}, "Invalid", "sub"),
        ({"aud": None}, "AudienceNotMatch", "aud"),
        ({"aud": "third"}, "AudienceNotMatch", "2 client ID"),
        ({"aud": ["x", 1]}, "AudienceNotMatch", "aud"),
        ({"aud": ["x"] * 65}, "AudienceNotMatch", "aud"),
        ({"exp": 1}, "Expired", "seconds ago"),
        ({"exp": None}, "Invalid", "exp"),
        ({"exp": "soon"}, "Invalid", "exp"),
        ({"exp": True}, "Invalid", "exp"),
        ({"exp": 10**30}, "Invalid", "exp"),
        ({"iat": None}, "Invalid", "iat"),
        ({"iat": 1}, "Expired", "IssuanceLimitTime is 12 hours"),
        ({"iat": 4_000_000_000}, "Invalid", "counts in"),
        ({"nbf": 4_000_000_000}, "Invalid", "counts in"),
    ],
)
def test_a_claim_that_does_not_hold_is_refused(at: Issuer, claims: dict[str, Any], part: str, why: str) -> None:
    said = refused(at, at.token(**claims))
    assert said[0] == part
    assert why in said[1]


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "..", "a.b.c.d", "e30.e30.e30", "e30.W10.x", "é.e30.x"])
def test_what_is_no_token_is_refused(at: Issuer, text: str) -> None:
    assert refused(at, text)[0] == "Invalid"


def test_a_deep_token_is_refused(at: Issuer) -> None:
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 9000 + b"]" * 9000 + b"}").decode().rstrip("=")
    assert refused(at, f"{deep}.e30.x")[0] == "Invalid"


def test_a_changed_token_is_refused(at: Issuer) -> None:
    head, body, signature = at.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["sub"] = "admin"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert refused(at, f"{head}.{changed}.{signature}")[0] == "InvalidSignature"


def test_keys_for_other_uses_and_of_other_kinds_are_passed_over(at: Issuer) -> None:
    good = RSAKey.generate_key(2048, {"kid": "good"}).as_dict(private=False)
    stored = [
        good,
        {**good, "use": "enc", "kid": "enc"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "tiny"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["RSA"]},
        "text",
    ]
    assert [key.id for key in oidc.read_keys(json.dumps({"keys": stored}).encode())] == ["good"]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"keys": {}}', json.dumps({"keys": [{}] * 65}).encode()])
def test_what_is_no_key_set_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        oidc.read_keys(raw)
