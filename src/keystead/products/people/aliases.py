"""The rules of the account's alias, which also is its default domain.  Source: reference/ram-behaviour.md 5.1."""

from __future__ import annotations

from keystead.identity.transaction import Tx
from keystead.products.faults import exists
from keystead.store import accounts

ALIAS_TAKEN = exists("AccountAlias", "account alias")

MIN, MAX = 3, 32
PATTERN = r"(?!.*--)[a-z0-9][a-z0-9-]*[a-z0-9]"


def set_alias(tx: Tx, alias: str) -> None:
    """Give the account an alias; every logon name changes with it.  Raises `EntityAlreadyExists.AccountAlias`."""
    # Another account's ID is taken too: it is that account's alias again as soon as it clears its own.
    for other in (accounts.by_alias(tx, alias), accounts.get(tx, alias)):
        if other is not None and other.id != tx.account_id:
            raise ALIAS_TAKEN(name=alias)
    accounts.set_alias(tx, alias)
