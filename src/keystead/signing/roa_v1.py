"""ROA signature 1.0, HMAC-SHA1.  Source: reference/request-signing.md section 4.

Weak by its own definition: values are signed unencoded, the host not at all, the body only through Content-MD5.
It belongs behind TLS.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from hashlib import md5

from keystead import percent
from keystead.percent import Pairs
from keystead.signing import digests, faults
from keystead.signing.canonical import decoded_path, header_lines, header_text, plain_query, wire_bytes
from keystead.signing.message import (
    ROA_V1_HMAC_SHA1,
    Claim,
    Form,
    Message,
    checked_key,
    checked_nonce,
    parameters,
    settled,
)
from keystead.signing.times import http_time

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_STREAM = "application/octet-stream"


def read(message: Message, authorization: str) -> Claim:
    """The claim of `Authorization: acs <AccessKeyId>:<base64>`."""
    headers = message.headers
    if message.method not in _METHODS:
        allowed = "GET, POST, PUT, PATCH and DELETE"
        raise faults.METHOD_NOT_SUPPORTED(method=message.method, scheme="ROA signature 1.0", allowed=allowed)
    access_key_id, colon, signature = authorization[4:].partition(":")
    if not (colon and access_key_id and signature):
        raise faults.INCOMPLETE(reason="Authorization must read [acs <AccessKeyId>:<signature>]")
    if not headers.get("x-acs-version"):
        raise faults.MISSING_VERSION()
    asked = headers.get("x-acs-signature-method", "HMAC-SHA1")
    if asked != "HMAC-SHA1":
        raise faults.INVALID_SIGNATURE_METHOD(asked=faults.shown(asked), rule="ROA signature 1.0 knows HMAC-SHA1")
    version = headers.get("x-acs-signature-version", "1.0")
    if version != "1.0":
        raise faults.INVALID_SIGNATURE_VERSION(asked=faults.shown(version))
    if not headers.get("date"):
        raise faults.MISSING_DATE()
    return Claim(
        ROA_V1_HMAC_SHA1,
        access_key_id,
        checked_key(access_key_id, headers.get("x-acs-security-token")),
        http_time(headers["date"]),
        checked_nonce(headers.get("x-acs-signature-nonce")),  # two of the main clients send none
        signature=_signature(message, signature),
    )


def _signature(message: Message, text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except (NotBase64, ValueError):
        form = next(_forms(message)).string_to_sign
        raise faults.INCOMPLETE_WITH_STRING(string_to_sign=faults.printable(form)) from None


def _check_body(message: Message) -> None:
    """Refuse where Content-MD5 or Content-Length are sent and do not fit the body (section 4.5)."""
    length = message.headers.get("content-length")
    if length is not None and length.lstrip("0") != str(len(message.body)).lstrip("0"):
        raise faults.CONTENT_LENGTH(asked=faults.shown(length), found=len(message.body))
    asked = message.headers.get("content-md5")
    if not asked:
        return
    found = content_md5(message.body)
    if asked != found:
        raise faults.CONTENT_MD5(asked=faults.shown(asked), length=len(message.body), found=found)


def content_md5(body: bytes) -> str:
    """The value of Content-MD5: base64 of the body's MD5, a checksum and no protection."""
    return b64encode(md5(body, usedforsecurity=False).digest()).decode()


def string_to_sign(method: str, headers: Mapping[str, str], content_type: str, resource: str) -> str:
    """Section 4.2.  resource: path and query as this candidate writes them."""
    names = sorted([name for name in headers if name.startswith("x-acs-")])
    first = (headers.get("accept", ""), headers.get("content-md5", ""), content_type, headers.get("date", ""))
    lines = header_text("\n".join(first)) + "\n" + header_lines(names, headers)
    if lines.count("\n") != len(first) + len(names):
        raise faults.INCOMPLETE(reason="A header value holds a line feed")
    return f"{method}\n{lines}{resource}"


def forms(claim: Claim, message: Message) -> Iterator[Form]:  # noqa: ARG001  # one shape for every scheme
    """The candidates of section 4.3: content type by path by the writing of empty values.

    Raises where the body is not the one that the headers describe.
    """
    _check_body(message)
    return _forms(message)


def _forms(message: Message) -> Iterator[Form]:
    query = message.query
    covered = settled(query) if not message.form else settled(parameters(message))
    sent = message.headers.get("content-type", "")
    types = [(sent, "")]
    if not message.body and sent == _STREAM:
        types.append(("", "; content-type added by the HTTP library left out"))
    for content_type, remark in types:
        for path_name, path in _paths(message.raw_path):
            for query_name, resource in _resources(path, query):
                text = string_to_sign(message.method, message.headers, content_type, resource)
                yield Form(f"{path_name}; {query_name}{remark}", text, covered)


def _paths(raw_path: str) -> Iterator[tuple[str, str]]:
    yield "wire path", raw_path or "/"
    if "%" in raw_path:
        yield from decoded_path(raw_path)


def _resources(path: str, query: Pairs) -> Iterator[tuple[str, str]]:
    yield "empty value without =", f"{path}?{plain_query(query, bare=True)}" if query else path
    if any(not value for _, value in query):
        yield "empty value with =", f"{path}?{plain_query(query, bare=False)}"


def check(claim: Claim, secret: str) -> digests.Check:
    """How this claim's signature is checked.  The MAC key is the secret alone."""
    return digests.mac_check(digests.sha1_mac, digests.secret_key(secret, claim.scheme))


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
) -> dict[str, str]:
    """All headers to send.  headers: `x-acs-version` and whatever else goes along.  timestamp: seconds since 1970."""
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    sent.setdefault("accept", "application/json")
    sent["date"] = formatdate(timestamp, usegmt=True)
    sent["content-md5"] = content_md5(body)
    sent["x-acs-signature-method"] = "HMAC-SHA1"
    sent["x-acs-signature-version"] = "1.0"
    sent["x-acs-signature-nonce"] = nonce
    if security_token is not None:
        sent["x-acs-accesskey-id"] = access_key_id
        sent["x-acs-security-token"] = security_token
    _, resource = next(_resources(raw_path or "/", percent.decode_pairs(raw_query)))
    text = string_to_sign(method, sent, sent.get("content-type", ""), resource)
    signature = b64encode(digests.sha1_mac(secret.encode(), wire_bytes(text))).decode()
    sent["authorization"] = f"acs {access_key_id}:{signature}"
    return sent
