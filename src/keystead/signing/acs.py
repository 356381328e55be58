"""What ACS3 and ACS4 share.  Source: reference/request-signing.md sections 5 and 6."""

from __future__ import annotations

from binascii import Error as NotHex
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from keystead.clock import iso
from keystead.percent import decode_pairs
from keystead.signing import digests, faults
from keystead.signing.canonical import canonical_query, header_text, wire_bytes
from keystead.signing.message import (
    MAX_SIGNED_HEADERS,
    Claim,
    Form,
    Message,
    checked_key,
    checked_nonce,
    merge,
    settled,
)
from keystead.signing.times import iso_time

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_ALWAYS_SIGNED = frozenset({"host", "x-acs-date", "x-acs-action", "x-acs-version"})

SM3_BODY_HEADER = "x-acs-content-sm3"
SM3_REQUIRED = _ALWAYS_SIGNED | {SM3_BODY_HEADER}


class Algorithm(msgspec.Struct, frozen=True):
    """One algorithm name.  digest: of body and canonical request, in hex.  mac: None for RSA.

    body_header: where the body's digest travels.  required: what SignedHeaders must name (section 5.5 rule 3).
    """

    name: str
    digest: Callable[[bytes], str]
    mac: digests.Mac | None
    body_header: str = "x-acs-content-sha256"
    required: frozenset[str] = _ALWAYS_SIGNED | {"x-acs-content-sha256"}


class Authorization(msgspec.Struct, frozen=True):
    """The three fields of an `Authorization` header, undecoded but for the signature."""

    credential: str
    signed_headers: str
    signature: bytes


def parse_authorization(text: str) -> Authorization:
    """Read `<ALG> Credential=…,SignedHeaders=…,Signature=…` by name, in any order (section 5.1)."""
    # The order that every client but one writes.
    head, _, signature = text.partition(",Signature=")
    head, _, signed_headers = head.partition(",SignedHeaders=")
    name, _, credential = head.partition(" Credential=")
    whole = credential and signed_headers and signature and " " not in name
    if not whole or "," in credential or "," in signed_headers or "," in signature:
        credential, signed_headers, signature = _fields(text)
    try:
        return Authorization(credential, signed_headers, unhexlify(signature))
    except (NotHex, ValueError):
        raise faults.INCOMPLETE(reason="The signature in Authorization is not hexadecimal") from None


def _fields(text: str) -> tuple[str, str, str]:
    fields: dict[str, str] = {}
    pieces = text[text.find(" ") + 1 :].split(",", 3)
    for piece in pieces:
        name, _, value = piece.strip(" ").partition("=")
        fields[name] = value
    try:
        found = fields["Credential"], fields["SignedHeaders"], fields["Signature"]
    except KeyError as lacking:
        raise faults.INCOMPLETE(reason=f"Authorization has no {lacking.args[0]}") from None
    if len(pieces) != 3 or not all(found):
        raise faults.INCOMPLETE(reason="Authorization must hold Credential, SignedHeaders and Signature, each once")
    return found


class SignedHeaders(msgspec.Struct, frozen=True):
    """The list as given, and as a set; what takes the values of these headers, and the lines that they fill."""

    names: tuple[str, ...]
    set: frozenset[str]
    values: Callable[[Mapping[str, str]], Any]
    template: str

    def lines(self, headers: Mapping[str, str]) -> str:
        """`name:value` and a line feed for each name.  Raises KeyError where one is absent."""
        return header_text(self.template % self.values(headers))


def split_signed_headers(text: str) -> SignedHeaders:
    """Split and check a SignedHeaders list: lower case, none twice, at most 64."""
    if text.count(";") >= MAX_SIGNED_HEADERS:
        raise faults.INCOMPLETE(reason=f"SignedHeaders names {text.count(';') + 1} headers, limit {MAX_SIGNED_HEADERS}")
    names = tuple(text.split(";"))
    listed = frozenset(names)
    if len(listed) != len(names) or "" in listed or text != text.lower():
        raise faults.INCOMPLETE(reason="SignedHeaders must name each header once, in lower case, joined with ;")
    template = "".join([f"{name}:%s\n" for name in text.replace("%", "%%").split(";")])
    return SignedHeaders(names, listed, itemgetter(*names), template)


class Coverage(msgspec.Struct, frozen=True):
    """What a SignedHeaders list says of a request with certain headers.

    absent: a listed header that was not sent.  unsigned: an `x-acs-` header that is not listed.  Both "" where none.
    """

    signed: SignedHeaders
    absent: str
    unsigned: str


@lru_cache(maxsize=128)  # one client sends the same names with every request
def coverage(signed_headers: str, sent: tuple[str, ...]) -> Coverage:
    """Hold a SignedHeaders list against the names of the headers that were sent."""
    signed = split_signed_headers(signed_headers)
    absent = sorted(signed.set.difference(sent))
    unsigned = [name for name in sent if name.startswith("x-acs-") and name not in signed.set]
    return Coverage(signed, next(iter(absent), ""), next(iter(unsigned), ""))


