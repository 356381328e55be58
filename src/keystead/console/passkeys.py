"""Where passkeys work, and how a refused one is told.  Source: reference/ram-behaviour.md 5.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keystead.faults import FaultKind
from keystead.identity.passkeys import Site

if TYPE_CHECKING:
    from keystead.console.visit import Visit

PASSKEY_REFUSED = FaultKind(
    "InvalidPasskey",
    400,
    "The passkey was refused: {why}.",
    "Begin again; the browser must be on the address {origin}.",
)
NO_PASSKEYS = FaultKind(
    "NotSupport.Passkey",
    400,
    "Passkeys do not work at this address.",
    "Browsers offer them on https and on localhost; the operator sets public_url to the address that people use.",
)


def site_of(visit: Visit) -> Site | None:
    """The site that passkeys are made for: the operator's word, else localhost where the browser came by that."""
    if visit.house.fittings.public_url:
        return Site.of(visit.house.fittings.public_url)
    host = visit.request.headers.get("host", "")
    return Site.of(visit.base_url) if host.partition(":")[0] == "localhost" else None
