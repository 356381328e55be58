"""Tags of users.  Source: reference/ram-behaviour.md 5.10."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.action import Context
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.product import IMS, Marker
from keystead.products.ims.tagging import UserTagFilters, UserTags
from keystead.products.ims.users import UNSAID, USERS
from keystead.products.people import principals, tagging
from keystead.products.people import users as rules
from keystead.products.people.tagging import TAG_TWICE, TOKEN_INVALID, TOO_MANY_TAGS, PageSize
from keystead.store import tags, users
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Items, missing

NAME_UNREADABLE = FaultKind(
    "InvalidParameter.ResourcePrincipalName.InvalidChars",
    400,
    "The parameter ResourcePrincipalName holds what is not a logon name.",
    "Send logon names as ResourcePrincipalName.1, ResourcePrincipalName.2.",
)
BOTH = FaultKind(
    "InvalidParameter.ResourceId.Conflict",
    400,
    "The users are named by ResourceId and by ResourcePrincipalName.",
    "Send one of the two.",
)
KEY_UNREADABLE = tagging.key_unreadable("TagKey")

TAGGED = "acs:ram:*:{account}:user/{resource_principal_name}"
"""One resource for each of the users."""

ResourceType = Annotated[str, Choice(("user",), doc="what is tagged")]
ResourceId = Annotated[tuple[str, ...], Items(50, doc="IDs of users")]
ResourcePrincipalName = Annotated[tuple[str, ...], Items(50, doc="logon names of users")]
TagKeys = Annotated[tuple[str, ...], Items(20, doc="keys of tags")]

_NAME = re.compile(r"(?=.{1,128}\Z)[A-Za-z0-9._-]{1,64}(?:@[A-Za-z0-9._-]+)?")


class TagResource(Output, frozen=True):
    """A tag with the user that carries it."""

    resource_type: str
    resource_id: str
    tag_key: str
    tag_value: str


class TagResourceList(Output, frozen=True):
    tag_resource: list[TagResource]


class TagResourcesPage(Output, frozen=True):
    tag_resources: TagResourceList
    is_truncated: bool
    next_token: str | UnsetType = UNSET


class TaggedInput(Input, frozen=True):
    """Base of inputs whose users are told by their logon names or by their IDs."""

    resource_type: ResourceType = "user"
    resource_principal_name: ResourcePrincipalName = (UNSAID,)
    resource_id: ResourceId | None = None


class TagResourcesInput(TaggedInput, frozen=True, kw_only=True):
    tag: UserTags


class UntagResourcesInput(TaggedInput, frozen=True):
    tag_key: TagKeys = ()
    all: bool = False


class ListTagResourcesInput(TaggedInput, frozen=True):
    tag: UserTagFilters = ()
    next_token: Marker | None = None
    page_size: PageSize = 100


def named(tx: Tx, wanted: Any) -> Any:
    """The input with the bare names of its users, `UNSAID` for an ID that nobody has.

    Raises `MissingResourceId`, `InvalidParameter.ResourceId.Conflict`,
    `InvalidParameter.ResourcePrincipalName.InvalidChars`.
    """
    names = () if wanted.resource_principal_name == (UNSAID,) else wanted.resource_principal_name
    if not names and not wanted.resource_id:
        raise missing("ResourceId")
    if names and wanted.resource_id:
        raise BOTH()
    if not all(_NAME.fullmatch(name) for name in names):
        raise NAME_UNREADABLE()
    mine = principals.domains(tx)
    found = [name.partition("@")[0] if name.partition("@")[2].lower() in mine else name for name in names]
    for user_id in wanted.resource_id or ():
        row = users.by_id(tx, user_id)
        found.append(UNSAID if row is None else row.name)
    return msgspec.structs.replace(wanted, resource_principal_name=tuple(found))


def _find(tx: Tx, wanted: TaggedInput) -> list[tuple[str, str]]:
    """(ID, name) of each user, each once.  Raises `EntityNotExist.User`."""
    rows: list[sa.Row[Any]] = []
    if wanted.resource_id is None:
        rows = [principals.found(tx, name) for name in wanted.resource_principal_name]
    for user_id in wanted.resource_id or ():
        row = rules.by_id(tx, user_id)
        if row.name not in wanted.resource_principal_name:  # renamed since the call was judged
            raise USER_NOT_FOUND(name=user_id)
        rows.append(row)
    return list({row.id: (row.id, row.name) for row in rows}.values())


def requested(wanted: TagResourcesInput) -> Context:
    """The tags that are to be put on."""
    return tagging.facts(wanted.tag)


@IMS.action(
    "TagResources",
    resource=TAGGED,
    writes=True,
    resolve=named,
    context=requested,
    faults=(USER_NOT_FOUND, TAG_TWICE, TOO_MANY_TAGS, NAME_UNREADABLE, BOTH),
)
def tag_resources(tx: Tx, _caller: Caller, wanted: TagResourcesInput) -> Done:
    """Put tags on users; a key that is there gets the new value."""
    given = tagging.given(wanted.tag)
    tagging.put(tx, "user", _find(tx, wanted), given)
    return Done()


@IMS.action(
    "UntagResources",
    resource=TAGGED,
    writes=True,
    resolve=named,
    faults=(USER_NOT_FOUND, NAME_UNREADABLE, BOTH, KEY_UNREADABLE),
)
def untag_resources(tx: Tx, _caller: Caller, wanted: UntagResourcesInput) -> Done:
    """Take tags off users: those of TagKey or, without any, all with All=true."""
    if not wanted.tag_key and not wanted.all:
        raise missing("TagKey")
    tagging.check_keys(wanted.tag_key, KEY_UNREADABLE)
    tagging.take_off(tx, "user", _find(tx, wanted), wanted.tag_key)
    return Done()


def _known(tx: Tx, wanted: ListTagResourcesInput) -> list[str] | None:
    """Name keys of the users that were named; None when none was.  What does not exist is left out."""
    if wanted.resource_id is not None:
        rows = [users.by_id(tx, user_id) for user_id in wanted.resource_id]
        return [row.name_key for row in rows if row is not None]
    if wanted.resource_principal_name == (UNSAID,):
        return None
    if not all(_NAME.fullmatch(name) for name in wanted.resource_principal_name):
        raise NAME_UNREADABLE()
    mine = ("", *principals.domains(tx))
    parts = [name.lower().partition("@") for name in wanted.resource_principal_name]
    return [name for name, _, domain in parts if domain in mine]


@IMS.action("ListTagResources", resource=USERS, faults=(NAME_UNREADABLE, BOTH, TOKEN_INVALID))
def list_tag_resources(tx: Tx, _caller: Caller, wanted: ListTagResourcesInput) -> TagResourcesPage:
    """List tags of users, a page at a time; users that do not exist have none."""
    if wanted.resource_id is not None and wanted.resource_principal_name != (UNSAID,):
        raise BOTH()
    found = tags.page(
        tx,
        "user",
        tagging.after(wanted.next_token),
        wanted.page_size + 1,
        name_keys=_known(tx, wanted),
        wanted=tagging.wanted_pairs(wanted.tag),
    )
    rows, token = pages.cut(found, wanted.page_size, "place")
    listed = [
        TagResource(resource_type="user", resource_id=row.id, tag_key=row.tag_key, tag_value=row.tag_value)
        for row in rows
    ]
    return TagResourcesPage(
        tag_resources=TagResourceList(tag_resource=listed),
        is_truncated=token is not None,
        next_token=token or UNSET,
    )
