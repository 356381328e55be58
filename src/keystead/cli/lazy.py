"""Groups of commands that are made when they are run: a list of names and summaries costs nearly nothing."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """A command as lists show it.  panel: the heading it stands under, None for the only one."""

    summary: str
    panel: str | None = None


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and makes the one that is asked for."""

    def entries(self) -> dict[str, Entry]:
        """Every command by name, in the order of lists."""
        raise NotImplementedError

    def build(self, name: str) -> Any:
        """Make one command.  A name that is not known is a usage error with the nearest name."""
        raise NotImplementedError

    @cached_property
    def known(self) -> dict[str, Entry]:
        """`entries`, made once: help asks for each of them."""
        return self.entries()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  Typer's signature
        """Names for help and completion."""
        return list(self.known)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  Typer's signature
        """The command as help and completion list it: name and summary, nothing to run."""
        entry = self.known.get(cmd_name)
        if entry is None:
            return None
        return TyperCommand(cmd_name, help=entry.summary, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]  # Typer's own class
        """The command to run, whole.  An unknown name is a usage error, but nothing while completing."""
        if ctx.resilient_parsing and args[0] not in self.known:
            return None, None, args
        return args[0], self.build(args[0]), args[1:]
