"""Which statements may matter for a request, found without asking all of them.

An index only narrows: whatever it hands out is still asked by the full matchers, and it never leaves out a
statement that they would take.  A pattern goes into one of four drawers: by the whole text where it is a literal,
else by the literal before its first wildcard, else by the one behind its last, else it is handed out each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from keystead.policy.patterns import Glob

T = TypeVar("T")


class Drawers(Generic[T]):
    """Values filed under globs; `find` returns those whose glob may match a text."""

    __slots__ = ("_ends", "_ends_by_size", "_exact", "_others", "_starts", "_starts_by_size")

    def __init__(self, filed: Iterable[tuple[Glob, T]]) -> None:
        self._exact: dict[str, list[T]] = {}
        self._starts: dict[str, list[T]] = {}
        self._ends: dict[str, list[T]] = {}
        self._others: list[T] = []
        for glob, value in filed:
            if glob.literal:
                self._exact.setdefault(glob.lead, []).append(value)
            elif glob.lead:
                self._starts.setdefault(glob.lead, []).append(value)
            elif glob.trail:
                self._ends.setdefault(glob.trail, []).append(value)
            else:
                self._others.append(value)
        self._starts_by_size = sorted({len(lead) for lead in self._starts})
        self._ends_by_size = sorted({len(trail) for trail in self._ends})

    def find(self, text: str) -> list[T]:
        """The values whose glob matches `text`, and others; in no order, some perhaps twice."""
        found = self._others + self._exact.get(text, [])
        size = len(text)
        starts = self._starts
        for length in self._starts_by_size:
            if length > size:
                break
            if (head := text[:length]) in starts:
                found += starts[head]
        ends = self._ends
        for length in self._ends_by_size:
            if length > size:
                break
            if (tail := text[-length:]) in ends:
                found += ends[tail]
        return found
