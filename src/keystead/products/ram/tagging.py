"""The shapes of tags, and the rules for those that come with a request.  Source: reference/ram-behaviour.md 5.10."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from keystead.faults import FaultKind
from keystead.products.action import Context
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Items, Text

TAG_TWICE = FaultKind(
    "InvalidParameter.Tag.Key",
    400,
    "The parameter Tag names the key {key} twice.",
    "Name each key once.",
)

TagKey = Annotated[
    str,
    Text(
        1,
        128,
        r"(?!aliyun|acs:)(?!.*https?://)[^\x00-\x1f]+",
        fault="InvalidParameter.Tag.Key",
        doc="not starting with 'aliyun' or 'acs:', without 'http://' and 'https://'",
    ),
]
TagValue = Annotated[str, Text(0, 256, r"[^\x00-\x1f]*", fault="InvalidParameter.Tag.Value", doc="free text")]


class TagInput(Input, frozen=True):
    """A tag to put on something."""

    key: TagKey
    value: TagValue = ""


class TagFilter(Input, frozen=True):
    """A tag that what is listed must carry; without a value, any value."""

    key: TagKey
    value: TagValue | None = None


Tags = Annotated[tuple[TagInput, ...], Items(20, doc="tags")]
TagFilters = Annotated[tuple[TagFilter, ...], Items(20, doc="tags to look for")]


class Tag(Output, frozen=True):
    """A tag as lists show it."""

    tag_key: str
    tag_value: str


class TagList(Output, frozen=True):
    tag: list[Tag]


def show(pairs: Iterable[tuple[str, str]]) -> TagList:
    """Pairs of key and value as lists show them."""
    return TagList(tag=[Tag(tag_key=key, tag_value=value) for key, value in pairs])


def given(tags: Iterable[TagInput]) -> dict[str, str]:
    """Value by key.  Raises `InvalidParameter.Tag.Key` for a key that stands there twice."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag.key in found:
            raise TAG_TWICE(key=tag.key)
        found[tag.key] = tag.value
    return found


def wanted_pairs(tags: Iterable[TagFilter]) -> list[tuple[str, str | None]]:
    """The filters as (key, value); None stands for any value."""
    return [(tag.key, tag.value) for tag in tags]


def facts(tags: Iterable[TagInput]) -> Context:
    """The condition keys `acs:RequestTag/<key>`."""
    return {f"acs:RequestTag/{tag.key}": tag.value for tag in tags}
