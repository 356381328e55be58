"""The console's settings: off, the environment's label and colour, and the end of a session that nobody uses."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import httpx

from services.browser import PASSWORD, console_user
from services.server import Server

Start = Callable[..., Server]
HTML = {"accept": "text/html"}


def test_without_the_console_its_addresses_are_nothing(start_server: Start) -> None:
    server = start_server(options=["--no-console"])
    for path in ("/console/", "/console/sign-in"):
        assert httpx.get(server.url + path, headers=HTML, trust_env=False).status_code >= 400
    assert httpx.get(server.url + "/", headers=HTML, trust_env=False).status_code >= 400


def test_the_environment_is_named_in_its_colour(start_server: Start) -> None:
    server = start_server(options=["--environment-label", "pro<duction", "--environment-colour", "red"])
    page = httpx.get(f"{server.url}/console/sign-in", trust_env=False).text
    assert '<span class="environment red">pro&lt;duction</span>' in page


def test_a_session_that_nobody_uses_is_over(start_server: Start) -> None:
    server = start_server(options=["--console-idle-minutes", "5"])
    form = {"kind": "user", "name": console_user(server, "sleeper"), "password": PASSWORD}
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        assert client.post("/console/sign-in", data=form).status_code == 303
        for minutes, status in ((4, 200), (6, 303)):
            with sqlite3.connect(server.data_dir / "keystead.db", timeout=10) as database:
                database.execute("UPDATE console_sessions SET seen_at = seen_at - ?", (minutes * 60,))
            database.close()
            assert client.get("/console/").status_code == status
