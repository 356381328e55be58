"""What the audit trail says of one thing."""

from __future__ import annotations

from typing import Any

from keystead.console.asking import Given
from keystead.console.visit import Visit

MOST_EVENTS = 50


async def events_of(visit: Visit, resource: str, most: int = MOST_EVENTS, **more: Given) -> list[dict[str, Any]]:
    """The newest events of a resource by its ARN.  Raises `RefusedError`."""
    answer = await visit.ask("keystead", "LookupEvents", EventResource=resource, MaxItems=most, **more)
    events: list[dict[str, Any]] = answer["Events"]["Event"]
    return events
