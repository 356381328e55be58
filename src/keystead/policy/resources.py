"""Resource names against resource patterns.

The whole name is matched, with two tolerances for names of `ram` and `sts`: an empty or `*` region on either side
equals any region, and the names of users, groups, roles and policies ignore case.

Source: reference/ram-policy-language.md section 3, matching rules 1 to 8.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from keystead import arn
from keystead.policy.patterns import Glob, fold

_TOLERANT: Final = ("acs:ram:", "acs:sts:")
_OPEN: Final = frozenset({"", "*"})
_MOST_PARTS: Final = 16
_NAMED: Final = ("user/", "group/", "role/", "policy/")


class Target:
    """A requested resource, taken apart once.

    blanked: the name with its region emptied, None outside `ram` and `sts`.  open: its region is empty or `*`.
    name_at, blanked_name_at: where case stops to matter, the length of the text where it always does.
    tails: what follows the fourth and each later colon, folded; a pattern whose own fourth colon is followed by a
    literal can only match a name that has this literal among its tails (the index rests on that).  None where
    a name has so many colons that listing them is no gain.
    """

    __slots__ = ("blanked", "blanked_folded", "blanked_name_at", "folded", "name_at", "open", "tails", "text")

    def __init__(self, text: str, *, names_fold: bool = True) -> None:
        self.text = text
        self.folded = fold(text)
        self.name_at = len(text)
        self.open = False
        self.blanked: str | None = None
        self.blanked_folded = ""
        self.blanked_name_at = 0
        self.tails = _tails(self.folded)
        name = arn.parse(text) if text.startswith(_TOLERANT) else None
        if name is None:
            return
        self.open = name.region in _OPEN
        self.blanked = f"acs:{name.service}::{name.account}:{name.relative}"
        self.blanked_folded = fold(self.blanked)
        behind = len(name.relative)
        if names_fold and name.service == "ram" and name.relative.startswith(_NAMED):
            behind -= name.relative.index("/") + 1
        else:
            behind = 0
        self.name_at -= behind
        self.blanked_name_at = len(self.blanked) - behind

    def equals(self, other: Target) -> bool:
        """Whether both are the same text, or the same `ram` or `sts` name but for an open region."""
        if self.text == other.text:
            return True
        return self.blanked is not None and self.blanked == other.blanked and (self.open or other.open)


def _tails(folded: str) -> tuple[str, ...] | None:
    parts = folded.split(":")
    if len(parts) == 5:
        return (parts[4],)
    if len(parts) > _MOST_PARTS:
        return None
    return tuple(":".join(parts[start:]) for start in range(4, len(parts)))


@lru_cache(maxsize=4096)
def _kept(text: str) -> Target:
    return Target(text)


def target(text: str) -> Target:
    """`text` taken apart; short names are remembered, so that a busy resource is read once."""
    return _kept(text) if len(text) <= 256 else Target(text)


class ResourcePattern:
    """One compiled entry of `Resource`.  tail: the glob behind the fourth colon, for the index; None without one."""

    __slots__ = ("_blanked", "_open", "_whole", "anything", "tail", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._whole = Glob(text)
        self.anything = self._whole.anything
        self._blanked: Glob | None = None
        self._open = False
        self.tail: Glob | None = None
        parts = text.split(":", 4)
        if len(parts) == 5 and parts[0] == "acs":
            self._open = parts[2] in _OPEN
            self._blanked = Glob(f"acs:{parts[1]}::{parts[3]}:{parts[4]}")
        if len(parts) == 5:
            self.tail = Glob(fold(parts[4]))

    def matches(self, wanted: Target) -> bool:
        """Whether this pattern covers `wanted`; a lone star covers everything, also a request without resource."""
        if self.anything:
            return True
        if self._whole.matches_folded(wanted.text, wanted.folded, wanted.name_at):
            return True
        if wanted.blanked is None or self._blanked is None or not (wanted.open or self._open):
            return False
        return self._blanked.matches_folded(wanted.blanked, wanted.blanked_folded, wanted.blanked_name_at)
