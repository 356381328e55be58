"""Signature V4: ACS4-HMAC-SHA256 and ACS4-HMAC-SM3.  Source: reference/request-signing.md section 6.

As V3, with a key derived for one day, region and product.  Region and product are taken as the scope names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import structs

from keystead.clock import iso
from keystead.signing import acs, digests, faults
from keystead.signing.canonical import bare_encoded_pairs, canonical_query, reencoded_path
from keystead.signing.message import ACS4_HMAC_SHA256, ACS4_HMAC_SM3, Claim, Form, Message

_TAIL = "aliyun_v4_request"

_MACS = {ACS4_HMAC_SHA256: digests.sha256_mac, ACS4_HMAC_SM3: digests.sm3_mac}

ALGORITHMS = {
    ACS4_HMAC_SHA256: acs.Algorithm(ACS4_HMAC_SHA256, digests.sha256_hex, digests.sha256_mac),
    ACS4_HMAC_SM3: acs.Algorithm(
        ACS4_HMAC_SM3, digests.sm3_hex, digests.sm3_mac, acs.SM3_BODY_HEADER, acs.SM3_REQUIRED
    ),
}


def read(message: Message, text: str) -> Claim:
    """The claim of `Authorization: ACS4-…`."""
    name = text.partition(" ")[0]
    algorithm = ALGORITHMS.get(name)
    if algorithm is None:
        raise faults.INVALID_SIGNATURE_METHOD(
            asked=faults.shown(name), rule=f"signature V4 knows {', '.join(ALGORITHMS)}"
        )
    authorization = acs.parse_authorization(text)
    access_key_id, *scope = authorization.credential.split("/")
    if len(scope) != 4 or not all(scope) or not access_key_id or scope[3] != _TAIL:
        raise faults.INCOMPLETE(reason=f"Credential must read <AccessKeyId>/<YYYYMMDD>/<region>/<product>/{_TAIL}")
    claim = acs.read(message, algorithm, authorization, access_key_id)
    date = message.headers["x-acs-date"]
    if scope[0] != date[:10].replace("-", ""):
        raise faults.SCOPE_EXPIRED(scope=faults.shown(scope[0]), date=date)
    return structs.replace(claim, scope=tuple(scope))


def forms(claim: Claim, message: Message) -> Iterator[Form]:
    """The candidates: the wire path and its canonical spelling, by the writing of empty values."""
    return acs.forms(claim, message, ALGORITHMS[claim.scheme], _spellings(message))


def _spellings(message: Message) -> Iterator[tuple[str, str, str]]:
    wire = message.raw_path or "/"
    encoded = canonical_query(message.raw_query, message.query)
    queries = [("keys encoded", encoded)]
    if any(not value for _, value in message.query):
        queries.append(("keys encoded, empty value without =", bare_encoded_pairs(message.query)))
    for query_name, query in queries:
        yield f"wire path; {query_name}", wire, query
    path_name, path = reencoded_path(wire)
    if path != wire:
        for query_name, query in queries:
            yield f"{path_name}; {query_name}", path, query


def derive_key(mac: digests.Mac, secret: str, scope: tuple[str, ...]) -> bytes:
    """The chain of MACs: day, region, product and tail, each keyed by the one before."""
    key = b"aliyun_v4" + digests.secret_key(secret, "signature V4")
    for part in scope:
        key = mac(key, part.encode())
    return key


def check(claim: Claim, secret: str) -> digests.Check:
    """How this claim's signature is checked."""
    mac = _MACS[claim.scheme]
    return digests.mac_check(mac, derive_key(mac, secret, claim.scope))


def sign(
    method: str,
    raw_path: str,
    raw_query: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    access_key_id: str,
    secret: str,
    region: str,
    product: str,
    security_token: str | None = None,
    timestamp: float,
    nonce: str,
    algorithm: str = ACS4_HMAC_SHA256,
) -> dict[str, str]:
    """All headers to send, as `acs3.sign`."""
    used, mac = ALGORITHMS[algorithm], _MACS[algorithm]
    scope = (iso(timestamp)[:10].replace("-", ""), region, product, _TAIL)
    key = derive_key(mac, secret, scope)
    credential = "/".join((access_key_id, *scope))
    signer = acs.Signer(used, access_key_id, credential, security_token, lambda data: mac(key, data))
    return acs.sign(method, (raw_path, raw_query), headers, body, signer, timestamp=timestamp, nonce=nonce)
