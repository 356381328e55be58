"""Canonical texts.  Source: reference/request-signing.md sections 2, 3.2, 4.2, 5.2 and 5.4.

Text is the cost of a signature check, not the cryptography.  A query that travels in canonical encoding already
is therefore only sorted; every other one is built from its decoded pairs, and both ways give the same text.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping

from keystead import percent
from keystead.percent import MALFORMED, Pairs
from keystead.signing.message import MAX_PARAMETERS

_UNRESERVED = (string.ascii_letters + string.digits + "-_.~").encode()
_UNRESERVED_OR_SLASH = _UNRESERVED + b"/"
_SEPARATORS = b"=&" * (MAX_PARAMETERS + 1)
# An escape that `E` does not write: of an unreserved character, in lower case, or cut short.  Linear: nothing in it
# repeats.  A quarter of the time of looking the escapes up in a set.
_ODD_ESCAPE = re.compile(r"%(?![01][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[BCDF]|[89A-F][0-9A-F])", re.ASCII).search
_SPACE_STAR_TILDE = (("+", "%20"), ("*", "%2A"), ("%7E", "~"))


def wire_bytes(text: str) -> bytes:
    """UTF-8 of a canonical text; bytes that were never text come back as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise MALFORMED(where="the request holds half a surrogate pair") from None


def header_text(text: str) -> str:
    """Header lines as the sender signed them: servers hand out latin-1, the few senders beyond ASCII sign UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text


def header_lines(names: Iterable[str], headers: Mapping[str, str]) -> str:
    """`name:value` and a line feed for each name."""
    return header_text("".join([f"{name}:{headers[name]}\n" for name in names]))


def encode(text: str) -> str:
    """`E(s)`, quick for what needs no encoding."""
    if text.isascii() and not text.encode().translate(None, _UNRESERVED):
        return text
    return percent.encode(text)


def canonical_query(raw: str, pairs: Pairs) -> str:
    """Pairs sorted by name and value, `E(name)=E(value)` joined with `&`.

    raw: the text that the pairs were decoded from.
    """
    if not pairs:
        return ""
    if len(pairs) > 1 and len(dict(pairs)) != len(pairs):
        return encoded_pairs(pairs)
    return sorted_wire(raw, len(pairs)) or encoded_pairs(pairs)


def encoded_pairs(pairs: Pairs) -> str:
    """The canonical query from decoded pairs alone."""
    return "&".join([f"{encode(name)}={encode(value)}" for name, value in sorted(pairs)])


def sorted_wire(raw: str, count: int) -> str | None:
    """The canonical query by sorting the wire's pieces, or None where they are not in canonical encoding.

    count: how many pairs the text decodes to, all of different names.
    INVARIANT: any text returned equals `encoded_pairs` of those pairs.
    """
    if not raw.isascii():
        return None
    raw = raw.replace("+", "%20").replace("*", "%2A")  # the two habits of urlencode
    marks = raw.encode().translate(None, _UNRESERVED)
    if b"%" in marks:
        # An escape in a name would sort differently from the character it stands for.
        if marks[0] == 37 or b"&%" in marks:
            return None
        if _ODD_ESCAPE(raw):
            return None
        marks = marks.replace(b"%", b"")
    # What is left must be "=&=&=": each piece has exactly one equals sign and no foreign character.
    if marks != _SEPARATORS[: 2 * count - 1]:
        return None
    if count == 1:
        return raw
    # With "=" as NUL plain text order is order by name: "Tag" before "Tag.1".
    pieces = raw.replace("=", "\0").split("&")
    pieces.sort()
    return "&".join(pieces).replace("\0", "=")


def encode_canonical(text: str) -> str:
    """`E(C)` of a canonical query: of the characters that `E` changes it holds only these three."""
    return text.replace("%", "%25").replace("=", "%3D").replace("&", "%26")


def literal_queries(pairs: Pairs) -> Iterator[tuple[str, str]]:
    """Query candidates 2 and 3 of section 5.4, for clients that do not encode names.

    A name with `&`, `=`, `%` or a line feed has no such form: two different requests would share one.
    """
    names = "".join([name for name, _ in pairs])
    if encode(names) == names or any(mark in names for mark in "&=%\n"):
        return
    literal = "&".join([f"{name}={encode(value)}" for name, value in sorted(pairs)])
    yield "keys literal", literal
    replaced = _replace_all(literal)
    if replaced != literal:
        yield "keys literal, + * replaced", replaced


def paths(raw_path: str) -> Iterator[tuple[str, str]]:
    """Path candidates of section 5.4 in order, each text once."""
    wire = raw_path or "/"
    yield "wire path", wire
    if wire.isascii() and not wire.encode().translate(None, _UNRESERVED_OR_SLASH):
        return
    seen = {wire}
    for name, path in _other_paths(wire):
        if path not in seen:
            seen.add(path)
            yield name, path


def _other_paths(wire: str) -> Iterator[tuple[str, str]]:
    yield reencoded_path(wire)
    yield "path with + * %7E replaced", _replace_all(wire)
    yield "path with first + * %7E replaced", _replace_first(wire)
    yield from decoded_path(wire)


def reencoded_path(wire: str) -> tuple[str, str]:
    """Each segment decoded, then encoded: the same path in its only canonical spelling."""
    return "re-encoded path", "/".join([percent.encode(percent.decode_path(part)) for part in wire.split("/")])


def decoded_path(wire: str) -> Iterator[tuple[str, str]]:
    """The decoded path, for clients that sign a path before their HTTP library encodes it.

    Not where decoding yields a slash, question mark, percent sign or line feed: no library encodes those on
    such a path, and another request could be read out of the text.
    """
    lower = wire.lower()
    if any(escape in lower for escape in ("%2f", "%3f", "%25", "%0a")):
        return
    decoded = percent.decode_path(wire)
    if decoded != wire:
        yield "decoded path", decoded


def _replace_all(text: str) -> str:
    for old, new in _SPACE_STAR_TILDE:
        text = text.replace(old, new)
    return text


def _replace_first(text: str) -> str:
    for old, new in _SPACE_STAR_TILDE:
        text = text.replace(old, new, 1)
    return text


def plain_query(pairs: Pairs, *, bare: bool) -> str:
    """The query of ROA V1: sorted, decoded; an empty value as `k` where `bare`, else as `k=`."""
    return "&".join([name if bare and not value else f"{name}={value}" for name, value in sorted(pairs)])


def bare_encoded_pairs(pairs: Pairs) -> str:
    """As `encoded_pairs` with an empty value as a bare name, a habit of one ACS4 signer."""
    return "&".join([f"{encode(name)}={encode(value)}" if value else encode(name) for name, value in sorted(pairs)])
