"""A server with a fake model server behind it, and what tests ask of both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.server import Server
from services.upstream import Running

MODES = (
    *("fake", "slow", "echo", "tools", "silent", "dies-first", "dies", "garbage", "hangs", "hangs-mid", "long-line"),
    *("busy", "broken", "unready", "refuses", "numbers"),
)
IDLE_SECONDS = 2
OPTIONS = ("--upstream-idle-seconds", str(IDLE_SECONDS), "--upstream-body-bytes", "1048576")
CHAT = "/compatible-mode/v1/chat/completions"
NATIVE = "/api/v1/services/aigc/text-generation/generation"


@dataclass
class Plane:
    """A running gateway.  Each mode of the fake is a model of the same name, and `qwen-plus` is `fake`."""

    server: Server
    upstream: Running
    key: str = ""
    workspace: str = ""
    key_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, *arguments: str) -> dict[str, Any]:
        """Run our CLI as the administrator; its JSON."""
        done = self.server.cli(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def set_up(self) -> None:
        """Add every model, and make a key in the default workspace."""
        for name, theirs in (("qwen-plus", "fake"), *((mode, mode) for mode in MODES)):
            prices = ["--input-price", "2", "--output-price", "6"] if name == "qwen-plus" else []
            self.call(
                *("keystead", "add-model", "--model-name", name, "--upstream", self.upstream.url),
                *("--upstream-model", theirs, "--upstream-key", "upstream-secret", *prices),
            )
        self.new_key()

    def new_key(self) -> None:
        """Make the key that calls are made with."""
        self.key, self.key_id, self.workspace = self.make_key("tests")
        self.headers = {"authorization": f"Bearer {self.key}"}

    def make_key(self, description: str, *more: str) -> tuple[str, str, str]:
        """A new key: value, ID, workspace."""
        made = self.call("modelstudio", "create-api-key", "--description", description, *more)["apiKey"]
        return made["apiKeyValue"], str(made["apiKeyId"]), made["workspaceId"]

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Send a JSON body with the key; header names are written with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(
            self.server.url + path, json=body, headers={**self.headers, **given}, trust_env=False, timeout=30
        )

    def chat(self, model: str, **more: Any) -> httpx.Response:
        """A call on the compatible plane."""
        return self.post(CHAT, {"model": model, "messages": [{"role": "user", "content": "hi"}], **more})

    def heal(self, model: str) -> None:
        """Let a model that breaks after two words answer one: its failures are forgotten, it is not left alone."""
        answer = self.chat(model, stream=True, max_tokens=1)
        assert answer.status_code == 200, answer.text

    def used(self, request_id: str) -> dict[str, Any]:
        """The usage row of one call, once it is written."""
        from sqlalchemy import create_engine, text

        url = self.server.database or f"sqlite:///{self.server.data_dir / 'keystead.db'}"
        engine = create_engine(url)
        try:

            def rows() -> list[Any]:
                with engine.connect() as connection:
                    query = text("SELECT * FROM usage WHERE call_id = :id")
                    return list(connection.execute(query, {"id": request_id}).mappings())

            found = eventually(rows)
        finally:
            engine.dispose()
        assert len(found) == 1
        return dict(found[0])

    def audited(self, request_id: str) -> dict[str, Any]:
        """The audit event of one call, once it is written."""

        def events() -> list[dict[str, Any]]:
            found = self.call("keystead", "lookup-events", "--event-request-id", request_id)
            return list(found["Events"]["Event"])

        found = eventually(events)
        assert len(found) == 1
        return found[0]


def eventually(ask: Callable[[], Any], seconds: float = 10) -> Any:
    """What `ask` answers once it is not empty."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(httpx.HTTPError):
            if found := ask():
                return found
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.1)
