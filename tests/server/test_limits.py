"""Rate limits: per account and kind, with the time to wait in the headers that clients read."""

from __future__ import annotations

import pytest

from keystead.faults import Fault
from keystead.server.limits import RateLimits


def test_a_limit_binds_per_account_and_kind_and_frees_in_time() -> None:
    limits = RateLimits({"read": 10, "write": 1, "sts": 0})
    for _ in range(10):
        limits.take("read", "a", 100.0)
    with pytest.raises(Fault) as caught:
        limits.take("read", "a", 100.0)
    fault = caught.value
    assert (fault.code, fault.status) == ("Throttling.User", 400)
    headers = dict(fault.headers)
    assert 1 <= int(headers["x-acs-retry-after"]) <= 101
    assert headers["retry-after"] == "1"
    limits.take("read", "b", 100.0)
    limits.take("write", "a", 100.0)
    limits.take("read", "a", 100.0 + int(headers["x-acs-retry-after"]) / 1000)


def test_no_limit_is_no_limit() -> None:
    limits = RateLimits({"read": 0})
    for _ in range(10_000):
        limits.take("read", "a", 1.0)


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limits = RateLimits({"read": 1})
    limits.take("read", "a", 100.0)
    with pytest.raises(Fault):
        limits.take("read", "a", 50.0)