def read(message: Message, algorithm: Algorithm, authorization: Authorization, access_key_id: str) -> Claim:
    """The claim of an ACS3 or ACS4 request (sections 5.5 and 5.6)."""
    headers = message.headers
    if message.method not in _METHODS:
        allowed = "GET, POST, PUT, PATCH and DELETE"
        raise faults.METHOD_NOT_SUPPORTED(method=message.method, scheme=algorithm.name, allowed=allowed)
    if not headers.get("x-acs-action"):
        raise faults.MISSING_ACTION()
    if not headers.get("x-acs-version"):
        raise faults.MISSING_VERSION()
    date = headers.get("x-acs-date")
    if not date:
        raise faults.MISSING_TIMESTAMP()
    covered = coverage(authorization.signed_headers, tuple(headers))
    listed = covered.signed.set
    if covered.absent:
        raise faults.INCOMPLETE(reason=f"SignedHeaders names {faults.shown(covered.absent)}, which the request lacks")
    if not algorithm.required <= listed:
        lacking = ", ".join(sorted(algorithm.required - listed))
        raise faults.INCOMPLETE(reason=f"SignedHeaders lacks {lacking}")
    token = headers.get("x-acs-security-token")
    if token and "x-acs-security-token" not in listed:
        raise faults.INCOMPLETE(reason="SignedHeaders lacks x-acs-security-token, which the request carries")
    named = headers.get("x-acs-accesskey-id")
    if named is not None and named != access_key_id:
        raise faults.ACCESS_KEY_NOT_FOUND(reason="x-acs-accesskey-id and Credential name different keys")
    return Claim(
        algorithm.name,
        access_key_id,
        checked_key(access_key_id, token),
        iso_time("x-acs-date", date),
        checked_nonce(headers.get("x-acs-signature-nonce")),
        signature=authorization.signature,
        signed_headers=authorization.signed_headers,
    )


def canonical_request(method: str, path: str, query: str, lines: str, signed_headers: str, digest: str) -> str:
    """Section 5.2.  lines: `name:value` and a line feed for each signed header.  digest: hex, of the body."""
    return f"{method}\n{path}\n{query}\n{lines}\n{signed_headers}\n{digest}"


def string_to_sign(algorithm: Algorithm, request: str) -> str:
    """The algorithm's name, a line feed, and the hex digest of the canonical request."""
    return f"{algorithm.name}\n{algorithm.digest(wire_bytes(request))}"


def forms(
    claim: Claim,
    message: Message,
    algorithm: Algorithm,
    spellings: Iterable[tuple[str, str, str]],
) -> Iterator[Form]:
    """One form for each spelling (name, path, query) of the same request."""
    covers = coverage(claim.signed_headers, tuple(message.headers))
    signed = covers.signed
    lines = signed.lines(message.headers)
    if lines.count("\n") != len(signed.names):
        raise faults.INCOMPLETE(reason="A header value holds a line feed")
    body = message.body
    digest = algorithm.digest(body)
    objection = _objection(message, algorithm, digest, covers.unsigned)
    covered = settled(message.query) if message.raw_query else ()
    # An unsigned content type counts as absent, and so does the form that it announces (section 5.5 rule 4).
    if body and message.form and "content-type" in signed.set:
        covered = merge(covered, message.form)
    for name, path, query in spellings:
        request = canonical_request(message.method, path, query, lines, claim.signed_headers, digest)
        yield Form(name, string_to_sign(algorithm, request), covered, request, objection)


def _objection(message: Message, algorithm: Algorithm, found: str, unsigned: str) -> str:
    """What no signature can mend: a body that is not the digested one, or an unsigned `x-acs-*` header."""
    sent = message.headers[algorithm.body_header]
    if sent != found:
        return (
            f"{algorithm.body_header} is {faults.shown(sent)}, but the {len(message.body)} bytes of the body that "
            f"arrived have {found}: send the digest of the exact bytes."
        )
    if unsigned:
        return f"SignedHeaders lacks {faults.shown(unsigned)}: sign every x-acs- header that is sent."
    return ""


class Signer(NamedTuple):
    """Who signs, for the client side.  prove: makes the signature of a string to sign."""

    algorithm: Algorithm
    access_key_id: str
    credential: str
    security_token: str | None
    prove: Callable[[bytes], bytes]


def sign(
    method: str,
    target: tuple[str, str],
    headers: Mapping[str, str],
    body: bytes,
    signer: Signer,
    *,
    timestamp: float,
    nonce: str,
) -> dict[str, str]:
    """All headers to send.  target: raw path and raw query.  The other arguments as `acs3.sign`."""
    algorithm = signer.algorithm
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    sent["x-acs-date"] = iso(timestamp)
    sent["x-acs-signature-nonce"] = nonce
    sent[algorithm.body_header] = algorithm.digest(body)
    if signer.security_token is not None:
        sent["x-acs-accesskey-id"] = signer.access_key_id
        sent["x-acs-security-token"] = signer.security_token
    # Every client but one signs host, content-type if sent, and all x-acs-* (section 5.1).
    names = sorted([n for n in sent if n in {"host", "content-type"} or n.startswith("x-acs-")])
    listed = ";".join(names)
    path, query = target
    query = canonical_query(query, decode_pairs(query))
    lines = split_signed_headers(listed).lines(sent)
    request = canonical_request(method, path or "/", query, lines, listed, sent[algorithm.body_header])
    proof = signer.prove(wire_bytes(string_to_sign(algorithm, request))).hex()
    fields = f"Credential={signer.credential},SignedHeaders={listed},Signature={proof}"
    sent["authorization"] = f"{algorithm.name} {fields}"
    return sent
