"""The connection to SQLite or PostgreSQL, and one transaction of it.

Every write of one account holds that account's row lock (SQLite: the one write lock), so that "count, then insert"
keeps a quota.  A writing transaction ends by taking the next number from the counter row; the row lock makes change
numbers appear in commit order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from keystead.store import tables

Result = TypeVar("Result")
TxT = TypeVar("TxT", bound="Tx")

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # INVARIANT: an acknowledged write survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
    "PRAGMA cache_size=-16384",
)


class Tx:
    """One transaction: a connection, the time it began, whom it is for, and what it touched.

    by: the ARN of the caller, kept beside what he deletes or grants; "" for the server's own work.

    Store functions that write call `touch`; the database turns it into rows of the change feed at the end.
    """

    __slots__ = ("account_id", "by", "connection", "now", "touched")

    def __init__(self, connection: sa.Connection, now: float, account_id: str) -> None:
        self.connection = connection
        self.now = int(now)
        self.account_id = account_id
        self.by = ""
        self.touched: set[tuple[str, str]] = set()

    def touch(self, kind: str, entity_id: str) -> None:
        """Say that callers which depend on `(kind, entity_id)` must be loaded again."""
        self.touched.add((kind, entity_id))

    def rows(self, statement: sa.Executable, /, **values: object) -> list[sa.Row[Any]]:
        """Every row of a statement."""
        return list(self.connection.execute(statement, values or None).all())

    def row(self, statement: sa.Executable, /, **values: object) -> sa.Row[Any] | None:
        """The first row of a statement, or None."""
        return self.connection.execute(statement, values or None).first()

    def run(self, statement: sa.Executable, /, **values: object) -> int:
        """Run a statement that changes rows; returns how many."""
        return self.connection.execute(statement, values or None).rowcount


class Database(Generic[TxT]):
    """A pool of connections and the threads that use them; `run` is what handlers are called through."""

    def __init__(
        self, url: str, *, make_tx: Callable[[sa.Connection, float, str], TxT], readers: int = 4, writers: int = 8
    ) -> None:
        """`url` is a SQLAlchemy address: `sqlite:///path` or `postgresql+psycopg://…`; `make_tx` builds the `Tx`."""
        self._make_tx = make_tx
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _engine(url, readers + writers + 2)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="db-read")
        # SQLite has one write lock: queueing in one thread costs less than contending for it.
        self._writers = ThreadPoolExecutor(1 if self.is_sqlite else writers, thread_name_prefix="db-write")

    @contextmanager
    def reading(self, now: float, account_id: str = "") -> Iterator[TxT]:
        """A transaction that only reads."""
        with self.engine.connect() as connection, connection.begin():
            yield self._make_tx(connection, now, account_id)

    @contextmanager
    def writing(self, now: float, account_id: str) -> Iterator[TxT]:
        """A transaction that may write; commits at the end of the block, with its change rows, or not at all."""
        with self.engine.connect() as plain:
            connection = plain.execution_options(keystead_writes=True)
            with connection.begin():
                tx = self._make_tx(connection, now, account_id)
                if not self.is_sqlite and account_id:
                    tx.row(_LOCK_ACCOUNT, account=account_id)
                yield tx
                _publish(tx)

    def submit(self, work: Callable[[], Result], *, writes: bool) -> Future[Result]:
        """Run `work` in a worker thread of the right kind."""
        return (self._writers if writes else self._readers).submit(work)

    def close(self) -> None:
        """Wait for running work and close every connection."""
        self._readers.shutdown()
        self._writers.shutdown()
        self.engine.dispose()


_LOCK_ACCOUNT = sa.select(tables.accounts.c.id).where(tables.accounts.c.id == sa.bindparam("account")).with_for_update()
_NEXT = (
    sa.update(tables.change_counter)
    .where(tables.change_counter.c.id == 1)
    .values(last=tables.change_counter.c.last + 1)
    .returning(tables.change_counter.c.last)
)
_PUBLISH = sa.insert(tables.changes)


def _publish(tx: Tx) -> None:
    """Append what the transaction touched to the change feed, under the next number."""
    if not tx.touched:
        return
    number = tx.connection.execute(_NEXT).scalar_one()
    tx.connection.execute(
        _PUBLISH,
        [
            {"n": number, "kind": kind, "entity_id": entity, "account_id": tx.account_id, "made_at": tx.now}
            for kind, entity in tx.touched
        ],
    )


def _engine(url: str, size: int) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_size=size, max_overflow=0, pool_pre_ping=True)
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 10},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # sqlite3's own BEGIN comes too late; ours is below
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("keystead_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
