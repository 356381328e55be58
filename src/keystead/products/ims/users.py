"""Users as IMS shows them.  Source: reference/ram-behaviour.md 5.2 and 7."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.action import Context
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.owner import LogonName, bare
from keystead.products.ims.product import IMS, Comments, Marker
from keystead.products.ims.tagging import UserTagFilters, UserTags
from keystead.products.people import principals, tagging
from keystead.products.people import users as rules
from keystead.products.people.tagging import TAG_TWICE, TagList
from keystead.products.people.users import TOO_MANY_USERS, USER_EXISTS, Email, MobilePhone
from keystead.store import tags, users
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Text, Whole, missing

UNSAID = "*"
"""The name of a user that only an ID tells, until it is resolved: nobody can send it."""

TWO_ADDRESSES = FaultKind(
    "InvalidParameter.UserPrincipalName.Conflict",
    400,
    "The user is named in {count} ways: {names}.",
    "Send exactly one of them.",
)
WRONG_DOMAIN = FaultKind(
    "InvalidParameter.UserPrincipalName.Domain",
    400,
    "The logon name {name} is not one of this account, whose domain is {domain}.",
    "Put the account's default domain behind the '@'; GetDefaultDomain shows it.",
)
NEW_WRONG_DOMAIN = FaultKind(
    "InvalidParameter.NewUserPrincipalName.Domain", 400, WRONG_DOMAIN.message, WRONG_DOMAIN.next_step
)

USER = "acs:ram:*:{account}:user/{user_name}"
USERS = "acs:ram:*:{account}:user/*"

DisplayName = Annotated[str, Text(1, 128, doc="free text")]
UserId = Annotated[str, Text(1, 64, r"[0-9]+", doc="the ID of a user")]
UserAccessKeyId = Annotated[str, Text(16, 128, r"[A-Za-z0-9.]+", doc="the ID of one of its AccessKey pairs")]
Status = Annotated[str, Choice(("active", "freeze", "active,freeze"), doc="of users to list")]


class UserShape(Output, frozen=True):
    """What every answer says of a user."""

    user_id: str
    user_principal_name: str
    display_name: str
    mobile_phone: str
    email: str
    comments: str
    provision_type: str
    create_date: str
    update_date: str
    last_login_date: str | UnsetType = UNSET


class TaggedUser(UserShape, frozen=True, kw_only=True):
    """A user as CreateUser answers it."""

    tags: TagList


class WholeUser(TaggedUser, frozen=True, kw_only=True):
    """A user as GetUser answers it."""

    user_name: str


class ListedUser(TaggedUser, frozen=True, kw_only=True):
    """A user as ListUsers shows it."""

    status: str


class UserBasicInfo(Output, frozen=True):
    """A user as ListUserBasicInfos shows it."""

    user_id: str
    user_principal_name: str
    display_name: str
    status: str


class NewUserAnswer(Output, frozen=True):
    user: TaggedUser


class WholeUserAnswer(Output, frozen=True):
    user: WholeUser


class UserAnswer(Output, frozen=True):
    user: UserShape


class UserList(Output, frozen=True):
    user: list[ListedUser]


class UsersPage(Output, frozen=True):
    users: UserList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class UserBasicInfoList(Output, frozen=True):
    user_basic_info: list[UserBasicInfo]


class UserBasicInfosPage(Output, frozen=True):
    user_basic_infos: UserBasicInfoList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class CreateUserInput(Input, frozen=True):
    user_name: LogonName = msgspec.field(name="UserPrincipalName")
    display_name: DisplayName
    mobile_phone: MobilePhone | None = None
    email: Email | None = None
    comments: Comments | None = None
    tag: UserTags = ()


class AddressedInput(Input, frozen=True):
    """Base of inputs whose user is told by exactly one of several parameters."""

    user_name: LogonName = msgspec.field(default=UNSAID, name="UserPrincipalName")
    user_id: UserId | None = None


class GetUserInput(AddressedInput, frozen=True):
    user_access_key_id: UserAccessKeyId | None = None


class UpdateUserInput(AddressedInput, frozen=True):
    new_user_name: LogonName | None = msgspec.field(default=None, name="NewUserPrincipalName")
    new_display_name: DisplayName | None = None
    new_mobile_phone: MobilePhone | None = None
    new_email: Email | None = None
    new_comments: Comments | None = None


class ListUsersInput(Input, frozen=True):
    status: Status = "active"
    tag: UserTagFilters = ()
    marker: Marker | None = None
    max_items: Annotated[int, Whole(1, 1000, doc="how many on a page")] = 1000


class ListUserBasicInfosInput(ListUsersInput, frozen=True):
    max_items: Annotated[int, Whole(1, 1000, doc="how many on a page")] = 100


def _shape(row: sa.Row[Any], domain: str) -> dict[str, Any]:
    """What every answer says of a user, by field; a login that never was is left out."""
    return {
        "user_id": row.id,
        "user_principal_name": f"{row.name}@{domain}",
        "display_name": row.display_name,
        "mobile_phone": row.mobile_phone,
        "email": row.email,
        "comments": row.comments,
        "provision_type": row.provision_type,
        "create_date": iso(row.created_at),
        "update_date": iso(row.updated_at),
        "last_login_date": UNSET if row.last_login_at is None else iso(row.last_login_at),
    }


def _tags(tx: Tx, row: sa.Row[Any]) -> TagList:
    return tagging.show(tags.of(tx, [row.id]).get(row.id, ()))


def own_name(tx: Tx, name: str, fault: FaultKind) -> str:
    """The name in a logon name, which must be of this account; `bare` has taken its domain off.  Raises `fault`."""
    user, at, domain = name.partition("@")
    if at and domain.lower() not in principals.domains(tx):
        raise fault(name=name, domain=principals.domain(tx))
    return user


def addressed(tx: Tx, wanted: Any) -> Any:
    """The input with the name of the user, `UNSAID` where nobody has the ID.

    Raises `MissingUserPrincipalName`, `InvalidParameter.UserPrincipalName.Conflict`.
    """
    key = getattr(wanted, "user_access_key_id", None)
    name = "" if wanted.user_name == UNSAID else wanted.user_name
    given = {"UserPrincipalName": name, "UserId": wanted.user_id, "UserAccessKeyId": key}
    ways = [way for way, value in given.items() if value]
    if not ways:
        raise missing("UserPrincipalName")
    if len(ways) > 1:
        raise TWO_ADDRESSES(count=len(ways), names=" and ".join(ways))
    if name:
        return bare(tx, wanted)
    row = _by_id(tx, wanted)
    return msgspec.structs.replace(wanted, user_name=UNSAID if row is None else row.name)


def _by_id(tx: Tx, wanted: Any) -> sa.Row[Any] | None:
    if wanted.user_id:
        return users.by_id(tx, wanted.user_id)
    return users.by_access_key(tx, wanted.user_access_key_id)


def find(tx: Tx, wanted: Any) -> sa.Row[Any]:
    """The user that the call was allowed for.  Raises `EntityNotExist.User`."""
    by_id = wanted.user_id or getattr(wanted, "user_access_key_id", None)
    if not by_id:
        return principals.found(tx, wanted.user_name)
    row = _by_id(tx, wanted)
    # INVARIANT: renamed since the call was judged, it is not the user that was judged.
    if row is None or row.name != wanted.user_name:
        raise USER_NOT_FOUND(name=by_id)
    return row


def requested(wanted: CreateUserInput) -> Context:
    """The new user's tags."""
    return tagging.facts(wanted.tag)


