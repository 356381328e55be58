"""RAM users.  Source: reference/ram-behaviour.md 5.2."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType, structs

from keystead import ids
from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import USER_NOT_FOUND, exists, in_use, too_many
from keystead.products.ram.product import RAM, Comments, Marker, MaxItems, UserName
from keystead.store import users
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

USER_EXISTS = exists("User", "user")
TOO_MANY_USERS = too_many("User", "users")
HAS_ACCESS_KEYS = in_use("User.AccessKey", "user", "AccessKey pairs", "Delete its AccessKey pairs first.")
IS_IN_GROUPS = in_use("User.Group", "user", "groups", "Remove it from its groups first.")
HAS_POLICIES = in_use("User.Policy", "user", "policies attached", "Detach its policies first.")
HAS_LOGIN_PROFILE = in_use("User.LoginProfile", "user", "a login profile", "Delete its login profile first.")

USER = "acs:ram:*:{account}:user/{user_name}"
USERS = "acs:ram:*:{account}:user/*"

DisplayName = Annotated[str, Text(1, 128, doc="free text")]
MobilePhone = Annotated[
    str, Text(0, 64, r"(?:[0-9]{1,8}-)?[0-9]{4,20}", wrong="Format", doc="country code, '-', number")
]
Email = Annotated[str, Text(0, 128, r"[^@\s]{1,64}@[^@\s]{1,128}", wrong="Format", doc="an e-mail address")]


class User(Output, frozen=True):
    """A user as RAM answers it."""

    user_id: str
    user_name: str
    display_name: str
    mobile_phone: str
    email: str
    comments: str
    create_date: str
    update_date: str | UnsetType = UNSET
    last_login_date: str | UnsetType = UNSET


class UserAnswer(Output, frozen=True):
    user: User


class UserList(Output, frozen=True):
    user: list[User]


class UsersPage(Output, frozen=True):
    users: UserList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class CreateUserInput(Input, frozen=True):
    user_name: UserName
    display_name: DisplayName | None = None
    mobile_phone: MobilePhone | None = None
    email: Email | None = None
    comments: Comments | None = None


class GetUserInput(Input, frozen=True):
    user_name: UserName | None = None


class UserNameInput(Input, frozen=True):
    user_name: UserName


class UpdateUserInput(Input, frozen=True):
    user_name: UserName
    new_user_name: UserName | None = None
    new_display_name: DisplayName | None = None
    new_mobile_phone: MobilePhone | None = None
    new_email: Email | None = None
    new_comments: Comments | None = None


class ListUsersInput(Input, frozen=True):
    marker: Marker | None = None
    max_items: MaxItems = 100


def show(row: sa.Row[Any], *, updated: bool = True) -> User:
    """A row of the users table as RAM shows it; dates that do not exist are left out."""
    return User(
        user_id=row.id,
        user_name=row.name,
        display_name=row.display_name,
        mobile_phone=row.mobile_phone,
        email=row.email,
        comments=row.comments,
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at) if updated else UNSET,
    )


def find(tx: Tx, name: str) -> sa.Row[Any]:
    """The user of that name.  Raises `EntityNotExist.User`."""
    row = users.get(tx, name)
    if row is None:
        raise USER_NOT_FOUND(name=name)
    return row


@RAM.action("CreateUser", resource=USERS, writes=True, faults=(USER_EXISTS, TOO_MANY_USERS))
def create_user(tx: Tx, _caller: Caller, wanted: CreateUserInput) -> UserAnswer:
    """Create a user in the caller's account."""
    if users.get(tx, wanted.user_name) is not None:
        raise USER_EXISTS(name=wanted.user_name)
    if users.count(tx, tx.quotas.users) >= tx.quotas.users:
        raise TOO_MANY_USERS(limit=tx.quotas.users)
    texts = {
        "display_name": wanted.display_name or wanted.user_name,
        "mobile_phone": wanted.mobile_phone or "",
        "email": wanted.email or "",
        "comments": wanted.comments or "",
    }
    users.insert(tx, ids.user_id(), wanted.user_name, texts)
    return UserAnswer(user=show(find(tx, wanted.user_name), updated=False))


@RAM.action("GetUser", resource=USER, own_user="user_name", faults=(USER_NOT_FOUND,))
def get_user(tx: Tx, _caller: Caller, wanted: GetUserInput) -> UserAnswer:
    """Show a user; without a name, the calling one."""
    row = find(tx, wanted.user_name or "")
    user = show(row)
    if row.last_login_at is not None:
        user = structs.replace(user, last_login_date=iso(row.last_login_at))
    return UserAnswer(user=user)


@RAM.action("UpdateUser", resource=USER, writes=True, faults=(USER_NOT_FOUND, USER_EXISTS))
def update_user(tx: Tx, _caller: Caller, wanted: UpdateUserInput) -> UserAnswer:
    """Change a user's name or texts; what is left out stays, what is empty is cleared."""
    row = find(tx, wanted.user_name)
    values = {
        column: value
        for column, value in (
            ("name", wanted.new_user_name or None),
            ("display_name", wanted.new_display_name),
            ("mobile_phone", wanted.new_mobile_phone),
            ("email", wanted.new_email),
            ("comments", wanted.new_comments),
        )
        if value is not None
    }
    if "name" in values:
        other = users.get(tx, values["name"])
        if other is not None and other.id != row.id:
            raise USER_EXISTS(name=values["name"])
    users.update(tx, row.id, values)
    return UserAnswer(user=show(find(tx, values.get("name", row.name))))


@RAM.action("ListUsers", resource=USERS)
def list_users(tx: Tx, _caller: Caller, wanted: ListUsersInput) -> UsersPage:
    """List the account's users, a page at a time."""
    rows, marker = pages.cut(
        users.page(tx, pages.after(wanted.marker), wanted.max_items + 1), wanted.max_items, "name_key"
    )
    return UsersPage(
        users=UserList(user=[show(row) for row in rows]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@RAM.action(
    "DeleteUser",
    resource=USER,
    writes=True,
    faults=(USER_NOT_FOUND, HAS_ACCESS_KEYS, IS_IN_GROUPS, HAS_POLICIES, HAS_LOGIN_PROFILE),
)
def delete_user(tx: Tx, _caller: Caller, wanted: UserNameInput) -> Done:
    """Delete a user that nothing hangs on any more."""
    row = find(tx, wanted.user_name)
    hanging = users.dependants(tx, row.id)
    for count, fault in (
        (hanging.access_keys, HAS_ACCESS_KEYS),
        (hanging.groups, IS_IN_GROUPS),
        (hanging.policies, HAS_POLICIES),
        (hanging.login_profiles, HAS_LOGIN_PROFILE),
    ):
        if count:
            raise fault(name=row.name, count=count)
    users.delete(tx, row.id)
    return Done()
