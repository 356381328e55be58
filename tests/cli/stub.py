"""A server for the client's tests: it checks each ACS3 signature and answers what the test told it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from keystead import signing
from keystead.percent import Pairs, decode_pairs

KEY_ID = "LTAI5tStubStubStubStubSt"
SECRET = "stubStubStubStubStubStubStubSt"

Scripted = tuple[int, dict[str, str], Any]


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes

    @cached_property
    def query(self) -> Pairs:
        return decode_pairs(self.raw_query)

    @cached_property
    def form(self) -> Pairs:
        return decode_pairs(self.body.decode()) if self.body else ()

    @property
    def action(self) -> str:
        return self.headers.get("x-acs-action", "")


@dataclass
class Stub:
    """What came, and what will be answered: the last answer is repeated.  status 0 breaks the connection."""

    url: str = ""
    secrets: dict[str, str] = field(default_factory=lambda: {KEY_ID: SECRET})
    received: list[Received] = field(default_factory=list)
    answers: list[Scripted] = field(default_factory=list)

    def answer(self, status: int, body: Any, **headers: str) -> None:
        self.answers.append((status, {k.replace("_", "-"): v for k, v in headers.items()}, body))

    def next(self, request: Received) -> Scripted:
        self.received.append(request)
        if request.raw_path != "/readyz":
            claim = signing.read_claim(request)
            assert claim is not None
            signing.verify(claim, request, self.secrets[claim.access_key_id])
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def running() -> Iterator[Stub]:
    """Serve on a free loopback port."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra, answer = stub.next(Received(self.command, path, query, headers, body))
            if not status:
                self.connection.close()
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **extra}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  the base class's names

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A connection broken on purpose is no news."""

    server = Quiet(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
