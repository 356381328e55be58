"""What an action that needs no database works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystead.identity.keyring import Keyring
from keystead.identity.transaction import Quotas


@dataclass(frozen=True, slots=True)
class Desk:
    """now: seconds.  facts: the request's condition keys.  prepared: what the action's `prepare` has loaded."""

    now: float
    keyring: Keyring
    quotas: Quotas
    policy_extensions: bool
    facts: Mapping[str, str | tuple[str, ...]]
    prepared: Any = None
