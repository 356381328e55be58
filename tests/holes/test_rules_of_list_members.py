"""The rule of a list's members was declared and not enforced: GetUsage by an unknown group was an internal error."""

from __future__ import annotations

from typing import Annotated

import pytest

from keystead.faults import Fault
from keystead.wire.parameters import Choice, Input, Items, reader


class Wanted(Input, frozen=True):
    group_by: Annotated[list[Annotated[str, Choice(("day", "model"))]], Items(4)] | None = None
    names: tuple[str, ...] = ()


def test_members_are_held_to_their_own_rule() -> None:
    read = reader(Wanted)
    assert read({"GroupBy.1": "day", "GroupBy.2": "model"}).group_by == ("day", "model")
    for given in ({"GroupBy.1": "day", "GroupBy.2": "carol"}, {"GroupBy": '["carol"]'}, {"Names.1": "a\x00"}):
        with pytest.raises(Fault) as caught:
            read(given)
        assert caught.value.status == 400
        assert caught.value.code.startswith("InvalidParameter.")
