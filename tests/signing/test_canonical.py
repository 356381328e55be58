"""The quick way through the wire's own text gives what the plain way through decoded pairs gives."""

from __future__ import annotations

from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.percent import decode_pairs, encode
from keystead.signing import canonical

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=8).map(tuple)
WIRES = (
    lambda pairs: "&".join(f"{encode(n)}={encode(v)}" for n, v in pairs),
    urlencode,
    lambda pairs: "&".join(f"{quote(n, safe='')}={quote(v)}" for n, v in pairs),
    lambda pairs: "&".join(f"{quote_plus(n)}={quote(v, safe='!*()/:?,')}" for n, v in pairs),
    lambda pairs: "&".join(f"{quote_plus(n)}={quote_plus(v)}".lower() for n, v in pairs),
)


def naive(pairs: tuple[tuple[str, str], ...]) -> str:
    """Section 2 and 5.2 word for word."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(pairs))


@given(PAIRS, st.sampled_from(WIRES))
def test_quick_way_is_the_plain_way(pairs, wire) -> None:
    raw = wire(pairs)
    decoded = decode_pairs(raw)
    assert canonical.canonical_query(raw, decoded) == naive(decoded)
    assert canonical.encoded_pairs(decoded) == naive(decoded)


@given(st.text(alphabet="aA.=&%2fF+*~0&=", max_size=30))
def test_quick_way_on_odd_wires(raw: str) -> None:
    try:
        decoded = decode_pairs(raw)
    except Fault:
        return
    assert canonical.canonical_query(raw, decoded) == naive(decoded)


@given(TEXT)
def test_encode_is_the_base_encoding(text: str) -> None:
    assert canonical.encode(text) == encode(text)


@given(PAIRS)
def test_second_encoding_is_the_base_encoding(pairs) -> None:
    assert canonical.encode_canonical(naive(pairs)) == encode(naive(pairs))


@pytest.mark.parametrize("byte", range(256))
def test_every_escape(byte: int) -> None:
    raw = f"a=1&b=%{byte:02X}"
    decoded = (("a", "1"), ("b", chr(byte)))
    plain = encode(chr(byte)) != f"%{byte:02X}" and byte < 128
    assert (canonical.sorted_wire(raw, len(decoded)) is None) == plain
    if f"{byte:02x}" != f"{byte:02X}":
        assert canonical.sorted_wire(f"a=1&b=%{byte:02x}", 2) is None


def test_order_is_by_name_not_by_text() -> None:
    raw = "Tag.10.Key=c&Tag=z&Tag.2.Key=b&a=1&_=2&A=3&9=4"
    assert canonical.canonical_query(raw, decode_pairs(raw)) == "9=4&A=3&Tag=z&Tag.10.Key=c&Tag.2.Key=b&_=2&a=1"


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("", ["/"]),
        ("/a/b-c_d.e~f", ["/a/b-c_d.e~f"]),
        ("/a+b", ["/a+b", "/a%2Bb", "/a%20b"]),
        ("/a%20b", ["/a%20b", "/a b"]),
        ("/a%2Fb", ["/a%2Fb"]),
        ("/a%3Fb%20c", ["/a%3Fb%20c"]),
        ("/a%0Ab", ["/a%0Ab"]),
        ("/a%2541", ["/a%2541"]),
    ],
)
def test_paths(wire: str, expected: list[str]) -> None:
    assert [path for _, path in canonical.paths(wire)] == expected


@pytest.mark.parametrize("name", ["a&b", "a=b", "a%b", "a\nb"])
def test_names_that_could_be_read_as_something_else_have_no_literal_form(name: str) -> None:
    assert list(canonical.literal_queries(((name, "1"),))) == []


def test_header_text() -> None:
    assert canonical.header_text("plain") == "plain"
    assert canonical.header_text("é".encode().decode("latin-1")) == "é"
    assert canonical.wire_bytes(canonical.header_text("\xff")) == b"\xff"
    with pytest.raises(Fault, match="RequestParameterMalformed"):
        canonical.wire_bytes("\ud800")
