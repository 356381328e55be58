"""Looking something up in knowledge bases.  By words: see `ranking`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keystead.identity.transaction import Tx
from keystead.products.applications import ranking
from keystead.store import knowledge

MOST_QUERY_TERMS = 100
"""Words of a question that are looked up; the first ones count."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found."""

    index_id: str
    chunk_id: str
    file_id: str
    file_name: str
    text: str
    score: float


def purpose(chunk_id: str) -> str:
    """What a chunk's text is sealed for."""
    return f"chunk:{chunk_id}"


def search(tx: Tx, index_ids: Sequence[str], query: str, most: int, file_ids: Sequence[str] = ()) -> list[Passage]:
    """The best passages of these knowledge bases, the best first; those without a word of the question never."""
    terms = list(dict.fromkeys(ranking.words(query)))[:MOST_QUERY_TERMS]
    scores: dict[str, float] = {}
    for index_id in index_ids if terms else ():
        chunks, mean = knowledge.size(tx, index_id)
        rows = knowledge.postings(tx, index_id, terms, file_ids)
        scores |= ranking.bm25(
            (ranking.Posting(row.term, row.chunk_id, row.times, row.length) for row in rows), chunks, mean
        )
    wanted = ranking.best(scores, most)
    texts = {row.id: row for row in knowledge.chunks(tx, [chunk_id for chunk_id, _ in wanted])}
    return [
        Passage(
            row.index_id,
            row.id,
            row.file_id,
            row.file_name,
            tx.keyring.open(row.sealed_text, purpose(row.id)).decode(),
            score,
        )
        for chunk_id, score in wanted
        if (row := texts.get(chunk_id)) is not None
    ]
