"""`keystead config …` and `keystead tls …`: what is set, where it came from, and how clients trust us."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer

from keystead.cli.options import load_settings, option, settings_options, with_options
from keystead.cli.serving import without_password
from keystead.commands.errors import usage
from keystead.settings import SETTINGS
from keystead.settings_load import Loaded


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Settings: what is set and where it came from.")
    output = option("output", str, "--output", text="json or table.", panel="Options", metavar="FORMAT")
    group.command("show")(with_options(show, [output, *settings_options()]))
    app.add_typer(group, name="config")
    tls = typer.Typer(no_args_is_help=True, help="The local certificate authority of `serve --tls auto`.")
    tls.command("trust")(with_options(trust, settings_options(["data_dir"])))
    app.add_typer(tls, name="tls")


def show(**given: Any) -> None:
    """Print each setting, its value and where the value came from: default, file, env or flag."""
    from keystead.cli import output

    form = output.check_format(given.pop("output") or "table")
    rows = described(load_settings(given))
    if form == "json":
        output.show({each.name: {"value": each.value, "origin": each.kind, "where": each.where} for each in rows}, form)
        return
    cells = [[each.name, _shown(each.value), each.kind, each.where] for each in rows]
    output.show_rows(["Setting", "Value", "Origin", "Where"], cells, fold=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as `config show` prints it; a password in a URL is hidden, and of some URLs all but the host."""

    name: str
    value: Any
    kind: str
    where: str


def described(loaded: Loaded) -> list[Row]:
    """Every setting in the order of its declaration."""
    rows = []
    for name, setting in SETTINGS.items():
        value = getattr(loaded.settings, name)
        if isinstance(value, Path):
            value = str(value)
        if setting.metadata["holds_password"] and value:
            value = without_password(value)
        if setting.metadata["hidden"] and value:
            value = only_host(value)
        value = list(value) if isinstance(value, tuple) else value
        origin = loaded.origins[name]
        rows.append(Row(name, value, origin.kind, origin.where))
    return rows


def only_host(url: str) -> str:
    """A URL without what may admit a caller: its path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…" if parts.path.strip("/") or parts.query else url


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "-" if value is None else str(value)


def trust(**given: Any) -> None:
    """Print the lines that make clients trust the local authority."""
    from keystead.server.tls import trust_settings

    authority = load_settings(given).settings.data_dir / "tls" / "ca.pem"
    if not authority.is_file():
        raise usage(f"There is no local authority in {authority.parent}.", "`keystead serve --tls auto` makes it.")
    for client, line in trust_settings(authority):
        typer.echo(f"# {client}\n{line}")
