"""Users by their full logon name.  Source: reference/ram-behaviour.md sections 2 and 7."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.store import accounts, users

DOMAIN = ".onaliyun.com"


def named(tx: Tx, name: str) -> sa.Row[Any]:
    """The user of that name.  Raises `EntityNotExist.User`."""
    row = users.get(tx, name)
    if row is None:
        raise USER_NOT_FOUND(name=name)
    return row


def principal_name(tx: Tx, name: str) -> str:
    """The full logon name of a user: `<user>@<alias>.onaliyun.com`."""
    return f"{name}@{accounts.alias(tx)}{DOMAIN}"


def found(tx: Tx, principal: str) -> sa.Row[Any]:
    """The user of that full logon name; a bare name counts too.

    The domain is that of the alias; the account ID's own stays good beside it.  Raises `EntityNotExist.User`.
    """
    name, _, domain = principal.partition("@")
    mine = (accounts.alias(tx) + DOMAIN, tx.account_id + DOMAIN)
    row = users.get(tx, name) if not domain or domain.lower() in mine else None
    if row is None:
        raise USER_NOT_FOUND(name=principal)
    return row