@IMS.action(
    "CreateUser",
    resource=USERS,
    writes=True,
    context=requested,
    faults=(USER_EXISTS, TOO_MANY_USERS, WRONG_DOMAIN, TAG_TWICE),
)
def create_user(tx: Tx, _caller: Caller, wanted: CreateUserInput) -> NewUserAnswer:
    """Create a user in the caller's account."""
    given = tagging.given(wanted.tag)
    texts = {
        "display_name": wanted.display_name,
        "mobile_phone": wanted.mobile_phone,
        "email": wanted.email,
        "comments": wanted.comments,
    }
    row = rules.create(tx, own_name(tx, wanted.user_name, WRONG_DOMAIN), texts)
    tags.put(tx, "user", row.id, given)
    return NewUserAnswer(user=TaggedUser(**_shape(row, principals.domain(tx)), tags=_tags(tx, row)))


@IMS.action("GetUser", resource=USER, resolve=addressed, faults=(USER_NOT_FOUND, TWO_ADDRESSES))
def get_user(tx: Tx, _caller: Caller, wanted: GetUserInput) -> WholeUserAnswer:
    """Show a user, by its logon name, its ID or one of its AccessKey pairs."""
    row = find(tx, wanted)
    user = WholeUser(**_shape(row, principals.domain(tx)), user_name=row.name, tags=_tags(tx, row))
    return WholeUserAnswer(user=user)


