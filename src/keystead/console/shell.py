"""Cloud Shell: one line of our command line, run as the signed-in person through the same calls as everything.

There is no operating system behind it: a line names an action of the catalogue, or one of a few words of its own.
Source: issue 5, "Cloud Shell"; the grammar of a command is that of `keystead` itself (commands/).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keystead.commands import answers
from keystead.commands.catalogue import Action, Product, product, products, spellings
from keystead.commands.errors import CommandError, printable, usage
from keystead.commands.parameters import split_tokens, to_pairs
from keystead.console.asking import Asking, RefusedError
from keystead.console.texts import Language, clauses, mark
from keystead.wire.names import kebab

MOST_LINE = 32_768
MOST_OUTPUT = 200_000
"""Characters that a line may answer; what is longer is cut, and says so."""

HELP = mark(
    """\
PRODUCT ACTION --parameter VALUE …   as in: ram create-user --user-name alice
PRODUCT                              lists the product's actions
help [PRODUCT [ACTION]]              what there is, what it takes
whoami                               who calls are made as
export                               temporary credentials of this session, for a shell elsewhere
history, clear                       the lines so far; an empty screen

Every action also takes --output json|table and --query JMESPATH; where a parameter
has that name, as in search-users, it is the parameter's, and --cli-query the other.
Up and down go through the history, Tab completes."""
)
CUT = mark("… (cut; use --query to say what you want)")

OWN = ("help", "whoami", "export", "history", "clear")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a line answered.  ok: whether it did what it said."""

    text: str
    ok: bool = True


async def run(asking: Asking, line: str, language: Language, *, endpoint: str) -> Answer:
    """Run a line; whatever goes wrong is told as the command line tells it."""
    try:
        if len(line) > MOST_LINE:
            raise usage(f"The line has {len(line)} characters; {MOST_LINE} are allowed.")
        text = await _run(asking, _words(line), language, endpoint)
    except CommandError as error:
        message, step = clauses.sentence(language, error.message), clauses.sentence(language, error.next_step)
        return Answer(_told(language, message, (), step), ok=False)
    except RefusedError as refused:
        fault = refused.refusal.fault
        detail = [(name, value) for name, value in (fault.detail or {}).items() if name != "EncodedDiagnosticMessage"]
        lines = [("Code", f"{fault.code} (HTTP {fault.status})"), *detail, ("Request ID", refused.refusal.request_id)]
        if language.table:
            lines.append(("Original", fault.message))
        message, step = clauses.message(language, fault), clauses.next_step(language, fault)
        return Answer(_told(language, message, lines, step), ok=False)
    return Answer(text if len(text) <= MOST_OUTPUT else text[:MOST_OUTPUT] + "\n" + language.text(CUT))


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise usage(f"The line cannot be read: {error}.", "Close every quote.") from None
    return _without_program(words)


def _without_program(words: list[str]) -> list[str]:
    """The line without the program's name in front, which is also a product's name."""
    known = {*products(), *OWN, "call"}
    return words[1:] if words[:1] in (["keystead"], ["aliyun"]) and words[1:2] and words[1] in known else words


async def _run(asking: Asking, words: list[str], language: Language, endpoint: str) -> str:
    match words:
        case []:
            return ""
        case ["help"]:
            return language.text(HELP) + "\n\n" + language.text("Products:") + " " + ", ".join(sorted(products()))
        case ["help", name] if name not in OWN:
            return _actions(product(name))
        case ["help", name, action]:
            return _parameters(product(name).action(action))
        case ["whoami"]:
            return _json(await asking.ask("sts", "GetCallerIdentity"))
        case ["export"]:
            return await _export(asking, language, endpoint)
        case ["call", name, action, *rest]:
            return await _call(asking, product(name).action(action), rest)
        case [name]:
            return _actions(product(name))
        case [name, action, *rest]:
            found = product(name).action(action)
            return _parameters(found) if "--help" in rest else await _call(asking, found, rest)
    raise usage("The line cannot be read.", "Type help.")


async def _call(asking: Asking, action: Action, tokens: Sequence[str]) -> str:
    form, query, rest = _options(action, tokens)
    expression = answers.compiled(query, action.option("query")) if query else None
    pairs = to_pairs(action, split_tokens(action, rest), files=False)
    answer: Any = await asking.ask(action.product, action.name, dict(pairs))
    if expression is not None:
        answer = answers.search(expression, action.option("query"), answer)
    return _table(answer) if form == "table" else _json(answer)


