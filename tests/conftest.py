"""What every test gets: sockets that stay on this machine, and services that are started when a test names them.

A test that takes one of the fixtures in `SERVICES` is marked `service`; `make unit` leaves those out.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings

from services import loopback
from services.postgres import Cluster, cluster
from services.redis import redis
from services.server import Server, running

Backend = Literal["sqlite", "postgres"]
SERVICES = frozenset(
    {
        "postgres_cluster",
        "redis_url",
        "backend",
        "start_server",
        "server",
        "shared_server",
        "plane",
        "console",
        "browser",
    }
)


def pytest_configure(config: pytest.Config) -> None:
    """Keep this process on this machine, and the person's own settings out of it."""
    loopback.guard()
    clean = loopback.child_environment()
    for name in set(os.environ) - set(clean):
        del os.environ[name]
    os.environ.update(clean)
    # No example fails by the clock: on a busy machine any may wait for longer than the 200 ms that are the default.
    settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start a service."""
    for item in items:
        if SERVICES & set(getattr(item, "fixturenames", ())):
            item.add_marker("service")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Put the end of the server's log beside a failure."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Server):
                report.sections.append(("keystead's log", value.tail()))
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL cluster of this test process."""
    with cluster() as running_cluster:
        yield running_cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """The address of a new, empty PostgreSQL database."""
    with postgres_cluster.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis of this test process."""
    with redis() as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """The database that the test runs on; a test that takes it runs once on each."""
    kind: Backend = request.param
    return kind


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A function that starts servers with `database=` and `options=`; all are stopped at the end.

    `beside=` names a server whose master key and profile the new one shares: another node on the same database.
    """
    with ExitStack() as stack:
        count = itertools.count()

        def start(*, database: str | None = None, options: Sequence[str] = (), beside: Server | None = None) -> Server:
            home = tmp_path / f"server-{next(count)}"
            home.mkdir()
            if beside:
                (home / "data").mkdir(mode=0o700)
                for each in (*beside.data_dir.glob("master*"), beside.profile_file):
                    shutil.copy(each, home / each.relative_to(beside.profile_file.parent))
            return stack.enter_context(running(home, database=database, options=options))

        yield start


@pytest.fixture
def server(backend: Backend, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own, which it may restart, kill and fill."""
    database = request.getfixturevalue("postgres_url") if backend == "postgres" else None
    with running(tmp_path, database=database) as started:
        yield started


@pytest.fixture(scope="session")
def _shared(
    backend: Backend, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    home = tmp_path_factory.mktemp(f"keystead-{backend}")
    if backend == "sqlite":
        with running(home) as started:
            yield started
    else:
        owned: Cluster = request.getfixturevalue("postgres_cluster")
        with owned.database() as url, running(home, database=url) as started:
            yield started


@pytest.fixture
def shared_server(_shared: Server) -> Iterator[Server]:
    """A server that many tests use one after the other: leave it as you found it, or use names of your own."""
    yield _shared
    _shared.check_log()
