"""The user that an IMS call is about: its full logon name, left out for the caller itself."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keystead.identity.transaction import Tx
from keystead.products.people import principals
from keystead.store import accounts
from keystead.wire.parameters import Input, Text, missing

LogonName = Annotated[
    str,
    Text(1, 128, r"[A-Za-z0-9._-]{1,64}(?:@[A-Za-z0-9._-]+)?", doc="the full logon name of a user, or its name"),
]


class OfUser(Input, frozen=True):
    """Base of inputs whose user may be left out."""

    user_name: LogonName | None = msgspec.field(default=None, name="UserPrincipalName")


def bare(tx: Tx, wanted: Any) -> Any:
    """The input with the bare name that resources are written with; another domain's name stays whole.

    Whether the user exists is not asked: authorization comes first.
    """
    name, _, domain = (wanted.user_name or "").partition("@")
    if domain.lower() in (accounts.alias(tx) + principals.DOMAIN, tx.account_id + principals.DOMAIN):
        return msgspec.structs.replace(wanted, user_name=name)
    return wanted


def owner_id(tx: Tx, user_name: str | None) -> str | None:
    """The ID of the user; None, the account itself, where no name is given.  Raises `EntityNotExist.User`."""
    return None if user_name is None else str(principals.found(tx, user_name).id)


def named(tx: Tx, user_name: str | None) -> Any:
    """The row of the user.  Raises `MissingUserPrincipalName` (the account has no user), `EntityNotExist.User`."""
    if user_name is None:
        raise missing("UserPrincipalName")
    return principals.found(tx, user_name)
