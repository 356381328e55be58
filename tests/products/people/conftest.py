"""A cheap argon2 for tests of rules: what it costs is tested where that matters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from keystead.identity import passwords


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """One pass over 8 KiB, unless the test is marked by taking `full_price`."""
    if "full_price" in request.fixturenames:
        yield
        return
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords.nobody.cache_clear()
    yield
    passwords.nobody.cache_clear()


@pytest.fixture
def full_price() -> None:
    """This test measures what a password costs."""
