"""`keystead debug signature` and `keystead debug denial`: why a call was refused, from what people have at hand."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from keystead.cli.options import ClientOptions, client_options, option, with_options
from keystead.commands.errors import printable, usage
from keystead.commands.parameters import Given

_REQUEST_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MOST = 65_536
_PANEL = "Options"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Find out why a call was refused.")
    client = [each.replace(default="table") if each.name == "output" else each for each in client_options()]
    what = typer.Argument(metavar="[FILE|REQUEST-ID|-]", show_default=False)
    given = option("what", str, text="", panel=_PANEL).replace(
        annotation=_optional_argument("A file, a request ID, or - for standard input, which is the default.", what)
    )
    texts = [
        option("string_to_sign", Path, "--string-to-sign", text="File with the string that your client signed.",
               panel=_PANEL, metavar="FILE"),
        option("canonical_request", Path, "--canonical-request", text="File with your client's canonical request.",
               panel=_PANEL, metavar="FILE"),
    ]  # fmt: skip
    group.command("signature")(with_options(signature, [given, *texts, *client]))
    group.command("denial")(with_options(denial, [given, *client]))
    app.add_typer(group, name="debug")


def _optional_argument(text: str, declared: Any) -> Any:
    from typing import Annotated, Optional

    declared.help = text
    return Annotated[Optional[str], declared]  # noqa: UP045  a value, not an annotation


def signature(**given: Any) -> None:
    """Say why a signature does not match: paste the request, or name its request ID.

    The request is raw HTTP, a curl command, a URL or JSON, with its signature. The secret is never asked for.
    """
    what, kept = given.pop("what"), {name: given.pop(name) for name in ("string_to_sign", "canonical_request")}
    options = ClientOptions.take(given)
    typed: list[Given] = []
    request_id, text = _given(what, "the request that was refused")
    typed.append(("FailedRequestId", request_id) if request_id else ("Request", text))
    for name, file in kept.items():
        if file is not None:
            typed.append(("StringToSign" if name == "string_to_sign" else "CanonicalRequest", _file(file)))
    _run("DebugSignature", typed, options, _show_signature)


def denial(**given: Any) -> None:
    """Say why a call was refused by policy: paste its answer or diagnostic message, or name its request ID."""
    what = given.pop("what")
    options = ClientOptions.take(given)
    request_id, text = _given(what, "the answer of the refused call")
    typed: list[Given] = [("EventRequestId", request_id) if request_id else ("ErrorText", text)]
    _run("ExplainDenial", typed, options, _show_denial)


def _run(name: str, typed: Sequence[Given], options: ClientOptions, show: Any) -> None:
    from keystead.cli.calls import run
    from keystead.commands.catalogue import product

    run(product("keystead").action(name), _escaped(typed), options, show=show)


def _escaped(typed: Sequence[Given]) -> list[Given]:
    """Values as they are: one that begins with @ names no file here."""
    return [(name, f"@{value}" if (value or "").startswith("@") else value) for name, value in typed]


def _given(what: str | None, wanted: str) -> tuple[str, str]:
    """The request ID or the text that was named; one of them is empty."""
    if what is not None and _REQUEST_ID.fullmatch(what.strip()):
        return what.strip(), ""
    if what is not None and what != "-":
        return "", _file(Path(what))
    if sys.stdin.isatty():
        typer.echo(f"Paste {wanted}, then end the input (Ctrl-D).", err=True)
    text = sys.stdin.read(_MOST + 1)
    if not text.strip():
        raise usage("Nothing was pasted.", f"Paste {wanted}, or name a file or a request ID.")
    return _checked(text, "standard input")


def _checked(text: str, where: str) -> tuple[str, str]:
    if len(text) > _MOST:
        raise usage(f"{where} has more than {_MOST} characters.", "Paste one request or answer only.")
    if _REQUEST_ID.fullmatch(text.strip()):
        return text.strip(), ""
    return "", text


def _file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            text = opened.read(_MOST + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise usage(
            f"{path} cannot be read: {reason}.", "Name a file, a request ID, or - for standard input."
        ) from None
    if len(text) > _MOST:
        raise usage(f"{path} has more than {_MOST} characters.", "Give one request or answer only.")
    return text


# -- what people see --------------------------------------------------------------------------------------------------


def _show_signature(answer: Any) -> None:
    from rich.text import Text

    from keystead.cli.output import console as screen
    from keystead.cli.output import show_pairs

    console = screen()
    style = {"Genuine": "bold green", "Refused": "bold red"}.get(answer["Verdict"], "bold yellow")
    said = {"Genuine": "The signature is right.", "Refused": "The request is refused."}.get(
        answer["Verdict"], "The signature could not be judged."
    )
    console.print(Text(said, style=style))
    about = [("Scheme", answer["Scheme"]), ("AccessKey ID", answer["AccessKeyId"])]
    tried = {"Yes": "makes this signature", "No": "does not make this signature"}.get(answer["SecretVerifies"])
    about.append(("Stored secret", tried or "was not tried"))
    show_pairs(about)
    for cause in answer["Causes"]["Cause"]:
        console.print()
        console.print(Text(f"{cause['Name']}", style="bold").append(f"  ({cause['Certainty'].lower()})", style="dim"))
        console.print(Text(printable(cause["Message"])))
        console.print(Text(printable(cause["NextStep"]), style="cyan"))
    for each in answer["Differences"]["Difference"]:
        console.print()
        console.print(
            Text(f"First difference: {each['Part']}, line {each['Line']}, byte {each['Offset']}", style="bold")
        )
        if each["Server"] or each["Client"]:
            show_pairs([("server", _visible(each["Server"])), ("client", _visible(each["Client"]))])
    for side, title in (("Server", "The server's"), ("Client", "The client's")):
        for name, word in (("CanonicalRequest", "canonical request"), ("StringToSign", "string to sign")):
            if answer[side][name]:
                note = ", as the fault would have made it" if side == "Client" and _made(answer) else ""
                console.print()
                console.print(Text(f"{title} {word}{note}", style="bold"))
                console.print(Text(printable(answer[side][name])))
    if answer["Blanked"]:
        console.print()
        console.print(Text(f"Blanked: {', '.join(answer['Blanked'])}", style="dim"))


def _made(answer: Any) -> bool:
    return bool(answer["ClientSource"] == "Reconstructed")


def _visible(text: str) -> str:
    """A piece of text with its blanks and line ends to be seen."""
    shown = text.replace(" ", "·").replace("\n", "⏎").replace("\t", "→")
    return shown or "(the text ends here)"


def _show_denial(answer: Any) -> None:
    from rich.text import Text
    from rich.tree import Tree

    from keystead.cli.output import console as screen
    from keystead.cli.output import show_pairs

    console = screen()
    denied, now = answer["Denied"], answer["Now"]
    rows = [("Action", denied["Action"]), ("Resource", denied["Resource"]), ("Identity", denied["Identity"]),
            ("Decision", " ".join(each for each in (denied["Decision"], denied["Layer"]) if each)),
            ("Time", denied["EventTime"]), ("Request ID", denied["EventRequestId"])]  # fmt: skip
    show_pairs([(name, value) for name, value in rows if value])
    for remark in answer["Remarks"]:
        console.print(Text(printable(remark), style="yellow"))
    console.print()
    tree = Tree(Text(f"Asked of the policies of now: {now['Decision']}", style="bold"))
    for layer in now["Layers"]["Layer"]:
        branch = tree.add(Text(f"{layer['Layer']}: {layer['Decision']} ({layer['StatementCount']} statement(s))"))
        for statement in layer["Statements"]["Statement"][:10]:
            _grow(branch.add(_statement(statement)), statement)
    console.print(tree)
    for change in answer["WhatWouldAllow"]["Change"]:
        console.print()
        if change["Kind"] == "ChangeDeny":
            console.print(Text(f"To allow it, change what denies it in {change['Layer']}:", style="bold"))
            for each in change["Denies"]["Statement"]:
                console.print(Text(f"  {_named(each)}"))
        else:
            console.print(Text(f"To allow it, add to {change['Layer']}:", style="bold"))
            console.print(Text(printable(change["PolicyDocument"])))


def _named(statement: Any) -> str:
    if not statement["Readable"]:
        return "a policy that you may not read"
    return f"Statement[{statement['StatementIndex']}] of {statement['PolicyName']} ({statement['AttachedTo']})"


def _statement(statement: Any) -> Any:
    from rich.text import Text

    style = "red" if statement["Effect"] == "Deny" and statement["Applies"] else "green" if statement["Applies"] else ""
    said = "applies" if statement["Applies"] else f"missed {', '.join(statement['Missed'])}"
    return Text(printable(f"{statement['Effect']} by {_named(statement)}: {said}"), style=style)


def _grow(branch: Any, statement: Any) -> None:
    """What a statement wanted, of the parts that it missed."""
    from rich.text import Text

    for missed, member in (("Action", "Actions"), ("Resource", "Resources"), ("Principal", "Principals")):
        if missed in statement["Missed"] and statement[member]:
            branch.add(Text(printable(f"{missed}: wanted {', '.join(statement[member][:5])}")))
    for each in statement["Conditions"]["Condition"]:
        if not each["Holds"]:
            sent = ", ".join(each["Sent"][:5]) or "nothing"
            wanted = ", ".join(each["Wanted"][:5])
            branch.add(Text(printable(f"{each['Operator']} {each['Key']}: wanted {wanted}; the request has {sent}")))
