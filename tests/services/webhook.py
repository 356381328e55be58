"""A receiver of webhooks on loopback: it keeps what arrives, and answers as it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass
class Call:
    """One call as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The warnings in it."""
        found: list[dict[str, Any]] = json.loads(self.body)["data"]["Warnings"]
        return found

    def is_genuine(self, key: bytes = KEY) -> bool:
        """Whether the signature is that of the secret's holder, worked out as Standard Webhooks describes it."""
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return self.headers["webhook-signature"] == f"v1,{wanted}"


@dataclass
class Receiver:
    """Where it listens, what it took, and what it answers.  go: cleared, calls arrive and get no answer."""

    port: int = 0
    status: int = 204
    location: str = ""
    go: threading.Event = field(default_factory=threading.Event)
    taken: queue.Queue[Call] = field(default_factory=queue.Queue)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/told?token=t0ken"

    def secret_file(self, folder: Path) -> Path:
        """A file with the secret that `is_genuine` knows."""
        file = folder / "webhook.secret"
        file.write_text(SECRET + "\n")
        return file


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver for the length of the block."""
    found = Receiver()
    found.go.set()

    class Conversation(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.taken.put(Call(self.path, {name.lower(): text for name, text in self.headers.items()}, body))
            found.go.wait(60)
            self.send_response(found.status)
            if found.location:
                self.send_header("location", found.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_given: object) -> None:
            """Nothing."""

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:  # the caller was killed
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            found.go.set()
            server.shutdown()
            thread.join()
