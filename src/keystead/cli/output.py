"""Answers for people and for programs: JSON as it came, or a table that fits the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from keystead.cli.exits import printable, usage

if TYPE_CHECKING:
    from rich.console import Console

FORMATS = ("json", "table")


def compiled(expression: str, flag: str) -> Any:
    """A JMESPath expression, or a usage error that points at the mistake."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(expression)
    except (JMESPathError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise usage(
            f"{flag} {expression!r} is not JMESPath: {first}", "See https://jmespath.org/tutorial.html."
        ) from None


def search(query: Any, flag: str, value: Any) -> Any:
    """Apply a compiled expression; what it cannot do with the answer is a usage error."""
    from jmespath.exceptions import JMESPathError

    try:
        return query.search(value)
    except JMESPathError as error:
        raise usage(f"{flag} cannot be applied to the answer: {str(error).splitlines()[0]}") from None


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
    rows, rest = _rows(value)
    if rest:
        show_pairs([(name, _cell(each)) for name, each in rest.items()])
    if rows:
        if rest:
            typer.echo()
        columns = list(dict.fromkeys(key for row in rows for key in row))
        show_rows(columns, [[_cell(row.get(name)) for name in columns] for row in rows])
    elif not rest:
        typer.echo("(nothing)" if rows == [] or value in (None, [], {}) else _cell(value))


def _rows(value: Any) -> tuple[list[Mapping[str, Any]] | None, dict[str, Any]]:
    """Find the list in `{"Users": {"User": [...]}, "RequestId": …}`; the rest stays beside it."""
    if isinstance(value, list):
        return [_row(each) for each in value], {}
    if not isinstance(value, dict):
        return None, {}
    for name, inner in value.items():
        found = next(iter(inner.values())) if isinstance(inner, dict) and len(inner) == 1 else inner
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return list(found), {key: each for key, each in value.items() if key not in (name, "RequestId")}
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            flat |= {f"{name}.{key}": each for key, each in inner.items()}
        elif name != "RequestId" or len(value) == 1:
            flat[name] = inner
    return None, flat


def _row(value: Any) -> Mapping[str, Any]:
    """An object as it is; a list, as `--query 'Users.User[].[UserName, UserId]'` makes, by position."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(position): each for position, each in enumerate(value, 1)}
    return {"Value": value}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return printable(json.dumps(value, ensure_ascii=False))


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
