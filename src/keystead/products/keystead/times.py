"""Times as they are asked for and answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from keystead.faults import FaultKind
from keystead.wire.parameters import Text

NOT_A_TIME = FaultKind(
    "InvalidParameter.<Name>.Format",
    400,
    "The parameter {name} is not a time: {text!r}.",
    "Write it like 2026-01-02T03:04:05Z.",
)

Instant = Annotated[str, Text(10, 32, r"[0-9TZ:.+-]+", wrong="Format", doc="ISO 8601, UTC unless it has an offset")]


def milliseconds(name: str, text: str | None, default: int) -> int:
    """An instant in milliseconds since 1970, `default` for none.  Raises `InvalidParameter.<name>.Format`."""
    if text is None:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NOT_A_TIME.coded(f"InvalidParameter.{name}.Format", name=name, text=text) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def seconds(name: str, text: str) -> int:
    """An instant in seconds since 1970.  Raises `InvalidParameter.<name>.Format`."""
    return milliseconds(name, text, 0) // 1000
