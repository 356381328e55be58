"""A request signed with ACS3, to be spoilt."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx

from journeys.house import House
from keystead.signing import sign_acs3
from services.rpc import Key


class Wire:
    """A request signed with ACS3, which a test then spoils."""

    def __init__(self, house: House, key: Key, *, secret: str = "", seconds: float = 0, **query: str) -> None:
        self.house = house
        self.query = "&".join(f"{n}={quote(v, safe='~')}" for n, v in sorted(query.items()))
        self.path = "/"
        plain = {
            "host": f"127.0.0.1:{house.server.port}",
            "x-acs-action": "GetUser",
            "x-acs-version": "2015-05-01",
            "accept": "application/json",
        }
        made = datetime.now(UTC) + timedelta(seconds=seconds)
        self.headers = sign_acs3(
            "POST", "/", self.query, plain, b"", access_key_id=key.id, secret=secret or key.secret,
            security_token=key.token, timestamp=made.timestamp(), nonce=uuid.uuid4().hex,
        )  # fmt: skip

    @property
    def text(self) -> str:
        """As raw HTTP."""
        target = f"{self.path}?{self.query}" if self.query else self.path
        return f"POST {target} HTTP/1.1\n" + "\n".join(f"{n}: {v}" for n, v in self.headers.items()) + "\n\n"

    def send(self) -> httpx.Response:
        url = f"{self.house.server.url}{self.path}" + (f"?{self.query}" if self.query else "")
        return httpx.post(url, headers=self.headers, timeout=30, trust_env=False)

    def refused(self) -> str:
        """Send it; the request ID of the refusal."""
        answer = self.send()
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["RequestId"])
