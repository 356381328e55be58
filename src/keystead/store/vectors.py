"""Statements over the embeddings of chunks, and the search for the nearest.

The search is exact.  PostgreSQL with pgvector does it by itself; otherwise the vectors of one knowledge base are read
in batches and compared with numpy, where that is installed: docs/decisions/0012-embeddings-and-vector-search.md.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import index_chunks, index_vectors, indices

if TYPE_CHECKING:
    import numpy as np

_BATCH = 2048
_ARRAY_HEAD = 20  # bytes before the elements of an array of one dimension, as PostgreSQL sends it
_WITHOUT = index_chunks.outerjoin(index_vectors, index_vectors.c.chunk_id == index_chunks.c.id)
_WAITING = (index_chunks.c.index_id == sa.bindparam("index")) & index_vectors.c.chunk_id.is_(None)
_NEXT = (
    sa.select(index_chunks.c.id, index_chunks.c.sealed_text)
    .select_from(_WITHOUT)
    .where(_WAITING)
    .order_by(index_chunks.c.file_id, index_chunks.c.position)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_FILES = sa.select(index_chunks.c.file_id).select_from(_WITHOUT).where(_WAITING).distinct()
_DUE = (
    sa.select(indices)
    .where(indices.c.embedding_due.is_(True), indices.c.embedding_lease <= sa.bindparam("now"))
    .order_by(indices.c.embedding_lease, indices.c.id)
    .limit(16)
)
_EMBEDDED = sa.select(indices.c.id, indices.c.embedding_model, indices.c.embedding_revision).where(
    indices.c.embedding_model != "", indices.c.embedding_revision != ""
)
_RAW = index_vectors.c.vector
_RAW_ID = index_vectors.c.chunk_id
_PGVECTOR = sa.text("SELECT 1 FROM pg_extension WHERE extname = 'vector'")


def can_search(tx: Tx) -> bool:
    """Whether this node can compare vectors: by pgvector in the database, or by numpy."""
    return find_spec("numpy") is not None or _in_database(tx)


def _in_database(tx: Tx) -> bool:
    return tx.connection.dialect.name == "postgresql" and tx.row(_PGVECTOR) is not None


def due(tx: Tx) -> list[sa.Row[Any]]:
    """Knowledge bases of every account whose chunks may wait for vectors and that nobody is at."""
    return tx.rows(_DUE, now=tx.now)


def claim(tx: Tx, index_id: str, until: int) -> bool:
    """Take a knowledge base for this node until a time in seconds; False where another was quicker."""
    free = (indices.c.id == index_id) & indices.c.embedding_due.is_(True) & (indices.c.embedding_lease <= tx.now)
    return bool(tx.run(sa.update(indices).where(free).values(embedding_lease=until)))


def waiting(tx: Tx, index_id: str, most: int) -> list[sa.Row[Any]]:
    """The next chunks without a vector: id, sealed_text."""
    return tx.rows(_NEXT, index=index_id, most=most)


def waiting_files(tx: Tx, index_id: str) -> set[str]:
    """The files of which a chunk has no vector."""
    return {row.file_id for row in tx.rows(_FILES, index=index_id)}


def add(tx: Tx, index_id: str, vectors: dict[str, bytes]) -> None:
    """Add vectors by chunk; a chunk that is gone meanwhile gets none, one that has one keeps it."""
    there = set(tx.connection.execute(sa.select(index_chunks.c.id).where(index_chunks.c.id.in_(vectors))).scalars())
    has = set(
        tx.connection.execute(
            sa.select(index_vectors.c.chunk_id).where(index_vectors.c.chunk_id.in_(vectors))
        ).scalars()
    )
    is_array = tx.connection.dialect.name == "postgresql"
    rows = [
        {"chunk_id": chunk_id, "index_id": index_id, "vector": _floats(vector) if is_array else vector}
        for chunk_id, vector in vectors.items()
        if chunk_id in there - has
    ]
    if rows:
        tx.connection.execute(sa.insert(index_vectors), rows)


def drop(tx: Tx, index_id: str) -> None:
    """Remove the vectors of a knowledge base."""
    tx.run(sa.delete(index_vectors).where(index_vectors.c.index_id == index_id))


def drop_chunks(tx: Tx, chunks: sa.ColumnElement[bool]) -> None:
    """Remove the vectors of the chunks that a condition names."""
    which = sa.select(index_chunks.c.id).where(chunks)
    tx.run(sa.delete(index_vectors).where(index_vectors.c.chunk_id.in_(which)))


def state(tx: Tx, index_id: str, **values: object) -> None:
    """Write columns `embedding_…` of a knowledge base."""
    given = {f"embedding_{name}": value for name, value in values.items()}
    tx.run(sa.update(indices).where(indices.c.id == index_id).values(**given))


def made_by(tx: Tx, index_id: str) -> tuple[str, str]:
    """The embedding model of a knowledge base, and the revision that made its vectors; both "" where it is gone."""
    row = tx.row(sa.select(indices.c.embedding_model, indices.c.embedding_revision).where(indices.c.id == index_id))
    return (row.embedding_model, row.embedding_revision) if row is not None else ("", "")


def embedded(tx: Tx) -> list[sa.Row[Any]]:
    """Every knowledge base that has vectors, with what made them."""
    return tx.rows(_EMBEDDED)


def nearest(tx: Tx, index_id: str, wanted: bytes, most: int, file_ids: Sequence[str] = ()) -> list[tuple[str, float]]:
    """The chunks whose vectors are nearest to `wanted`, with the cosine of the angle, the nearest first."""
    if _in_database(tx):
        return _by_database(tx, index_id, wanted, most, file_ids)
    import numpy as np

    is_array = tx.connection.dialect.name == "postgresql"
    kept: list[tuple[float, str]] = []
    question = np.frombuffer(wanted, "<f4")
    vector: sa.ColumnElement[Any] = sa.func.array_send(_RAW) if is_array else _RAW
    for ids, parts in _batches(tx, _in(index_id, file_ids, vector.label("vector"))):
        scores = _matrix(np, parts, question.size, is_array=is_array) @ question
        kept = heapq.nlargest(most, [*kept, *zip(scores.tolist(), ids, strict=True)])
    return [(chunk_id, score) for score, chunk_id in kept]


def _by_database(tx: Tx, index_id: str, wanted: bytes, most: int, file_ids: Sequence[str]) -> list[tuple[str, float]]:
    numbers = "[" + ",".join(map(repr, _floats(wanted))) + "]"
    # `<#>` is the negative inner product, which for vectors of length 1 is the negative cosine.
    distance = sa.cast(_RAW, _PgVector()).op("<#>", return_type=sa.Float)(sa.cast(numbers, _PgVector()))
    statement = _in(index_id, file_ids, distance.label("distance")).order_by(sa.text("distance"), _RAW_ID).limit(most)
    return [(row.chunk_id, -row.distance) for row in tx.rows(statement)]


class _PgVector(sa.types.UserDefinedType[str]):
    """pgvector's type, for casts."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Its name in SQL."""
        return "vector"


