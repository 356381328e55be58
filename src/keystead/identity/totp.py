"""One-time codes of virtual MFA devices: TOTP, 6 digits, 30 seconds, SHA-1 (RFC 6238, reference/ram-behaviour.md 2).

Pure rules: time is an argument, what a device must remember is returned.
"""

from __future__ import annotations

import base64
import hmac
import io
from dataclasses import dataclass
from urllib.parse import quote

import pyotp

STEP = 30
MOST_DRIFT = 10
"""Steps that a device's clock may be off, five minutes either way (RFC 6238 section 6)."""

ISSUER = "Keystead"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a device remembers of a code: its counter, below which none is accepted again, and the clock's drift."""

    counter: int
    drift: int


def new_seed() -> str:
    """A seed of 32 base32 characters, 160 bits."""
    return str(pyotp.random_base32())


def check(seed: str, code: str, now: float, last: Accepted) -> Accepted | None:
    """Accept a code of the step that the device should be in, or of one beside it; never one that is not newer.

    INVARIANT: an accepted counter is greater than the one before, so a code is good once.
    """
    step = int(now) // STEP
    for counter in (step + last.drift, step + last.drift - 1, step + last.drift + 1):
        drift = counter - step
        if counter > last.counter and abs(drift) <= MOST_DRIFT and _same(seed, counter, code):
            return Accepted(counter, drift)
    return None


def pair(seed: str, first: str, second: str, now: float, last: Accepted) -> Accepted | None:
    """Accept two consecutive codes, from which the drift of a device's clock is learnt."""
    step = int(now) // STEP
    for drift in sorted(range(-MOST_DRIFT, MOST_DRIFT + 1), key=abs):
        counter = step + drift
        if counter - 1 > last.counter and _same(seed, counter - 1, first) and _same(seed, counter, second):
            return Accepted(counter, drift)
    return None


def _same(seed: str, counter: int, code: str) -> bool:
    return hmac.compare_digest(pyotp.TOTP(seed).generate_otp(counter).encode(), code.encode())


def address(seed: str, name: str) -> str:
    """The `otpauth` address that an authenticator reads from the image."""
    label = quote(f"{ISSUER}:{name}", safe="")
    return f"otpauth://totp/{label}?secret={seed}&issuer={quote(ISSUER)}&algorithm=SHA1&digits=6&period={STEP}"


def image(seed: str, name: str) -> str:
    """The QR code of `address` as PNG in base64."""
    out = io.BytesIO()
    import segno  # only this image needs it

    segno.make(address(seed, name), error="m", micro=False).save(out, kind="png", scale=4)
    return base64.b64encode(out.getvalue()).decode()
