"""Names as people write them: how a wire name looks elsewhere, and which known one was meant."""

from __future__ import annotations

import re

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kebab(name: str) -> str:
    """`CreateAccessKey` → `create-access-key`; `MFABindRequired` → `mfa-bind-required`."""
    return _WORD_STARTS.sub("-", name).replace(".", "-").lower()


def nearest(name: str, known: list[str]) -> str:
    """`Did you mean "port"? ` where some known name is close, else nothing."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f'Did you mean "{close[0]}"? ' if close else ""
