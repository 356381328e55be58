"""Looking something up in knowledge bases: by words, and by meaning where they have vectors.  See `ranking`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.identity.embedding import Embedded
from keystead.identity.transaction import Tx
from keystead.products.applications import ranking
from keystead.store import knowledge, vectors

MOST_QUERY_TERMS = 100
"""Words of a question that are looked up; the first ones count."""

MOST_CANDIDATES = 100
"""Chunks of one knowledge base that are considered by their meaning, and as many by their words."""


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


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many chunks of one knowledge base are considered: nearest by meaning, best by words.  0: that way not."""

    dense: int = MOST_CANDIDATES
    sparse: int = MOST_CANDIDATES


def search(
    tx: Tx,
    bases: Sequence[sa.Row[Any]],
    query: str,
    most: int,
    file_ids: Sequence[str] = (),
    meanings: Mapping[str, Embedded] | None = None,
    bounds: Bounds = Bounds(),
) -> list[Passage]:
    """The best passages of these knowledge bases, the best first, scored from 0 to 1.

    meanings: the question's vector by embedding model.  A knowledge base whose vectors another revision of the model
    made, or that has none yet, is searched by words only; then chunks without a word of the question never come.
    """
    terms = list(dict.fromkeys(ranking.words(query)))[:MOST_QUERY_TERMS]
    scores: dict[str, float] = {}
    for base in bases:
        meaning = (meanings or {}).get(base.embedding_model)
        if meaning is None or meaning.revision != base.embedding_revision:
            by_words, _ = _by_words(tx, base.id, terms, file_ids)
            scores |= {chunk_id: score / (1 + score) for chunk_id, score in by_words.items()}
            continue
        nearest: list[tuple[str, float]] = []
        if bounds.dense:
            nearest = vectors.nearest(tx, base.id, meaning.vectors[0], bounds.dense, file_ids)
        by_words, ceiling = _by_words(tx, base.id, terms if bounds.sparse else [], file_ids)
        scores |= ranking.fused(dict(ranking.best(by_words, bounds.sparse)), ceiling, nearest)
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


def _by_words(tx: Tx, index_id: str, terms: list[str], file_ids: Sequence[str]) -> tuple[dict[str, float], float]:
    """BM25 by chunk, and what it could be at most."""
    if not terms:
        return {}, 0.0
    chunks, mean = knowledge.size(tx, index_id)
    postings = [
        ranking.Posting(row.term, row.chunk_id, row.times, row.length)
        for row in knowledge.postings(tx, index_id, terms, file_ids)
    ]
    return ranking.bm25(postings, chunks, mean), ranking.ceiling(terms, postings, chunks)
