"""What every searched list is asked and answers."""

from __future__ import annotations

from typing import Annotated

from keystead.store.search.paging import Slice
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Text, Whole

DAY = 86_400

Days = Annotated[int, Whole(1, 3650, doc="at least so many days")]


class SearchInput(Input, frozen=True):
    """Which page of a list, and a text to look for in it."""

    query: Annotated[str, Text(0, 128, doc="a part of the name, or how the ID begins")] = ""
    page: Annotated[int, Whole(1, 1_000_000, doc="from 1 on")] = 1
    page_size: Annotated[int, Whole(1, 100, doc="how many on a page")] = 20

    def cut(self, sort: str) -> Slice:
        """The rows of the page that is asked for; a `-` in front of the column means descending."""
        return Slice(sort.lstrip("-"), sort.startswith("-"), (self.page - 1) * self.page_size, self.page_size)


class SearchOutput(Output, frozen=True):
    """How long the whole list is, and which page of it this is."""

    total_count: int
    page: int
    page_size: int


class Tag(Output, frozen=True):
    tag_key: str
    tag_value: str


class TagList(Output, frozen=True):
    tag: list[Tag]


def by(*columns: str) -> Choice:
    """The rule of `Sort`: one of these columns, with `-` in front for descending."""
    return Choice(tuple(sign + each for each in columns for sign in ("", "-")), doc="a column; - in front: descending")


def shown_tags(pairs: list[tuple[str, str]]) -> TagList:
    """Tags as they are answered."""
    return TagList(tag=[Tag(tag_key=key, tag_value=value) for key, value in pairs])
