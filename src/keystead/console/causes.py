"""The Signature Debugger's causes in the reader's language.

The API says them in English with what differs filled in.  Each sentence is found among the declared ones, and said from
its template again; what was filled in stays as it is, but for the short phrases among it.
"""

from __future__ import annotations

from keystead.console.texts import Language, mark
from keystead.console.texts.clauses import fields_of
from keystead.signing.diagnosis import causes

PHRASES = frozenset(
    {
        mark("behind"),
        mark("ahead of"),
        mark("before"),
        mark("after"),
        mark("alone"),
        mark("and one & behind it"),
        mark("and an & behind it"),
        mark("a blank at an end"),
        mark("a blank behind the colon"),
        mark("by name"),
        mark("SignedHeaders has"),
        mark("(unknown number of)"),
        mark("the query as it was sent"),
        mark("its canonical form"),
        mark("nothing was digested"),
        mark("a line feed was digested with it"),
        mark("it was digested without its last line feed"),
        mark("line ends were changed"),
        mark("it was written in capitals"),
        mark("none was signed"),
        mark("one of them has more lines"),
        mark("an empty line belongs behind the header lines"),
        mark("a blank stands behind the colon of each header"),
        mark("the empty line behind the headers is missing"),
        mark("a line feed stands at the end of the canonical request"),
        mark("lines end in carriage return and line feed"),
        mark("the line of the query is missing"),
        mark("the algorithm's name is not before the digest"),
        mark("the digest was written in capitals"),
        mark("a line feed stands at the end"),
        mark(" in the path"),
        mark("a line feed"),
        mark("a carriage return and line feed"),
        mark("a blank"),
        mark("a tab"),
    }
)
"""What is filled into the sentences and is no name or value."""

IN_PARAMETER = mark(" in the parameter {name}")
ARRIVED = mark("[{client}] was signed, [{server}] arrived")

TEMPLATES = tuple(
    dict.fromkeys(
        text for kind in causes.ALL if kind is not causes.REFUSED_BEFORE for text in (kind.message, kind.next_step)
    )
)
"""Every sentence of a cause; what another fault says is said as it comes."""


def said(language: Language, sentence: str) -> str:
    """A sentence of a cause in a language; one that is not declared stays as it is."""
    if not language.table:
        return sentence
    for template in TEMPLATES:
        fields = fields_of(template, sentence)
        if fields is not None:
            return language.text(template, **{name: _phrase(language, value) for name, value in fields})
    return sentence


def _phrase(language: Language, value: str) -> str:
    if value in PHRASES:
        return language.text(value)
    for template in (IN_PARAMETER, ARRIVED):
        fields = fields_of(template, value)
        if fields is not None:
            return language.text(template, **dict(fields))
    return value
