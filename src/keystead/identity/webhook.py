"""Signed calls to an address that the operator named, as the specification Standard Webhooks lays down.

The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` go with the body; the signature is `v1,` and the
Base64 of HMAC-SHA256 over `id.timestamp.body`.  Source: https://www.standardwebhooks.com, version 1.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TOTAL_SECONDS = 20
"""How long one call may take, from the connection to the status."""

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, as the specification says


class NotDeliveredError(Exception):
    """The receiver did not take the message; says why, without what it answered."""


def read_secret(text: str) -> bytes:
    """The key in `whsec_` and Base64 of 24 to 64 bytes.  Raises ValueError, which never says what was read."""
    text = text.strip()
    if not text.startswith(PREFIX):
        raise ValueError(f"it does not begin with {PREFIX}")
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"what follows {PREFIX} is not Base64") from None
    if not _SHORTEST <= len(secret) <= _LONGEST:
        raise ValueError(f"it holds {len(secret)} bytes, and must hold {_SHORTEST} to {_LONGEST}")
    return secret


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address, and the secret that its receiver knows too."""

    url: str = field(repr=False)  # its path may be what admits a caller
    secret: bytes = field(repr=False)

    @property
    def host(self) -> str:
        """The host and port, for people: what else the address holds is between the operator and the receiver."""
        return urlsplit(self.url).netloc

    def headers(self, message_id: str, now: float, body: bytes) -> dict[str, str]:
        """What goes with the body.  message_id: the same when the same message is sent again."""
        moment = str(int(now))
        signed = f"{message_id}.{moment}.".encode() + body
        mac = base64.b64encode(hmac.digest(self.secret, signed, hashlib.sha256)).decode()
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{mac}",
        }

    async def post(self, message_id: str, now: float, body: bytes) -> None:
        """Deliver one message: any 2xx means that it was taken.  Redirects are not followed.

        Raises `NotDeliveredError`.
        """
        import httpx  # few nodes call anybody, and every start would pay

        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                trust = await asyncio.to_thread(ssl.create_default_context) if self.url.startswith("https") else False
                async with (
                    httpx.AsyncClient(
                        verify=trust,  # over plain HTTP, on this machine only, there is nothing to verify
                        trust_env=False,
                        follow_redirects=False,
                        timeout=TOTAL_SECONDS,
                    ) as client,
                    # What it answers is not read: the status is the answer.
                    client.stream("POST", self.url, content=body, headers=self.headers(message_id, now, body)) as told,
                ):
                    status = told.status_code
        except TimeoutError:
            raise NotDeliveredError(f"it took longer than {TOTAL_SECONDS} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotDeliveredError(f"the connection failed ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise NotDeliveredError(f"it answered {status}")
