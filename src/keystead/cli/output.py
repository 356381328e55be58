"""Answers for people and for programs: JSON as it came, or a table that fits the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from keystead.commands.answers import cell_of, rows_of
from keystead.commands.errors import printable, usage

if TYPE_CHECKING:
    from rich.console import Console

FORMATS = ("json", "table")


def check_format(name: str) -> str:
    """`json` or `table`, else a usage error."""
    if name not in FORMATS:
        raise usage(f"--output is {name!r}, but must be one of {', '.join(FORMATS)}.")
    return name


def show(value: Any, output: str) -> None:
    """Print an answer on stdout."""
    if output == "table":
        show_table(value)
    else:
        typer.echo(printable(json.dumps(value, indent=2, ensure_ascii=False)))


def show_table(value: Any) -> None:
    """A list of objects as rows, an object as names and values, anything else as text."""
    rows, rest = rows_of(value)
    if rest:
        show_pairs([(name, cell_of(each)) for name, each in rest.items()])
    if rows:
        if rest:
            typer.echo()
        columns = list(dict.fromkeys(key for row in rows for key in row))
        show_rows(columns, [[cell_of(row.get(name)) for name in columns] for row in rows])
    elif not rest:
        typer.echo("(nothing)" if rows == [] or value in (None, [], {}) else cell_of(value))


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], *, fold: bool = False) -> None:
    """A table where it fits the terminal, else one block for each row.  A pipe has no width: always a table.

    fold: always a table, whose long values go on below themselves.
    """
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    kept = [i for i, name in enumerate(columns) if any(row[i] for row in rows)] or list(range(len(columns)))
    widths = [max(cell_len(columns[i]), *(cell_len(row[i]) for row in rows)) if rows else 0 for i in kept]
    screen = console()
    if not fold and sum(widths) + 3 * len(widths) > screen.width:
        for number, row in enumerate(rows):
            if number:
                typer.echo()
            show_pairs([(columns[i], row[i]) for i in kept])
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i in kept:
        table.add_column(columns[i], overflow="fold", no_wrap=fold and i == kept[0])
    for row in rows:
        table.add_row(*(Text(row[i]) for i in kept))
    screen.print(table)


def show_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns; long values fold."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(printable(name)), Text(value))
    console().print(table)


def console() -> Console:
    """Where answers are printed; a pipe has no width."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False, emoji=False)
    return Console(highlight=False, emoji=False, width=10_000, soft_wrap=True)