def _in(index_id: str, file_ids: Sequence[str], what: sa.ColumnElement[Any]) -> sa.Select[Any]:
    statement = sa.select(_RAW_ID, what).where(index_vectors.c.index_id == index_id)
    if file_ids:
        of_files = sa.select(index_chunks.c.id).where(index_chunks.c.file_id.in_(file_ids))
        statement = statement.where(_RAW_ID.in_(of_files))
    return statement


def _batches(tx: Tx, statement: sa.Select[Any]) -> Iterator[tuple[list[str], list[bytes]]]:
    """IDs and vectors, some at a time, so that memory is bounded whatever a knowledge base holds."""
    result = tx.connection.execute(statement, execution_options={"yield_per": _BATCH})
    for rows in result.partitions():
        yield [row[0] for row in rows], [row[1] for row in rows]


def _matrix(np: Any, parts: list[bytes], size: int, *, is_array: bool) -> np.ndarray[Any, Any]:
    """A row for each vector."""
    joined = b"".join(parts)
    if not is_array:
        return np.frombuffer(joined, "<f4").reshape(len(parts), size)  # type: ignore[no-any-return]
    element = np.dtype([("length", ">i4"), ("value", ">f4")])
    whole = np.dtype([("head", f"V{_ARRAY_HEAD}"), ("parts", element, (size,))])
    return np.frombuffer(joined, whole)["parts"]["value"].astype("f4")  # type: ignore[no-any-return]


def _floats(vector: bytes) -> list[float]:
    """The numbers of a vector."""
    found = array("f")
    found.frombytes(vector)
    return found.tolist()
