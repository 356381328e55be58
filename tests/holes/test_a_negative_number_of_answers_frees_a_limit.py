"""`n: -1` made a reservation negative: it emptied the window of a limit, and every estimate passed a policy's bound.

Of two names for the most tokens of an answer only one counted; the server may well obey the other.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead.faults import Fault
from keystead.gateway import compatible, native
from keystead.gateway.values import Ask
from keystead.wire.request import WireRequest

TALK = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def _ask(**more: Any) -> Ask:
    return compatible.chat(WireRequest("POST", "/v1/chat/completions", "", {}, json.dumps({**TALK, **more}).encode()))


@pytest.mark.parametrize("value", [-1, 0, 1.5, True, "2", 10**9])
@pytest.mark.parametrize("name", ["n", "best_of", "max_tokens", "max_completion_tokens", "n_predict"])
def test_what_is_no_number_of_answers_or_tokens_is_refused(name: str, value: Any) -> None:
    with pytest.raises(Fault) as refused:
        _ask(**{"max_tokens": 100, name: value})
    assert refused.value.code == "InvalidParameter"
    assert name in refused.value.message


def test_the_native_plane_refuses_it_too() -> None:
    body = {"model": "m", "input": {"prompt": "hi"}, "parameters": {"n": -5, "max_tokens": 1000}}
    with pytest.raises(Fault, match="'n' must be"):
        native.generation(WireRequest("POST", "/", "", {}, json.dumps(body).encode()), "id")


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ({"max_tokens": 10, "max_completion_tokens": 5000}, 5000),
        ({"max_tokens": 5000, "max_completion_tokens": 10}, 5000),
        ({"max_tokens": 10, "n_predict": 700}, 700),
        ({"max_tokens": 10, "n": 4}, 40),
        ({"max_tokens": 10, "n": 2, "best_of": 5}, 50),
        ({"n": 4}, None),
    ],
)
def test_the_most_that_a_server_may_make_is_reserved(given: dict[str, Any], most: int | None) -> None:
    assert _ask(**given).most_output == most
