"""The program `keystead`."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer

from keystead.cli.exits import EXIT_CODES_HELP, reported
from keystead.cli.lazy import Entry, LazyGroup
from keystead.commands.errors import usage

_RUN = "Run a server"
_CALL = "Call a server"

COMMANDS: dict[str, tuple[str, Entry]] = {
    "serve": ("serving", Entry("Run the server; the first start makes the account.", _RUN)),
    "init": ("serving", Entry("Make the data directory and the account, without serving.", _RUN)),
    "status": ("status", Entry("Say whether the server is reachable and ready, and which one it is.", _RUN)),
    "account": ("accounts", Entry("The account: its ID, its own AccessKey pair.", _RUN)),
    "config": ("configuration", Entry("Settings: what is set and where it came from.", _RUN)),
    "tls": ("configuration", Entry("The local certificate authority of `serve --tls auto`.", _RUN)),
    "version": ("versions", Entry("Print the version.", _RUN)),
    "model": ("models", Entry("Models and the servers behind them: add, list, test.", _CALL)),
    "audit": ("audit", Entry("Look up who did what.", _CALL)),
    "debug": ("debugging", Entry("Why was a call refused: its signature, or a policy.", _CALL)),
    "report": ("reports", Entry("Reports over users and their credentials.", _CALL)),
    "call": ("calls", Entry("Call any action by its wire name.", _CALL)),
}
"""Command → the module of this package that registers it, and how `keystead --help` lists it."""


class RootGroup(LazyGroup):
    """The declared commands, and a group for each product of the catalogue."""

    def entries(self) -> dict[str, Entry]:
        """Declared commands first, then the products."""
        from keystead.commands.catalogue import products

        found = {name: entry for name, (_, entry) in COMMANDS.items()}
        for name, each in sorted(products().items()):
            found.setdefault(name, Entry(f"Call {name} ({each.version}) actions.", _CALL))
        return found

    def build(self, name: str) -> Any:
        """Import the module that declares the command; a product is made from the catalogue."""
        if name not in COMMANDS:
            from keystead.cli.calls import ProductGroup
            from keystead.wire.names import nearest

            if name in self.known:
                return ProductGroup.of(name)
            close = nearest(name, list(self.known))
            raise usage(f'There is no command "{name}".', f"{close}`keystead --help` lists the commands.")
        part = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
        import_module(f"keystead.cli.{COMMANDS[name][0]}").register(part)
        return typer.main.get_group(part).commands[name]


app = typer.Typer(
    name="keystead",
    cls=RootGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # a traceback with local variables would show secrets
    epilog=EXIT_CODES_HELP,
)


def _version(wanted: bool) -> None:
    if wanted:
        from keystead.cli.versions import version

        version()
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.", metavar="")
    ] = False,
) -> None:
    """Keystead: AccessKey pairs, policies and workspaces for GenAI platforms, on your own machines.

    Start with `keystead serve`.
    """


def main() -> None:
    """Run the command line; errors that a person can act on end as lines on stderr and an exit code."""
    with reported():
        try:
            code = app(prog_name="keystead", standalone_mode=False)
        except typer.Abort:
            raise usage("Nothing was done: the question was not answered.") from None
    sys.exit(code if isinstance(code, int) else 0)
