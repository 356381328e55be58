"""Passwords as argon2id, and the rules that a new one must meet."""

from __future__ import annotations

import string

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106's second recommended choice: 64 MiB, 3 passes, 4 lanes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)

MINIMUM_LENGTH = 8
MAXIMUM_LENGTH = 32


def weakness(password: str, user_name: str = "") -> str:
    """Why a password is too weak, or "" when it is not.

    Length 8 to 32 as the default password policy says (reference/ram-behaviour.md 5.4), and not a single character
    repeated nor the user's own name.
    """
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        return f"it has {len(password)} characters; {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} are allowed"
    if any(char not in string.printable or char in string.whitespace for char in password):
        return "only printable ASCII characters without blanks are allowed"
    if len(set(password)) == 1:
        return "it repeats one character"
    if user_name and password.lower() == user_name.lower():
        return "it is the user's name"
    return ""


def digest(password: str) -> str:
    """The argon2id text of a password; takes tens of milliseconds, call it in a worker thread."""
    return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether `password` is the one behind `stored`."""
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
