"""Browsers for the console's tests, and one server that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from services import browser as browsers
from services.browser import Person, console_user
from services.server import Server, running

from .furnished import Furnished, furnish


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of one test file.

    Not of the whole process: while one is open its event loop runs in this thread, and whatever other test comes to the
    same process and calls `asyncio.run` would fail.
    """
    with browsers.chromium() as started:
        yield started


@pytest.fixture(scope="session")
def _console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("console")) as started:
        yield started


@pytest.fixture
def console(_console: Server) -> Iterator[Server]:
    """A server on SQLite that the console's tests share: use names of your own."""
    yield _console
    _console.check_log()


@pytest.fixture(scope="session")
def _administrator(_console: Server) -> str:
    return console_user(_console, "boss", "AdministratorAccess")


@pytest.fixture(scope="session")
def furnished(_console: Server) -> Iterator[Furnished]:
    """The same server with something of each kind; change none of it."""
    made = furnish(_console)
    yield made
    made.reader.client.close()


@pytest.fixture
def visitor(browser: Browser, console: Server) -> Iterator[Callable[..., Person]]:
    """A function that brings somebody to a browser; options go to the browser's context."""
    with ExitStack() as stack:

        def bring(server: Server | None = None, **options: Any) -> Person:
            return stack.enter_context(browsers.person(browser, server or console, **options))

        yield bring


@pytest.fixture
def boss(visitor: Callable[..., Person], _administrator: str) -> Person:
    """An administrator who has signed in as RAM user and is on the overview."""
    found = visitor()
    found.sign_in(_administrator)
    return found


@pytest.fixture
def outsider(visitor: Callable[..., Person], console: Server, request: pytest.FixtureRequest) -> Person:
    """A RAM user with Console Access and no policy, signed in."""
    name = f"nobody-{abs(hash(request.node.name)) % 10_000_000}"
    found = visitor()
    found.sign_in(console_user(console, name))
    return found


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Where a test keeps what it downloads."""
    return tmp_path
