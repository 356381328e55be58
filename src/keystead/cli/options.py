"""Command-line options that are made from declarations: settings, client options, an action's parameters.

Typer reads a function's signature; a signature that is built here keeps every option declared once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from keystead.commands.catalogue import Action, spellings
from keystead.settings import SETTINGS, flag

if TYPE_CHECKING:
    from keystead.settings_load import Loaded

Option = inspect.Parameter
Command = Callable[..., None]


def option(
    name: str,
    kind: Any,
    *flags: str,
    text: str,
    panel: str,
    default: Any = None,
    metavar: str | None = None,
    hidden: bool = False,
) -> Option:
    """One option.  name: the keyword it arrives as; kind: its type without None; text: its help."""
    shown = metavar if metavar is not None else "" if kind is bool else "TEXT"
    declared = typer.Option(
        *flags, help=escaped(text), rich_help_panel=panel, metavar=shown, show_default=False, hidden=hidden
    )
    wanted: Any = kind if default is not None else Optional[kind]  # noqa: UP045  a value, not an annotation
    return Option(name, Option.KEYWORD_ONLY, default=default, annotation=Annotated[wanted, declared])


_NOT = "not__"


def switch(name: str, given: str, *, text: str, panel: str, positive: bool = True) -> list[Option]:
    """`--x` and `--no-x` for one truth value; help shows the one that people need, positive or not."""
    negative = "--no-" + given.removeprefix("--")
    return [
        option(name, bool, given, text=text, panel=panel, hidden=not positive),
        option(_NOT + name, bool, negative, text=text, panel=panel, hidden=positive),
    ]


def switched(given: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords with each `switch` as one value: True, False or None."""
    found = {name: value for name, value in given.items() if not name.startswith(_NOT)}
    found |= {name.removeprefix(_NOT): False for name, value in given.items() if name.startswith(_NOT) and value}
    return found


def escaped(text: str) -> str:
    """Help text in which square brackets are only brackets."""
    return text.replace("[", "\\[")


def with_options(command: Command, options: Iterable[Option], *, context: bool = False, doc: str = "") -> Command:
    """Give `command`, which takes keywords, the signature that Typer reads.  context: it takes `ctx` first."""
    parameters = [Option("ctx", Option.POSITIONAL_OR_KEYWORD, annotation=typer.Context)] if context else []
    parameters += options
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect reads it
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__doc__ = doc or command.__doc__
    return command


_KINDS: Mapping[str, Any] = {"int": int, "Path": Path, "tuple[str, ...]": list[str], "tuple[int, ...]": list[int]}


def settings_options(only: Iterable[str] | None = None) -> list[Option]:
    """`--config` and a flag for each setting, or for those named in `only`."""
    found = [
        option(
            "config", Path, "--config", text="Settings file (TOML); by default keystead.toml in the data directory.",
            panel="Server", metavar="FILE",
        )
    ]  # fmt: skip
    for name in SETTINGS if only is None else only:
        setting = SETTINGS[name]
        kind = str(setting.type).removesuffix(" | None")
        given = flag(name)
        meta = setting.metadata
        text = meta["doc"] + _default_text(name)
        if kind == "bool":
            found += switch(name, given, text=text, panel=meta["group"], positive=not setting.default)
            continue
        metavar = "|".join(meta["choices"]) or {"int": "N", "Path": "PATH", "tuple[int, ...]": "N"}.get(kind, "TEXT")
        found.append(option(name, _KINDS.get(kind, str), given, text=text, panel=meta["group"], metavar=metavar))
    return found


def _default_text(name: str) -> str:
    default = SETTINGS[name].default
    stated = isinstance(default, int | str) and not isinstance(default, bool)  # a switch shows the unusual way only
    return f" Default: {default}." if stated else ""


def load_settings(given: Mapping[str, Any]) -> Loaded:
    """The settings from the flags of a command made with `settings_options`, the environment and the file."""
    import os

    from keystead.settings_load import load, locate_file

    flags = {name: value for name, value in switched(given).items() if name in SETTINGS}
    file = locate_file(os.environ, given.get("config"), flags.get("data_dir"))
    return load(file, os.environ, flags)


_PANEL = "Client options"
_OTHER = "other__"


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How a call is made and shown.  Each field is the option of the same name."""

    profile: str | None
    endpoint: str | None
    output: str
    query: str | None
    wait: str | None
    wait_timeout: float
    timeout: float
    show_request: bool

    @classmethod
    def take(cls, given: dict[str, Any]) -> ClientOptions:
        """Take the client's options out of a command's keywords; what remains are parameters of the action."""
        other = {name: given.pop(_OTHER + name, None) for name in cls.__slots__}
        short = {name: given.pop(name) for name in cls.__slots__}
        return cls(**short | {name: each for name, each in other.items() if each is not None})


def client_options() -> list[Option]:
    """The options that every call understands, each in its short spelling."""
    return [each for each in options_beside(None) if not each.name.startswith(_OTHER)]


def options_beside(action: Action | None) -> list[Option]:
    """The client's options in every spelling that they have beside an action's parameters; help shows one of each."""

    def made(name: str, kind: Any, text: str, default: Any = None, metavar: str | None = None) -> list[Option]:
        shown, *other = spellings(name.replace("_", "-"), action)
        return [
            option(name, kind, shown, text=text, panel=_PANEL, default=default, metavar=metavar),
            *(option(_OTHER + name, kind, each, text=text, panel=_PANEL, hidden=True) for each in other),
        ]

    return [
        *made("profile", str, "Profile that signs, from ~/.keystead or ~/.aliyun."),
        *made("endpoint", str, "Address of the server.", metavar="URL"),
        *made("output", str, "json or table.", "json", "FORMAT"),
        *made("query", str, "JMESPath: the part of the answer to print."),
        *made("wait", str, "Call again each second until this JMESPath is true."),
        *made("wait_timeout", float, "Seconds before --wait gives up.", 60.0, "S"),
        *made("timeout", float, "Seconds to wait for one answer.", 30.0, "S"),
        *made("show_request", bool, "Print the request, without secrets; send nothing.", default=False),
    ]
