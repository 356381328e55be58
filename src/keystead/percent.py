"""Percent-encoding as the signatures define it.  Source: reference/request-signing.md section 2.

`E(s)` is `encode`; `D(text)` is `decode_pairs`.  The signers, the verifier and the request reader share it, so
that what is signed and what is dispatched cannot differ.
"""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

from keystead.faults import FaultKind

MALFORMED = FaultKind(
    "RequestParameterMalformed",
    400,
    "Request parameters has malformed encoded characters. Parameters are UTF-8, percent-encoded: {where}.",
    "Encode every name and value as UTF-8 before percent-encoding it.",
)

Pairs = tuple[tuple[str, str], ...]


def encode(text: str) -> str:
    """Percent-encode everything but letters, digits, `-`, `_`, `.` and `~`, with upper-case hex."""
    return quote(text, safe="-_.~")


def decode(text: str, *, where: str = "query") -> str:
    """Undo percent-encoding, with `+` as a space.  Raises `RequestParameterMalformed` where not UTF-8."""
    if "%" not in text:
        if "+" in text:
            text = text.replace("+", " ")
        if text.isascii():
            return text
    return decode_path(text.replace("+", " "), where=where)


def decode_path(text: str, *, where: str = "path") -> str:
    """Undo percent-encoding in a path, where `+` is a plus sign."""
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8")
    except UnicodeError:
        raise MALFORMED(where=f"the {where} is not valid UTF-8") from None


def decode_pairs(text: str, *, where: str = "query") -> Pairs:
    """Split `a=1&b=2` at `&`, then at the first `=`; empty pieces vanish, a piece without `=` has an empty value."""
    pairs = []
    for piece in text.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            if "%" in piece or "+" in piece or not piece.isascii():  # most pieces need no decoding: half the time
                name, value = decode(name, where=where), decode(value, where=where)
            pairs.append((name, value))
    return tuple(pairs)
