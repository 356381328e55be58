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


def domain(tx: Tx) -> str:
    """The account's default domain: what stands behind the `@` of its logon names."""
    return accounts.alias(tx) + DOMAIN


def domains(tx: Tx) -> tuple[str, ...]:
    """The domains that logon names may carry: that of the alias, and the account ID's own beside it."""
    return (domain(tx), tx.account_id + DOMAIN)


def principal_name(tx: Tx, name: str) -> str:
    """The full logon name of a user: `<user>@<alias>.onaliyun.com`."""
    return f"{name}@{domain(tx)}"


def found(tx: Tx, principal: str) -> sa.Row[Any]:
    """The user of that full logon name; a bare name counts too.

    Raises `EntityNotExist.User`, also for a domain that is not the account's.
    """
    name, _, behind = principal.partition("@")
    row = users.get(tx, name) if not behind or behind.lower() in domains(tx) else None
    if row is None:
        raise USER_NOT_FOUND(name=principal)
    return row
