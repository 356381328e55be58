"""Passwords as argon2id, and the rules that a new one must meet."""

from __future__ import annotations

import string
from functools import cache
from importlib.resources import files

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106's second recommended choice: 64 MiB, 3 passes, 4 lanes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)

MAXIMUM_LENGTH = 32
DAY = 86_400


class PasswordPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """An account's password policy.  Ages are days, 0 means without end; `max_login_attemps` is spelt as the wire does.

    Source of fields and defaults: reference/ram-behaviour.md 5.4.
    """

    minimum_password_length: int = 8
    require_lowercase_characters: bool = False
    require_uppercase_characters: bool = False
    require_numbers: bool = False
    require_symbols: bool = False
    max_password_age: int = 0
    hard_expire: bool = False
    password_reuse_prevention: int = 0
    max_login_attemps: int = 0
    minimum_password_different_character: int = 0
    password_not_contain_user_name: bool = False
    initial_password_age: int = 14
    intercept_risk_password_on_api: bool = False


DEFAULT = PasswordPolicy()


def weakness(password: str, user_name: str = "", policy: PasswordPolicy = DEFAULT) -> str:
    """Why a password is too weak, or "" when it is not.

    Beside what the policy asks for, a password is printable ASCII without blanks, does not repeat one character only
    and is not the user's own name.
    """
    least = policy.minimum_password_length
    if not least <= len(password) <= MAXIMUM_LENGTH:
        return f"it has {len(password)} characters; {least} to {MAXIMUM_LENGTH} are allowed"
    if any(char not in string.printable or char in string.whitespace for char in password):
        return "only printable ASCII characters without blanks are allowed"
    if len(set(password)) == 1:
        return "it repeats one character"
    if user_name and password.lower() == user_name.lower():
        return "it is the user's name"
    return _against(policy, password, user_name)


def _against(policy: PasswordPolicy, password: str, user_name: str) -> str:
    """The first rule of the account's policy that a password breaks, with the distance, or ""."""
    for wanted, characters, name in (
        (policy.require_lowercase_characters, string.ascii_lowercase, "small letter"),
        (policy.require_uppercase_characters, string.ascii_uppercase, "capital letter"),
        (policy.require_numbers, string.digits, "digit"),
        (policy.require_symbols, string.punctuation, "symbol"),
    ):
        if wanted and not any(char in characters for char in password):
            return f"it has no {name}; the account's password policy wants one"
    different, wanted_different = len(set(password)), policy.minimum_password_different_character
    if different < wanted_different:
        return f"it has {different} different characters; the account's password policy wants {wanted_different}"
    if policy.password_not_contain_user_name and user_name and user_name.lower() in password.lower():
        return "it contains the user's name, which the account's password policy forbids"
    if policy.intercept_risk_password_on_api and password.lower() in known_bad():
        return "it is on the list of passwords that attackers try first, which the account's password policy refuses"
    return ""


@cache
def known_bad() -> frozenset[str]:
    """Passwords that attackers try first, in small letters: the built-in list `risk_passwords.txt`, nothing more."""
    text = files("keystead.identity").joinpath("risk_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def digest(password: str) -> str:
    """The argon2id text of a password; takes tens of milliseconds, call it in a worker thread."""
    return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether `password` is the one behind `stored`; an empty `stored` is nobody's."""
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def nobody() -> str:
    """A text that no password is behind, to compare with where there is no user: it costs the same time."""
    return _hasher.hash("nobody's password \x00")
