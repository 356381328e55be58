"""Tags of roles and policies.  Source: reference/ram-behaviour.md 5.10."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import UNSET, UnsetType

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.action import Context
from keystead.products.faults import POLICY_NOT_FOUND, ROLE_NOT_FOUND
from keystead.products.people import tagging
from keystead.products.people.policies import find_custom
from keystead.products.people.tagging import TAG_TWICE, TOKEN_INVALID, TOO_MANY_TAGS, PageSize, TagFilters, Tags
from keystead.products.ram import roles
from keystead.products.ram.product import RAM, Marker
from keystead.store import tags
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Items, missing

NAME_UNREADABLE = FaultKind(
    "InvalidParameter.ResourceNames.InvalidChars",
    400,
    "The parameter ResourceNames holds what is not a name of a {type}.",
    "Send names of 1 to 128 letters, digits, '.' and '-', as a JSON list or as ResourceNames.1, ResourceNames.2.",
)
KEY_UNREADABLE = tagging.key_unreadable("TagKeys")

TAGGED = "acs:ram:*:{account}:{resource_type}/{resource_names}"
"""One resource for each of the names."""

ResourceType = Annotated[str, Choice(("role", "policy"), doc="what is tagged")]
ResourceNames = Annotated[tuple[str, ...], Items(50, doc="names of roles or policies")]
TagKeys = Annotated[tuple[str, ...], Items(20, doc="keys of tags")]
NextToken = Marker

_NAME = re.compile(r"[A-Za-z0-9.-]{1,128}")


class TagResource(Output, frozen=True):
    """A tag with what carries it; this list is flat, unlike those of other actions."""

    resource_type: str
    resource_name: str
    tag_key: str
    tag_value: str


class TagResources(Output, frozen=True):
    tag_resources: list[TagResource]
    next_token: str | UnsetType = UNSET


class TagResourcesInput(Input, frozen=True):
    resource_type: ResourceType
    tag: Tags
    resource_names: ResourceNames | None = None


class UntagResourcesInput(Input, frozen=True):
    resource_type: ResourceType
    resource_names: ResourceNames
    tag_keys: TagKeys = ()
    all: bool = False


class ListTagResourcesInput(Input, frozen=True):
    resource_type: ResourceType
    resource_names: ResourceNames | None = None
    tag: TagFilters = ()
    next_token: NextToken | None = None
    page_size: PageSize = 100


def _checked(kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each once.  Raises `InvalidParameter.ResourceNames.InvalidChars`."""
    if not all(_NAME.fullmatch(name) for name in names):
        raise NAME_UNREADABLE(type=kind)
    return tuple({name.lower(): name for name in names}.values())


def _find(tx: Tx, kind: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """(ID, name) of each role or policy.  Raises `EntityNotExist.Role` or `EntityNotExist.Policy`."""
    find = roles.find if kind == "role" else find_custom
    return [(row.id, row.name) for row in (find(tx, name) for name in _checked(kind, names))]


def requested(wanted: TagResourcesInput) -> Context:
    """The tags that are to be put on."""
    return tagging.facts(wanted.tag)


@RAM.action(
    "TagResources",
    resource=TAGGED,
    writes=True,
    context=requested,
    faults=(ROLE_NOT_FOUND, POLICY_NOT_FOUND, TAG_TWICE, TOO_MANY_TAGS, NAME_UNREADABLE),
)
def tag_resources(tx: Tx, _caller: Caller, wanted: TagResourcesInput) -> Done:
    """Put tags on roles or on custom policies; a key that is there gets the new value."""
    if not wanted.resource_names:
        raise missing("ResourceNames")
    given = tagging.given(wanted.tag)
    found = _find(tx, wanted.resource_type, wanted.resource_names)
    tagging.put(tx, wanted.resource_type, found, given)
    return Done()


@RAM.action(
    "UntagResources",
    resource=TAGGED,
    writes=True,
    faults=(ROLE_NOT_FOUND, POLICY_NOT_FOUND, NAME_UNREADABLE, KEY_UNREADABLE),
)
def untag_resources(tx: Tx, _caller: Caller, wanted: UntagResourcesInput) -> Done:
    """Take tags off roles or custom policies: those of TagKeys or, without any, all with All=true."""
    if not wanted.tag_keys and not wanted.all:
        raise missing("TagKeys")
    tagging.check_keys(wanted.tag_keys, KEY_UNREADABLE)
    found = _find(tx, wanted.resource_type, wanted.resource_names)
    tagging.take_off(tx, wanted.resource_type, found, wanted.tag_keys)
    return Done()


@RAM.action(
    "ListTagResources",
    resource="acs:ram:*:{account}:{resource_type}/*",
    faults=(NAME_UNREADABLE, TOKEN_INVALID),
)
def list_tag_resources(tx: Tx, _caller: Caller, wanted: ListTagResourcesInput) -> TagResources:
    """List tags of roles or policies, a page at a time; names that do not exist have none."""
    names = None
    if wanted.resource_names is not None:
        names = [name.lower() for name in _checked(wanted.resource_type, wanted.resource_names)]
    found = tags.page(
        tx,
        wanted.resource_type,
        tagging.after(wanted.next_token),
        wanted.page_size + 1,
        name_keys=names,
        wanted=tagging.wanted_pairs(wanted.tag),
    )
    rows, token = pages.cut(found, wanted.page_size, "place")
    listed = [
        TagResource(
            resource_type=wanted.resource_type,
            resource_name=row.name,
            tag_key=row.tag_key,
            tag_value=row.tag_value,
        )
        for row in rows
    ]
    return TagResources(tag_resources=listed, next_token=token or UNSET)
