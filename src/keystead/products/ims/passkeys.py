"""Passkeys as IMS shows them; they are made on the console.  Source: reference/ram-behaviour.md 5.5."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, UnsetType

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.login_profiles import USER
from keystead.products.ims.owner import OfUser, bare, named
from keystead.products.ims.product import IMS
from keystead.products.people import passkeys as rules
from keystead.products.people.passkeys import PASSKEY_NOT_FOUND
from keystead.store import passkeys
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Text

SELF = "AllowUserToLoginWithPasskey"

PasskeyId = Annotated[str, Text(1, 64, r"[A-Za-z0-9-]+", doc="the ID of a passkey")]
PasskeyName = Annotated[str, Text(1, 64, doc="free text")]


class Passkey(Output, frozen=True):
    """A passkey; dates are seconds since 1970, as text."""

    passkey_id: str
    passkey_name: str
    create_date: str
    last_use_date: str | UnsetType = UNSET


class PasskeysAnswer(Output, frozen=True):
    passkeys: list[Passkey]


class PasskeyInput(OfUser, frozen=True, kw_only=True):
    passkey_id: PasskeyId


class UpdatePasskeyInput(PasskeyInput, frozen=True, kw_only=True):
    passkey_name: PasskeyName | None = None


@IMS.action(
    "ListPasskeys", resource=USER, resolve=bare, own_user="user_name", self_service=SELF, faults=(USER_NOT_FOUND,)
)
def list_passkeys(tx: Tx, _caller: Caller, wanted: OfUser) -> PasskeysAnswer:
    """List a user's passkeys, by default the calling one's."""
    found = [
        Passkey(
            passkey_id=row.id,
            passkey_name=row.name,
            create_date=str(row.created_at),
            last_use_date=str(row.used_at) if row.used_at is not None else UNSET,
        )
        for row in passkeys.of_user(tx, named(tx, wanted.user_name).id)
    ]
    return PasskeysAnswer(passkeys=found)


@IMS.action(
    "UpdatePasskey",
    resource=USER,
    writes=True,
    resolve=bare,
    own_user="user_name",
    self_service=SELF,
    faults=(USER_NOT_FOUND, PASSKEY_NOT_FOUND),
)
def update_passkey(tx: Tx, _caller: Caller, wanted: UpdatePasskeyInput) -> Done:
    """Give a passkey another name."""
    row = rules.find(tx, named(tx, wanted.user_name), wanted.passkey_id)
    if wanted.passkey_name:
        passkeys.rename(tx, row.id, wanted.passkey_name)
    return Done()


@IMS.action(
    "DeletePasskey",
    resource=USER,
    writes=True,
    resolve=bare,
    own_user="user_name",
    self_service=SELF,
    faults=(USER_NOT_FOUND, PASSKEY_NOT_FOUND),
)
def delete_passkey(tx: Tx, _caller: Caller, wanted: PasskeyInput) -> Done:
    """Remove a passkey: it opens the console no more."""
    passkeys.delete(tx, rules.find(tx, named(tx, wanted.user_name), wanted.passkey_id).id)
    return Done()
