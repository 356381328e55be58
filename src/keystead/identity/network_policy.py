"""AccessKey network policies: from which addresses a permanent pair may call.

The document is a JSON text, {"Version": 1, "Status": …, "Statements": [{"Type", "Value", "IPList"}]}; everything that
is not in this language is refused when it is set.  A pair's own active policy replaces the account's; an inactive one
counts as none (Terraform deletes that way).  An active policy allows exactly what its statements name.
Source: reference/ram-behaviour.md 5.6; the flow of evaluation is the vendor's "Network ACL for AccessKeys".
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from keystead.faults import FaultKind

NEVER_SET = "{}"
"""What a policy that was never set is answered as."""

MALFORMED = FaultKind(
    "InvalidParameter.AccessKeyPolicy.Format",
    400,
    "The parameter AccessKeyPolicy is not a network policy: {why}.",
    "Send a JSON object with Status (Active or Inactive) and Statements, each with Type (ClassicWhiteList) and IPList "
    "(addresses and networks such as 203.0.113.0/24).",
)
TOO_MANY_STATEMENTS = FaultKind(
    "LimitExceeded.AccessKeyPolicy.Statement",
    409,
    "The network policy has {count} statements; the current limit is {limit}.",
    "Put the addresses of one kind into one statement, or ask the operator to raise network_policy_statements.",
)
TOO_MANY_ADDRESSES = FaultKind(
    "LimitExceeded.AccessKeyPolicy.IPList",
    409,
    "The network policy names {count} addresses and networks; the current limit is {limit}.",
    "Write networks in place of single addresses, or ask the operator to raise network_policy_addresses.",
)

_STATUSES = ("Active", "Inactive")
_CLASSIC = "ClassicWhiteList"
_VPC = "VPCWhiteList"
_VPC_ID = re.compile(r"vpc-[a-z0-9]{1,60}")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Statement:
    """One white list: addresses outside any VPC, or those within one VPC (`value`, or AllowAllVPC)."""

    type: str
    value: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A network policy as it was written, with every part checked."""

    active: bool
    statements: tuple[Statement, ...]

    def text(self) -> str:
        """The document as it is stored and answered: `Version` always there, as a number."""
        statements = []
        for each in self.statements:
            statement: dict[str, Any] = {"Type": each.type}
            if each.value:
                statement["Value"] = each.value
            statements.append(statement | {"IPList": list(each.addresses)})
        status = _STATUSES[0] if self.active else _STATUSES[1]
        return json.dumps({"Version": 1, "Status": status, "Statements": statements}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A compiled policy that applies.  level: AccessKey or account, for messages.

    Only ClassicWhiteList statements can match: Keystead sees an address, never a VPC, so what a VPCWhiteList allows
    does not occur and such a statement lets nothing through.
    """

    level: str
    networks: tuple[Network, ...]

    def permits(self, address: str) -> bool:
        """Whether a call from this address may pass; what is not an address may not."""
        found = _address(address)
        return found is not None and any(found in network for network in self.networks)


def parse(text: str, *, most_statements: int, most_addresses: int) -> Document:
    """Read a policy as it is set.  Raises `InvalidParameter.AccessKeyPolicy.Format` and `LimitExceeded.…`."""
    document = _read(text)
    if len(document.statements) > most_statements:
        raise TOO_MANY_STATEMENTS(count=len(document.statements), limit=most_statements)
    addresses = sum(len(each.addresses) for each in document.statements)
    if addresses > most_addresses:
        raise TOO_MANY_ADDRESSES(count=addresses, limit=most_addresses)
    return document


def effective(own: str | None, of_account: str | None) -> NetworkPolicy | None:
    """The policy that applies to a pair, from the stored texts; None where none is active."""
    for level, text in (("AccessKey", own), ("account", of_account)):
        if text is not None:
            found = _compiled(level, text)
            if found is not None:
                return found
    return None


@lru_cache(maxsize=4096)
def _compiled(level: str, text: str) -> NetworkPolicy | None:
    document = _read(text)
    if not document.active:
        return None
    return NetworkPolicy(
        level,
        tuple(
            ipaddress.ip_network(each)
            for statement in document.statements
            if statement.type == _CLASSIC
            for each in statement.addresses
        ),
    )


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)  # a dual-stack listener shows IPv4 callers as ::ffff:192.0.2.1
    return mapped or found


def _read(text: str) -> Document:
    try:
        given = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MALFORMED(why=f"it is not JSON ({str(error)[:80]})") from None
    if not isinstance(given, dict):
        raise MALFORMED(why="it is not a JSON object")
    if not given:
        raise MALFORMED(why="the object is empty; to switch a policy off, set Status to Inactive")
    _only(given, ("Version", "Status", "Statements"), "the policy")
    version = given.get("Version", 1)
    if version != 1 or isinstance(version, bool) or not isinstance(version, int):
        raise MALFORMED(why=f"Version is {version!r}, but must be the number 1")
    if given.get("Status") not in _STATUSES:
        raise MALFORMED(why=f"Status is {given.get('Status')!r}, but must be Active or Inactive")
    statements = given.get("Statements")
    if not isinstance(statements, list):
        raise MALFORMED(why="Statements must be a list; it may be empty")
    return Document(given["Status"] == "Active", tuple(_statement(each) for each in statements))


def _statement(given: object) -> Statement:
    if not isinstance(given, dict):
        raise MALFORMED(why="a statement is not a JSON object")
    _only(given, ("Type", "Value", "IPList"), "a statement")
    kind, value = given.get("Type"), given.get("Value", "")
    if kind not in (_CLASSIC, _VPC):
        raise MALFORMED(why=f"Type is {kind!r}, but must be {_CLASSIC} or {_VPC}")
    if kind == _CLASSIC and value not in ("", None):
        raise MALFORMED(why=f"Value must be empty for {_CLASSIC}")
    if kind == _VPC and not (isinstance(value, str) and (value == "AllowAllVPC" or _VPC_ID.fullmatch(value))):
        raise MALFORMED(why=f"Value is {value!r}, but must be AllowAllVPC or the ID of a VPC")
    listed = given.get("IPList")
    if not isinstance(listed, list) or not listed:
        raise MALFORMED(why="IPList must be a list of at least one address or network")
    return Statement(kind, value or "", tuple(_network(each) for each in listed))


def _network(given: object) -> str:
    if not isinstance(given, str):
        raise MALFORMED(why=f"IPList holds {given!r}, which is not a text")
    try:
        ipaddress.ip_network(given)
    except ValueError as error:
        raise MALFORMED(why=f"IPList holds {given[:60]!r}: {error}") from None
    return given


def _only(given: dict[str, object], names: tuple[str, ...], where: str) -> None:
    unknown = [name for name in given if name not in names]
    if unknown:
        raise MALFORMED(why=f"{where} has the unknown member {unknown[0][:60]!r}; allowed are {', '.join(names)}")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is named twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
