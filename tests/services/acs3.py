"""An ACS3 signer written from the reference, as the vendor's generic clients sign: header names, body digest, one HMAC.

It shares no code with Keystead, so that a test of the server never trusts the code it tests.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

import httpx

from services.rpc import Key


def headers(
    key: Key,
    method: str,
    url: str,
    action: str,
    version: str,
    body: bytes = b"",
    *,
    content_type: str = "application/json",
    more: dict[str, str] | None = None,
) -> dict[str, str]:
    """The headers of one signed request; those in `more` are signed where their names are of the signed kinds."""
    address = httpx.URL(url)
    found = {
        "host": address.netloc.decode(),
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        **({"content-type": content_type} if body else {}),
        **(more or {}),
    }
    if key.token:
        found |= {"x-acs-security-token": key.token, "x-acs-accesskey-id": key.id}
    names = sorted(name for name in found if name in ("host", "content-type") or name.startswith("x-acs-"))
    query = sorted(parse_qsl(address.query.decode(), keep_blank_values=True))
    canonical = "\n".join(
        [
            method,
            address.raw_path.partition(b"?")[0].decode(),
            "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query),
            *(f"{name}:{found[name]}" for name in names),
            "",
            ";".join(names),
            found["x-acs-content-sha256"],
        ]
    )
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    found["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={key.id},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    return found
