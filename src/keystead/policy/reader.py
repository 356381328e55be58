"""Hostile JSON text to values that know where they stand.

A small recursive reader of RFC 7159 texts, bounded in length and depth before it starts.  It exists because the
standard decoder forgets positions, keeps the last of two equal keys, and takes `NaN`.  Source of the rules:
reference/ram-policy-language.md section 1.
"""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple, NoReturn, TypeAlias

MAX_TEXT: Final = 65_536
MAX_DEPTH: Final = 12

_SPACE: Final = re.compile(r"[ \t\n\r]*+")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*+')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_WORD: Final = re.compile(r"[A-Za-z]++")
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class PolicyError(ValueError):
    """Why a policy document is refused, and where.

    reason: what is wrong.  next_step: what to write instead.  path: the element, such as
    `Statement[2].Condition.StringEquals`, empty for the document itself.  line, column: counted from 1, in
    characters.  `str()` is one sentence that holds all of them.
    """

    def __init__(self, text: str, at: int, path: str, reason: str, next_step: str) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        self.path = path
        self.reason = reason
        self.next_step = next_step
        where = f"Line {self.line}, column {self.column}" + (f", in {path}" if path else "")
        super().__init__(f"{where}: {reason}; {next_step}.")


class Bare(NamedTuple):
    """A number, `true` or `false`: its text as written, which is what policies compare."""

    text: str


class Node(NamedTuple):
    """A JSON value, the offset where it starts, and that of its key when it is a member of an object."""

    value: Value
    at: int
    key_at: int = -1


Value: TypeAlias = "str | Bare | list[Node] | dict[str, Node] | None"


def quote(text: str) -> str:
    """`text` for an error message: escaped, and cut at 60 characters."""
    return json.dumps(text if len(text) <= 60 else text[:57] + "...")


def join(path: str, key: str) -> str:
    """The path of member `key` under `path`; a key that is no plain name is escaped and cut."""
    shown = key if key.isprintable() and 0 < len(key) <= 60 else quote(key)
    return f"{path}.{shown}" if path else shown


def read(text: str) -> Node:
    """Read one JSON value that fills `text`.  Raises `PolicyError` for anything else, and past the bounds."""
    if len(text) > MAX_TEXT:
        raise PolicyError(
            text,
            MAX_TEXT,
            "",
            f"the document has {len(text)} characters, more than {MAX_TEXT}",
            "split it into several policies",
        )
    reader = _Reader(text)
    if text.startswith("\ufeff"):
        reader.fail(0, "", "the document starts with a byte order mark", "save it as UTF-8 without one")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        reader.fail(error.start, "", "a lone surrogate is not a character", "write UTF-8 or a full \\u escape pair")
    node = reader.value(reader.space(0), 0, "")
    end = reader.space(reader.end)
    if end < len(text):
        reader.fail(end, "", "text follows the end of the document", "remove it")
    return node


class _Reader:
    """One pass over a text; `end` is the offset behind the value that was read last."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = 0

    def fail(self, at: int, path: str, reason: str, next_step: str) -> NoReturn:
        raise PolicyError(self.text, at, path, reason, next_step)

    def unexpected(self, at: int, path: str, wanted: str) -> NoReturn:
        found = f"{quote(self.text[at])} stands here" if at < len(self.text) else "the document ends here"
        self.fail(at, path, f"{found} where JSON needs {wanted}", "mend the JSON")

    def space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int, path: str, key_at: int = -1) -> Node:
        first = self.text[at : at + 1]
        if first == '"':
            return Node(self.string(at, path), at, key_at)
        if first and first in "{[":
            if depth == MAX_DEPTH:
                self.fail(at, path, f"values are nested deeper than {MAX_DEPTH} levels", "flatten the document")
            inner = self.members if first == "{" else self.items
            return Node(inner(at, depth + 1, path), at, key_at)
        return Node(self.bare(at, path), at, key_at)

    def bare(self, at: int, path: str) -> Bare | None:
        number = _NUMBER.match(self.text, at)
        word = _WORD.match(self.text, at)
        found = number or word
        if found is None or (word and word[0] not in {"true", "false", "null"}):
            self.unexpected(at, path, "a value")
        self.end = found.end()
        return None if found[0] == "null" else Bare(found[0])

    def items(self, at: int, depth: int, path: str) -> list[Node]:
        out: list[Node] = []
        at = self.space(at + 1)
        if self.text[at : at + 1] == "]":
            self.end = at + 1
            return out
        while True:
            out.append(self.value(at, depth, f"{path}[{len(out)}]"))
            at = self.space(self.end)
            mark = self.text[at : at + 1]
            if mark == "]":
                self.end = at + 1
                return out
            if mark != ",":
                self.unexpected(at, path, '"," or "]"')
            at = self.space(at + 1)

    def members(self, at: int, depth: int, path: str) -> dict[str, Node]:
        out: dict[str, Node] = {}
        at = self.space(at + 1)
        if self.text[at : at + 1] == "}":
            self.end = at + 1
            return out
        while True:
            if self.text[at : at + 1] != '"':
                self.unexpected(at, path, "a key in double quotes")
            key = self.string(at, path)
            if key in out:
                self.fail(at, join(path, key), f"the key {quote(key)} stands twice", "keep one of them")
            colon = self.space(self.end)
            if self.text[colon : colon + 1] != ":":
                self.unexpected(colon, path, '":"')
            out[key] = self.value(self.space(colon + 1), depth, join(path, key), at)
            at = self.space(self.end)
            mark = self.text[at : at + 1]
            if mark == "}":
                self.end = at + 1
                return out
            if mark != ",":
                self.unexpected(at, path, '"," or "}"')
            at = self.space(at + 1)

    def string(self, at: int, path: str) -> str:
        pieces: list[str] = []
        here = at + 1
        while True:
            found = _PLAIN.match(self.text, here)
            plain = found[0] if found else ""
            pieces.append(plain)
            here += len(plain)
            mark = self.text[here : here + 1]
            if mark == '"':
                self.end = here + 1
                return "".join(pieces)
            if mark == "\\":
                pieces.append(self.escape(here, path))
                here = self.end
            elif mark:
                self.fail(here, path, "a control character stands in a string", "write it as an escape")
            else:
                self.fail(at, path, "this string has no end", "close it with a double quote")

    def escape(self, at: int, path: str) -> str:
        mark = self.text[at + 1 : at + 2]
        if mark != "u":
            self.end = at + 2
            if mark not in _ESCAPES:
                self.fail(at, path, "JSON knows no such escape", "write a backslash as two of them")
            return _ESCAPES[mark]
        code = self.unit(at, path)
        if 0xD800 <= code < 0xDC00 and self.text[at + 6 : at + 8] == "\\u":
            low = self.unit(at + 6, path)
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= code < 0xE000:
            self.fail(at, path, "a lone surrogate is not a character", "write both halves of the pair")
        return chr(code)

    def unit(self, at: int, path: str) -> int:
        digits = _HEX.match(self.text, at + 2)
        if digits is None:
            self.fail(at, path, "\\u needs four hexadecimal digits", "complete the escape")
        self.end = at + 6
        return int(digits[0], 16)
