"""The right text with another key, another MAC, or another spelling of the signature."""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as NotHex
from binascii import unhexlify
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keystead.signing import acs4, digests
from keystead.signing.diagnosis import causes
from keystead.signing.diagnosis.causes import Cause
from keystead.signing.message import (
    ACS3_RSA_SHA256,
    ACS4_HMAC_SHA256,
    ACS4_HMAC_SM3,
    RPC_V1_HMAC_SHA1,
    RPC_V1_RSA,
    Claim,
)

_MACS = {"HMAC-SHA1": digests.sha1_mac, "HMAC-SHA256": digests.sha256_mac, "HMAC-SM3": digests.sm3_mac}
_BLANKS = (("a line feed", "\n"), ("a carriage return and line feed", "\r\n"), ("a blank", " "), ("a tab", "\t"))
_RSA = frozenset({RPC_V1_RSA, ACS3_RSA_SHA256})
_DERIVED = frozenset({ACS4_HMAC_SHA256, ACS4_HMAC_SM3})


class Pair(NamedTuple):
    """An AccessKey pair to check with."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Pair(id={self.id!r})"  # never the secret


def named(scheme: str) -> str:
    """The MAC that a scheme's name asks for: `HMAC-SHA1`, `HMAC-SHA256` or `HMAC-SM3`."""
    return next((name for name in _MACS if scheme.endswith(name)), "")


def _key(claim: Claim, secret: str, mac: digests.Mac) -> bytes:
    if claim.scheme in _DERIVED:
        return acs4.derive_key(mac, secret, claim.scope)
    ampersand = "&" if claim.scheme == RPC_V1_HMAC_SHA1 else ""
    return (secret + ampersand).encode()


def signed_by(claim: Claim, secret: str, texts: Sequence[bytes]) -> int | None:
    """The index of the text that the secret makes the claim's signature of; None where it is none.

    Raises `InvalidSignatureMethod` where the key is of another kind than the scheme.
    """
    if claim.scheme in _RSA:
        check = digests.rsa_check(secret, claim.scheme)
        return next((index for index, text in enumerate(texts) if check(text, claim.signature)), None)
    digests.secret_key(secret, claim.scheme)
    mac = _MACS[named(claim.scheme)]
    key = _key(claim, secret, mac)
    return next((index for index, text in enumerate(texts) if digests.same(mac(key, text), claim.signature)), None)


def faults(claim: Claim, pair: Pair, others: Sequence[Pair], texts: Sequence[bytes]) -> Iterator[tuple[Cause, int]]:
    """The causes that explain the signature of one of the texts, which are right, with the index of that text."""
    of_a_kind = [other for other in others if ("-----BEGIN" in other.secret) is (claim.scheme in _RSA)]
    for other in of_a_kind:
        at = signed_by(claim, other.secret, texts)
        if at is not None:
            yield causes.OTHER_PAIR(named=pair.id, found=other.id), at
    if claim.scheme in _RSA:
        return
    for what, blank in _BLANKS:
        for where, secret in (("behind", pair.secret + blank), ("before", blank + pair.secret)):
            at = signed_by(claim, secret, texts)
            if at is not None:
                yield causes.SECRET_BLANK(what=what, where=where), at
    yield from _ampersand(claim, pair.secret, texts)
    yield from _macs(claim, pair.secret, texts)


def _ampersand(claim: Claim, secret: str, texts: Sequence[bytes]) -> Iterator[tuple[Cause, int]]:
    if claim.scheme == RPC_V1_HMAC_SHA1:
        for index, text in enumerate(texts):
            if digests.same(digests.sha1_mac(secret.encode(), text), claim.signature):
                yield causes.SECRET_AMPERSAND(wanted="and one & behind it", found="alone"), index
        return
    at = signed_by(claim, secret + "&", texts)
    if at is not None:
        yield causes.SECRET_AMPERSAND(wanted="alone", found="and an & behind it"), at


def _macs(claim: Claim, secret: str, texts: Sequence[bytes]) -> Iterator[tuple[Cause, int]]:
    wanted = named(claim.scheme)
    spelled = _spellings(claim)
    for name, mac in _MACS.items():
        key = _key(claim, secret, mac)
        for index, text in enumerate(texts):
            made = mac(key, text)
            if name != wanted and digests.same(made, claim.signature):
                yield causes.WRONG_MAC(found=name, wanted=wanted), index
            for found, signature in spelled:
                if name == wanted and digests.same(made, signature):
                    right = "base64" if "-V1-" in claim.scheme else "hexadecimal digits"
                    yield causes.WRONG_SPELLING_OF_SIGNATURE(found=found, wanted=right), index


def _spellings(claim: Claim) -> tuple[tuple[str, bytes], ...]:
    """The signature read as another spelling of the same bytes, where it can be."""
    found: list[tuple[str, bytes]] = []
    for words, text in (
        ("hexadecimal digits", b64encode(claim.signature)),
        ("base64 of hexadecimal digits", claim.signature),
    ):
        try:
            found.append((words, unhexlify(text)))
        except (NotHex, ValueError):
            continue
    return tuple(found)
