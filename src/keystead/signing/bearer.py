"""Proof by possession of a token.  Source: reference/request-signing.md sections 1.2 and 7.

Here the token is found; whether it is worth anything is decided where tokens are known.
"""

from __future__ import annotations

from collections.abc import Mapping

from keystead.signing import faults
from keystead.signing.message import BEARER, MODEL_BEARER, Claim, Message, checked_nonce
from keystead.signing.times import http_time, iso_time


def read_gateway(message: Message, named: Mapping[str, str]) -> Claim | None:
    """The claim by `x-acs-bearer-token` or `BearerToken`, or None where the request claims no such thing.

    named: query and form by name.  A `Signature` beside the token means nothing: one client sends an empty one.
    """
    headers = message.headers
    header = headers.get("x-acs-bearer-token")
    announced = "BEARERTOKEN" in (named.get("SignatureType"), headers.get("x-acs-signature-type"))
    if not (header or announced):
        return None
    parameter = named.get("BearerToken")
    authorization = authorization_token(message)
    tokens = [token for token in (header, parameter, authorization) if token]
    if not tokens:
        raise faults.MISSING_BEARER_TOKEN()
    if any(token != tokens[0] for token in tokens):
        raise faults.mixed("one bearer token", "a different one")
    check_times(message, named)
    return Claim(BEARER, bearer=tokens[0])


def read_authorization(message: Message, named: Mapping[str, str]) -> Claim | None:
    """The claim by `Authorization: Bearer …`, or None.

    With an `x-acs-action` it is the gateway's token (the gateway-pop add-on), else a model-side key or token.
    """
    token = authorization_token(message)
    if not token:
        return None
    if "Signature" in named:
        raise faults.mixed("Authorization: Bearer", "the parameter Signature")
    if "x-acs-action" in message.headers:
        check_times(message, named)
        return Claim(BEARER, bearer=token)
    return Claim(MODEL_BEARER, bearer=token)


def authorization_token(message: Message) -> str:
    """The token of `Authorization: Bearer <token>`, empty without one.  The scheme's case is free (RFC 9110)."""
    text = message.headers.get("authorization", "")
    return text[7:].strip() if text[:7].lower() == "bearer " else ""


def check_times(message: Message, named: Mapping[str, str]) -> tuple[float | None, str | None]:
    """Time and nonce of a request without signature, each None where absent; refuses malformed ones.

    They prove nothing beside a token (section 7.1); an anonymous call is held to both (section 8).
    """
    headers = message.headers
    seconds = None
    if named.get("Timestamp"):
        seconds = iso_time("Timestamp", named["Timestamp"])
    elif headers.get("x-acs-date"):
        seconds = iso_time("x-acs-date", headers["x-acs-date"])
    elif "x-acs-version" in headers and headers.get("date"):
        seconds = http_time(headers["date"])
    return seconds, checked_nonce(named.get("SignatureNonce") or headers.get("x-acs-signature-nonce"))
