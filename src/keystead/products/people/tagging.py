"""The shapes of tags that both faces have, and the rules of tags.  Source: reference/ram-behaviour.md 5.10."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from keystead import arn
from keystead.faults import Fault, FaultKind
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.action import Context
from keystead.store import tags as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Items, Text, Whole

TAGS_PER_ENTITY = 20

TAG_TWICE = FaultKind(
    "InvalidParameter.Tag.Key",
    400,
    "The parameter Tag names the key {key} twice.",
    "Name each key once.",
)

TOKEN_INVALID = FaultKind(
    "InvalidParameter.NextToken",
    400,
    "The parameter NextToken was not answered by this server.",
    "Start again without NextToken, and pass on each answer's NextToken unchanged.",
)
TOO_MANY_TAGS = FaultKind(
    "LimitExceeded.Tag",
    409,
    "The number of tags of the {type} {name} is beyond the current limit of {limit}.",
    "Remove tags that are no longer needed.",
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
PageSize = Annotated[int, Whole(1, 100, doc="how many on a page")]


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


def key_unreadable(name: str) -> FaultKind:
    """`InvalidParameter.<name>`: a list of keys, the parameter `name`, holds what is no key."""
    return FaultKind(
        f"InvalidParameter.{name}",
        400,
        f"The parameter {name} holds a key that is not 1 to 128 characters long.",
        f"Send the keys as a JSON list or as {name}.1, {name}.2.",
    )


def check_keys(keys: Iterable[str], unreadable: FaultKind) -> None:
    """Raise `unreadable` for what cannot be a key."""
    if not all(1 <= len(key) <= 128 and "\x00" not in key for key in keys):
        raise unreadable()


def put(tx: Tx, kind: str, found: Sequence[tuple[str, str]], given: Mapping[str, str]) -> None:
    """Put tags on each of `found`, users, roles or policies as (ID, name).  Raises `LimitExceeded.Tag`."""
    present = store.of(tx, [entity_id for entity_id, _ in found])
    for entity_id, name in found:
        if len(given.keys() | {key for key, _ in present.get(entity_id, ())}) > TAGS_PER_ENTITY:
            raise TOO_MANY_TAGS(type=kind, name=name, limit=TAGS_PER_ENTITY)
        store.put(tx, kind, entity_id, given)


def take_off(tx: Tx, kind: str, found: Iterable[tuple[str, str]], keys: Sequence[str]) -> None:
    """Take the tags of these keys, without keys all, off each of `found`, as (ID, name)."""
    for entity_id, _ in found:
        if keys:
            store.remove(tx, kind, entity_id, keys)
        else:
            store.clear(tx, kind, entity_id)


def after(token: str | None) -> tuple[str, str]:
    """The (name key, tag key) that a token stands for.  Raises `InvalidParameter.NextToken`."""
    try:
        name, slash, key = pages.after(token).partition("/")
    except Fault:
        raise TOKEN_INVALID() from None
    if token and not slash:
        raise TOKEN_INVALID()
    return name, key


def of_resource(tx: Tx, resource: str) -> Mapping[str, str]:
    """The tags, value by key, of the user, role or custom policy that a resource names; else none."""
    parsed = arn.parse(resource)
    if parsed is None or parsed.account != tx.account_id:
        return {}
    kind, _, name = parsed.relative.partition("/")
    return store.of_named(tx, kind, name)
