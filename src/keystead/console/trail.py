"""What the audit trail says of one thing."""

from __future__ import annotations

from typing import Any

from keystead.console.asking import Given
from keystead.console.visit import Visit


async def events_of(visit: Visit, relative: str, most: int = 50, **more: Given) -> list[dict[str, Any]]:
    """The newest events of a resource such as `role/robot`; those of longer names are left out.

    Raises `RefusedError`.
    """
    answer = await visit.ask("keystead", "LookupEvents", Resource=f":{relative}", MaxItems=most, **more)
    return [each for each in answer["Events"]["Event"] if each["Resource"].lower().endswith(f":{relative.lower()}")]
