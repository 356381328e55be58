"""Calls to a server: `keystead call PRODUCT ACTION` and `keystead PRODUCT ACTION`, which are the same call."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from keystead.cli.exits import EXIT_CODES_HELP
from keystead.cli.lazy import Entry, LazyGroup
from keystead.cli.options import ClientOptions, Option, escaped, option, options_beside, switch, switched, with_options
from keystead.commands import answers, errors
from keystead.commands.catalogue import Action, Parameter, Product, product, products
from keystead.commands.errors import CommandError, usage
from keystead.commands.parameters import Given, split_tokens, to_pairs
from keystead.wire.names import kebab

_LOOSE = {"ignore_unknown_options": True, "allow_extra_args": True}
_VALUES_HELP = (
    "A value @FILE is read from the file, @- from standard input, @@x is the text @x. Lists and objects are JSON, "
    "or parts such as --Tag.1.Key a --Tag.1.Value b. Names may also be written as on the wire, --UserName."
)
_SPELLING_HELP = "Client options may be spelt --cli-NAME, and are where a parameter has their name: --cli-query."
_CALL_HELP = "Parameters take their wire names: --query is the client's, --Query the action's."


def run(
    action: Action,
    given: Sequence[Given],
    options: ClientOptions,
    table: Callable[[Any], Any] | None = None,
    show: Callable[[Any], None] | None = None,
) -> None:
    """Check, send, wait if asked, and print.

    table: what a table shows of the answer where no query says it.  show: what prints the answer in a table's place.
    """
    from keystead.cli import output, profiles
    from keystead.cli.client import Client
    from keystead.cli.request import prepare, shown

    output.check_format(options.output)
    query = answers.compiled(options.query, action.option("query")) if options.query else None
    until = answers.compiled(options.wait, action.option("wait")) if options.wait else None
    if until is not None and action.writes:
        raise usage(
            f"--wait would repeat {action.name}, which writes.", "Wait with a reading action, such as a Get or a List."
        )
    prepared = prepare(action, to_pairs(action, given))
    endpoint = profiles.endpoint(os.environ, options.endpoint, options.profile)
    if options.show_request:
        typer.echo(errors.printable(shown(prepared, endpoint)))
        return
    client = Client(endpoint, profiles.credentials(os.environ, options.profile), options.timeout)

    def call() -> Any:
        return client.call(prepared)

    answer = call() if until is None else _wait(call, until, options)
    if query is not None:
        answer = answers.search(query, action.option("query"), answer)
    elif show is not None and options.output == "table":
        show(answer)
        return
    elif table is not None and options.output == "table":
        answer = table(answer)
    output.show(answer, options.output)


def _wait(call: Callable[[], Any], until: Any, options: ClientOptions) -> Any:
    """Call each second until the expression holds; an entity that does not exist yet counts as not yet."""
    from keystead.cli.client import ApiError

    deadline = time.monotonic() + options.wait_timeout
    while True:
        try:
            answer = call()
            if answers.search(until, "--wait", answer):
                return answer
            state = "is not true of the last answer"
        except ApiError as error:
            if not error.api_code.startswith("EntityNotExist"):
                raise
            state = f"the last answer was {error.api_code}"
        if time.monotonic() + 1 > deadline:
            raise CommandError(
                errors.WAIT_EXPIRED,
                f"Waited {options.wait_timeout:g} s for {options.wait}: {state}.",
                next_step="Allow more time with --wait-timeout, or try the expression with --query.",
            )
        time.sleep(1)


def register(app: typer.Typer) -> None:
    """Add `call` to the application."""
    chosen = [
        Option("product", Option.KEYWORD_ONLY, annotation=Annotated[
            str, typer.Argument(metavar="PRODUCT", autocompletion=_complete_product)]),
        Option("action", Option.KEYWORD_ONLY, annotation=Annotated[
            str, typer.Argument(metavar="ACTION", autocompletion=_complete_action)]),
    ]  # fmt: skip

    def call(ctx: typer.Context, **given: Any) -> None:
        options = ClientOptions.take(given)
        action = product(given["product"]).action(given["action"])
        run(action, split_tokens(action, ctx.args), options)

    doc = (
        "Call any action by its wire name.\n\n    keystead call ram CreateUser --UserName alice\n\n"
        f"{escaped(_VALUES_HELP)} {_CALL_HELP}\n\n{EXIT_CODES_HELP}"
    )
    command = with_options(call, [*chosen, *options_beside(None)], context=True, doc=doc)
    app.command("call", context_settings=_LOOSE)(command)


def _complete_product(incomplete: str) -> list[str]:
    return [name for name in products() if name.startswith(incomplete)]


def _complete_action(ctx: typer.Context, incomplete: str) -> list[str]:
    found = products().get(str(ctx.params.get("product", "")).lower())
    return [name for name in found.names() if name.startswith(incomplete)] if found else []


class ProductGroup(LazyGroup):
    """`keystead ram …`: a command for each action."""

    product: Product

    @classmethod
    def of(cls, name: str) -> ProductGroup:
        """The group of one product."""
        found = product(name)
        title = f"Call {name} ({found.version}) actions."
        group = cls(name=name, help=title, no_args_is_help=True, rich_markup_mode="rich")
        group.product = found
        return group

    def entries(self) -> dict[str, Entry]:
        """Every action in its kebab form."""
        return {kebab(name): Entry(self.product.summary(name)) for name in self.product.names()}

    def build(self, name: str) -> Any:
        """The action's command, with an option for each parameter."""
        return _command(self.product.action(name))


def _command(action: Action) -> Any:
    declared = {f"p{n}": each for n, each in enumerate(action.parameters)}

    def command(ctx: typer.Context, **given: Any) -> None:
        options = ClientOptions.take(given)
        typed: list[Given] = []
        for key, value in switched(given).items():
            typed += [(declared[key].name, each) for each in _texts(value)]
        run(action, [*typed, *split_tokens(action, ctx.args)], options)

    kind = "Changes something." if action.writes else "Reads only."
    doc = f"{escaped(action.summary)}\n\n{kind} Wire name: {action.name}.\n\n{escaped(_VALUES_HELP)} {_SPELLING_HELP}"
    parameters = [each for key, parameter in declared.items() for each in _parameter_options(key, parameter)]
    app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    shaped = with_options(command, [*parameters, *options_beside(action)], context=True, doc=doc)
    app.command(kebab(action.name), context_settings=_LOOSE)(shaped)
    return typer.main.get_command(app)


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def _parameter_options(key: str, parameter: Parameter) -> list[Option]:
    sentences = ["Required"] if parameter.required else []
    if parameter.doc:
        sentences.append(parameter.doc[0].upper() + parameter.doc[1:].rstrip("."))
    if parameter.enum:
        sentences.append(f"One of {', '.join(parameter.enum)}")
    text = "".join(f"{each}. " for each in sentences).strip()
    if parameter.type == "boolean":
        return switch(key, parameter.flag, text=text, panel="Parameters")
    kind: Any = list[str] if parameter.type == "array" else str
    metavar = {"integer": "N", "number": "N", "string": "TEXT"}.get(parameter.type, "JSON")
    return [option(key, kind, parameter.flag, text=text, panel="Parameters", metavar=metavar)]
