"""AccessKey pairs of users and of the account.  Source: reference/ram-behaviour.md 5.6."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.people import access_keys as rules
from keystead.products.people.access_keys import (
    KEY_EXPIRED,
    KEY_NOT_FOUND,
    KEY_RESTRICTED,
    KEY_TOO_OLD,
    SELF_SERVICE,
    TOO_MANY_KEYS,
)
from keystead.products.people.principals import named
from keystead.products.ram.product import RAM, AccessKeyId, UserName
from keystead.products.ram.users import USER
from keystead.store import access_keys
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input

Status = Annotated[str, Choice(("Active", "Inactive"))]


class AccessKey(Output, frozen=True):
    """A pair as ListAccessKeys shows it: never its secret."""

    access_key_id: str
    status: str
    create_date: str


class NewAccessKey(AccessKey, frozen=True, kw_only=True):
    """A pair as CreateAccessKey answers it, the only time that its secret is shown."""

    access_key_secret: str


class NewAccessKeyAnswer(Output, frozen=True):
    access_key: NewAccessKey


class AccessKeyList(Output, frozen=True):
    access_key: list[AccessKey]


class AccessKeys(Output, frozen=True):
    access_keys: AccessKeyList


class LastUse(Output, frozen=True):
    """When a pair was last used; nothing when it never was."""

    last_used_date: str | UnsetType = UNSET


class LastUseAnswer(Output, frozen=True):
    access_key_last_used: LastUse


class OwnerInput(Input, frozen=True):
    user_name: UserName | None = None


class AccessKeyInput(Input, frozen=True):
    user_access_key_id: AccessKeyId
    user_name: UserName | None = None


class UpdateAccessKeyInput(Input, frozen=True):
    user_access_key_id: AccessKeyId
    status: Status
    user_name: UserName | None = None


def owner(tx: Tx, user_name: str | None) -> str | None:
    """The ID of the user; None, the account itself, where no name is given.  Raises `EntityNotExist.User`."""
    return None if user_name is None else str(named(tx, user_name).id)


def create_for_account(tx: Tx) -> tuple[str, str]:
    """Create a pair of the account itself, which no policy limits; returns (ID, secret)."""
    row, secret = rules.create(tx, None)
    return row.id, secret


@RAM.action(
    "CreateAccessKey",
    resource=USER,
    writes=True,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, TOO_MANY_KEYS),
)
def create_access_key(tx: Tx, _caller: Caller, wanted: OwnerInput) -> NewAccessKeyAnswer:
    """Create an AccessKey pair for a user; its secret is shown this once."""
    row, secret = rules.create(tx, owner(tx, wanted.user_name))
    return NewAccessKeyAnswer(
        access_key=NewAccessKey(
            access_key_id=row.id, access_key_secret=secret, status=row.status, create_date=iso(row.created_at)
        )
    )


@RAM.action(
    "ListAccessKeys",
    resource=USER,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND,),
)
def list_access_keys(tx: Tx, _caller: Caller, wanted: OwnerInput) -> AccessKeys:
    """List the AccessKey pairs of a user, without their secrets."""
    found = [
        AccessKey(access_key_id=row.id, status=rules.status(tx, row), create_date=iso(row.created_at))
        for row in access_keys.of_owner(tx, owner(tx, wanted.user_name))
    ]
    return AccessKeys(access_keys=AccessKeyList(access_key=found))


@RAM.action(
    "UpdateAccessKey",
    resource=USER,
    writes=True,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND, KEY_RESTRICTED, KEY_TOO_OLD, KEY_EXPIRED),
)
def update_access_key(tx: Tx, _caller: Caller, wanted: UpdateAccessKeyInput) -> Done:
    """Disable an AccessKey pair, or enable it again."""
    rules.set_status(tx, wanted.user_access_key_id, owner(tx, wanted.user_name), wanted.status)
    return Done()


@RAM.action(
    "DeleteAccessKey",
    resource=USER,
    writes=True,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND),
)
def delete_access_key(tx: Tx, _caller: Caller, wanted: AccessKeyInput) -> Done:
    """Delete an AccessKey pair, active or not; a user's can be restored from the recycle bin for 30 days."""
    rules.delete(tx, wanted.user_access_key_id, owner(tx, wanted.user_name))
    return Done()


@RAM.action(
    "GetAccessKeyLastUsed",
    resource=USER,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND),
)
def get_access_key_last_used(tx: Tx, _caller: Caller, wanted: AccessKeyInput) -> LastUseAnswer:
    """Show when an AccessKey pair was last used."""
    row = rules.find(tx, wanted.user_access_key_id, owner(tx, wanted.user_name))
    used = UNSET if row.used_at is None else iso(row.used_at)
    return LastUseAnswer(access_key_last_used=LastUse(last_used_date=used))
