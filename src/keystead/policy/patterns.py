"""Wildcard patterns, matched in bounded time.  Source: reference/ram-policy-language.md sections 2 and 3.

`*` is any run of characters, also an empty one, and crosses `:` and `/`; `?` is exactly one.  There are no
escapes and no variables.  A pattern is cut at its stars into chunks; the first must start the text, the last must
end it, and those between are taken leftmost.  That is exact, and costs at most text times longest chunk however
many stars a hostile pattern has: no choice is ever revisited.
"""

from __future__ import annotations

import re
from typing import Final

_UPPER: Final = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_STARS: Final = re.compile(r"\*++")
_WILD: Final = re.compile(r"[*?]")


def fold(text: str) -> str:
    """`text` with the letters A to Z made small; no other character changes, so positions stay."""
    return text.lower() if text.isascii() else text.translate(_UPPER)


class _Chunk:
    """A run of a pattern without stars; `?` in it is any one character."""

    __slots__ = ("pieces", "size", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text)
        # Where a chunk has question marks: the literals between them, each with its offset.
        self.pieces = [(m.start(), m[0]) for m in re.finditer(r"[^?]++", text)] if "?" in text else None

    def stands_at(self, at: int, text: str) -> bool:
        """Whether this chunk matches at `at`; the caller has checked that it does not reach past the end."""
        if self.pieces is None:
            return text.startswith(self.text, at)
        return all(text.startswith(piece, at + offset) for offset, piece in self.pieces)

    def find(self, at: int, stop: int, text: str) -> int:
        """The leftmost place between `at` and `stop` where this chunk matches, or -1."""
        if self.pieces is None:
            return text.find(self.text, at, stop)
        places = range(at, stop - self.size + 1)
        return next((here for here in places if self.stands_at(here, text)), -1)


class Glob:
    """A compiled pattern.

    text: as written.  lead, trail: what precedes the first wildcard and what follows the last.  literal: there is
    no wildcard.  prefix: the only wildcard is one star at the end.  anything: the pattern is a lone star.
    """

    __slots__ = ("_chunks", "_folded", "_small", "anything", "lead", "literal", "prefix", "text", "trail")

    def __init__(self, text: str) -> None:
        self.text = text
        plain = _STARS.sub("*", text)
        self.lead = _WILD.split(plain, maxsplit=1)[0]
        self.trail = _WILD.split(plain)[-1]
        self.literal = self.lead == plain
        self.prefix = plain == self.lead + "*"
        self.anything = plain == "*"
        self._chunks = tuple(map(_Chunk, plain.split("*")))
        small = fold(plain)
        self._small = small == plain
        self._folded = self._chunks if self._small else tuple(map(_Chunk, small.split("*")))

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` matches, case for case."""
        if self.literal:
            return text == self.lead
        if self.prefix:
            return text.startswith(self.lead)
        return _walk(self._chunks, text)

    def matches_folded(self, text: str, folded: str, fold_from: int) -> bool:
        """Whether the whole of `text` matches when the case of A to Z is ignored from offset `fold_from` on.

        folded: `fold(text)`, computed once by the caller for all its patterns.
        """
        if fold_from == len(text):
            return self.matches(text)
        if not _walk(self._folded, folded):
            return False
        if fold_from == 0 or (self._small and text[:fold_from] == folded[:fold_from]):
            return True
        return _step(self.text, text, fold_from)


def _walk(chunks: tuple[_Chunk, ...], text: str) -> bool:
    """Match chunk after chunk, leftmost first."""
    first, last = chunks[0], chunks[-1]
    if len(chunks) == 1:
        return len(text) == first.size and first.stands_at(0, text)
    at, stop = first.size, len(text) - last.size
    if at > stop or not first.stands_at(0, text) or not last.stands_at(stop, text):
        return False
    for chunk in chunks[1:-1]:
        at = chunk.find(at, stop, text)
        if at < 0:
            return False
        at += chunk.size
    return True


def _step(pattern: str, text: str, fold_from: int) -> bool:
    """Match character by character, with the case ignored from `fold_from` on.

    The rare case in which `_walk` cannot tell: capital letters may stand on both sides of `fold_from`.  After a
    mismatch only the newest star takes one character more, so the cost stays below text times pattern.
    """
    folded_pattern, folded = fold(pattern), fold(text)
    at = here = resume = 0
    star = -1
    while at < len(text):
        wanted = pattern[here : here + 1]
        if wanted == "*":
            star, resume = here, at
            here += 1
        elif wanted and (wanted in ("?", text[at]) or (at >= fold_from and folded_pattern[here] == folded[at])):
            at += 1
            here += 1
        elif star >= 0:
            resume += 1
            at, here = resume, star + 1
        else:
            return False
    return not pattern[here:].strip("*")
