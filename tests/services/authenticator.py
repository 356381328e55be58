"""A software authenticator and the browser around it: what WebAuthn level 2 asks of both, for one passkey.

Written from the specification with `cryptography`; it shares no code with the library that checks its answers.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def b64(raw: bytes) -> str:
    """Base64url without padding, as everywhere in WebAuthn."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """The bytes behind `b64`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor_head(major: int, number: int) -> bytes:
    """The head of a CBOR item: its type and its length or value (RFC 8949, section 3)."""
    if number < 24:
        return bytes([major << 5 | number])
    return bytes([major << 5 | 24, number]) if number < 256 else bytes([major << 5 | 25]) + struct.pack(">H", number)


def cbor(value: object) -> bytes:
    """The little CBOR that an attestation needs."""
    match value:
        case int():
            return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)
        case bytes():
            return cbor_head(2, len(value)) + value
        case str():
            return cbor_head(3, len(value.encode())) + value.encode()
        case dict():
            inside = b"".join(cbor(key) + cbor(member) for key, member in value.items())
            return cbor_head(5, len(value)) + inside
    raise TypeError(value)


@dataclass
class Authenticator:
    """One passkey for one site.  count: the signature counter; verified: whether it asked for a finger or PIN."""

    origin: str
    rp_id: str
    count: int = 0
    verified: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    user_handle: str = ""

    def create(self, options: str) -> str:
        """Answer `navigator.credentials.create`."""
        wanted = json.loads(options)
        self.user_handle = wanted["user"]["id"]
        client = self._client("webauthn.create", wanted["challenge"])
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        credential = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor(cose)
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": self._data(0x40) + credential})
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def get(self, options: str) -> str:
        """Answer `navigator.credentials.get`."""
        client = self._client("webauthn.get", json.loads(options)["challenge"])
        self.count += 1
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": self.user_handle,
            }
        )

    def _client(self, act: str, challenge: str) -> bytes:
        told = {"type": act, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _data(self, flags: int) -> bytes:
        flags |= 0x01 | (0x04 if self.verified else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _answer(self, response: dict[str, Any]) -> str:
        raw = b64(self.credential_id)
        return json.dumps({"id": raw, "rawId": raw, "type": "public-key", "response": response})
