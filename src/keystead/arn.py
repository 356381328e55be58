"""Resource names: `acs:<service>:<region>:<account>:<relative id>` (reference/ram-policy-language.md section 3)."""

from __future__ import annotations

from typing import NamedTuple


class Arn(NamedTuple):
    """A resource name in its five parts after `acs`; the relative id may hold colons and slashes."""

    service: str
    region: str
    account: str
    relative: str

    def __str__(self) -> str:
        return f"acs:{self.service}:{self.region}:{self.account}:{self.relative}"


def parse(text: str) -> Arn | None:
    """Split at the first four colons; None where `text` is not an ARN."""
    parts = text.split(":", 4)
    if len(parts) != 5 or parts[0] != "acs" or not parts[4]:
        return None
    return Arn(*parts[1:])


def ram(account: str, relative: str) -> str:
    """The name that API answers carry: `acs:ram::<account>:user/alice`."""
    return f"acs:ram::{account}:{relative}"
