"""Search in the guides: every section of both languages, all words of the query, titles before text.

No index service: the pages are a few hundred kilobytes, held in memory in small letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keystead.console.help.library import Library, plain

MAX_QUERY, MAX_WORDS, MAX_HITS = 200, 8, 30
_EXCERPT = 160

# Chinese is written without blanks: such a run is looked for as a whole, and else by its pairs of signs.
_HAN = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\s\u3000-\u303f\uff00-\uff0f\u3400-\u9fff,;:!?\"'()\[\]{}]+")
_PAIRS_WANTED = 0.6
_FENCE = re.compile(r"^```\w*$", re.MULTILINE)  # what stands inside one is found, the fence itself is not


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be found.  name, anchor: its page and place.  words: all its text, in small letters."""

    language: str
    name: str
    anchor: str
    title: str
    heading: str
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """What was found, with a few words around the place."""

    entry: Entry
    excerpt: str
    score: float


def entries(library: Library) -> Iterator[Entry]:
    """Every section of every page."""
    for page in library.pages.values():
        for section in page.sections():
            body = plain(_FENCE.sub("", section.text.partition("\n")[2])).strip()
            yield entry(page.language, page.name, section.heading.anchor, page.title, plain(section.heading.text), body)


def entry(language: str, name: str, anchor: str, title: str, heading: str, text: str) -> Entry:
    """Something to be found under its title, its heading and its text."""
    return Entry(language, name, anchor, title, heading, text, _folded(f"{title}\n{heading}\n{text}"))


def search(query: str, among: Iterable[Entry], language: str) -> list[Hit]:
    """The best hits first; those in the reader's language before the others."""
    phrase = _folded(query[:MAX_QUERY]).strip()
    words = list(dict.fromkeys(_WORD.findall(_folded(query[:MAX_QUERY]))))[:MAX_WORDS]
    if not words:
        return []
    hits = []
    for each in among:
        parts = [_score(word, each) for word in words]
        if all(parts):
            score = sum(parts) + _phrase(phrase, each) + (1000 if each.language == language else 0)
            hits.append(Hit(each, _excerpt(each.text, words), score))
    hits.sort(key=lambda hit: -hit.score)
    return hits[:MAX_HITS]


def _score(word: str, among: Entry) -> float:
    """How well a word is found there: 0 not at all; a title counts ten times, a heading five times."""
    share = 1.0
    if word not in among.words:
        share = _share_of_pairs(word, among.words)
        if share < _PAIRS_WANTED:
            return 0
    score = share * (1 + min(among.words.count(word), 5) / 5)
    if word in _folded(among.title):
        score += 10
    if word in _folded(among.heading):
        score += 5
    return score


def _phrase(phrase: str, among: Entry) -> float:
    """What it adds that the query stands there as a whole: most where it is the heading."""
    heading = _folded(among.heading)
    if phrase == heading:
        return 30
    return 15 if phrase in heading else 2 if phrase in among.words else 0


def _share_of_pairs(word: str, text: str) -> float:
    """The part of the pairs of signs of a Chinese run that stand in the text; 0 for any other word."""
    if not _HAN.fullmatch(word) or len(word) < 3:
        return 0
    pairs = {word[place : place + 2] for place in range(len(word) - 1)}
    return sum(pair in text for pair in pairs) / len(pairs)


def _excerpt(text: str, words: list[str]) -> str:
    """A few words around the first place where one of them stands, on one line."""
    flat = re.sub(r"[\s|#>]+", " ", re.sub(r"^\|[-|]+\|$", "", text, flags=re.MULTILINE)).strip()
    places = [place for place in (_folded(flat).find(word) for word in words) if place >= 0]
    start = max(min(places, default=0) - _EXCERPT // 3, 0)
    start = flat.find(" ", start) + 1 if start else 0
    cut = flat[start : start + _EXCERPT]
    return ("… " if start else "") + cut + (" …" if start + _EXCERPT < len(flat) else "")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()
