"""One-time codes under a fixed clock: drift, replay, pairing, the image."""

from __future__ import annotations

import base64

import pyotp
import pytest

from keystead.identity import totp
from keystead.identity.totp import STEP, Accepted

SEED = base64.b32encode(b"12345678901234567890").decode()
NOW = 1_767_323_045
FRESH = Accepted(0, 0)


def code(steps: int = 0, now: int = NOW) -> str:
    return str(pyotp.TOTP(SEED).generate_otp(now // STEP + steps))


def test_the_codes_are_rfc_6238_s() -> None:
    # Appendix B, SHA-1, the last six digits.
    for when, wanted in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert totp.check(SEED, wanted, when, Accepted(0, 0)) == Accepted(when // STEP, 0)


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_step_beside_is_accepted_and_remembered_as_drift(steps: int, accepted: bool) -> None:
    found = totp.check(SEED, code(steps), NOW, FRESH)
    assert (found is not None) is accepted
    if found is not None:
        assert found == Accepted(NOW // STEP + steps, steps)


def test_drift_is_followed_but_bounded() -> None:
    last, now = FRESH, NOW
    for steps in range(1, totp.MOST_DRIFT + 3):
        now += STEP * 100
        found = totp.check(SEED, code(steps, now), now, last)
        if steps > totp.MOST_DRIFT:
            assert found is None
        else:
            assert found is not None
            assert found.drift == steps
            last = found


def test_no_code_is_good_twice_nor_an_older_one() -> None:
    last = totp.check(SEED, code(), NOW, FRESH)
    assert last is not None
    for steps in (-1, 0):
        assert totp.check(SEED, code(steps), NOW, last) is None
    assert totp.check(SEED, code(1), NOW, last) is not None


def test_two_consecutive_codes_pair_within_five_minutes() -> None:
    assert totp.pair(SEED, code(-1), code(0), NOW, FRESH) == Accepted(NOW // STEP, 0)
    assert totp.pair(SEED, code(8), code(9), NOW, FRESH) == Accepted(NOW // STEP + 9, 9)
    for first, second in ((0, -1), (0, 0), (-2, 0), (11, 12), (-13, -12)):
        assert totp.pair(SEED, code(first), code(second), NOW, FRESH) is None
    used = Accepted(NOW // STEP - 1, 0)
    assert totp.pair(SEED, code(-1), code(0), NOW, used) is None


def test_address_and_image() -> None:
    found = pyotp.parse_uri(totp.address(SEED, "ann.phone"))
    assert isinstance(found, pyotp.TOTP)
    assert (found.secret, found.issuer, found.digits) == (SEED, "Keystead", 6)
    assert str(found.name).endswith("ann.phone")
    assert base64.b64decode(totp.image(SEED, "ann.phone")).startswith(b"\x89PNG\r\n\x1a\n")
    assert len(base64.b32decode(totp.new_seed())) == 20
