"""Signed calls: who sent them can be verified, and neither a redirect nor a receiver that hangs goes far."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from dataclasses import replace

import pytest

from keystead.identity import webhook
from keystead.identity.webhook import NotDeliveredError, Webhook, read_secret
from services.loopback import free_port
from services.webhook import KEY, SECRET, receiver


def posted(url: str, body: bytes = b"{}") -> None:
    asyncio.run(Webhook(url, KEY).post("expiry-1", 1_767_323_045.9, body))


def test_the_signature_is_that_of_the_specification() -> None:
    """Its own example: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md."""
    secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    body = b'{"test": 2432232314}'
    headers = Webhook("https://h.example", secret).headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.7, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_what_arrives_is_verified_by_time_body_and_secret() -> None:
    with receiver() as found:
        posted(found.url, b'{"data": 1}')
        call = found.taken.get(timeout=10)
    assert (call.path, call.body, call.headers["webhook-timestamp"]) == (
        "/told?token=t0ken",
        b'{"data": 1}',
        "1767323045",
    )
    assert call.is_genuine()
    assert not call.is_genuine(b"another key that nobody gave to us")
    assert not replace(call, body=b'{"data": 2}').is_genuine()
    assert not replace(call, headers={**call.headers, "webhook-timestamp": "1767323046"}).is_genuine()


@pytest.mark.parametrize("status", [302, 307, 400, 503])
def test_only_a_2xx_means_taken_and_a_redirect_is_not_followed(status: int) -> None:
    with receiver() as found, receiver() as elsewhere:
        posted(found.url)
        found.status, found.location = status, elsewhere.url
        with pytest.raises(NotDeliveredError, match=str(status)) as caught:
            posted(found.url)
        assert "t0ken" not in str(caught.value)
        assert elsewhere.taken.empty()


def test_nobody_listens() -> None:
    with pytest.raises(NotDeliveredError, match="ConnectError"):
        posted(f"http://127.0.0.1:{free_port()}/")


def test_a_receiver_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the answer does not."""
    monkeypatch.setattr(webhook, "TOTAL_SECONDS", 0.5)

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def call() -> None:
        server = await asyncio.start_server(drip, "127.0.0.1", 0, family=socket.AF_INET)
        port = server.sockets[0].getsockname()[1]
        try:
            await Webhook(f"http://127.0.0.1:{port}/", KEY).post("expiry-1", 0, b"{}")
        finally:
            server.close()

    begun = time.monotonic()
    with pytest.raises(NotDeliveredError):
        asyncio.run(call())
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("s3cret", "whsec_"),
        ("whsec_s3cret!", "Base64"),
        ("whsec_" + base64.b64encode(b"s3cret").decode(), "6 bytes"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "65 bytes"),
    ],
)
def test_a_secret_of_another_form_is_refused_without_being_shown(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        read_secret(text)
    assert "s3cret" not in str(caught.value)


def test_neither_the_secret_nor_the_path_is_shown() -> None:
    found = Webhook("https://h.example:8443/t0ken", read_secret(SECRET))
    assert found.host == "h.example:8443"
    assert "t0ken" not in repr(found)
    assert str(KEY) not in repr(found)
