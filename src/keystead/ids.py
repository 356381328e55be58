"""Identifiers and secrets in the vendor's formats.  Source: reference/ram-behaviour.md section 2."""

from __future__ import annotations

import os
import random
import secrets
import string
from collections.abc import Iterator

_ALNUM = string.ascii_letters + string.digits
_random_bytes = random.Random(os.urandom(32)).randbytes  # noqa: S311 - not a secret, see request_id
_next_digits: Iterator[str] = iter(())
_STOCK = 256  # request IDs whose digits are drawn at once: to write a large number in hex is what costs
_VARIANTS = {digit: "89AB"[int(digit, 16) & 3] for digit in "0123456789ABCDEF"}
_LOWER = string.ascii_lowercase + string.digits


def _digits(first: str, length: int) -> str:
    return first + "".join(secrets.choice(string.digits) for _ in range(length - len(first)))


def _text(length: int, alphabet: str = _ALNUM) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def account_id() -> str:
    """16 digits, starting with 1."""
    return _digits("1", 16)


def user_id() -> str:
    """18 digits, starting with 2."""
    return _digits("2", 18)


def role_id() -> str:
    """18 digits, starting with 3."""
    return _digits("3", 18)


def group_id() -> str:
    """`g-` and 16 characters."""
    return "g-" + _text(16, _LOWER)


def access_key_id() -> str:
    """24 characters: `LTAI5t` and 18 letters and digits."""
    return "LTAI5t" + _text(18)


def access_key_secret() -> str:
    """30 letters and digits, about 178 bits."""
    return _text(30)


def session_key_id() -> str:
    """The AccessKey ID of a role session: `STS.` and 22 letters and digits."""
    return "STS." + _text(22)


def session_key_secret() -> str:
    """The secret of a role session: 44 letters and digits."""
    return _text(44)


def service_credential_id() -> str:
    """`SC` and 20 letters and digits."""
    return "SC" + _text(20)


def service_credential_secret() -> str:
    """The secret of a service credential: 44 letters and digits."""
    return _text(44)


def application_id() -> str:
    """18 digits, starting with 4."""
    return _digits("4", 18)


def application_secret() -> tuple[str, str]:
    """The ID of an application's secret, a UUID in lower case, and the secret: 64 letters and digits."""
    return request_id().lower(), _text(64)


def request_id() -> str:
    """A random upper-case UUID (RFC 9562, version 4); written out here because every request needs one.

    It names a call and opens nothing, so it comes from a generator that asks the kernel once.
    """
    global _next_digits
    text = next(_next_digits, "")
    if not text:
        digits = _random_bytes(16 * _STOCK).hex().upper()
        _next_digits = iter([digits[start : start + 32] for start in range(0, 32 * _STOCK, 32)])
        text = next(_next_digits)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANTS[text[16]]}{text[17:20]}-{text[20:]}"
