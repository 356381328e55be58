"""Error codes one by one: what is declared in the program, and what the guide to errors says of them by hand.

`errors.json` beside this file is derived from the declarations by tests/docs/error_codes.py; the guide has the codes
that depend on the request (`Missing<Name>`), and a section of its own for those that newcomers meet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib.resources import files

import msgspec

from keystead.console.help.library import Library, Section, plain

GUIDE = "errors"
_FIELD = re.compile(r"\{(\w+)[^}]*\}")
_ROW = re.compile(r"^\| `([^`]+)` \| (\d{3}) \| (.+) \|$", re.MULTILINE)
_NAME = "<Name>"


class Said(msgspec.Struct, frozen=True, array_like=True):
    """One declaration of a code: message and next step as templates, "" for none."""

    message: str
    next_step: str


class Declared(msgspec.Struct, frozen=True):
    """What is declared of a code.  actions: who lists it among their errors, as Product:Action."""

    statuses: list[int]
    said: list[Said]
    actions: list[str]


@dataclass(frozen=True, slots=True)
class Code:
    """All that is known of a code.  cause: of one that depends on the request.  section: written by hand."""

    name: str
    statuses: tuple[int, ...]
    said: tuple[Said, ...]
    actions: tuple[str, ...]
    cause: str = ""
    section: Section | None = None


class Codes:
    """Every error code, in one language."""

    def __init__(self, library: Library, language: str) -> None:
        """The guide is read from the library; the messages are those of the program, for the console to translate."""
        page = library.pages[language, GUIDE]
        self._sections = {plain(each.heading.text): each for each in page.sections()}
        self._depending = {name: (int(status), cause) for name, status, cause in _ROW.findall(page.text)}

    @cached_property
    def _declared(self) -> dict[str, Declared]:
        held = files(__package__).joinpath("errors.json").read_bytes()
        return msgspec.json.decode(held, type=dict[str, Declared])

    @cached_property
    def names(self) -> list[str]:
        """Every code that has a page, in order."""
        return sorted({*self._declared, *self._depending}, key=str.lower)

    def find(self, name: str) -> Code | None:
        """What is known of a code as it was answered, such as `MissingUserName`; None for one that is not ours."""
        if name in self._declared or name in self._depending:
            return self._described(name, name)
        for pattern in self._depending:
            head, found, _ = pattern.partition(_NAME)
            if found and re.fullmatch(re.escape(head) + r"[\w.-]{1,100}", name):
                return self._described(name, pattern)
        return None

    def _described(self, name: str, known: str) -> Code:
        declared = self._declared.get(known)
        status, cause = self._depending.get(known, (0, ""))
        statuses = {*(declared.statuses if declared else ()), *((status,) if status else ())}
        section = self._sections.get(name)
        return Code(
            name,
            tuple(sorted(statuses)),
            tuple(declared.said) if declared else (),
            tuple(declared.actions) if declared else (),
            cause if section is None else "",
            section,
        )


def shown(template: str) -> str:
    """A message or next step as HTML: what is filled in at each refusal is emphasised."""
    text = escape(template, quote=False)
    text = _FIELD.sub(lambda field: f"<em>{field[1]}</em>", text.replace("{{", "\0").replace("}}", "\1"))
    return text.replace("\0", "{").replace("\1", "}")


def tells(template: str) -> bool:
    """Whether anything stands in a template beside one field that is filled in."""
    return bool(_FIELD.sub("", template).strip())
