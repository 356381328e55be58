"""AccessKey pairs as IMS shows them.  Source: reference/ram-behaviour.md 5.6."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.owner import OfUser, bare, owner_id
from keystead.products.ims.product import IMS
from keystead.products.people import access_keys as rules
from keystead.products.people.access_keys import (
    KEY_EXPIRED,
    KEY_NOT_FOUND,
    KEY_RESTRICTED,
    KEY_TOO_OLD,
    SELF_SERVICE,
    TOO_MANY_KEYS,
)
from keystead.store import access_keys
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Text

USER = "acs:ram:*:{account}:user/{user_name}"

AccessKeyId = Annotated[str, Text(16, 128, r"[A-Za-z0-9.]+", doc="an AccessKey ID")]
Status = Annotated[str, Choice(("Active", "Inactive"))]


class NewAccessKey(Output, frozen=True):
    """A pair as CreateAccessKey answers it, the only time that its secret is shown."""

    access_key_id: str
    access_key_secret: str
    status: str
    create_date: str


class AccessKey(Output, frozen=True):
    """A pair as ListAccessKeys shows it: never its secret."""

    access_key_id: str
    status: str
    create_date: str
    update_date: str


class NewAccessKeyAnswer(Output, frozen=True):
    access_key: NewAccessKey


class AccessKeyList(Output, frozen=True):
    access_key: list[AccessKey]


class AccessKeys(Output, frozen=True):
    access_keys: AccessKeyList


class LastUse(Output, frozen=True):
    """When and for what a pair was last used; nothing when it never was."""

    last_used_date: str | UnsetType = UNSET
    service_name: str | UnsetType = UNSET


class LastUseAnswer(Output, frozen=True):
    access_key_last_used: LastUse


class OwnerInput(OfUser, frozen=True):
    """Input of a call about the pairs of a user."""


class AccessKeyInput(OfUser, frozen=True, kw_only=True):
    user_access_key_id: AccessKeyId


class UpdateAccessKeyInput(AccessKeyInput, frozen=True, kw_only=True):
    status: Status


@IMS.action(
    "CreateAccessKey",
    resource=USER,
    writes=True,
    own_user="user_name",
    resolve=bare,
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, TOO_MANY_KEYS),
)
def create_access_key(tx: Tx, _caller: Caller, wanted: OwnerInput) -> NewAccessKeyAnswer:
    """Create an AccessKey pair for a user; its secret is shown this once."""
    row, secret = rules.create(tx, owner_id(tx, wanted.user_name))
    return NewAccessKeyAnswer(
        access_key=NewAccessKey(
            access_key_id=row.id, access_key_secret=secret, status=row.status, create_date=iso(row.created_at)
        )
    )


@IMS.action(
    "ListAccessKeys",
    resource=USER,
    own_user="user_name",
    resolve=bare,
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND,),
)
def list_access_keys(tx: Tx, _caller: Caller, wanted: OwnerInput) -> AccessKeys:
    """List the AccessKey pairs of a user, without their secrets."""
    found = [
        AccessKey(
            access_key_id=row.id,
            status=rules.status(tx, row),
            create_date=iso(row.created_at),
            update_date=iso(row.updated_at),
        )
        for row in access_keys.of_owner(tx, owner_id(tx, wanted.user_name))
    ]
    return AccessKeys(access_keys=AccessKeyList(access_key=found))


@IMS.action(
    "UpdateAccessKey",
    resource=USER,
    writes=True,
    own_user="user_name",
    resolve=bare,
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND, KEY_RESTRICTED, KEY_TOO_OLD, KEY_EXPIRED),
)
def update_access_key(tx: Tx, _caller: Caller, wanted: UpdateAccessKeyInput) -> Done:
    """Disable an AccessKey pair, or enable it again."""
    rules.set_status(tx, wanted.user_access_key_id, owner_id(tx, wanted.user_name), wanted.status)
    return Done()


@IMS.action(
    "DeleteAccessKey",
    resource=USER,
    writes=True,
    own_user="user_name",
    resolve=bare,
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND),
)
def delete_access_key(tx: Tx, _caller: Caller, wanted: AccessKeyInput) -> Done:
    """Delete an AccessKey pair, active or not; a user's can be restored from the recycle bin for 30 days."""
    rules.delete(tx, wanted.user_access_key_id, owner_id(tx, wanted.user_name))
    return Done()


@IMS.action(
    "GetAccessKeyLastUsed",
    resource=USER,
    own_user="user_name",
    resolve=bare,
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND),
)
def get_access_key_last_used(tx: Tx, _caller: Caller, wanted: AccessKeyInput) -> LastUseAnswer:
    """Show when and for which product an AccessKey pair was last used."""
    row = rules.find(tx, wanted.user_access_key_id, owner_id(tx, wanted.user_name))
    if row.used_at is None:
        return LastUseAnswer(access_key_last_used=LastUse())
    used = LastUse(last_used_date=iso(row.used_at), service_name=row.used_service or UNSET)
    return LastUseAnswer(access_key_last_used=used)
