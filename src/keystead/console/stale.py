"""Edits of what somebody else changed since the form was opened: both versions are shown, and nothing is overwritten.

Source: reference/console.md 1.11.  A form carries what its fields held when it was opened (`ui.opened`); when it comes
back and one of them is another by now, `meanwhile` answers with the page that shows both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from keystead.console.visit import Visit

OPENED = "_opened"
"""The hidden field: a JSON object of the fields' values, by name."""


@dataclass(frozen=True, slots=True)
class Value:
    """A field of a form.  name: in the form.  label: English, as the form shows it.  now: what is stored."""

    name: str
    label: str
    now: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that somebody else changed.  theirs: what is stored now.  yours: what the form would make of it."""

    label: str
    theirs: str
    yours: str


def opened(values: Sequence[Value]) -> str:
    """What a form carries of the values that it was opened with."""
    return json.dumps({each.name: each.now for each in values}, ensure_ascii=False)


def meanwhile(visit: Visit, values: Sequence[Value], what: str, back: str) -> Response | None:
    """The page that shows both versions where one of the form's fields was changed meanwhile; None where none was.

    what: the object's name, for the title.  back: its page, where theirs is kept.  A form without what it was opened
    with, as a program sends it, is not compared.
    """
    conflicts = _conflicts(visit, values)
    if not conflicts:
        return None
    kept = [(name, value) for name, value in visit.request.form if name not in ("_token", OPENED, "_show")]
    return visit.render(
        "stale.html", 409, conflicts=conflicts, what=what, back=back, kept=kept, opened_now=opened(values)
    )


def _conflicts(visit: Visit, values: Sequence[Value]) -> list[Conflict]:
    try:
        before = json.loads(visit.form.get(OPENED, ""))
    except ValueError:
        return []
    if not isinstance(before, Mapping):
        return []
    found = []
    for each in values:
        yours = _plain(visit.form.get(each.name, ""))
        was = before.get(each.name)
        if isinstance(was, str) and _plain(was) != _plain(each.now) and yours != _plain(each.now):
            found.append(Conflict(each.label, each.now, yours))
    return found


def _plain(text: str) -> str:
    """A text with the line ends that forms do not keep."""
    return text.replace("\r\n", "\n").strip()
