"""Taking files into a knowledge base: their texts are cut, their words counted.

The cutting runs before the write begins (`first`), so that nobody waits for it; what it made is checked again inside.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.products.applications import categories, meaning, ranking, retrieval
from keystead.products.applications import files as file_rules
from keystead.store import files, knowledge

MOST_CHUNKS_PER_JOB = 2000
"""More would hold the write lock of SQLite for more than a second or so."""
MOST_CHUNKS = 50_000

INDEX_NOT_FOUND = FaultKind(
    "Index.NotFound",
    404,
    "The knowledge base {id} does not exist in the workspace {workspace}.",
    "ListIndices shows the knowledge bases of the workspace.",
)
NOTHING_TO_TAKE = FaultKind(
    "Index.InvalidParameter",
    400,
    "Nothing is named that the knowledge base {id} could take in: neither files nor categories.",
    "Name files with DocumentIds or categories with CategoryIds.",
)
TOO_MUCH = FaultKind(
    "LimitExceeded.Chunk",
    409,
    "The job would make {made} chunks, the limit is {limit}{where}.",
    "Take in fewer files at once, choose a larger ChunkSize, or use a second knowledge base.",
)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a job would write.  outcomes: by file ID its name, and why it was not taken or ""."""

    outcomes: dict[str, tuple[str, str]]
    chunks: list[dict[str, object]] = field(default_factory=list)
    terms: list[dict[str, object]] = field(default_factory=list)


def find(tx: Tx, workspace_id: str, index_id: str) -> sa.Row[Any]:
    """The knowledge base of that ID.  Raises `Index.NotFound`."""
    row = knowledge.get(tx, workspace_id, index_id)
    if row is None:
        raise INDEX_NOT_FOUND(id=index_id, workspace=workspace_id)
    return row


def named(tx: Tx, workspace_id: str, file_ids: Iterable[str], category_ids: Iterable[str]) -> list[str]:
    """The files that are named, each once.  Raises `File.NotFound` and `Category.NotFound`."""
    found: list[str] = []
    for category_id in category_ids:
        categories.must_exist(tx, workspace_id, category_id)
        found += files.in_category(tx, workspace_id, category_id)
    found += [file_rules.find(tx, workspace_id, file_id).id for file_id in file_ids]
    return list(dict.fromkeys(found))


def cut(tx: Tx, row: sa.Row[Any], file_ids: list[str], size: int, overlap: int, separator: str) -> Cut:
    """Cut the texts of these files into chunks.  Raises `LimitExceeded.Chunk`."""
    made = Cut({})
    for each in files.texts(tx, row.workspace_id, file_ids):
        if each.status != "PARSE_SUCCESS":
            made.outcomes[each.id] = (each.name, "the file could not be read")
            continue
        made.outcomes[each.id] = (each.name, "")
        text = tx.keyring.open(each.sealed_text, file_rules.purpose(each.id)).decode()
        for position, piece in enumerate(ranking.chunk(text, size, overlap, separator)):
            _add(tx, made, row.id, each.id, position, piece)
            if len(made.chunks) > MOST_CHUNKS_PER_JOB:
                raise TOO_MUCH(made=f"more than {MOST_CHUNKS_PER_JOB}", limit=MOST_CHUNKS_PER_JOB, where=" of one job")
    return made


def _add(tx: Tx, made: Cut, index_id: str, file_id: str, position: int, piece: str) -> None:
    chunk_id = secrets.token_hex(16)
    counts = ranking.counts(piece)
    made.chunks.append(
        {
            "id": chunk_id,
            "index_id": index_id,
            "file_id": file_id,
            "position": position,
            "sealed_text": tx.keyring.seal(piece.encode(), retrieval.purpose(chunk_id)),
            "terms": counts.total(),
        }
    )
    made.terms.extend(
        {"index_id": index_id, "term": term, "chunk_id": chunk_id, "count": count} for term, count in counts.items()
    )


def write(tx: Tx, row: sa.Row[Any], made: Cut) -> str:
    """Put what was cut in the place of what the files gave before; returns the job's ID."""
    gone = [file_id for file_id in made.outcomes if files.get(tx, row.workspace_id, file_id) is None]
    for file_id in made.outcomes:
        knowledge.drop_file(tx, file_id, row.id)
    chunks = [each for each in made.chunks if each["file_id"] not in gone]
    total = knowledge.count_chunks(tx, row.id) + len(chunks)
    if total > MOST_CHUNKS:
        raise TOO_MUCH(made=f"{total} in all of its", limit=MOST_CHUNKS, where=" of one knowledge base")
    ids = {each["id"] for each in chunks}
    knowledge.add_chunks(tx, chunks, [each for each in made.terms if each["chunk_id"] in ids])
    meaning.wait(tx, row)
    documents = [
        {"id": file_id, "name": name, "problem": "it was deleted meanwhile" if file_id in gone else problem}
        for file_id, (name, problem) in made.outcomes.items()
    ]
    job_id = secrets.token_hex(16)
    failed = bool(documents) and all(each["problem"] for each in documents)
    knowledge.add_job(tx, job_id, row.id, "FAILED" if failed else "COMPLETED", json.dumps(documents))
    return job_id