def _options(action: Action, tokens: Sequence[str]) -> tuple[str, str, list[str]]:
    """`--output` and `--query`, which every action takes, and the rest."""
    found = {"output": "json", "query": ""}
    spelt = {flag: name for name in found for flag in spellings(name, action)}
    rest: list[str] = []
    left = list(tokens)
    while left:
        token = left.pop(0)
        name, equals, value = token.partition("=")
        if name not in spelt:
            rest.append(token)
        elif equals or left:
            found[spelt[name]] = value if equals else left.pop(0)
        else:
            raise usage(f"{name} needs a value.")
    if found["output"] not in ("json", "table"):
        raise usage(f"{action.option('output')} is {found['output']!r}, but must be one of json, table.")
    return found["output"], found["query"], rest


async def _export(asking: Asking, language: Language, endpoint: str) -> str:
    answer = (await asking.ask("keystead", "CreateConsoleCredentials"))["Credentials"]
    lines = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": answer["AccessKeyId"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": answer["AccessKeySecret"],
        "ALIBABA_CLOUD_SECURITY_TOKEN": answer["SecurityToken"],
        "KEYSTEAD_ENDPOINT": endpoint,
    }
    exported = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in lines.items())
    until = language.text("Valid until {until}; they may what you may, and end with you.", until=answer["Expiration"])
    return f"# {until}\n{exported}"


def _actions(found: Product) -> str:
    width = max(len(kebab(name)) for name in found.names())
    return "\n".join(f"{kebab(name):{width}}  {found.summary(name)}" for name in found.names())


def _parameters(action: Action) -> str:
    lines = [f"{action.product} {kebab(action.name)}: {action.summary}"]
    width = max((len(each.flag) for each in action.parameters), default=0)
    for each in action.parameters:
        said = ", ".join(part for part in (each.doc, " | ".join(each.enum)) if part)
        lines.append(
            f"  {each.flag:{width}}  {'required' if each.required else 'optional'}  {each.type}  {said}".rstrip()
        )
    return "\n".join(lines)


def _json(value: Any) -> str:
    return printable(json.dumps(value, indent=2, ensure_ascii=False))


def _table(value: Any) -> str:
    """Rows under their names in columns of their own width, as a terminal shows them."""
    from io import StringIO

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows, rest = answers.rows_of(value)
    console = Console(file=StringIO(), width=10_000, highlight=False, emoji=False, color_system=None)
    for name, each in rest.items():
        console.print(Text(f"{name}  {answers.cell_of(each)}"))
    if rows:
        names = list(dict.fromkeys(key for row in rows for key in row))
        table = Table(*names, box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for row in rows:
            table.add_row(*(Text(answers.cell_of(row.get(name))) for name in names))
        console.print(table)
    elif not rest:
        console.print(Text("(nothing)" if value in (None, [], {}) else answers.cell_of(value)))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _told(language: Language, message: str, lines: Sequence[tuple[str, str]], next_step: str) -> str:
    told = [("Error", message), *lines, *((("Next step", next_step),) if next_step else ())]
    names = {
        "Error": language.text("Error"),
        "Next step": language.text("Next step"),
        "Code": language.text("Code"),
        "Request ID": language.text("Request ID"),
        "Original": language.text("Original"),
    }
    return "\n".join(f"{names.get(name, name)}: {printable(str(value))}" for name, value in told)


def complete(line: str) -> list[str]:
    """What the last word of a line may become: products, actions, parameters, their values."""
    head, _, last = line.rpartition(" ")
    before = _without_program(head.split())
    if before[:1] in (["help"], ["call"]):
        before = before[1:]
    return sorted(each for each in _candidates(before) if each.startswith(last) and each != last)[:200]


def _candidates(before: list[str]) -> list[str]:
    if not before:
        return [*products(), *OWN]
    found = products().get(before[0].lower())
    if found is None:
        return []
    if len(before) == 1:
        return [kebab(name) for name in found.names()]
    try:
        action = found.action(before[1])
    except CommandError:
        return []
    asked = before[-1]
    if asked in spellings("output", action):
        return ["json", "table"]
    parameter = action.parameter(asked.removeprefix("--")) if asked.startswith("--") else None
    if parameter is not None and parameter.enum:
        return list(parameter.enum)
    return [*(each.flag for each in action.parameters if each.flag not in before), *_own_options(action)]


def _own_options(action: Action) -> tuple[str, ...]:
    return action.option("output"), action.option("query")
