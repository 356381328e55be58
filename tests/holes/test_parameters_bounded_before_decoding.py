"""A form of millions of parameters was decoded, on the event loop and before any signature, to look for `Format`."""

from __future__ import annotations

import time

import pytest

from keystead.faults import Fault
from keystead.wire.request import WireRequest

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_a_bomb_of_parameters_is_counted_and_not_decoded() -> None:
    body = b"a&" * 5_000_000
    began = time.process_time()
    with pytest.raises(Fault) as caught:
        WireRequest("POST", "/", "", FORM, body)
    assert time.process_time() - began < 1  # decoding it takes more than 3 seconds
    assert (caught.value.code, caught.value.status) == ("RequestTooLarge", 413)
    assert "max_parameters" in caught.value.next_step


def test_query_and_form_count_together() -> None:
    half = "&".join(f"p{number}=1" for number in range(30))
    assert WireRequest("POST", "/", half, {}, half.encode(), max_parameters=50).form == ()
    with pytest.raises(Fault, match="number of parameters is 59"):
        WireRequest("POST", "/", half, FORM, half.encode(), max_parameters=50)


def test_members_of_a_json_body_count() -> None:
    body = b"{" + b",".join(b'"p%d":"x"' % number for number in range(51)) + b"}"
    request = WireRequest("POST", "/", "", {"content-type": "application/json"}, body, max_parameters=50)
    with pytest.raises(Fault, match="number of parameters is 51, the limit is 50"):
        _ = request.members
