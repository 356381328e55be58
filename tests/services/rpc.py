"""The smallest client there is: RPC signature 1.0 written from the reference with hmac and a plain HTTP GET.

It shares no code with Keystead, so that a test of the server never trusts the code it tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

VERSIONS = {"ram": "2015-05-01", "sts": "2015-04-01", "ims": "2019-08-15", "keystead": "2026-11-01"}


@dataclass(frozen=True)
class Key:
    """An AccessKey pair, with the security token when it is a temporary one."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass
class ApiError(Exception):
    """A refusal as a client shows it. A member that this client hides from its user is None."""

    code: str
    status: int | None
    message: str
    request_id: str | None
    detail: dict[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message} ({self.request_id}) {self.detail or ''}"


def _escape(text: str) -> str:
    return quote(text, safe="~")


def signed(key: Key, method: str, parameters: dict[str, str]) -> str:
    """Return the query string that carries the parameters, the common ones and the signature."""
    common = {
        "AccessKeyId": key.id,
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": uuid.uuid4().hex,
        "SignatureVersion": "1.0",
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if key.token:
        common["SecurityToken"] = key.token
    canonical = "&".join(f"{_escape(k)}={_escape(v)}" for k, v in sorted({**common, **parameters}.items()))
    to_sign = f"{method}&%2F&{_escape(canonical)}"
    digest = hmac.new(f"{key.secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
    return f"{canonical}&Signature={_escape(base64.b64encode(digest).decode())}"


def call(url: str, key: Key, product: str, action: str, **parameters: str) -> dict[str, Any]:
    """Call an action by GET; return its answer or raise ApiError."""
    query = signed(key, "GET", {"Action": action, "Version": VERSIONS[product], **parameters})
    answer = httpx.get(f"{url}/?{query}", timeout=30, trust_env=False)
    body: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        raise error_of(answer.status_code, body)
    return body


def error_of(status: int | None, body: dict[str, Any]) -> ApiError:
    """Return the refusal that an error envelope describes."""
    detail = body.get("AccessDeniedDetail")
    return ApiError(
        code=str(body["Code"]),
        status=status,
        message=str(body["Message"]),
        request_id=str(body["RequestId"]),
        detail=detail if isinstance(detail, dict) else None,
    )
