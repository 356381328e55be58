"""The typed values of conditions: numbers, instants, booleans, addresses.

Each reader takes text and returns a value that compares, or None where the text is no such value.  What they accept
is deliberately narrow: two readings of one text would be two decisions.

Source: reference/ram-policy-language.md section 4.1.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, NamedTuple

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}+(?:\.[0-9]{1,40}+)?(?:[eE][+-]?[0-9]{1,3}+)?")
_INSTANT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_LONGEST: Final = 64  # longer texts are neither, and are not worth remembering


def number(text: str) -> Decimal | None:
    """A decimal number, exact; the exponent has three digits at most."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def boolean(text: str) -> bool | None:
    """`true` or `false`, in any case."""
    return {"true": True, "false": False}.get(text.lower())


def instant(text: str) -> int | None:
    """An ISO 8601 date and time in nanoseconds since 1970; UTC without an offset, midnight without a time."""
    return _instant(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _instant(text: str) -> int | None:
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    since = local - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    if zone and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if hours > 23 or minutes > 59:
            return None
        seconds -= int(zone[0] + "1") * (hours * 3600 + minutes * 60)
    return seconds * _SECOND + int((fraction or "").ljust(9, "0"))


class Network(NamedTuple):
    """The addresses of one family whose bits under `mask` are `base`."""

    bits: int
    mask: int
    base: int


def address(text: str) -> tuple[int, int] | None:
    """An address as (bits of its family, number); an IPv4 address mapped into IPv6 is the IPv4 address."""
    return _address(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _address(text: str) -> tuple[int, int] | None:
    try:
        if ":" not in text:
            return 32, int(IPv4Address(text))
        if "%" in text:
            return None
        wide = IPv6Address(text)
    except AddressValueError:
        return None
    return (128, int(wide)) if wide.ipv4_mapped is None else (32, int(wide.ipv4_mapped))


def network(text: str) -> Network | None:
    """An address or a CIDR block of either family; bits behind the prefix are ignored."""
    lone, slash, suffix = text.partition("/")
    found = address(lone)
    if found is None or (slash and not re.fullmatch(r"[0-9]{1,3}", suffix)):
        return None
    bits, value = found
    width = 128 if ":" in lone else 32
    length = int(suffix) if slash else width
    if length > width:
        return None
    length -= width - bits
    if length < 0:  # a block of mapped addresses wider than all of IPv4
        return None
    mask = (1 << bits) - (1 << (bits - length))
    return Network(bits, mask, value & mask)
