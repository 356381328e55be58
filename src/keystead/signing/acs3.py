"""Signature V3: ACS3-HMAC-SHA256, -HMAC-SM3 and -RSA-SHA256.  Source: reference/request-signing.md section 5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from keystead.signing import acs, digests, faults
from keystead.signing.canonical import canonical_query, literal_queries, paths
from keystead.signing.message import ACS3_HMAC_SHA256, ACS3_HMAC_SM3, ACS3_RSA_SHA256, Claim, Form, Message

ALGORITHMS = {
    ACS3_HMAC_SHA256: acs.Algorithm(ACS3_HMAC_SHA256, digests.sha256_hex, digests.sha256_mac),
    # Under SM3, too, the body's digest travels in x-acs-content-sha256.
    ACS3_HMAC_SM3: acs.Algorithm(ACS3_HMAC_SM3, digests.sm3_hex, digests.sm3_mac),
    ACS3_RSA_SHA256: acs.Algorithm(ACS3_RSA_SHA256, digests.sha256_hex, None),
}


def read(message: Message, text: str) -> Claim:
    """The claim of `Authorization: ACS3-…`."""
    name = text.partition(" ")[0]
    algorithm = ALGORITHMS.get(name)
    if algorithm is None:
        raise faults.INVALID_SIGNATURE_METHOD(
            asked=faults.shown(name), rule=f"signature V3 knows {', '.join(ALGORITHMS)}"
        )
    authorization = acs.parse_authorization(text)
    return acs.read(message, algorithm, authorization, authorization.credential)


def forms(claim: Claim, message: Message) -> Iterator[Form]:
    """The candidates of section 5.4: path by query."""
    return acs.forms(claim, message, ALGORITHMS[claim.scheme], _spellings(message))


_ONLY_SPELLING = (("wire path; keys encoded", "/", ""),)


def _spellings(message: Message) -> Iterable[tuple[str, str, str]]:
    return _ONLY_SPELLING if message.raw_path == "/" and not message.raw_query else _every_spelling(message)


def _every_spelling(message: Message) -> Iterator[tuple[str, str, str]]:
    encoded = canonical_query(message.raw_query, message.query)
    for path_name, path in paths(message.raw_path):
        yield f"{path_name}; keys encoded", path, encoded
        if encoded:
            for query_name, query in literal_queries(message.query):
                yield f"{path_name}; {query_name}", path, query


def check(claim: Claim, secret: str) -> digests.Check:
    """How this claim's signature is checked.  The MAC key is the secret alone."""
    return _check(claim.scheme, secret)


@lru_cache(maxsize=digests.MOST_KEYS)
def _check(scheme: str, secret: str) -> digests.Check:
    mac = ALGORITHMS[scheme].mac
    if mac is None:
        return digests.rsa_check(secret, scheme)
    return digests.mac_check(mac, digests.secret_key(secret, scheme))


def sign(
    method: str,
    raw_path: str,
    raw_query: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    access_key_id: str,
    secret: str,
    security_token: str | None = None,
    timestamp: float,
    nonce: str,
    algorithm: str = ACS3_HMAC_SHA256,
) -> dict[str, str]:
    """All headers to send.

    headers: `host`, `x-acs-action`, `x-acs-version` and whatever else goes along.  timestamp: seconds since 1970.
    secret: the AccessKey secret, or with ACS3-RSA-SHA256 the private key in PEM.
    """
    used = ALGORITHMS[algorithm]
    mac = used.mac

    def prove(data: bytes) -> bytes:
        return mac(secret.encode(), data) if mac else digests.rsa_sign(secret, data)

    signer = acs.Signer(used, access_key_id, access_key_id, security_token, prove)
    return acs.sign(method, (raw_path, raw_query), headers, body, signer, timestamp=timestamp, nonce=nonce)
