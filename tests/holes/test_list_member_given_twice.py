"""`Name.1` beside `Name.1.Key` was an internal error: any caller could fill the log with tracebacks."""

from __future__ import annotations

import pytest

from keystead.faults import Fault
from keystead.products.ram.product import RAM


@pytest.mark.parametrize(
    "members",
    [("Tag.1", "Tag.1.Key"), ("Tag.1.Key", "Tag.1"), ("Tag.01", "Tag.1"), ("Tag.1.Key", "Tag.1", "Tag.1.Value")],
)
def test_a_member_that_is_a_text_and_an_object_is_refused(members: tuple[str, ...]) -> None:
    given = {"ResourceType": "role", "ResourceNames.1": "robot", **dict.fromkeys(members, "x")}
    with pytest.raises(Fault) as caught:
        RAM.actions["TagResources"].read(given)
    assert caught.value.code == "InvalidParameter.Tag.Format"
    assert caught.value.status == 400
