"""The matrix of callers and acts, through the real server on both databases; `matrix.txt` has the expected answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from conftest import Backend
from gateway import acts, matrix, world
from gateway.world import World
from services.postgres import Cluster
from services.server import running
from services.upstream import Running

ROWS = matrix.rows()


@pytest.fixture(scope="module")
def built(
    backend: Backend,
    request: pytest.FixtureRequest,
    fake_upstream: Running,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    with ExitStack() as stack:
        database = None
        if backend == "postgres":
            cluster: Cluster = request.getfixturevalue("postgres_cluster")
            database = stack.enter_context(cluster.database())
        home = tmp_path_factory.mktemp(f"matrix-{backend}")
        options = ("--no-embedded-model", "--api-keys-quota", "200")
        server = stack.enter_context(running(home, database=database, options=options))
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=30))
        yield world.build(server, fake_upstream, client)


@pytest.mark.parametrize("who", ROWS)
def test_every_act(built: World, who: str) -> None:
    expected = ROWS[who]
    found = {act: acts.DO[act](built, built.who[who]) for act in expected}
    wrong = {act: (found[act], expected[act]) for act in expected if found[act] != expected[act]}
    assert not wrong, "act: (found, expected)"
    built.server.check_log()


def test_the_matrix_is_whole(built: World) -> None:
    """Nobody is set up who is not asked about, and every act that there is stands in every row."""
    assert set(built.who) == set(ROWS)
    assert all(list(row) == list(matrix.ACTS) for row in ROWS.values())
