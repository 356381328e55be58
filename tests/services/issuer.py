"""An OIDC issuer of our own, over HTTP on loopback: keys that rotate, tokens, and ways to misbehave."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from services.loopback import LOOPBACK


class Issuer:
    """Its address, its keys, and what its answers are; `asked` are the paths that were asked for."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.url = f"{scheme}://{LOOPBACK}:{server.server_address[1]}"
        self.asked: list[str] = []
        self.keys: list[RSAKey | ECKey] = []
        self.slow = 0.0
        self.status = 200
        self.headers: dict[str, str] = {}
        self.discovery: dict[str, Any] = {}
        self.padding = 0
        self.rotate()

    def rotate(self, *, keep: bool = False) -> None:
        """Make a new signing key; `keep` leaves the old ones in the set."""
        key = RSAKey.generate_key(2048, {"use": "sig", "kid": f"key-{time.monotonic_ns()}"}, private=True)
        self.keys = [key, *(self.keys if keep else [])]

    def answer(self, path: str) -> dict[str, Any]:
        """The document at a path."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.discovery}
        return {"keys": [key.as_dict(private=False) for key in self.keys], "padding": "x" * self.padding}

    def token(self, *, key: RSAKey | ECKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token for the client `app`; a claim given as None is left out."""
        key = key or self.keys[0]
        now = int(time.time())
        said = {"iss": self.url, "sub": "system:serviceaccount:team:app", "aud": "app", "iat": now, "exp": now + 600}
        said = {name: value for name, value in {**said, **claims}.items() if value is not None}
        head = {"alg": "RS256", "kid": key.kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, said, key, algorithms=[head["alg"]])


@contextmanager
def issuer(tls: ssl.SSLContext | None = None) -> Iterator[Issuer]:
    """Run an issuer for the length of the block; over HTTPS with a server's context."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            time.sleep(made.slow)
            body = json.dumps(made.answer(self.path)).encode()
            try:
                self.send_response(made.status)
                for name, value in {"Content-Length": str(len(body)), **made.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made = Issuer(server, "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
