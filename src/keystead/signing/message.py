"""What is signed and what it says of itself.  Source: reference/request-signing.md sections 2, 3.1, 9 and 15."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

from keystead.percent import Pairs
from keystead.signing import faults

RPC_V1_HMAC_SHA1 = "RPC-V1-HMAC-SHA1"
RPC_V1_RSA = "RPC-V1-SHA256withRSA"
ROA_V1_HMAC_SHA1 = "ROA-V1-HMAC-SHA1"
ACS3_HMAC_SHA256 = "ACS3-HMAC-SHA256"
ACS3_HMAC_SM3 = "ACS3-HMAC-SM3"
ACS3_RSA_SHA256 = "ACS3-RSA-SHA256"
ACS4_HMAC_SHA256 = "ACS4-HMAC-SHA256"
ACS4_HMAC_SM3 = "ACS4-HMAC-SM3"
BEARER = "BEARER"
MODEL_BEARER = "MODEL-BEARER"
ANONYMOUS = "ANONYMOUS"

MAX_PARAMETERS = 2000
MAX_SIGNED_HEADERS = 64
MAX_NONCE = 128
MAX_ACCESS_KEY_ID = 128
MAX_AUTHORIZATION = 8192

COMMON_PARAMETERS = frozenset(
    {
        "AccessKeyId",
        "Action",
        "BearerToken",
        "Format",
        "RegionId",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "Timestamp",
        "Version",
    }
)
"""Parameters of the protocol; an action never reads them as its own."""


class Message(Protocol):
    """A request as it arrived.

    method: upper case.  raw_path, raw_query: not decoded, the query without its question mark.  headers: names in
    lower case, values stripped, repeated names joined with `,` in sorted order.  body: without transfer framing.
    """

    @property
    def method(self) -> str: ...
    @property
    def raw_path(self) -> str: ...
    @property
    def raw_query(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def query(self) -> Pairs:
        """The decoded query."""
        ...

    @property
    def form(self) -> Pairs:
        """The decoded body where its content type is a form, else empty."""
        ...

    @property
    def named(self) -> Mapping[str, str]:
        """Query and form by name; where a name is in both places the form's value wins."""
        ...


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What a request says of itself: present and well formed, and not proven before `verify` returns.

    timestamp: seconds since 1970.  bearer: the token of a bearer proof, then access_key_id is empty.  signature:
    decoded.  signed_headers: the list as sent.  scope: day, region, product and tail of ACS4.  unproven: the merged
    parameters of RPC V1, and named the same by name.

    A struct, not a frozen dataclass: one is made for every request, and it costs a tenth.
    """

    scheme: str
    access_key_id: str = ""
    security_token: str | None = None
    timestamp: float | None = None
    nonce: str | None = None
    bearer: str | None = None
    signature: bytes = b""
    signed_headers: str = ""
    scope: tuple[str, ...] = ()
    unproven: Pairs = ()
    named: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        """Name the scheme and the key only: a claim holds tokens, and a repr ends up in logs."""
        return f"Claim(scheme={self.scheme!r}, access_key_id={self.access_key_id!r}, …)"


class Form(msgspec.Struct, frozen=True, gc=False):
    """One canonical form that a request may have been signed in; the candidates of sections 3.3, 4.3 and 5.4.

    parameters: what this form covers, and so what an action may be given.  canonical_request: V3 and V4 only.
    objection: why no signature in this form can be right, in words for the caller; empty where one can.
    """

    name: str
    string_to_sign: str
    parameters: Pairs
    canonical_request: str = ""
    objection: str = ""


def merge(query: Pairs, form: Pairs) -> Pairs:
    """All parameters of a request; where a name is in both places the form's value wins (section 3.1)."""
    if not form:
        return query
    if not query:
        return form
    wins = {name for name, _ in form}
    return tuple([pair for pair in query if pair[0] not in wins]) + form


def parameters(message: Message) -> Pairs:
    """Query and form of a request as one; for callers without a signature, else `verify` says what is covered."""
    return merge(message.query, message.form)


def settled(pairs: Pairs) -> Pairs:
    """The pairs in an order that the signature covers.

    INVARIANT: canonical queries are sorted, so the order of a repeated name is not proven; nobody on the way may
    choose which value comes first.
    """
    return pairs if len(pairs) < 2 or len(dict(pairs)) == len(pairs) else tuple(sorted(pairs))


def bounded(message: Message) -> None:
    """Refuse too many parameters before anything is decoded (section 15)."""
    query, body = message.raw_query, message.body
    if not (query or body):
        return
    pieces = query.count("&")
    if body and "urlencoded" in message.headers.get("content-type", "").lower():
        pieces += body.count(b"&")
    if pieces >= MAX_PARAMETERS:
        raise faults.TOO_MANY_PARAMETERS(count=pieces + 1, limit=MAX_PARAMETERS)


def checked_nonce(text: str | None) -> str | None:
    """The nonce, or None where it is absent or empty; any text of up to 128 characters is one (section 9)."""
    if not text:
        return None
    if len(text) > MAX_NONCE:
        raise faults.INVALID_SIGNATURE_NONCE(length=len(text), limit=MAX_NONCE)
    return text


def checked_key(access_key_id: str, security_token: str | None) -> str | None:
    """The token that goes with the key, or None; a temporary key without one is refused (section 3.4)."""
    if len(access_key_id) > MAX_ACCESS_KEY_ID:
        raise faults.ACCESS_KEY_NOT_FOUND(
            reason=f"The AccessKey ID has {len(access_key_id)} characters, limit {MAX_ACCESS_KEY_ID}"
        )
    if security_token:
        return security_token
    if access_key_id.startswith("STS."):
        raise faults.MISSING_SECURITY_TOKEN()
    return None
