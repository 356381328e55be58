"""OpenID Connect: whether an ID token is genuine, for us, and in its time.

Pure: a token, a provider, its keys and a time in; the token's claims out.  What counts is read from what the
signature check gave back; the peek before it only spares a look for keys where the token could not pass anyway.

Source: reference/ram-behaviour.md 8.2; RFC 7515, 7519 and 8725; OpenID Connect Core 3.1.3.7.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from keystead.identity.providers import OidcProvider

if TYPE_CHECKING:  # imported where it is used: few nodes ever see a token, and every start would pay
    from joserfc.jwk import ECKey, RSAKey

SKEW_SECONDS = 60
MAX_KEYS = 64
_LAST_SECOND = 1 << 40
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *_CURVES})
"""Signatures of a private key only: with `none` and HMAC anybody could make a token."""

_LEAST_RSA_BYTES, _MOST_RSA_BYTES = 256, 1024


class TokenRefusedError(Exception):
    """The token proves nothing.  part: the last part of the vendor's code; the text says why."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(why)
        self.part = part


@dataclass(frozen=True, slots=True)
class Token:
    """The claims of a token.  Times are seconds."""

    issuer: str
    subject: str
    audiences: tuple[str, ...]
    issued_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says of its signature: unproven."""

    algorithm: str
    key_id: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key of an issuer.  algorithm: the only one that it is for, or empty."""

    id: str
    algorithm: str
    curve: str
    key: RSAKey | ECKey

    def fits(self, header: Header) -> bool:
        """Whether a token with this header may be signed by this key."""
        if header.key_id and header.key_id != self.id:
            return False
        if self.algorithm and self.algorithm != header.algorithm:
            return False
        return self.curve == _CURVES.get(header.algorithm, "")


def peek(text: str) -> tuple[Header, dict[str, Any]]:
    """The header and claims of a token, unproven.  Raises `TokenRefusedError`."""
    parts = text.split(".")
    if len(parts) != 3 or not all(parts):
        raise TokenRefusedError("Invalid", "it is not a signed JSON Web Token of three parts")
    header, claims = _part(parts[0]), _part(parts[1])
    algorithm, key_id = header.get("alg"), header.get("kid", "")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        named = str(algorithm)[:32]
        raise TokenRefusedError("Invalid", f"its algorithm is {named!r}; RS, PS and ES 256 to 512 are allowed")
    if not isinstance(key_id, str) or len(key_id) > 512:
        raise TokenRefusedError("Invalid", "its kid is not a text of at most 512 characters")
    if "crit" in header:
        raise TokenRefusedError("Invalid", "its header has crit, and no extension is known here")
    return Header(algorithm, key_id), claims


def _part(text: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        raise TokenRefusedError("Invalid", "a part of it is not base64url of a JSON object") from None


def check(claims: Mapping[str, Any], provider: OidcProvider, now: float) -> Token:
    """Issuer, audience and times of a token's claims.  Raises `TokenRefusedError`."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    if issuer != provider.issuer:
        raise TokenRefusedError("Invalid", f"its iss is {str(issuer)[:256]!r}; the provider's is {provider.issuer!r}")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 1024:
        raise TokenRefusedError("Invalid", "its sub is not a text of 1 to 1024 characters")
    named = claims.get("aud")
    audiences = tuple(named) if isinstance(named, list) else (named,)
    if len(audiences) > MAX_KEYS or not all(isinstance(each, str) for each in audiences):
        raise TokenRefusedError("AudienceNotMatch", "its aud is neither a text nor a short list of texts")
    if not set(audiences) & set(provider.client_ids):
        shown = ", ".join(map(repr, audiences))[:256]
        raise TokenRefusedError(
            "AudienceNotMatch", f"its aud is {shown}; the provider has {len(provider.client_ids)} client ID(s)"
        )
    expires, issued, begins = _time(claims, "exp"), _time(claims, "iat"), _time(claims, "nbf", required=False)
    if expires <= now:
        raise TokenRefusedError("Expired", f"it ended {int(now - expires)} seconds ago")
    if issued + provider.issuance_limit <= now:
        hours = provider.issuance_limit // 3600
        raise TokenRefusedError(
            "Expired", f"it was issued {int(now - issued)} seconds ago; IssuanceLimitTime is {hours} hours"
        )
    if max(issued, begins) > now + SKEW_SECONDS:
        raise TokenRefusedError("Invalid", f"it counts in {int(max(issued, begins) - now)} seconds only")
    return Token(issuer, subject, audiences, issued, expires)


def _time(claims: Mapping[str, Any], name: str, *, required: bool = True) -> float:
    value = claims.get(name)
    if value is None and not required:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LAST_SECOND:
        raise TokenRefusedError("Invalid", f"its {name} is not a time in seconds")
    return value


def verify(text: str, header: Header, key: SigningKey, provider: OidcProvider, now: float) -> Token:
    """The claims that `key` has signed, checked.  Raises `TokenRefusedError`."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    if not key.fits(header):
        raise TokenRefusedError("InvalidSignature", "its key is not for that algorithm")
    try:
        proven = jwt.decode(text, key.key, algorithms=[header.algorithm])
    except (JoseError, ValueError, TypeError):
        raise TokenRefusedError("InvalidSignature", "its signature is not the issuer's") from None
    return check(proven.claims, provider, now)


def read_keys(raw: bytes) -> list[SigningKey]:
    """The signing keys of a JWKS document; keys for other uses and kinds are passed over.

    Raises `ValueError` with the reason for a document that is none, or too large.
    """
    try:
        found = msgspec.json.decode(raw, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("it is not a JSON object") from None
    if not isinstance(found, list) or len(found) > MAX_KEYS:
        raise ValueError(f"it has no list of at most {MAX_KEYS} keys")
    return [key for each in found if isinstance(each, dict) and (key := _key(each)) is not None]


def _key(stored: dict[str, Any]) -> SigningKey | None:
    """One key, of its public members only; None where it is not an RSA or EC key for signatures."""
    key_id, algorithm = stored.get("kid", ""), stored.get("alg", "")
    if stored.get("use", "sig") != "sig" or not isinstance(key_id, str) or not isinstance(algorithm, str):
        return None
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    kind = stored.get("kty")
    members = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}.get(kind) if isinstance(kind, str) else None
    if members is None or not all(isinstance(stored.get(name), str) for name in members):
        return None
    public: dict[str, str | list[str]] = {"kty": str(kind), **{name: str(stored[name]) for name in members}}
    curve = str(public.get("crv", ""))
    if kind == "RSA" and not _LEAST_RSA_BYTES * 4 // 3 <= len(public["n"]) <= _MOST_RSA_BYTES * 4 // 3 + 4:
        return None
    if kind == "EC" and curve not in _CURVES.values():
        return None
    try:
        key = RSAKey.import_key(public) if kind == "RSA" else ECKey.import_key(public)
    except (JoseError, ValueError, TypeError):
        return None
    return SigningKey(key_id, algorithm, curve, key)
