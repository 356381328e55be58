"""Keys of an answer that a caller chose became XML element names: unreadable answers, and elements of their making."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from keystead.wire import answers
from keystead.wire.answers import Output


class Echo(Output, frozen=True):
    parameters: dict[str, str]


@pytest.mark.parametrize(
    "name",
    ["Tag.1.Key", "Tag.\x00", "Tag.1 /><Code>x</Code><a", "é", "1", "", "-", "a b", "xmlns:x", "]]>", "\U0001f511"],
)
def test_every_key_makes_one_element(name: str) -> None:
    answer = answers.success(Echo(parameters={name: "<v>"}), "Echo", "ID", xml=True)
    root = ET.fromstring(answer.body)  # noqa: S314  it is our own answer
    assert [child.tag for child in root] == ["RequestId", "Parameters"]
    (only,) = root[1]
    assert (only.text, list(only)) == ("<v>", [])
    assert only.tag == name or name != "Tag.1.Key"
