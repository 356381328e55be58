"""What the story asks of a client. Each client file adapts one SDK or program to it and does nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from services.rpc import ApiError, Key

__all__ = ["ApiError", "Client", "Key", "snake"]


class Client(Protocol):
    """A way to call Keystead.

    `shows_status` and `shows_detail` say whether it hands the HTTP status and AccessDeniedDetail to its user;
    `wrong_secret` is the code that its user reads when the secret is wrong: one SDK finds that out by itself, from the
    string to sign in our answer, and names it otherwise.
    """

    shows_status: bool
    shows_detail: bool
    wrong_secret: str

    def call(self, key: Key, product: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Call the action with the pair; return the answer by its names on the wire, or raise ApiError."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


def snake(name: str, joint: str = "_") -> str:
    """Return the SDK's (and with `-` the CLI's) spelling of an action or parameter: CreateUser, create_user."""
    return re.sub(r"(?<!^)(?=[A-Z])", joint, name).lower()
