"""From what was typed to what travels: names checked against the catalogue, values against their types.

Everything that can be refused here is refused before a request is sent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from keystead.commands.catalogue import Action, Parameter
from keystead.commands.errors import CommandError, usage
from keystead.wire.names import kebab, nearest

Given = tuple[str, str | None]
Pairs = tuple[tuple[str, str], ...]
_COMPLEX = ("array", "object", "map")


def split_tokens(action: Action, tokens: Sequence[str]) -> list[Given]:
    """`--Name value`, `--Name=value` and, for a boolean, `--Name` alone; anything else is a usage error."""
    given: list[Given] = []
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        if not token.startswith("--") or token == "--":  # noqa: S105  not a password
            raise usage(
                f'"{token}" is neither an option nor the value of one.', "Parameters are written `--Name value`."
            )
        name, equals, value = token[2:].partition("=")
        parameter = _find(action, name)
        if equals:
            given.append((name, value))
        elif rest and not rest[0].startswith("--"):
            given.append((name, rest.pop(0)))
        elif parameter.type == "boolean":
            given.append((name, "true"))
        else:
            raise usage(f"--{name} needs a value.", f"A value that begins with -- is written --{name}=VALUE.")
    return given


def to_pairs(action: Action, given: Sequence[Given], *, files: bool = True) -> Pairs:
    """The parameters as wire pairs, in the order given.  Raises a usage error for what cannot be meant.

    files: whether `@path` is the text of a file; never where somebody else than the machine's user typed it.
    """
    collected: dict[str, list[str]] = {}
    pairs: list[tuple[str, str]] = []
    for name, raw in given:
        parameter = _find(action, name)
        value = _from_file(parameter, raw or "") if files else raw or ""
        _, dot, tail = name.partition(".")
        if dot and parameter.name != name:
            pairs.append((f"{parameter.name}.{tail}", value))
            collected.setdefault(parameter.name, [])
        else:
            collected.setdefault(parameter.name, []).append(value)
    flat = {pair[0].partition(".")[0] for pair in pairs}
    for name, values in collected.items():
        parameter = _find(action, name)
        if values and name in flat:
            raise usage(f"{parameter.flag} is given whole and in parts.", "Give one of the two.")
        if values:
            pairs.extend(_encode(parameter, values))
    missing = [each for each in action.parameters if each.required and each.name not in collected]
    if missing:
        names = ", ".join(each.flag for each in missing)
        raise usage(
            f"{action.name} needs {names}.",
            f"`keystead {action.product} {kebab(action.name)} --help` lists the parameters.",
        )
    return tuple(pairs)


def _find(action: Action, name: str) -> Parameter:
    found = action.parameter(name)
    if found is None and "." in name:
        found = action.parameter(name.partition(".")[0])
        if found is not None and found.type not in _COMPLEX:
            raise usage(f"{found.flag} is of type {found.type} and has no parts, so --{name} means nothing.")
    if found is not None:
        return found
    known = [each.name for each in action.parameters]
    kebabs = [kebab(each) for each in known]
    close = nearest(name, known if name[:1].isupper() else kebabs) or nearest(kebab(name), kebabs)
    listed = ", ".join(f"--{each}" for each in kebabs[:12]) + (", …" if len(kebabs) > 12 else "")
    takes = f"It takes {listed}." if known else "It takes none."
    raise usage(f'{action.name} has no parameter "{name}".', close + takes)


def _from_file(parameter: Parameter, text: str) -> str:
    """`@path` is the file's text, `@-` is standard input, `@@x` is the text `@x`."""
    if not text.startswith("@"):
        return text
    if text.startswith("@@"):
        return text[1:]
    try:
        content = sys.stdin.read() if text == "@-" else Path(text[1:]).expanduser().read_text("utf-8")
    except OSError as error:
        raise usage(
            f"{parameter.flag}: the file {text[1:]} cannot be read: {error.strerror}.",
            f"A value that begins with @ is written @{text}.",
        ) from None
    except UnicodeDecodeError:
        raise usage(f"{parameter.flag}: the file {text[1:]} is not UTF-8 text.") from None
    return content.rstrip("\n") if parameter.type not in _COMPLEX else content


def _encode(parameter: Parameter, values: list[str]) -> Iterator[tuple[str, str]]:
    if parameter.type in _COMPLEX:
        value = _complex(parameter, values)
        if parameter.json:
            yield parameter.name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        else:
            yield from _flatten(parameter.name, value)
        return
    if len(values) > 1:
        raise usage(f"{parameter.flag} is given {len(values)} times.", "It takes one value.")
    yield parameter.name, _scalar(parameter, values[0])


def _scalar(parameter: Parameter, text: str) -> str:
    def refuse(allowed: str, hint: str = "") -> CommandError:
        return usage(f"{parameter.flag} is {text!r}, but must be {allowed}.", hint)

    if parameter.place == "path" and not text:
        raise refuse("a text that is not empty: it is a part of the path")
    if parameter.type == "boolean":
        if text.lower() not in ("true", "false"):
            raise refuse("true or false")
        return text.lower()
    if parameter.type == "integer" and not text.removeprefix("-").isdecimal():
        raise refuse("a whole number")
    if parameter.type == "number":
        try:
            float(text)
        except ValueError:
            raise refuse("a number") from None
    if parameter.enum and text not in parameter.enum:
        raise refuse("one of " + ", ".join(parameter.enum), nearest(text, list(parameter.enum)).strip())
    return text


def _complex(parameter: Parameter, values: list[str]) -> object:
    """One JSON text, or for a list the plain values of a repeated option."""
    if len(values) == 1 and (parameter.type != "array" or values[0].lstrip()[:1] in ("[", "{")):
        try:
            value = json.loads(values[0])
        except ValueError as error:
            raise usage(
                f"{parameter.flag} is not JSON: {error}.",
                "Quote it for the shell, or write it to a file and give @path.",
            ) from None
        wanted = list if parameter.type == "array" else dict
        if isinstance(value, wanted):
            return value
        if parameter.type == "array" and isinstance(value, dict):
            return [value]
        raise usage(f"{parameter.flag} must be a JSON {parameter.type}.")
    if parameter.type != "array":
        raise usage(f"{parameter.flag} is given {len(values)} times.", "It takes one JSON text.")
    return [json.loads(each) if each.lstrip().startswith("{") else each for each in values]


def _flatten(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Lists count from 1, null is left out.  Source: reference/request-signing.md section 13.2."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value, 1):
            yield from _flatten(f"{name}.{index}", inner)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif value is not None:
        yield name, str(value)
