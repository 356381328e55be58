"""What the API answers in English, said again in the reader's language.

A fault knows its kind and what fills it (`faults.Fault`), so its sentence is said from the declared template.  What
fills it may be a clause of its own, made where the fault is raised: `it has 3 masks; 2 are allowed`.  Such a clause is
found among the known ones (`zh/clauses.po`, whose fields are numbered) by the words that are fixed in it, and said from
its template; what was filled in stays as it is, unless it is a clause again.  Nothing known means English, as answered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from string import Formatter

from keystead.console.texts import Language
from keystead.faults import Fault

_DEEPEST = 4
"""How many clauses may stand in one another."""

_SENTENCES = re.compile(r"(?<=[.?!]) (?=[A-Z`])")

_WORDS = frozenset({"what", "kind", "level", "unit", "why", "reason", "problem", "who", "where", "type"})
"""Fields that hold a word of ours where it is a single one; anywhere else a single word is somebody's name."""


def message(language: Language, fault: Fault) -> str:
    """The message of a fault in a language."""
    if fault.kind is None:
        return sentence(language, fault.message)
    return _filled(language, fault.kind.message, fault)


def next_step(language: Language, fault: Fault) -> str:
    """The next step of a fault in a language."""
    if fault.kind is None:
        return sentence(language, fault.next_step)
    return _filled(language, fault.kind.next_step, fault)


def sentence(language: Language, text: str) -> str:
    """A sentence that was answered, in a language; one that is not known stays as it is."""
    return _said(language, text, 0) if language.table else text


def _filled(language: Language, template: str, fault: Fault) -> str:
    if not language.table:
        return template.format(**fault.fields)
    fields = {
        name: _said(language, str(value), 0)
        if isinstance(value, str | Exception) and (name in _WORDS or " " in str(value))
        else value
        for name, value in fault.fields.items()
    }
    return (language.table.get(template) or template).format(**fields)


def _said(language: Language, text: str, depth: int) -> str:
    """A text said again; itself where it is not known."""
    known = _templates(language)
    if text in known.plain:
        return _format(language.table[known.plain[text]], {})
    if depth >= _DEEPEST or " " not in text:
        return text
    found = (
        _refilled(language, known.begun.get(text.partition(" ")[0], ()), text, depth)
        or _as_clause(language, text, depth)
        or _refilled(language, known.open, text, depth)
    )
    if found:
        return found
    parts = _SENTENCES.split(text) if depth == 0 else [text]
    return "".join(_said(language, part, depth + 1) for part in parts) if len(parts) > 1 else text


def _refilled(language: Language, templates: Sequence[str], text: str, depth: int) -> str | None:
    """The text from the first template that it is of; None where there is none."""
    for template in templates:
        values = fields_of(template, text)
        if values is not None:
            said = {name: _said(language, value, depth + 1) if " " in value else value for name, value in values}
            return _format(language.table[template], said)
    return None


def _as_clause(language: Language, text: str, depth: int) -> str | None:
    """A clause that was made a sentence by a capital and a full stop; None where it is none."""
    if not text.endswith(".") or not text[:1].isupper():
        return None
    clause = text[:1].lower() + text[1:-1]
    found = _said(language, clause, depth + 1)
    return None if found == clause else found + "。"


def _format(template: str, values: dict[str, str]) -> str:
    """The template filled with what already is text as it was shown, whatever was to be done to it."""
    return "".join(
        piece + (values[name] if name is not None else "") for piece, name, _, _ in Formatter().parse(template)
    )


class _Templates:
    """The known sentences, the longest first.

    plain: those without fields, by their text.  begun: those that begin with words, by the first.  open: the others.
    """

    def __init__(self, sentences: tuple[str, ...]) -> None:
        self.plain = {"".join(_parts(text)[0]): text for text in sentences if not _parts(text)[1]}
        self.begun: dict[str, list[str]] = {}
        self.open: list[str] = []
        fixed = {text: len("".join(_parts(text)[0]).strip(" .:;,")) for text in sentences if _parts(text)[1]}
        for text in sorted((text for text, length in fixed.items() if length), key=lambda text: -fixed[text]):
            first, blank, _ = _parts(text)[0][0].partition(" ")
            if blank and first:
                self.begun.setdefault(first, []).append(text)
            else:
                self.open.append(text)


@cache
def _compiled(sentences: tuple[str, ...]) -> _Templates:
    return _Templates(sentences)


def _templates(language: Language) -> _Templates:
    return _compiled(language.sentences)


def fields_of(template: str, text: str) -> list[tuple[str, str]] | None:
    """What a text was filled with, None where it is not of the template.  Each field begins as late as it can."""
    pieces, names = _parts(template)
    if not names:
        return [] if text == template else None
    first, *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return None
    rest = text[len(first) : len(text) - len(last)]
    values: list[str] = []
    for border in reversed(middle):
        rest, found, value = rest.rpartition(border)
        if not found:
            return None
        values.insert(0, value)
    return list(zip(names, [rest, *values], strict=True))


@cache
def _parts(template: str) -> tuple[list[str], list[str]]:
    """The fixed pieces of a template, and the fields between them."""
    found = list(Formatter().parse(template))
    names = [name for _, name, _, _ in found if name is not None]
    pieces = [piece for piece, _, _, _ in found]
    return (pieces if len(pieces) > len(names) else [*pieces, ""]), names
