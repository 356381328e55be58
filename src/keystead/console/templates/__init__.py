"""The pages' templates, and the few words that they know beside Jinja's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from keystead.console import fields
from keystead.console.commands import command_of, request_of
from keystead.console.decisions import WORDS
from keystead.console.help.desk import help_at
from keystead.console.meaning import finding_step, finding_text, pretty
from keystead.console.stale import opened
from keystead.console.visit import quoted


def environment(marks: Mapping[str, str]) -> Environment:
    """The templates of this folder; everything that is put into one is escaped."""
    made = Environment(
        loader=PackageLoader("keystead.console"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        static=lambda name: f"/console/static/{name}?v={marks[name]}",
        field_of=fields.field_of,
        command_of=command_of,
        request_of=request_of,
        finding_text=finding_text,
        finding_step=finding_step,
        pretty=pretty,
        session_lengths=session_lengths,
        hours=hours,
        translated=translated,
        help_at=help_at,
        opened_as=opened,
        decision_words=WORDS,
    )
    made.filters.update(moment=moment, quoted=quoted, day=lambda text: text[:10])
    return made


def moment(text: str | None) -> Markup:
    """A time of the wire (ISO 8601, UTC) as an element that scripts put into the reader's own zone."""
    if not text:
        return Markup('<span class="quiet">—</span>')
    shown = text[:16].replace("T", " ")
    return Markup('<time datetime="{}" title="{} UTC">{} UTC</time>').format(
        text, text[:19].replace("T", " ").rstrip("Z"), shown
    )


def hours(words: Callable[..., str], length: int) -> str:
    """A length in seconds, in hours with at most one decimal.  words: the language's count."""
    whole = length % 3600 == 0
    return words("{n} hour", "{n} hours", length // 3600 if whole else round(length / 3600, 1))


def session_lengths(words: Callable[..., str], present: int = 3600) -> list[tuple[str, str]]:
    """Choices of how long a role's session may live: (seconds, label), one to twelve hours and the present one."""
    return [(str(each), hours(words, each)) for each in sorted({*(3600 * n for n in (1, 2, 4, 6, 8, 12)), present})]


def translated(words: Callable[[str], str], choices: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Choices with their labels in the reader's language."""
    return [(value, words(label)) for value, label in choices]
