"""The recycle bin of users and AccessKey pairs.  Source: reference/ram-behaviour.md 5.6.

Its actions are authorized on all resources: what is in the bin has no name of its own any more.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.product import IMS, Marker, MaxItems
from keystead.products.people import principals
from keystead.products.people import recycle_bin as rules
from keystead.products.people.access_keys import KEY_NOT_FOUND, TOO_MANY_KEYS
from keystead.products.people.users import TOO_MANY_USERS, USER_EXISTS
from keystead.store import recycle_bin, users
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text, missing

FILTER_UNREADABLE = FaultKind(
    "InvalidParameter.Filter",
    400,
    "The parameter Filter is not of the form 'UserPrincipalName eq <logon name>'.",
    "Leave Filter out, or name one user, for instance: UserPrincipalName eq alice@company.onaliyun.com.",
)
TWO_ADDRESSES = FaultKind(
    "InvalidParameter.UserId.Conflict",
    400,
    "The user is named by UserId and by UserAccessKeyId.",
    "Send one of the two.",
)

UserId = Annotated[str, Text(1, 64, r"[0-9]+", doc="the ID of a user")]
AccessKeyId = Annotated[str, Text(16, 128, r"[A-Za-z0-9.]+", doc="an AccessKey ID")]
Filter = Annotated[str, Text(1, 256, doc="UserPrincipalName eq <logon name>")]

_FILTER = re.compile(
    r'UserPrincipalName\s+eq\s+("?)([A-Za-z0-9._-]{1,64})(?:@([A-Za-z0-9._-]{1,64}))?\1', re.IGNORECASE
)


class RecycledUser(Output, frozen=True):
    """A user in the bin; at `delete_date` it is deleted for good."""

    user_id: str
    user_principal_name: str
    display_name: str
    create_date: str
    recycle_date: str
    delete_date: str


class RecycledKey(Output, frozen=True):
    """A pair in the bin; at `delete_date` it is deleted for good."""

    access_key_id: str
    create_date: str
    recycle_date: str
    delete_date: str


class RecycledKeyInfo(RecycledKey, frozen=True, kw_only=True):
    """A pair in the bin with its user, and whether that is in the bin too."""

    user_id: str
    user_principal_name: str
    user_recycled: bool


class RecycledUserAnswer(Output, frozen=True):
    user: RecycledUser


class RecycledUserList(Output, frozen=True):
    user: list[RecycledUser]


class RecycledUsersPage(Output, frozen=True):
    users: RecycledUserList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class RecycledKeyAnswer(Output, frozen=True):
    access_key: RecycledKeyInfo


class RecycledKeyList(Output, frozen=True):
    access_key: list[RecycledKey]


class RecycledKeys(Output, frozen=True):
    access_keys: RecycledKeyList


class ListUsersInput(Input, frozen=True):
    filter: Filter | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class GetUserInput(Input, frozen=True):
    user_id: UserId | None = None
    user_access_key_id: AccessKeyId | None = None


class UserIdInput(Input, frozen=True):
    user_id: UserId


class OwnerInput(Input, frozen=True):
    user_id: UserId | None = None


class KeyIdInput(Input, frozen=True):
    user_access_key_id: AccessKeyId


class KeyInput(Input, frozen=True):
    user_access_key_id: AccessKeyId
    user_id: UserId | None = None


def _dates(row: sa.Row[Any]) -> dict[str, str]:
    return {
        "create_date": iso(row.created_at),
        "recycle_date": iso(row.recycled_at),
        "delete_date": iso(row.recycled_at + recycle_bin.KEPT_SECONDS),
    }


def _user(row: sa.Row[Any], domain: str) -> RecycledUser:
    return RecycledUser(
        user_id=row.id,
        user_principal_name=f"{row.name}@{domain}",
        display_name=row.display_name,
        **_dates(row),
    )


def _owner(caller: Caller, user_id: str | None) -> str:
    """The user whose pairs are meant, by default the caller.  Raises `MissingUserId` where that is no user."""
    found = user_id or caller.user_id
    if not found:
        raise missing("UserId")
    return found


@IMS.action("ListUsersInRecycleBin", faults=(FILTER_UNREADABLE,))
def list_users_in_recycle_bin(tx: Tx, _caller: Caller, wanted: ListUsersInput) -> RecycledUsersPage:
    """List the deleted users that can be restored, the last deleted first, a page at a time."""
    domain, name_key = principals.domain(tx), None
    if wanted.filter:
        parts = _FILTER.fullmatch(wanted.filter.strip())
        if parts is None:
            raise FILTER_UNREADABLE()
        mine = parts[3] is None or parts[3].lower() in principals.domains(tx)
        name_key = parts[2].lower() if mine else ""  # nobody's
    found = recycle_bin.page(tx, pages.after(wanted.marker), wanted.max_items + 1, name_key=name_key)
    rows, marker = pages.cut(found, wanted.max_items, "place")
    return RecycledUsersPage(
        users=RecycledUserList(user=[_user(row, domain) for row in rows]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@IMS.action("GetUserInRecycleBin", faults=(USER_NOT_FOUND, TWO_ADDRESSES))
def get_user_in_recycle_bin(tx: Tx, _caller: Caller, wanted: GetUserInput) -> RecycledUserAnswer:
    """Show a deleted user, by its ID or by that of one of its AccessKey pairs in the bin."""
    if wanted.user_id and wanted.user_access_key_id:
        raise TWO_ADDRESSES()
    if wanted.user_id:
        row = rules.find_user(tx, wanted.user_id)
    elif wanted.user_access_key_id:
        row = rules.find_user_of_key(tx, wanted.user_access_key_id)
    else:
        raise missing("UserId")
    return RecycledUserAnswer(user=_user(row, principals.domain(tx)))


@IMS.action("RestoreUserFromRecycleBin", writes=True, faults=(USER_NOT_FOUND, USER_EXISTS, TOO_MANY_USERS))
def restore_user_from_recycle_bin(tx: Tx, _caller: Caller, wanted: UserIdInput) -> Done:
    """Bring a deleted user back, with its groups and policies that still exist, and its tags."""
    rules.restore_user(tx, wanted.user_id)
    return Done()


@IMS.action("DeleteUserInRecycleBin", writes=True, faults=(USER_NOT_FOUND,))
def delete_user_in_recycle_bin(tx: Tx, _caller: Caller, wanted: UserIdInput) -> Done:
    """Delete a user for good, with its AccessKey pairs in the bin."""
    rules.purge_user(tx, wanted.user_id)
    return Done()


@IMS.action("ListAccessKeysInRecycleBin")
def list_access_keys_in_recycle_bin(tx: Tx, caller: Caller, wanted: OwnerInput) -> RecycledKeys:
    """List the deleted AccessKey pairs of a user that can be restored."""
    rows = recycle_bin.keys_of(tx, _owner(caller, wanted.user_id))
    listed = [RecycledKey(access_key_id=row.id, **_dates(row)) for row in rows]
    return RecycledKeys(access_keys=RecycledKeyList(access_key=listed))


@IMS.action("GetAccessKeyInfoInRecycleBin", faults=(KEY_NOT_FOUND,))
def get_access_key_info_in_recycle_bin(tx: Tx, _caller: Caller, wanted: KeyIdInput) -> RecycledKeyAnswer:
    """Show a deleted AccessKey pair, and whether its user is deleted too."""
    row = rules.find_key(tx, wanted.user_access_key_id)
    live = users.by_id(tx, row.user_id)
    owner = live or rules.find_user(tx, row.user_id)
    info = RecycledKeyInfo(
        access_key_id=row.id,
        user_id=row.user_id,
        user_principal_name=principals.principal_name(tx, owner.name),
        user_recycled=live is None,
        **_dates(row),
    )
    return RecycledKeyAnswer(access_key=info)


@IMS.action("RestoreAccessKeyFromRecycleBin", writes=True, faults=(KEY_NOT_FOUND, rules.USER_RECYCLED, TOO_MANY_KEYS))
def restore_access_key_from_recycle_bin(tx: Tx, caller: Caller, wanted: KeyInput) -> Done:
    """Bring a deleted AccessKey pair back, inactive."""
    rules.restore_key(tx, wanted.user_access_key_id, _owner(caller, wanted.user_id))
    return Done()


@IMS.action("DeleteAccessKeyInRecycleBin", writes=True, faults=(KEY_NOT_FOUND,))
def delete_access_key_in_recycle_bin(tx: Tx, caller: Caller, wanted: KeyInput) -> Done:
    """Delete an AccessKey pair for good."""
    rules.purge_key(tx, wanted.user_access_key_id, _owner(caller, wanted.user_id))
    return Done()
