"""Statements over knowledge bases: their jobs, chunks and words.  Files stand in `files`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store import vectors
from keystead.store.database import Tx
from keystead.store.tables import files, index_chunks, index_jobs, index_terms, indices

_IN = (indices.c.account_id == sa.bindparam("account")) & (indices.c.workspace_id == sa.bindparam("workspace"))
_GET = sa.select(indices).where(_IN, indices.c.id == sa.bindparam("index"))
_ALL = sa.select(indices).where(_IN).order_by(indices.c.created_at.desc(), indices.c.id)
_JOB = sa.select(index_jobs).where(
    index_jobs.c.index_id == sa.bindparam("index"), index_jobs.c.id == sa.bindparam("job")
)
_OF_INDEX = index_chunks.c.index_id == sa.bindparam("index")
_CHUNKS = (
    sa.select(index_chunks, files.c.name.label("file_name"))
    .select_from(index_chunks.join(files, files.c.id == index_chunks.c.file_id))
    .order_by(index_chunks.c.file_id, index_chunks.c.position)
)
_SIZE = sa.select(sa.func.count().label("chunks"), sa.func.avg(index_chunks.c.terms).label("mean")).where(_OF_INDEX)
_POSTINGS = (
    sa.select(
        index_terms.c.term,
        index_terms.c.chunk_id,
        index_terms.c.count.label("times"),
        index_chunks.c.terms.label("length"),
    )
    .select_from(index_terms.join(index_chunks, index_chunks.c.id == index_terms.c.chunk_id))
    .where(index_terms.c.index_id == sa.bindparam("index"))
)
_DOCUMENTS = (
    sa.select(files.c.id, files.c.name, files.c.size, files.c.created_at, sa.func.count().label("chunks"))
    .select_from(index_chunks.join(files, files.c.id == index_chunks.c.file_id))
    .where(_OF_INDEX)
    .group_by(files.c.id, files.c.name, files.c.size, files.c.created_at)
    .order_by(files.c.id)
)
_INSERT_BATCH = 5000


def get(tx: Tx, workspace_id: str, index_id: str) -> sa.Row[Any] | None:
    """The knowledge base of that ID, where it is in the workspace."""
    return tx.row(_GET, account=tx.account_id, workspace=workspace_id, index=index_id)


def every(tx: Tx, workspace_id: str) -> list[sa.Row[Any]]:
    """The knowledge bases of a workspace, the newest first."""
    return tx.rows(_ALL, account=tx.account_id, workspace=workspace_id)


def insert(tx: Tx, workspace_id: str, index_id: str, **values: object) -> None:
    """Add a knowledge base; `values` holds name, description, chunk_size, overlap, separator, source_type, wanted
    and embedding_model."""
    begins = {"revision": "", "due": False, "lease": 0, "failures": 0, "problem": ""}
    values |= {f"embedding_{name}": value for name, value in begins.items()}
    place = {"id": index_id, "account_id": tx.account_id, "workspace_id": workspace_id}
    tx.run(sa.insert(indices), **place, created_at=tx.now, updated_at=tx.now, **values)


def update(tx: Tx, index_id: str, **values: object) -> None:
    """Change columns of a knowledge base."""
    tx.run(sa.update(indices).where(indices.c.id == index_id).values(updated_at=tx.now, **values))


def delete(tx: Tx, index_id: str) -> None:
    """Remove a knowledge base with its jobs, chunks and words; the files stay."""
    tx.run(sa.delete(index_terms).where(index_terms.c.index_id == index_id))
    vectors.drop(tx, index_id)
    tx.run(sa.delete(index_chunks).where(index_chunks.c.index_id == index_id))
    tx.run(sa.delete(index_jobs).where(index_jobs.c.index_id == index_id))
    tx.run(sa.delete(indices).where(indices.c.id == index_id))


def add_job(tx: Tx, job_id: str, index_id: str, status: str, documents: str) -> None:
    """Write what a job did."""
    tx.run(sa.insert(index_jobs), id=job_id, index_id=index_id, status=status, documents=documents, created_at=tx.now)


def job(tx: Tx, index_id: str, job_id: str) -> sa.Row[Any] | None:
    """The job of that ID."""
    return tx.row(_JOB, index=index_id, job=job_id)


def drop_file(tx: Tx, file_id: str, index_id: str = "") -> int:
    """Remove a file's chunks, of one knowledge base or of all; returns how many."""
    which = index_chunks.c.file_id == file_id
    if index_id:
        which &= index_chunks.c.index_id == index_id
    tx.run(sa.delete(index_terms).where(index_terms.c.chunk_id.in_(sa.select(index_chunks.c.id).where(which))))
    vectors.drop_chunks(tx, which)
    return tx.run(sa.delete(index_chunks).where(which))


def add_chunks(tx: Tx, chunks: list[dict[str, object]], terms: list[dict[str, object]]) -> None:
    """Add chunks (id, index_id, file_id, position, sealed_text, terms) and words (index_id, term, chunk_id, count)."""
    for table, rows in ((index_chunks, chunks), (index_terms, terms)):
        for at in range(0, len(rows), _INSERT_BATCH):
            tx.connection.execute(sa.insert(table), rows[at : at + _INSERT_BATCH])


def documents(tx: Tx, index_id: str) -> list[sa.Row[Any]]:
    """The files in a knowledge base, with how many chunks each gave."""
    return tx.rows(_DOCUMENTS, index=index_id)


def page_of_chunks(tx: Tx, index_id: str, file_id: str, skip: int, most: int) -> list[sa.Row[Any]]:
    """Chunks in order of file and position; of one file where `file_id` says so."""
    statement = _CHUNKS.where(index_chunks.c.index_id == index_id)
    if file_id:
        statement = statement.where(index_chunks.c.file_id == file_id)
    return tx.rows(statement.offset(skip).limit(most))


def count_chunks(tx: Tx, index_id: str, file_id: str = "") -> int:
    """How many chunks there are."""
    statement = sa.select(sa.func.count()).select_from(index_chunks).where(index_chunks.c.index_id == index_id)
    if file_id:
        statement = statement.where(index_chunks.c.file_id == file_id)
    return int(tx.connection.execute(statement).scalar_one())


def chunks(tx: Tx, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These chunks, with the names of their files."""
    return tx.rows(_CHUNKS.where(index_chunks.c.id.in_(ids))) if ids else []


def size(tx: Tx, index_id: str) -> tuple[int, float]:
    """How many chunks a knowledge base has, and how many words one has on average."""
    row = tx.row(_SIZE, index=index_id)
    return (row.chunks, float(row.mean or 0)) if row is not None else (0, 0.0)


def postings(tx: Tx, index_id: str, terms: Sequence[str], file_ids: Sequence[str] = ()) -> list[sa.Row[Any]]:
    """Where these words stand, and how often; only in these files where any are named."""
    statement = _POSTINGS.where(index_terms.c.term.in_(terms))
    if file_ids:
        statement = statement.where(index_chunks.c.file_id.in_(file_ids))
    return tx.rows(statement, index=index_id)
