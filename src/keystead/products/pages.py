"""Pages by key: a marker says where the last page ended, so it survives inserts and deletes between pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from keystead.faults import FaultKind

Row = TypeVar("Row")

MARKER_INVALID = FaultKind(
    "InvalidParameter.Marker",
    400,
    "The parameter Marker was not answered by this server.",
    "Start again without Marker, and pass on each answer's Marker unchanged.",
)


def after(marker: str | None, invalid: FaultKind = MARKER_INVALID) -> str:
    """The key that a marker stands for; "" for the first page.  Raises `invalid`, by default that of Marker."""
    if not marker:
        return ""
    try:
        key = base64.b64decode(marker.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid() from None
    if not key.isprintable() or not key:
        raise invalid()
    return key


def marker(key: str) -> str:
    """The marker that stands for a key."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def cut(rows: Sequence[Row], size: int, key: str) -> tuple[Sequence[Row], str | None]:
    """The first `size` of `rows` (one more was asked for) and the marker of the next page, or None at the end."""
    if len(rows) <= size:
        return rows, None
    page = rows[:size]
    return page, marker(str(getattr(page[-1], key)))
