"""How a command ends: exit codes, and errors on two to five lines without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from keystead.commands.errors import API_ERROR, SERVER_ERROR, USAGE, CommandError, printable

EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 the server refused (4xx); 2 wrong usage or settings; 3 the server cannot be reached; "
    "4 the server failed (5xx) or its answer is unreadable; 5 --wait expired; 130 interrupted."
)


@contextmanager
def reported() -> Iterator[None]:
    """Turn the errors that a person can act on into lines on stderr and an exit code.

    Those errors hold no secret; anything else is a defect and keeps its traceback.
    """
    from keystead.faults import Fault
    from keystead.settings import OperatorError

    try:
        yield
    except CommandError as error:
        _say(error.message, error.lines, error.next_step)
        raise SystemExit(error.code) from None
    except OperatorError as error:
        _say(error.message, (), error.next_step)
        raise SystemExit(USAGE) from None
    except Fault as error:
        _say(error.message, (("Code", error.code),), error.next_step)
        raise SystemExit(SERVER_ERROR if error.status >= 500 else API_ERROR) from None
    except Exception as error:
        # What Typer refuses has no public type that all its versions share, but always these two members.
        if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
            raise
        context = getattr(error, "ctx", None)
        message = error.format_message()
        if message:  # without one it is the help, which is printed already
            _say(message, (), f"`{context.command_path} --help` lists what it takes." if context else "")
        raise SystemExit(USAGE) from None


def _say(message: str, lines: tuple[tuple[str, str], ...], next_step: str) -> None:
    import typer

    for name, value in (("Error", message), *lines, ("Next step", next_step)):
        if value:
            title, rest = _wrapped(f"{name}: {printable(value)}").split(":", 1)
            typer.secho(title + ":", fg="red" if name == "Error" else None, bold=True, nl=False, err=True)
            typer.echo(rest, err=True)


def _wrapped(text: str) -> str:
    """On a terminal, lines that end between words; elsewhere the text as it is, for programs that read it."""
    import shutil
    import sys
    import textwrap

    if not sys.stderr.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False, drop_whitespace=True)
        for line in text.split("\n")
    )
