"""What may have been signed instead: for each known fault the text that it would have made.

A guess proves nothing by itself; that the signature fits its text does.  Source: reference/request-signing.md, the
habits of clients in sections 2 to 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from keystead import percent
from keystead.percent import Pairs
from keystead.signing.diagnosis import causes
from keystead.signing.diagnosis.causes import Cause

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
MOST_LEFT_OUT = 60

Encoder = Callable[[str], str]


class Guess(NamedTuple):
    """A text that a fault would have made.  canonical_request: of ACS3 and ACS4 only."""

    cause: Cause
    string_to_sign: str
    canonical_request: str = ""


class Spelled(NamedTuple):
    """A query as a fault would have written it."""

    cause: Cause
    query: str


def joined(pairs: Pairs, encode: Encoder = percent.encode) -> str:
    """`E(name)=E(value)` joined with `&`, in the order given."""
    return "&".join([f"{encode(name)}={encode(value)}" for name, value in pairs])


def small_hex(text: str) -> str:
    """The text with the letters of its escapes small."""
    head, *rest = text.split("%")
    return head + "".join(["%" + each[:2].lower() + each[2:] for each in rest])


def _plus(text: str) -> str:
    return percent.encode(text).replace("%20", "+")


def _java(text: str) -> str:
    return _plus(text).replace("%2A", "*").replace("~", "%7E")


_SPECIAL: tuple[tuple[str, str, Encoder], ...] = (
    ("! ' ( ) * bare", "%21 %27 %28 %29 %2A", lambda text: quote(text, safe="-_.~!'()*")),
    ("*", "%2A", lambda text: quote(text, safe="-_.~*")),
    ("%7E", "~", lambda text: percent.encode(text).replace("~", "%7E")),
    ("/", "%2F", lambda text: quote(text, safe="-_.~/")),
    (":", "%3A", lambda text: quote(text, safe="-_.~:")),
)


def spellings(pairs: Pairs) -> Iterator[Spelled]:
    """The query as clients with one fault write it: order, encoding, a parameter left out.  pairs: in wire order."""
    right = sorted(pairs)
    yield from _orders(pairs, right)
    yield Spelled(causes.PLUS_FOR_SPACE(where=""), joined(tuple(right), _plus))
    yield Spelled(causes.PLUS_FOR_SPACE(where=""), joined(tuple(right), _java))
    yield Spelled(
        causes.DOUBLE_ENCODING(where=""), joined(tuple(right), lambda text: percent.encode(percent.encode(text)))
    )
    yield Spelled(causes.NOT_ENCODED(where=""), joined(tuple(right), lambda text: text))
    yield Spelled(causes.HEX_CASE(where=""), small_hex(joined(tuple(right))))
    for client, server, encode in _SPECIAL:
        cause = causes.SPECIAL_CHARACTERS(client=client, server=server, where="")
        yield Spelled(cause, joined(tuple(right), encode))
    empty = next((name for name, value in right if not value), None)
    if empty is not None:
        bare = "&".join([percent.encode(n) + (f"={percent.encode(v)}" if v else "") for n, v in right])
        yield Spelled(causes.EMPTY_VALUE(client=empty[:80], server=f"{empty[:80]}="), bare)
        filled = tuple(pair for pair in right if pair[1])
        yield Spelled(causes.PARAMETER_NOT_SIGNED(name=empty[:128]), joined(filled))
    for index, (name, _) in enumerate(right[:MOST_LEFT_OUT]):
        rest = tuple(right[:index] + right[index + 1 :])
        yield Spelled(causes.PARAMETER_NOT_SIGNED(name=name[:128]), joined(rest))


def _orders(pairs: Pairs, right: list[tuple[str, str]]) -> Iterator[Spelled]:
    pieces = sorted(joined((pair,)) for pair in pairs)
    orders = (
        list(pairs),
        sorted(pairs, key=lambda pair: (pair[0].lower(), pair[1])),
        [_pair(piece) for piece in pieces],
        sorted(pairs, key=lambda pair: pair[0], reverse=True),
    )
    for order in orders:
        at = next((index for index, pair in enumerate(order) if pair != right[index]), None)
        if at is not None:
            cause = causes.PARAMETER_ORDER(client=order[at][0][:128], server=right[at][0][:128])
            yield Spelled(cause, joined(tuple(order)))


def _pair(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return percent.decode(name), percent.decode(value)


def paths(raw_path: str) -> Iterator[tuple[Cause, str]]:
    """The path as clients and proxies with one fault write it."""
    wire = raw_path or "/"
    trimmed = wire.rstrip("/") or "/"
    for other in (trimmed, trimmed + "/" if trimmed != "/" else "", "/", wire.replace("//", "/"), "/" + wire):
        if other:
            yield causes.PATH(client=other[:200], server=wire[:200]), other
    yield causes.DOUBLE_ENCODING(where=" in the path"), "/".join(percent.encode(part) for part in wire.split("/"))
    yield causes.HEX_CASE(where=" in the path"), small_hex(wire)
    once = percent.decode_path(wire)
    yield causes.NOT_ENCODED(where=" in the path"), once
    yield causes.NOT_ENCODED(where=" in the path"), percent.decode_path(once)


def fresh(found: Iterator[Guess], known: set[str]) -> Iterator[Guess]:
    """Each text once, and none of those that are right."""
    for guess in found:
        if guess.string_to_sign not in known:
            known.add(guess.string_to_sign)
            yield guess
