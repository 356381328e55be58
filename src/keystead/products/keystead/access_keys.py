"""AccessKey pairs with a note, an expiry and a network policy of their own, which the vendor's actions lack.

Judged as the vendor's `ram:CreateAccessKey` and `ram:UpdateAccessKey`, with the same self-service.  Source:
reference/console.md 3.6.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity import network_policy
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import EXPIRY_INVALID, USER_NOT_FOUND
from keystead.products.keystead.members import UserName
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.times import Instant, seconds
from keystead.products.people import access_keys as rules
from keystead.products.people.access_keys import KEY_NOT_FOUND, SELF_SERVICE, TOO_MANY_KEYS
from keystead.products.people.principals import named
from keystead.products.people.tagging import of_resource
from keystead.store import access_keys
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

USER = "acs:ram:*:{account}:user/{user_name}"

AccessKeyId = Annotated[str, Text(16, 128, r"[A-Za-z0-9.]+", doc="an AccessKey ID")]
Note = Annotated[str, Text(0, 128, doc="where the pair is kept, who uses it")]
NetworkPolicy = Annotated[str, Text(1, 8192, doc="JSON, as SetAccessKeyPolicy takes it")]


class CreateAccessKeyPairInput(Input, frozen=True):
    user_name: UserName | None = None
    note: Note = ""
    expire_date: Instant | None = None
    access_key_policy: NetworkPolicy | None = None


class UpdateAccessKeyPairInput(Input, frozen=True):
    """What is left out stays; an empty Note or ExpireDate is cleared."""

    user_access_key_id: AccessKeyId
    user_name: UserName | None = None
    note: Note | None = None
    expire_date: Instant | None = None


class ReportAccessKeyLeakedInput(Input, frozen=True):
    user_access_key_id: AccessKeyId
    user_name: UserName | None = None


class NewAccessKeyPair(Output, frozen=True):
    """A pair with its secret, shown this once."""

    access_key_id: str
    access_key_secret: str
    status: str
    note: str
    create_date: str
    expire_date: str | UnsetType = UNSET


class NewAccessKeyPairAnswer(Output, frozen=True):
    access_key: NewAccessKeyPair


def owner(tx: Tx, user_name: str | None) -> str | None:
    """The ID of the user; None, the account itself, where no name is given.  Raises `EntityNotExist.User`."""
    return None if user_name is None else str(named(tx, user_name).id)


@KEYSTEAD.action(
    "CreateAccessKeyPair",
    permission="ram:CreateAccessKey",
    resource=USER,
    target_tags=of_resource,
    writes=True,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(
        USER_NOT_FOUND,
        TOO_MANY_KEYS,
        EXPIRY_INVALID,
        network_policy.MALFORMED,
        network_policy.TOO_MANY_STATEMENTS,
        network_policy.TOO_MANY_ADDRESSES,
    ),
)
def create_access_key_pair(tx: Tx, caller: Caller, wanted: CreateAccessKeyPairInput) -> NewAccessKeyPairAnswer:
    """Create an AccessKey pair with a note, an expiry and a network policy; its secret is shown this once.

    A network policy needs the permission `ram:SetAccessKeyPolicy` too: it replaces the account's, which a user who may
    manage its own pairs must not lift.
    """
    network = None
    if wanted.access_key_policy is not None:
        tx.rights.must("ram:SetAccessKeyPolicy", f"acs:ram:*:{caller.account_id}:user/{wanted.user_name}")
        network = rules.network_text(tx, wanted.access_key_policy)
    until = seconds("ExpireDate", wanted.expire_date) if wanted.expire_date else None
    row, secret = rules.create(
        tx,
        owner(tx, wanted.user_name),
        note=wanted.note,
        expires_at=rules.expiry(tx, until, tx.now),
        network=network,
    )
    return NewAccessKeyPairAnswer(
        access_key=NewAccessKeyPair(
            access_key_id=row.id,
            access_key_secret=secret,
            status=row.status,
            note=row.note,
            create_date=iso(row.created_at),
            expire_date=UNSET if row.expires_at is None else iso(row.expires_at),
        )
    )


@KEYSTEAD.action(
    "UpdateAccessKeyPair",
    permission="ram:UpdateAccessKey",
    resource=USER,
    target_tags=of_resource,
    writes=True,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND, EXPIRY_INVALID),
)
def update_access_key_pair(tx: Tx, _caller: Caller, wanted: UpdateAccessKeyPairInput) -> Done:
    """Change the note or the expiry of an AccessKey pair; one that has expired counts again with a later expiry."""
    row = rules.find(tx, wanted.user_access_key_id, owner(tx, wanted.user_name))
    values: dict[str, object] = {}
    if wanted.note is not None:
        values["note"] = wanted.note
    if wanted.expire_date is not None:
        until = seconds("ExpireDate", wanted.expire_date) if wanted.expire_date else None
        values["expires_at"] = rules.expiry(tx, until, row.created_at)
    access_keys.update(tx, row.id, **values)
    return Done()


@KEYSTEAD.action(
    "ReportAccessKeyLeaked",
    permission="ram:UpdateAccessKey",
    resource=USER,
    target_tags=of_resource,
    writes=True,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND),
)
def report_access_key_leaked(tx: Tx, _caller: Caller, wanted: ReportAccessKeyLeakedInput) -> Done:
    """Disable an AccessKey pair whose secret is known to others, at once and for good: it cannot be enabled again.

    Its state is Restricted from then on, also where it comes back from the recycle bin.
    """
    rules.restrict(tx, wanted.user_access_key_id, owner(tx, wanted.user_name))
    return Done()
