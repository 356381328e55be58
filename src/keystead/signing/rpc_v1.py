"""RPC signature 1.0, HMAC-SHA1 and SHA256withRSA.  Source: reference/request-signing.md section 3.

The proof and all that it covers are parameters; headers and other bodies are not covered and say nothing here.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from functools import lru_cache

from keystead.clock import iso
from keystead.percent import Pairs
from keystead.signing import digests, faults
from keystead.signing.canonical import encode_canonical, encoded_pairs, sorted_wire, wire_bytes
from keystead.signing.message import (
    COMMON_PARAMETERS,
    RPC_V1_HMAC_SHA1,
    RPC_V1_RSA,
    Claim,
    Form,
    Message,
    checked_key,
    checked_nonce,
    merge,
    settled,
)
from keystead.signing.times import iso_time

MARKS = frozenset({"Signature", "SignatureMethod", "AccessKeyId"})
"""One of these among the parameters makes a request RPC V1 (section 1.2)."""

_SCHEMES = {"HMAC-SHA1": RPC_V1_HMAC_SHA1, "SHA256withRSA": RPC_V1_RSA}
_METHODS = frozenset({"GET", "POST"})
_MANDATORY = {
    "Action": faults.MISSING_ACTION,
    "Version": faults.MISSING_VERSION,
    "AccessKeyId": faults.MISSING_ACCESS_KEY_ID,
    "Signature": faults.MISSING_SIGNATURE,
    "SignatureMethod": faults.MISSING_SIGNATURE_METHOD,
    "SignatureVersion": faults.MISSING_SIGNATURE_VERSION,
    "SignatureNonce": faults.MISSING_SIGNATURE_NONCE,
    "Timestamp": faults.MISSING_TIMESTAMP,
}


def read(message: Message, pairs: Pairs, named: Mapping[str, str]) -> Claim:
    """The claim of an RPC V1 request.  pairs: its merged parameters.  named: the same by name."""
    if not all(map(named.get, _MANDATORY)):
        raise next(missing() for name, missing in _MANDATORY.items() if not named.get(name))
    if message.method not in _METHODS:
        raise faults.METHOD_NOT_SUPPORTED(method=message.method, scheme="RPC signature 1.0", allowed="GET and POST")
    if len(named) != len(pairs):
        _refuse_repeated(pairs)
    if message.body and not message.form:
        raise faults.INCOMPLETE(
            reason=f"RPC signature 1.0 covers form bodies only, and nothing covers these {len(message.body)} bytes"
        )
    if named.get("BearerToken"):
        raise faults.mixed("Signature", "BearerToken")
    scheme = _SCHEMES.get(named["SignatureMethod"])
    if scheme is None:
        asked = faults.shown(named["SignatureMethod"])
        raise faults.INVALID_SIGNATURE_METHOD(asked=asked, rule="RPC signature 1.0 knows HMAC-SHA1 and SHA256withRSA")
    if named["SignatureVersion"] != "1.0":
        raise faults.INVALID_SIGNATURE_VERSION(asked=faults.shown(named["SignatureVersion"]))
    access_key_id = named["AccessKeyId"]
    return Claim(
        scheme,
        access_key_id,
        checked_key(access_key_id, named.get("SecurityToken")),
        iso_time("Timestamp", named["Timestamp"]),
        checked_nonce(named["SignatureNonce"]),
        signature=_signature(message, pairs, named["Signature"]),
        unproven=pairs,
        named=named,
    )


def _signature(message: Message, pairs: Pairs, text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except (NotBase64, ValueError):
        form = string_to_sign(message.method, encoded_pairs(_unsigned(pairs)))
        raise faults.INCOMPLETE_WITH_STRING(string_to_sign=faults.printable(form)) from None


def _refuse_repeated(pairs: Pairs) -> None:
    """A parameter of the protocol must not have two values: the check could read one and the action the other."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen and name in COMMON_PARAMETERS:
            raise faults.INCOMPLETE(reason=f"The parameter {name} is there more than once; it must be there once")
        seen.add(name)


def _unsigned(pairs: Pairs) -> Pairs:
    return tuple([pair for pair in pairs if pair[0] != "Signature"])


def string_to_sign(method: str, canonical: str) -> str:
    """Section 3.2 step 4.  canonical: the canonical query without `Signature`.  The path is always `/` here."""
    return f"{method}&%2F&{encode_canonical(canonical)}"


def forms(claim: Claim, message: Message, *, space_as_plus: bool = False) -> Iterator[Form]:
    """The candidates of section 3.3; the third, a defect of one client, only where asked for."""
    covered, canonical = _canonical(message, claim)
    yield Form("all parameters", string_to_sign(message.method, canonical), covered)
    filled = tuple([pair for pair in covered if pair[1]])
    if len(filled) != len(covered):
        # The empty parameters are not covered by this form and are not handed on.
        yield Form("without empty parameters", string_to_sign(message.method, encoded_pairs(filled)), filled)
    if space_as_plus and "%20" in canonical:
        text = string_to_sign(message.method, canonical.replace("%20", "+")).replace("+", "%2B")
        yield Form("space as + (quote_plus)", text, covered)


def _canonical(message: Message, claim: Claim) -> tuple[Pairs, str]:
    """The pairs without `Signature` and their canonical query, by way of the wire's own text where possible."""
    covered = _unsigned(claim.unproven)
    if len(claim.named) != len(claim.unproven):
        return settled(covered), encoded_pairs(covered)
    raw = message.raw_query
    if message.form:
        body = message.body.decode("latin-1")
        raw = f"{raw}&{body}" if raw else body
    text = sorted_wire(raw, len(claim.unproven))
    start = text.find("&Signature=") if text else -1
    if text is None or start < 0:
        return covered, encoded_pairs(covered)
    end = text.find("&", start + 1)
    return covered, text[:start] + text[end:] if end > 0 else text[:start]


def check(claim: Claim, secret: str) -> digests.Check:
    """How this claim's signature is checked.  The MAC key is the secret with one `&` behind it."""
    return _check(claim.scheme, secret)


@lru_cache(maxsize=digests.MOST_KEYS)
def _check(scheme: str, secret: str) -> digests.Check:
    if scheme == RPC_V1_RSA:
        return digests.rsa_check(secret, scheme)
    return digests.mac_check(digests.sha1_mac, digests.secret_key(secret, scheme) + b"&")


def sign(
    method: str,
    params: Pairs,
    *,
    access_key_id: str,
    secret: str,
    security_token: str | None = None,
    timestamp: float,
    nonce: str,
    signature_method: str = "HMAC-SHA1",
) -> Pairs:
    """All parameters to send, `Signature` last.

    params: `Action`, `Version`, `Format` and the action's own, decoded.  timestamp: seconds since 1970.  secret: the
    AccessKey secret, or with `SHA256withRSA` the private key in PEM.
    """
    common = {
        "AccessKeyId": access_key_id,
        "SignatureMethod": signature_method,
        "SignatureNonce": nonce,
        "SignatureVersion": "1.0",
        "Timestamp": iso(timestamp),
    }
    if signature_method == "SHA256withRSA":
        common["SignatureType"] = "PRIVATEKEY"
    if security_token is not None:
        common["SecurityToken"] = security_token
    pairs = merge(params, tuple(common.items()))
    data = wire_bytes(string_to_sign(method, encoded_pairs(pairs)))
    if signature_method == "SHA256withRSA":
        signature = digests.rsa_sign(secret, data)
    else:
        signature = digests.sha1_mac(secret.encode() + b"&", data)
    return (*pairs, ("Signature", b64encode(signature).decode()))
