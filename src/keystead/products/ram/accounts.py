"""The account's alias.  Source: reference/ram-behaviour.md 5.1."""

from __future__ import annotations

from typing import Annotated

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.people import aliases
from keystead.products.people.aliases import ALIAS_TAKEN
from keystead.products.ram.product import RAM
from keystead.store import accounts
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Nothing, Text

ACCOUNT = "acs:ram:*:{account}:*"

Alias = Annotated[
    str,
    Text(
        aliases.MIN,
        aliases.MAX,
        aliases.PATTERN,
        fault="InvalidParameter.AccountAlias.Format",
        doc="small letters, digits and '-', which stands neither first nor last nor twice in a row",
    ),
]


class AliasInput(Input, frozen=True):
    account_alias: Alias


class AliasAnswer(Output, frozen=True):
    account_alias: str


@RAM.action("SetAccountAlias", resource=ACCOUNT, writes=True, faults=(ALIAS_TAKEN,))
def set_account_alias(tx: Tx, _caller: Caller, wanted: AliasInput) -> Done:
    """Give the account an alias, which stands in logon names and in the addresses of roles."""
    aliases.set_alias(tx, wanted.account_alias)
    return Done()


@RAM.action("GetAccountAlias", resource=ACCOUNT)
def get_account_alias(tx: Tx, _caller: Caller, _wanted: Nothing) -> AliasAnswer:
    """Show the account's alias; its ID when none was set."""
    return AliasAnswer(account_alias=accounts.alias(tx))


@RAM.action("ClearAccountAlias", resource=ACCOUNT, writes=True)
def clear_account_alias(tx: Tx, _caller: Caller, _wanted: Nothing) -> Done:
    """Let the account's ID be its alias again."""
    accounts.set_alias(tx, tx.account_id)  # nobody else can have it: see SetAccountAlias
    return Done()
