"""A plane without HTTP: actions read their parameters, run in a real transaction, and their answers are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.identity.keyring import Keyring
from keystead.identity.transaction import Quotas, Tx
from keystead.store import tables
from keystead.store.database import Database
from products.plane import Plane


@pytest.fixture(scope="session")
def database(backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One database for all tests: each works in an account of its own."""
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('products') / 'keystead.db'}"
        with opened(url) as made:
            yield _filled(made)
    else:
        with request.getfixturevalue("postgres_cluster").database() as url, opened(url) as made:
            yield _filled(made)


def _filled(database: Database[Tx]) -> Database[Tx]:
    tables.metadata.create_all(database.engine)
    with database.writing(0, "") as tx:
        tx.run(sa.insert(tables.change_counter), id=1, last=0)
    return database


@contextmanager
def opened(url: str) -> Iterator[Database[Tx]]:
    """A database as the program opens it, without tables."""
    keyring = Keyring([b"k" * 32])
    make_tx: Any = partial(Tx, keyring=keyring, quotas=Quotas(), policy_extensions=False)
    database: Database[Tx] = Database(url, make_tx=make_tx)
    yield database
    database.close()


@pytest.fixture
def make_plane(database: Database[Tx]) -> Callable[..., Plane]:
    """A function that opens a new account; keywords change quotas."""
    return partial(Plane, database)


@pytest.fixture
def plane(make_plane: Callable[..., Plane]) -> Plane:
    """A new account with the usual quotas."""
    return make_plane()
