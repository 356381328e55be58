"""The account's security preference: one object that RAM and IMS show.  Source: reference/ram-behaviour.md 5.12."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from keystead.faults import FaultKind
from keystead.identity import preferences
from keystead.identity.preferences import SecurityPreference
from keystead.identity.transaction import Tx
from keystead.store import documents
from keystead.wire.parameters import Choice, Text, Whole

MASKS_INVALID = FaultKind(
    "InvalidParameter.LoginNetworkMasks",
    400,
    "The parameter LoginNetworkMasks is refused: {reason}.",
    "Send at most 40 addresses or networks such as 10.0.0.0/8, separated by ';'; an empty text allows every address.",
)
NOT_SENT = FaultKind(
    "InvalidParameter.VerificationTypes",
    400,
    "The parameter VerificationTypes names {kind}, which could not be enforced: {reason}.",
    "Leave {kind} out.",
)

MOST_MASKS = 40
IDLE_DAYS = (90, 180, 365, 730)


def _days_invalid(leaf: str) -> FaultKind:
    return FaultKind(
        f"InvalidParameter.{leaf}",
        400,
        f"The parameter {leaf} is {{days}}; allowed are 90, 180, 365 and 730 days.",
        "Send one of the allowed numbers.",
    )


USERS_DAYS_INVALID = _days_invalid("MaxIdleDaysForUsers")
KEYS_DAYS_INVALID = _days_invalid("MaxIdleDaysForAccessKeys")
_IDLE = {"max_idle_days_for_users": USERS_DAYS_INVALID, "max_idle_days_for_access_keys": KEYS_DAYS_INVALID}

MFAOperation = Annotated[str, Choice(("mandatory", "independent", "adaptive"), doc="who must give an MFA code")]
Hours = Annotated[int, Whole(1, 24, doc="hours that a console session lasts")]
Masks = Annotated[str, Text(0, 512, doc="addresses or networks separated by ';', empty for everywhere")]


def change(tx: Tx, given: Mapping[str, Any]) -> SecurityPreference:
    """Set the leaves that are given; what is None stays.  Returns the whole preference.

    Raises `InvalidParameter.<leaf>` for what could not be obeyed.
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    check_masks(wanted.get("login_network_masks", ""))
    for kind in wanted.get("verification_types", ()):
        reason = "this server sends no short messages" if kind == "sms" else "log-on by mailed codes is not offered"
        raise NOT_SENT(kind=kind, reason=reason)
    for field, fault in _IDLE.items():
        if wanted.get(field, 730) not in IDLE_DAYS:
            raise fault(days=wanted[field])
    preference = msgspec.structs.replace(preferences.get(tx), **wanted)
    documents.put(tx, preferences.KIND, msgspec.json.encode(preference).decode())
    return preference


def check_masks(text: str) -> None:
    """Raise `InvalidParameter.LoginNetworkMasks` unless every mask can be obeyed."""
    masks = networks(text)
    if len(masks) > MOST_MASKS:
        raise MASKS_INVALID(reason=f"it has {len(masks)} masks; {MOST_MASKS} are allowed")
    for mask in masks:
        try:
            ipaddress.ip_network(mask)
        except ValueError as error:
            raise MASKS_INVALID(reason=f"{mask[:64]!r} is no network ({str(error)[:80]})") from None


def networks(text: str) -> list[str]:
    """The masks of a list, without blanks and empty members."""
    return [mask.strip() for mask in text.split(";") if mask.strip()]


def lets_in(preference: SecurityPreference, address: str) -> bool:
    """Whether the console may be used from `address`; an address that cannot be read is outside of every mask."""
    masks = networks(preference.login_network_masks)
    if not masks:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(mask) for mask in masks)
