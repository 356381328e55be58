"""RAM users.  Source: reference/ram-behaviour.md 5.2."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType, structs

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.people import users as rules
from keystead.products.people.principals import named
from keystead.products.people.users import TOO_MANY_USERS, USER_EXISTS, Email, MobilePhone
from keystead.products.ram.product import RAM, Comments, Marker, MaxItems, UserName
from keystead.store import users
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

USER = "acs:ram:*:{account}:user/{user_name}"
USERS = "acs:ram:*:{account}:user/*"

DisplayName = Annotated[str, Text(1, 128, doc="free text")]


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


@RAM.action("CreateUser", resource=USERS, writes=True, faults=(USER_EXISTS, TOO_MANY_USERS))
def create_user(tx: Tx, _caller: Caller, wanted: CreateUserInput) -> UserAnswer:
    """Create a user in the caller's account."""
    texts = {
        "display_name": wanted.display_name,
        "mobile_phone": wanted.mobile_phone,
        "email": wanted.email,
        "comments": wanted.comments,
    }
    return UserAnswer(user=show(rules.create(tx, wanted.user_name, texts), updated=False))


@RAM.action("GetUser", resource=USER, own_user="user_name", faults=(USER_NOT_FOUND,))
def get_user(tx: Tx, _caller: Caller, wanted: GetUserInput) -> UserAnswer:
    """Show a user; without a name, the calling one."""
    row = named(tx, wanted.user_name or "")
    user = show(row)
    if row.last_login_at is not None:
        user = structs.replace(user, last_login_date=iso(row.last_login_at))
    return UserAnswer(user=user)


@RAM.action("UpdateUser", resource=USER, writes=True, faults=(USER_NOT_FOUND, USER_EXISTS))
def update_user(tx: Tx, _caller: Caller, wanted: UpdateUserInput) -> UserAnswer:
    """Change a user's name or texts; what is left out stays, what is empty is cleared."""
    texts = {
        "display_name": wanted.new_display_name,
        "mobile_phone": wanted.new_mobile_phone,
        "email": wanted.new_email,
        "comments": wanted.new_comments,
    }
    row = rules.change(tx, named(tx, wanted.user_name), wanted.new_user_name, texts)
    return UserAnswer(user=show(row))


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
    faults=(USER_NOT_FOUND, *(fault for _, fault in rules.CONFLICTS)),
)
def delete_user(tx: Tx, _caller: Caller, wanted: UserNameInput) -> Done:
    """Delete a user that nothing hangs on any more; it can be restored from the recycle bin for 30 days."""
    rules.delete(tx, named(tx, wanted.user_name))
    return Done()
