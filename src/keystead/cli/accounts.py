"""`keystead account …`: the account of the instance in a data directory, without signing in."""

from __future__ import annotations

import sys
from typing import Any

import typer

from keystead.cli.options import load_settings, option, settings_options, with_options
from keystead.commands.errors import usage
from keystead.settings import OperatorError, Settings

WARNING = """\
An AccessKey pair of the account itself may do everything;
no policy can limit it.
Whoever gets hold of it owns every user, policy, workspace and application.
Use a RAM user's pair instead: keystead ram create-access-key --user-name NAME"""

_LOCATION = ("data_dir", "database")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="The accounts of an instance: their IDs, their own AccessKey pairs.")
    output = option("output", str, "--output", text="json or table.", panel="Options", metavar="FORMAT")
    agreed = option(
        "yes_i_understand", bool, "--yes-i-understand", text="Make the pair without being asked.", panel="Options",
        default=False,
    )  # fmt: skip
    whose = option("account", str, "--account", text="ID or alias; by default the first account.", panel="Options")
    alias = option("alias", str, "--alias", text="Alias of the new account.", panel="Options")
    location = settings_options(_LOCATION)
    group.command("show")(with_options(show, [output, *location]))
    group.command("create")(with_options(create, [alias, *location]))
    group.command("create-access-key")(with_options(create_access_key, [agreed, whose, output, *location]))
    group.command("setup-token")(with_options(setup_token, [whose, output, *location]))
    app.add_typer(group, name="account")


def show(**given: Any) -> None:
    """Print the account's ID and alias, and the instance's other accounts."""
    from keystead.cli import output

    form = output.check_format(given.pop("output") or "table")
    settings = _existing(given)
    from keystead import app

    output.show(app.describe(settings), form)


def create(**given: Any) -> None:
    """Make one more account, with a RAM user `admin` whose pair is kept as a profile."""
    from keystead.cli import serving

    alias = given.pop("alias")
    settings = _existing(given)
    serving.check_profile_file()
    from keystead import app

    made = app.create_account(settings, alias)
    name = serving.free_name(made.account_id)
    serving.keep_pair(made, name, settings.public_url or serving.addresses_of(settings)[0])
    typer.echo(f"Account {made.account_id}" + (f" ({alias})" if alias else ""))
    typer.echo("\n".join(serving.first_pair(made, name, sys.stdout.isatty())))


def create_access_key(**given: Any) -> None:
    """Make an AccessKey pair of the account itself; discouraged, and possible only behind a warning.

    Works beside a running server.  The secret is printed once and kept nowhere else.
    """
    from keystead.cli import output

    form = output.check_format(given.pop("output") or "table")
    settings = _existing(given)
    if not given["yes_i_understand"]:
        _confirm()
    from keystead import app

    key_id, secret = app.create_account_access_key(settings, given["account"])
    if form == "json":
        output.show({"AccessKeyId": key_id, "AccessKeySecret": secret}, "json")
        return
    output.show_pairs([("AccessKey ID", key_id), ("AccessKey secret", secret)])
    typer.echo("The secret is shown once. Keep it now.", err=True)


def setup_token(**given: Any) -> None:
    """Make a one-time token that gives the account its console password; every token before it is void.

    Works beside a running server, also where the account has a password already: whoever may run this on the machine
    can open everything there anyway.
    """
    from keystead.cli import output

    form = output.check_format(given.pop("output") or "table")
    settings = _existing(given)
    from keystead import app

    token = app.new_setup_token(settings, given["account"])
    if form == "json":
        output.show({"SetupToken": token}, "json")
        return
    output.show_pairs([("Set-up token", token)])
    typer.echo("Open /console/set-up on the server and give the token there. It works once.", err=True)


def _existing(given: dict[str, Any]) -> Settings:
    """The settings of an instance that is there: asking after one must not make one."""
    settings = load_settings(given).settings
    if not settings.data_dir.is_dir():
        raise OperatorError(
            f"There is no instance in {settings.data_dir}.",
            "Name its directory with --data-dir, or run `keystead init`.",
        )
    return settings


def _confirm() -> None:
    typer.secho(WARNING, fg="yellow", err=True)
    if not sys.stdin.isatty():
        raise usage(
            "The warning was not confirmed, and there is no terminal to ask at.",
            "Give --yes-i-understand if a pair with full permissions is really wanted.",
        )
    if not typer.confirm("Make it nevertheless?", default=False, err=True):
        raise usage("No pair was made.")
