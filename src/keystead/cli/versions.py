"""`keystead version`."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("version")(version)


def version() -> None:
    """Print the version."""
    import keystead

    typer.echo(f"keystead {keystead.__version__}")
