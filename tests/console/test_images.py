"""The pictures of the README, made from the pages themselves: `MAKE_IMAGES=1` writes them anew into docs/images.

Without the variable the same pages are opened and must fill their window, so that the pictures cannot go stale unseen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services import rpc
from services.browser import Person, console_user
from services.server import Server

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PAGES = {"overview": "/", "users": "/users", "policies": "/policies"}


@pytest.fixture
def company(console: Server) -> str:
    """A few people, so that the pages have something to show; returns an administrator's logon name."""
    for name, shown in (("alice", "Alice Meyer"), ("bob", "Bob Tan"), ("li.wei", "李伟"), ("ci-runner", "CI runner")):
        rpc.call(console.url, console.admin, "ram", "CreateUser", UserName=name, DisplayName=shown)
    rpc.call(console.url, console.admin, "ram", "CreateAccessKey", UserName="ci-runner")
    return console_user(console, "photographer", "AdministratorAccess")


def test_the_readmes_pictures(company: str, visitor: Callable[..., Person]) -> None:
    for scheme, locale in (("light", "en-US"), ("dark", "zh-CN")):
        person = visitor(locale=locale, color_scheme=scheme, viewport={"width": 1280, "height": 800})
        person.sign_in(company)
        for name, path in PAGES.items():
            page = person.open(path)
            page.wait_for_load_state("networkidle")
            picture = page.screenshot()
            assert len(picture) > 10_000
            if os.environ.get("MAKE_IMAGES"):
                (IMAGES / f"console-{name}-{scheme}-{locale[:2]}.png").write_bytes(picture)
