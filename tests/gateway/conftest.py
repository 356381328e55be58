"""One gateway and one fake model server for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.planes import OPTIONS, Plane
from services.server import running
from services.upstream import Running, upstream


@pytest.fixture(scope="session")
def fake_upstream() -> Iterator[Running]:
    """The fake model server."""
    with upstream() as started:
        yield started


@pytest.fixture(scope="session")
def _plane(fake_upstream: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with running(tmp_path_factory.mktemp("gateway"), options=OPTIONS) as server:
        plane = Plane(server, fake_upstream)
        plane.set_up()
        yield plane


@pytest.fixture
def plane(_plane: Plane) -> Iterator[Plane]:
    """A gateway with a model for each mode of the fake, and a key."""
    yield _plane
    _plane.server.check_log()


@pytest.fixture(scope="session")
def _real(fake_upstream: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with running(tmp_path_factory.mktemp("real")) as server:
        plane = Plane(server, fake_upstream)
        plane.new_key()
        yield plane


@pytest.fixture
def real(_real: Plane) -> Iterator[Plane]:
    """A gateway with its own models and a key: real models need more time than `plane` grants."""
    yield _real
    _real.server.check_log()
