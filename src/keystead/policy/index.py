"""Which statements may matter for a request, found without asking all of them.

An index only narrows: whatever it hands out is still asked by the full matchers, and it never leaves out a
statement that they would take.  Patterns go into one of three drawers: exact literals and literals with one star
behind them are found by look-ups, everything else is asked each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from keystead.policy.patterns import Glob

T = TypeVar("T")


class Drawers(Generic[T]):
    """Values filed under globs; `find` yields those whose glob may match a text, and perhaps a few more."""

    __slots__ = ("_exact", "_lengths", "_others", "_prefixes")

    def __init__(self, filed: Iterable[tuple[Glob, T]]) -> None:
        self._exact: dict[str, list[T]] = {}
        self._prefixes: dict[str, list[T]] = {}
        self._others: list[tuple[Glob, T]] = []
        for glob, value in filed:
            if glob.literal:
                self._exact.setdefault(glob.lead, []).append(value)
            elif glob.prefix:
                self._prefixes.setdefault(glob.lead, []).append(value)
            else:
                self._others.append((glob, value))
        self._lengths = sorted({len(lead) for lead in self._prefixes})

    def find(self, text: str) -> list[T]:
        """The values whose glob matches `text`, in no order, some perhaps twice."""
        found = list(self._exact.get(text, ()))
        size = len(text)
        prefixes = self._prefixes
        for length in self._lengths:
            if length > size:
                break
            here = prefixes.get(text[:length])
            if here is not None:
                found += here
        for glob, value in self._others:
            if glob.matches(text):
                found.append(value)
        return found
