"""The console's languages: English texts are the keys, `zh/*.po` holds the Chinese ones, a file per group of pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from babel.messages import pofile

LANGUAGES = {"en": "English", "zh": "中文"}
_ANSWERED = ("clauses.po", "errors.po")


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its code, and the function from an English text to its own.

    sentences: the texts among them that an answer may hold with its fields filled in (`texts.clauses`).
    """

    code: str
    table: Mapping[str, str]
    sentences: tuple[str, ...] = ()

    def text(self, english: str, /, **values: object) -> str:
        """The text in this language, `{name}` filled in; a text without a translation stays English."""
        found = self.table.get(english) or english
        return found.format(**values) if values else found

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """One of two texts by a number, which fills `{n}`."""
        return self.text(one if number == 1 else many, n=number, **values)


@cache
def language(code: str) -> Language:
    """A language by its code; English for one that is not there."""
    if code not in LANGUAGES or code == "en":
        return Language("en", {})
    table: dict[str, str] = {}
    sentences: list[str] = []
    for each in sorted(files(__name__).joinpath(code).iterdir(), key=lambda file: file.name):
        if each.name.endswith(".po"):
            with each.open("rb") as opened:
                for message in pofile.read_po(opened, locale=code):
                    if message.id and isinstance(message.id, str) and isinstance(message.string, str):
                        table[message.id] = message.string
                        if each.name in _ANSWERED:
                            sentences.append(message.id)
    return Language(code, table, tuple(sentences))


def accepted(header: str) -> str:
    """The language that a browser asks for by `Accept-Language`: the first that is known, else English."""
    for part in header[:256].split(","):
        code = part.split(";", 1)[0].strip().lower().split("-", 1)[0]
        if code in LANGUAGES:
            return code
    return "en"


def mark(english: str) -> str:
    """The text itself: says that it is shown later, in the reader's language, so that it is translated."""
    return english
