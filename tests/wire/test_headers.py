"""Header pairs become one text per name, and nothing but the white space of HTTP is taken off a value."""

from __future__ import annotations

import pytest

from keystead.faults import Fault
from keystead.wire.request import join_headers


def test_names_that_are_known_and_others() -> None:
    assert join_headers([(b"host", b"a"), (b"x-acs-other", b" b \t"), (b"x-acs-date", b"")], 3) == {
        "host": "a",
        "x-acs-other": "b",
        "x-acs-date": "",
    }


def test_repeated_names_are_joined_in_sorted_order() -> None:
    assert join_headers([(b"accept", b"b"), (b"x", b"1"), (b"accept", b"a")], 10) == {"accept": "a,b", "x": "1"}


def test_names_are_put_into_lower_case() -> None:
    """Also where the same header was written in two ways."""
    pairs = [(b"Host", b"a"), (b"X-Acs-Date", b"b"), (b"X-OTHER", b"c"), (b"x-other", b"a")]
    assert join_headers(pairs, 9) == {"host": "a", "x-acs-date": "b", "x-other": "a,c"}


@pytest.mark.parametrize(
    "value",
    [b"", b"a", b" a", b"a ", b"\ta", b"a\t", b" \t a b \t ", b"a\nb", b"\n", b" \n ", "\x85\xa0".encode("latin-1")],
)
def test_values_are_read_alone_as_beside_others(value: bytes) -> None:
    """All are decoded at once; what one holds must not reach another."""
    expected = {"a": "1", "b": value.decode("latin-1").strip(" \t"), "c": ""}
    assert join_headers([(b"a", b"1"), (b"b", value), (b"c", b"")], 9) == expected


def test_a_value_may_end_in_what_is_only_white_space_as_text() -> None:
    """The last byte of UTF-8 "à" is a no-break space in latin-1; it was stripped, and the signature did not match."""
    assert join_headers([(b"x-acs-note", "voilà".encode())], 1)["x-acs-note"].encode("latin-1") == "voilà".encode()


def test_too_many() -> None:
    with pytest.raises(Fault, match="RequestTooLarge"):
        join_headers([(b"a", b"1"), (b"b", b"2")], 1)
