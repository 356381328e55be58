"""`keystead model`: models and the servers behind them, through the same calls as `keystead keystead add-model`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keystead.cli.options import ClientOptions, Option, client_options, option, with_options
from keystead.commands import errors
from keystead.commands.errors import CommandError
from keystead.commands.parameters import Given

_DETAILS = (
    ("description", "Description", "TEXT", "What people read about it."),
    ("provider", "Provider", "NAME", "Who made it."),
    ("input_price", "InputPrice", "N", "Currency units per million tokens in."),
    ("output_price", "OutputPrice", "N", "Currency units per million tokens out."),
)
_SERVER = (
    ("upstream", "Upstream", "URL", "Base address of an OpenAI-compatible server, http://127.0.0.1:8000/v1."),
    ("model", "UpstreamModel", "NAME", "What the server calls the model; by default the same."),
    ("key", "UpstreamKey", "KEY", "The server's own API key; @FILE reads it from a file."),
    ("weight", "Weight", "N", "Share of the calls, 0 to 1000; 0: only when no other server answers."),
)
_REMOVE = (("remove_upstream", "RemoveUpstream", "ID", "Remove this server."),)
"""Option, wire name of the parameter, metavar, help."""

_NAME = Option(
    "name",
    Option.KEYWORD_ONLY,
    annotation=Annotated[str, typer.Argument(metavar="NAME", help="What callers name the model.", show_default=False)],
)

COMMANDS = {
    "add": ("AddModel", (*_SERVER, *_DETAILS), "Add a model with its first server."),
    "update": ("UpdateModel", (*_SERVER, *_REMOVE, *_DETAILS), "Add, change or remove a server; change details."),
    "remove": ("RemoveModel", (), "Remove a model and its servers."),
    "test": ("TestModel", (), "Ask every server of a model for one token."),
}


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="Models and the servers behind them.")
    for name, (action, given, text) in COMMANDS.items():
        group.command(name, help=text)(with_options(_command(action, given), _options(given, named=True)))
    group.command("list", help="List models and their servers.")(with_options(_list, _options((), named=False)))
    app.add_typer(group, name="model")


def _options(given: tuple[tuple[str, str, str, str], ...], *, named: bool) -> list[Option]:
    own = [_NAME] if named else []
    own += [
        option(name, str, "--" + name.replace("_", "-"), text=doc, panel="Model", metavar=metavar)
        for name, _, metavar, doc in given
    ]
    return [*own, *(each.replace(default="table") if each.name == "output" else each for each in client_options())]


def _command(action: str, known: tuple[tuple[str, str, str, str], ...]) -> Any:
    def command(**given: Any) -> None:
        from keystead.cli.calls import run
        from keystead.commands.catalogue import product

        options = ClientOptions.take(given)
        typed: list[Given] = [("ModelName", given["name"])]
        typed += [(wire, given[name]) for name, wire, _, _ in known if given[name] is not None]
        told: list[Any] = []

        def table(answer: Any) -> Any:
            told.append(answer)
            return brief(answer)

        run(product("keystead").action(action), typed, options, table=table)
        if action == "TestModel" and told and not told[0].get("Works"):
            raise CommandError(
                errors.SERVER_ERROR,
                f"No server of {given['name']} works.",
                next_step="Look at what each of them said above, and at its own log.",
            )

    command.__name__ = action
    return command


def _list(**given: Any) -> None:
    from keystead.cli.calls import run
    from keystead.commands.catalogue import product

    run(product("keystead").action("ListModels"), [], ClientOptions.take(given), table=brief)


def brief(answer: Any) -> Any:
    """Models, servers or results in columns that fit 80 characters."""
    if "Results" in answer:
        return [
            {"Server": each["Url"], "Works": each["Works"], "ms": each["Milliseconds"], "Said": each["Said"]}
            for each in answer["Results"]
        ]
    models = answer.get("Models") or ([answer["Model"]] if "Model" in answer else None)
    if models is None:
        return answer
    return [
        {
            "Model": model["ModelName"],
            "Server": server.get("Url", ""),
            "Its name there": server.get("UpstreamModel", ""),
            "Weight": server.get("Weight", ""),
            "ID": server.get("UpstreamId", ""),
        }
        for model in models
        for server in (model["Upstreams"] or [{}])
    ]