@IMS.action(
    "UpdateUser",
    resource=USER,
    writes=True,
    resolve=addressed,
    faults=(USER_NOT_FOUND, USER_EXISTS, TWO_ADDRESSES, NEW_WRONG_DOMAIN),
)
def update_user(tx: Tx, _caller: Caller, wanted: UpdateUserInput) -> UserAnswer:
    """Change a user's logon name or texts; what is left out stays, what is empty is cleared."""
    texts = {
        "display_name": wanted.new_display_name,
        "mobile_phone": wanted.new_mobile_phone,
        "email": wanted.new_email,
        "comments": wanted.new_comments,
    }
    new_name = own_name(tx, wanted.new_user_name, NEW_WRONG_DOMAIN) if wanted.new_user_name else None
    row = rules.change(tx, find(tx, wanted), new_name, texts)
    return UserAnswer(user=UserShape(**_shape(row, principals.domain(tx))))


@IMS.action("DeleteUser", resource=USER, writes=True, resolve=addressed, faults=(USER_NOT_FOUND, TWO_ADDRESSES))
def delete_user(tx: Tx, _caller: Caller, wanted: AddressedInput) -> Done:
    """Move a user to the recycle bin with all that hangs on it; its AccessKey pairs are dead at once."""
    rules.recycle(tx, find(tx, wanted))
    return Done()


def _page(tx: Tx, wanted: ListUsersInput) -> tuple[Iterable[sa.Row[Any]], str | None]:
    found = users.page(
        tx,
        pages.after(wanted.marker),
        wanted.max_items + 1,
        statuses=wanted.status.split(","),
        tagged=tagging.wanted_pairs(wanted.tag),
    )
    return pages.cut(found, wanted.max_items, "name_key")


@IMS.action("ListUsers", resource=USERS)
def list_users(tx: Tx, _caller: Caller, wanted: ListUsersInput) -> UsersPage:
    """List the account's users, a page at a time."""
    rows, marker = _page(tx, wanted)
    domain, pairs = principals.domain(tx), tags.of(tx, [row.id for row in rows])
    listed = [
        ListedUser(**_shape(row, domain), status=row.status, tags=tagging.show(pairs.get(row.id, ()))) for row in rows
    ]
    return UsersPage(users=UserList(user=listed), is_truncated=marker is not None, marker=marker or UNSET)


@IMS.action("ListUserBasicInfos", resource=USERS)
def list_user_basic_infos(tx: Tx, _caller: Caller, wanted: ListUserBasicInfosInput) -> UserBasicInfosPage:
    """List the names and IDs of the account's users, a page at a time."""
    rows, marker = _page(tx, wanted)
    domain = principals.domain(tx)
    listed = [
        UserBasicInfo(
            user_id=row.id,
            user_principal_name=f"{row.name}@{domain}",
            display_name=row.display_name,
            status=row.status,
        )
        for row in rows
    ]
    return UserBasicInfosPage(
        user_basic_infos=UserBasicInfoList(user_basic_info=listed),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )
