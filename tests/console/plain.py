"""The console without a browser: its forms sent as a browser without scripts would, for what needs no eyes."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.browser import PASSWORD
from services.server import Server

_HIDDEN = re.compile(r'<input type="hidden" name="(_token|_mark)" value="([^"]*)"')


@dataclass
class Reader:
    """Somebody who is signed in, and the page that was read last."""

    server: Server
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60))
    page: str = ""
    status: int = 0
    address: str = ""

    def sign_in(self, name: str, password: str = PASSWORD) -> Reader:
        """Sign in as a RAM user."""
        self._send("POST", "/sign-in", {"name": name, "password": password, "kind": "user"})
        assert self.status == 200, self.text
        assert "/sign-in" not in self.address, self.text
        return self

    def get(self, path: str) -> str:
        """Open a page; its text."""
        return self._send("GET", path, {})

    def post(self, path: str, /, **fields: Any) -> str:
        """Send the form on the last page to `path`, as this session; a list stands for a field that comes often."""
        hidden = dict(_HIDDEN.findall(self.page))
        marks = [value for name, value in _HIDDEN.findall(self.page) if name == "_mark"]
        given = {"_token": hidden.get("_token", ""), **({"_mark": marks[-1]} if marks else {}), **fields}
        return self._send("POST", path, given)

    def forget_proof(self) -> None:
        """Let the time pass after which the server asks again who it is."""
        with closing(sqlite3.connect(self.server.data_dir / "keystead.db", timeout=30)) as opened, opened:
            opened.execute("UPDATE console_sessions SET verified_at = 0")

    def _send(self, method: str, path: str, fields: dict[str, Any]) -> str:
        url = f"{self.server.url}/console{path}"
        answer = self.client.request(method, url, data=fields or None, follow_redirects=True)
        self.page, self.status, self.address = answer.text, answer.status_code, str(answer.url)
        return self.text

    @property
    def text(self) -> str:
        """What the last page says, without its tags."""
        seen = re.sub(r"<(script|style)\b.*?</\1>", " ", self.page, flags=re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", seen))).strip()

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the last page."""
        found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', self.page)
        assert found, f"no field {name} on {self.address}"
        return html.unescape(found[1])

    def disabled(self, label: str) -> str:
        """The hint of a button that may not be used, "" where there is none such."""
        pattern = rf'<button[^>]* disabled title="([^"]*)"[^>]*>{re.escape(html.escape(label))}'
        found = re.search(pattern, self.page)
        return html.unescape(found[1]) if found else ""
