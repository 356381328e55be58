"""The default domain, which is the account's alias in another dress.  Source: reference/ram-behaviour.md 5.1."""

from __future__ import annotations

from typing import Annotated

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.ims.product import IMS
from keystead.products.people import aliases, principals
from keystead.products.people.aliases import ALIAS_TAKEN
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Nothing, Text

ACCOUNT = "acs:ram:*:{account}:*"

_SUFFIX = principals.DOMAIN
DomainName = Annotated[
    str,
    Text(
        1,
        64,
        rf"(?=.{{{aliases.MIN},{aliases.MAX}}}\.onaliyun)" + aliases.PATTERN + _SUFFIX.replace(".", r"\."),
        wrong="Format",
        doc=f"an alias of {aliases.MIN} to {aliases.MAX} small letters, digits and single '-', and '{_SUFFIX}'",
    ),
]


class DomainInput(Input, frozen=True):
    default_domain_name: DomainName


class Domain(Output, frozen=True):
    """The account's default domain."""

    default_domain_name: str


@IMS.action("SetDefaultDomain", resource=ACCOUNT, writes=True, faults=(ALIAS_TAKEN,))
def set_default_domain(tx: Tx, _caller: Caller, wanted: DomainInput) -> Domain:
    """Change the domain of every logon name, and with it the account's alias."""
    aliases.set_alias(tx, wanted.default_domain_name.removesuffix(_SUFFIX))
    return Domain(default_domain_name=principals.domain(tx))


@IMS.action("GetDefaultDomain", resource=ACCOUNT)
def get_default_domain(tx: Tx, _caller: Caller, _wanted: Nothing) -> Domain:
    """Show the domain of every logon name."""
    return Domain(default_domain_name=principals.domain(tx))
