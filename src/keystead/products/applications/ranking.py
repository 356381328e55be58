"""Finding texts: cutting into chunks, splitting into words, BM25, and how words and meaning are weighed together.

Pure.  BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with k1 = 1.2 and b = 0.75.
Both are joined as in Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023): a sum of
normalized scores, and not of ranks, since a rank says nothing of how well the words of a question were met.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST_TERM = 64
_K1 = 1.2
_B = 0.75
_HALF = 0.5
_WORD = re.compile(r"[^\W_]+")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]+")


@dataclass(frozen=True, slots=True)
class Posting:
    """That a word stands `count` times in a chunk of `length` words."""

    term: str
    chunk_id: str
    count: int
    length: int


def words(text: str) -> list[str]:
    """The words of a text, in lower case.  Scripts that write no spaces give each sign and each pair of signs."""
    found: list[str] = []
    for match in _WORD.finditer(text.lower()):
        word = match[0]
        last = 0
        for run in _IDEOGRAPH.finditer(word):
            if run.start() > last:
                found.append(word[last : run.start()][:MOST_TERM])
            signs = run[0]
            found.extend(signs)
            found.extend(signs[at : at + 2] for at in range(len(signs) - 1))
            last = run.end()
        if last < len(word):
            found.append(word[last:][:MOST_TERM])
    return found


def counts(text: str) -> Counter[str]:
    """How often each word stands in a text."""
    return Counter(words(text))


def bm25(postings: Iterable[Posting], chunks: int, mean_length: float) -> dict[str, float]:
    """The score of every chunk that holds a word of the question; `chunks` is how many there are in all."""
    by_term: dict[str, list[Posting]] = {}
    for posting in postings:
        by_term.setdefault(posting.term, []).append(posting)
    scores: dict[str, float] = {}
    for found in by_term.values():
        weight = math.log(1 + (chunks - len(found) + 0.5) / (len(found) + 0.5))
        for each in found:
            damped = each.count + _K1 * (1 - _B + _B * each.length / (mean_length or 1))
            scores[each.chunk_id] = scores.get(each.chunk_id, 0.0) + weight * each.count * (_K1 + 1) / damped
    return scores


def ceiling(terms: Sequence[str], postings: Iterable[Posting], chunks: int) -> float:
    """What BM25 can give at most for these words; one that stands nowhere counts like the rarest."""
    found = Counter(each.term for each in postings)
    return sum((_K1 + 1) * math.log(1 + (chunks - found[term] + 0.5) / (found[term] + 0.5)) for term in terms)


def fused(by_words: Mapping[str, float], most: float, nearest: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Scores from 0 to 1, half from the words, half from the meaning.

    most: what `by_words` could reach.  nearest: cosines; models differ in the range that theirs fill, so the nearest
    counts 1 and the farthest of those given 0.
    """
    scores = {chunk_id: _HALF * min(1.0, score / most) for chunk_id, score in by_words.items() if most > 0}
    if nearest:
        high, low = max(score for _, score in nearest), min(score for _, score in nearest)
        for chunk_id, score in nearest:
            near = (score - low) / (high - low) if high > low else 1.0
            scores[chunk_id] = scores.get(chunk_id, 0.0) + _HALF * near
    return scores


def best(scores: Mapping[str, float], most: int) -> list[tuple[str, float]]:
    """The `most` best, in a stable order."""
    return sorted(scores.items(), key=lambda each: (-each[1], each[0]))[:most]


def chunk(text: str, size: int, overlap: int, separator: str = "") -> list[str]:
    """Pieces of at most `size` characters; each repeats up to `overlap` characters of the one before.

    A piece ends at the best border that its second half has: the separator, else an empty line, the end of a line or
    sentence, a space.  Together the pieces hold every word of the text.
    """
    text = text.strip()
    borders = (separator, "\n\n", "\n", "。", ". ", " ") if separator else ("\n\n", "\n", "。", ". ", " ")
    found: list[str] = []
    start = told = 0
    while start < len(text):
        end = start + size
        if end < len(text):
            end = _border(text, start, end, borders)
        until = start + len(text[start:end].rstrip())
        piece = text[start:until].strip()
        if piece and until > told:  # else the piece before says it all
            found.append(piece)
            told = until
        if end >= len(text):
            break
        start = max(end - overlap, start + 1) if overlap < end - start else end
    return found


def _border(text: str, start: int, end: int, borders: tuple[str, ...]) -> int:
    for each in borders:
        at = text.rfind(each, start + (end - start) // 2, end)
        if at != -1:
            return at + len(each)
    return end
