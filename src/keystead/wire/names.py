"""How wire names are written elsewhere."""

from __future__ import annotations

import re

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kebab(name: str) -> str:
    """`CreateAccessKey` → `create-access-key`; `MFABindRequired` → `mfa-bind-required`."""
    return _WORD_STARTS.sub("-", name).replace(".", "-").lower()
