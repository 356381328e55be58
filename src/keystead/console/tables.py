"""Lists, declared once: what is asked, which columns, which filters; the address holds filter, sort and page.

Source: reference/console.md 1.4, 2.3.  A list is read by an action that searches (`Query`, `Sort`, `Page`, `PageSize`,
answering `TotalCount`), so filtering, sorting and paging are the server's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from keystead.console.asking import Given, Refusal, RefusedError
from keystead.console.visit import Visit

SIZES = (20, 50, 100)
_CSV_PAGE = 100
_CSV_MOST = 50_000
"""Rows of a download; a list that has more says so in its last line."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.  key: of the cell.  sort: what `Sort` calls it, "" where it cannot.  hidden: shown when chosen."""

    key: str
    label: str
    sort: str = ""
    hidden: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter.  key: in the address; parameter: of the action; choices: (word, label), none for a text."""

    key: str
    label: str
    parameter: str
    choices: tuple[tuple[str, str], ...] = ()
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A list.  members: the names under which the answer holds the rows; key: the field that names a row.

    query: the search field's placeholder, "" for none.  empty: what stands where there is nothing yet.
    """

    name: str
    title: str
    product: str
    action: str
    members: tuple[str, str]
    key: str
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    query: str = "Search"
    empty: str = "There is nothing here yet."

    async def load(self, visit: Visit, prefix: str = "", **fixed: Given) -> TableView:
        """The page that the address asks for; a refusal is kept in the view.  fixed: parameters that the page sets.

        prefix: put before the names in the address where a page has more than one list.
        """
        view = TableView(self, visit, prefix, fixed)
        try:
            answer = await visit.ask(self.product, self.action, **view.asked, Page=view.page, PageSize=view.size)
        except RefusedError as refused:
            view.refusal = refused.refusal
            return view
        view.rows = self.rows_of(answer)
        view.total = answer["TotalCount"]
        return view

    def rows_of(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of an answer."""
        found: list[dict[str, Any]] = answer[self.members[0]][self.members[1]]
        return found

    def wants_csv(self, visit: Visit, prefix: str = "") -> bool:
        """Whether the list is asked for as a file."""
        return visit.query.get(prefix + "format") == "csv"

    async def csv(self, visit: Visit, prefix: str = "", **fixed: Given) -> Response:
        """The whole list under the same filter as CSV, page after page as it is read.  Raises `RefusedError`."""
        view = TableView(self, visit, prefix, fixed)
        first = await visit.ask(self.product, self.action, **view.asked, Page=1, PageSize=_CSV_PAGE)
        name = f"{self.name}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(self._lines(visit, view, first), headers=headers, media_type="text/csv; charset=utf-8")

    async def _lines(self, visit: Visit, view: TableView, answer: dict[str, Any]) -> AsyncIterator[str]:
        number = 1
        names: list[str] = []
        while True:
            rows = self.rows_of(answer)
            if not names and rows:
                names = list(rows[0])
                yield line(names)
            for row in rows:
                yield line([cell(row.get(name, "")) for name in names])
            if number * _CSV_PAGE >= answer["TotalCount"]:
                return
            if number * _CSV_PAGE >= _CSV_MOST:
                yield line([f"# {answer['TotalCount'] - _CSV_MOST} rows more; narrow the filter"])
                return
            number += 1
            answer = await visit.ask(self.product, self.action, **view.asked, Page=number, PageSize=_CSV_PAGE)


def line(cells: list[str]) -> str:
    """One line of CSV."""
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerow(cells)
    return held.getvalue()


def cell(value: Any) -> str:
    """A value as a spreadsheet may open it: one that would begin a formula is quoted (CWE-1236)."""
    if isinstance(value, dict):
        value = next(iter(value.values()), "") if len(value) == 1 else value
    if isinstance(value, list):
        value = "; ".join(cell(each) for each in value)
    text = str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@dataclass(slots=True)
class TableView:
    """One page of a list, for its template."""

    table: Table
    visit: Visit
    prefix: str
    fixed: dict[str, Given]
    rows: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    refusal: Refusal | None = None

    def given(self, key: str) -> str:
        """A value in the address."""
        return self.visit.query.get(self.prefix + key, "")

    @property
    def text(self) -> str:
        """What is searched for."""
        return self.given("q") if self.table.query else ""

    @property
    def page(self) -> int:
        """The page's number, from 1."""
        number = self.given("page")
        return min(int(number), 1_000_000) if number.isascii() and number.isdigit() and int(number) else 1

    @property
    def size(self) -> int:
        """Rows on a page."""
        return next((size for size in SIZES if str(size) == self.given("size")), SIZES[0])

    @property
    def sort(self) -> str:
        """What the rows are sorted by, `-` in front for descending; "" for the list's own order."""
        asked = self.given("sort")
        return asked if asked.removeprefix("-") in {each.sort for each in self.table.columns if each.sort} else ""

    @property
    def asked(self) -> dict[str, Given]:
        """The parameters of the search, without the page."""
        found: dict[str, Given] = {each.parameter: self.given(each.key) or None for each in self.table.filters}
        return {**found, "Query": self.text or None, "Sort": self.sort or None, **self.fixed}

    @property
    def columns(self) -> list[Column]:
        """The columns that are shown: those chosen, else those that are not hidden."""
        chosen = {value for name, value in self.visit.request.query if name == self.prefix + "col"}
        shown = [each for each in self.table.columns if (each.key in chosen if chosen else not each.hidden)]
        return shown or list(self.table.columns)

    @property
    def chips(self) -> list[tuple[str, str, str]]:
        """The filters in force: label, value, and the address without it."""
        found = []
        for each in self.table.filters:
            value = self.given(each.key)
            if value:
                shown = next((label for word, label in each.choices if word == value), value)
                without = self._address(**{each.key: None, "page": None})
                found.append((each.label, self.visit.text(shown), without))
        return found

    def _address(self, **changes: str | int | None) -> str:
        changed = {self.prefix + name: None if value is None else str(value) for name, value in changes.items()}
        kept = [(name, value) for name, value in self.visit.request.query if name not in changed and value]
        kept += [(name, value) for name, value in changed.items() if value]
        return self.visit.request.raw_path + (f"?{urlencode(kept)}" if kept else "")

    @property
    def cleared(self) -> str:
        """The address without any filter."""
        return self._address(q=None, page=None, **{each.key: None for each in self.table.filters})

    @property
    def csv(self) -> str:
        """The address of the same list as a file."""
        return self._address(format="csv", page=None)

    def sorted_by(self, column: Column) -> str:
        """The address sorted by a column, the other way round where it is already."""
        return self._address(sort=f"-{column.sort}" if self.sort == column.sort else column.sort, page=None)

    def order(self, column: Column) -> str:
        """What `aria-sort` says of a column."""
        if not column.sort or self.sort.removeprefix("-") != column.sort:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"

    def at_page(self, number: int) -> str:
        """The address of another page."""
        return self._address(page=number)

    def of_size(self, size: int) -> str:
        """The address with so many rows on a page."""
        return self._address(size=size, page=None)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.page - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return (self.page - 1) * self.size + len(self.rows)

    def _kept(self, *but: str) -> list[tuple[str, str]]:
        names = {self.prefix + each for each in (*but, "page", "format")}
        return [(name, value) for name, value in self.visit.request.query if name not in names]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter form must carry on: sort, size, columns, and the other lists' state."""
        return self._kept("q", *(each.key for each in self.table.filters))

    @property
    def kept_without_columns(self) -> list[tuple[str, str]]:
        """What the column chooser must carry on."""
        return self._kept("col")
