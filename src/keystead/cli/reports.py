"""`keystead report …`: reports that take several calls, fetched with one command."""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import typer

from keystead.cli.options import client_options, option, with_options
from keystead.commands import errors
from keystead.commands.errors import CommandError, usage

_PAGE = 3501
_PAUSE_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Reports over users and their credentials.")
    file = option(
        "file", Path, "--output", text="File that the CSV is written to; by default stdout.", panel="Options",
        metavar="FILE",
    )  # fmt: skip
    wait = option(
        "report_wait", float, "--wait-timeout", text="Seconds before an unfinished report is given up.",
        panel="Options", default=600.0, metavar="S",
    )  # fmt: skip
    kept = ("profile", "endpoint", "timeout")
    client = [each for each in client_options() if each.name in kept]
    group.command("credential")(with_options(credential, [file, wait, *client]))
    app.add_typer(group, name="report")


def credential(**given: Any) -> None:
    """Have the credential report made, wait for it, and write it as CSV: a line for the account and each user."""
    from keystead.cli import profiles
    from keystead.cli.client import Client

    file: Path | None = given.pop("file")
    patience: float = given.pop("report_wait")
    if file is not None and not file.absolute().parent.is_dir():
        raise usage(f"--output {file}: there is no directory {file.absolute().parent}.", "Make it first.")
    client = Client(
        profiles.endpoint(os.environ, given["endpoint"], given["profile"]),
        profiles.credentials(os.environ, given["profile"]),
        given["timeout"],
    )
    # On disk until it is whole: neither memory grows with the users, nor is half a report ever handed out.
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as whole:
        lines, pages, made = _fetched(client, patience, whole)
        whole.seek(0)
        if file is None:
            shutil.copyfileobj(whole, sys.stdout)
        else:
            _write(file, whole)
            typer.echo(f"{lines - 1} lines of {made} in {file} ({pages} page(s)).", err=True)


def _fetched(client: Any, patience: float, whole: TextIO) -> tuple[int, int, str]:
    """Write the CSV to `whole`; returns how many lines and pages it has, and when it was made."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Asking for the report")

        def say(what: str) -> None:
            progress.update(task, description=what)

        _generate(client, patience, say)
        return _pages(client, say, whole)


def _generate(client: Any, patience: float, say: Callable[[str], None]) -> None:
    """Ask until the report is whole; each call carries it on.  Raises CommandError 5 when patience ends."""
    from keystead.cli.request import prepare
    from keystead.commands.catalogue import product

    action = product("ims").action("GenerateCredentialReport")
    deadline = time.monotonic() + patience
    while (state := client.call(prepare(action, ()))["State"]) != "COMPLETED":
        say(f"The server writes the report ({state.lower()})")
        if time.monotonic() > deadline:
            raise CommandError(
                errors.WAIT_EXPIRED,
                f"Waited {patience:g} s: the report is still {state}.",
                next_step="Try again, the server carries it on; or allow more time with --wait-timeout.",
            )
        if state == "STARTED":
            time.sleep(_PAUSE_SECONDS)


def _pages(client: Any, say: Callable[[str], None], whole: TextIO) -> tuple[int, int, str]:
    from keystead.cli.request import prepare
    from keystead.commands.catalogue import product

    action = product("ims").action("GetCredentialReport")
    lines = pages = 0
    pairs: tuple[tuple[str, str], ...] = (("MaxItems", str(_PAGE)),)
    while True:
        answer = client.call(prepare(action, pairs))
        text = base64.b64decode(answer["Content"]).decode()
        whole.write(text)
        lines, pages = lines + text.count("\n"), pages + 1
        say(f"Reading the report, page {pages}: {lines - 1:,} lines")
        if answer["IsTruncated"] != "true":
            return lines, pages, str(answer["GeneratedTime"])
        pairs = (("MaxItems", str(_PAGE)), ("NextToken", str(answer["NextToken"])))


def _write(file: Path, whole: TextIO) -> None:
    """Write the file, readable by this user only: it says who can be attacked how."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            shutil.copyfileobj(whole, opened)
    except OSError as error:
        raise usage(f"--output {file} cannot be written: {error.strerror}.", "Name another file.") from None
