"""A token whose header chooses how it is checked: no signature, a public key as HMAC secret, a key of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from keystead.identity import oidc
from keystead.identity.oidc import TokenRefusedError
from keystead.identity.providers import OidcProvider
from services.issuer import Issuer, issuer


@pytest.fixture(scope="module")
def at() -> Iterator[Issuer]:
    with issuer() as made:
        yield made


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims(at: Issuer) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": at.url, "sub": "admin", "aud": "app", "iat": now, "exp": now + 600}


def judged(at: Issuer, text: str) -> oidc.Token:
    """The token through every step, with the issuer's keys at hand."""
    known = OidcProvider("3", "1", "p", at.url, ("app",), (), 3600)
    header, said = oidc.peek(text)
    oidc.check(said, known, time.time())
    keys = oidc.read_keys(json.dumps(at.answer("/keys")).encode())
    fitting = [key for key in keys if key.fits(header)]
    if len(fitting) != 1:
        raise TokenRefusedError("InvalidSignature", "no single key")
    return oidc.verify(text, header, fitting[0], known, time.time())


def refused(at: Issuer, text: str) -> str:
    with pytest.raises(TokenRefusedError) as caught:
        judged(at, text)
    return caught.value.part


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 0, ["RS256"]])
def test_a_token_without_a_signature(at: Issuer, name: Any) -> None:
    assert refused(at, f"{encoded({'alg': name})}.{encoded(claims(at))}.{encoded(b'x')}") == "Invalid"
    assert refused(at, f"{encoded({'alg': name})}.{encoded(claims(at))}.") == "Invalid"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("form", ["pem", "json", "modulus"])
def test_the_public_key_as_a_shared_secret(at: Issuer, algorithm: str, form: str) -> None:
    key = at.keys[0]
    public = key.as_dict(private=False)
    secret = {"pem": key.as_pem(private=False), "json": json.dumps(public).encode(), "modulus": b"%r" % public["n"]}
    head = f"{encoded({'alg': algorithm, 'kid': key.kid})}.{encoded(claims(at))}"
    proof = hmac.new(secret[form], head.encode(), getattr(hashlib, f"sha{algorithm[2:]}")).digest()
    assert refused(at, f"{head}.{encoded(proof)}") == "Invalid"


def test_a_key_that_the_token_brings_along(at: Issuer) -> None:
    own = RSAKey.generate_key(2048, {"kid": at.keys[0].kid}, private=True)
    for extra in ({"jwk": own.as_dict(private=False)}, {"jku": "https://evil.example.com/keys"}, {"x5u": "https://e"}):
        assert refused(at, at.token(key=own, header=extra)) == "InvalidSignature"
    assert refused(at, at.token(key=own)) == "InvalidSignature"


@pytest.mark.parametrize("kid", ["../../../../dev/null", "' OR 1=1 --", "", None, "x" * 600])
def test_a_key_id_is_only_compared(at: Issuer, kid: Any) -> None:
    own = RSAKey.generate_key(2048, private=True)
    assert refused(at, at.token(key=own, header={"kid": kid})) in ("InvalidSignature", "Invalid")


def test_two_keys_of_one_id_are_none(at: Issuer) -> None:
    """Which of them is meant must not depend on their order."""
    text = at.token()
    twin = RSAKey.generate_key(2048, {"kid": at.keys[0].kid}, private=True)
    at.keys.append(twin)
    try:
        assert refused(at, text) == "InvalidSignature"
    finally:
        at.keys.remove(twin)


def test_a_key_for_one_algorithm_is_for_no_other(at: Issuer) -> None:
    key = at.keys[0]
    stored = {**key.as_dict(private=False), "alg": "PS256"}
    (only,) = oidc.read_keys(json.dumps({"keys": [stored]}).encode())
    header, _ = oidc.peek(at.token())
    assert not only.fits(header)


def test_a_critical_extension_is_not_passed_over(at: Issuer) -> None:
    head = encoded({"alg": "RS256", "crit": ["b64"], "b64": False})
    assert refused(at, f"{head}.{encoded(claims(at))}.{encoded(b'x')}") == "Invalid"
