"""Formats and the window.  The reference for the formats is the standard library."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.signing import Claim, check_window
from keystead.signing.times import http_time, iso_time, parse_http_date, parse_iso

NOW = 1767323045.0
INSTANTS = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS)
def test_iso(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    assert (
        parse_iso(f"{whole.year:04}-{whole:%m-%dT%H:%M:%SZ}")
        == (whole - datetime.fromtimestamp(0, UTC)).total_seconds()
    )


@given(INSTANTS)
def test_http_date(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    assert (
        parse_http_date(format_datetime(whole, usegmt=True)) == (whole - datetime.fromtimestamp(0, UTC)).total_seconds()
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026/01/02",
        "2026-01-02 03:04:05",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05z",
        "2026-01-02T03:04:05+",
        "2026-02-29T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-00-02T03:04:05Z",
        "0000-01-02T03:04:05Z",
        "2026-01-02T24:04:05Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:5 Z",
        "2026-01-02T03:04:-5Z",
        "2026-01-02T03:04:0٥Z",
        "2026-01-02T03:04:05.000Z",
        "2" * 100_000,
    ],
)
def test_iso_is_strict(text: str) -> None:
    with pytest.raises(Fault) as refused:
        iso_time("Timestamp", text)
    assert (refused.value.code, refused.value.status) == ("InvalidTimeStamp.Format", 400)
    assert refused.value.message.startswith("Specified time stamp or date value is not well formatted.")
    assert len(refused.value.message) < 300


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-02T03:04:05Z",
        "Fri, 02 Jan 2026 03:04:05 UTC",
        "Fri, 02 Jan 2026 03:04:05 +0000",
        "fri, 02 jan 2026 03:04:05 GMT",
        "Fry, 02 Jan 2026 03:04:05 GMT",
        "Fri, 2 Jan 2026 03:04:05 GMT",
        "Fri, 32 Jan 2026 03:04:05 GMT",
        "Friday, 02-Jan-26 03:04:05 GMT",
        "Fri Jan  2 03:04:05 2026",
        "F" * 100_000,
    ],
)
def test_http_date_is_strict(text: str) -> None:
    with pytest.raises(Fault, match=r"InvalidTimeStamp\.Format"):
        http_time(text)


@pytest.mark.parametrize("difference", [0.0, 1.0, -1.0, 899.0, 900.0, -900.0])
def test_window_holds_both_ways(difference: float) -> None:
    check_window(Claim("ACS3-HMAC-SHA256", timestamp=NOW), NOW + difference)


@pytest.mark.parametrize("difference", [900.001, -900.001, 901.0, -901.0, 1e9, -1e9])
def test_window_ends_both_ways(difference: float) -> None:
    with pytest.raises(Fault) as refused:
        check_window(Claim("ACS3-HMAC-SHA256", timestamp=NOW), NOW + difference)
    assert (refused.value.code, refused.value.status) == ("InvalidTimeStamp.Expired", 400)


def test_expired_says_how_far() -> None:
    with pytest.raises(Fault) as refused:
        check_window(Claim("ACS3-HMAC-SHA256", timestamp=NOW), NOW + 901)
    assert refused.value.message == (
        "Specified time stamp or date value is expired. Client time 2026-01-02T03:04:05Z, "
        "server time 2026-01-02T03:19:06Z, difference 901 s, limit 900 s."
    )
    assert "clock" in refused.value.next_step


def test_window_can_be_set() -> None:
    claim = Claim("ACS3-HMAC-SHA256", timestamp=NOW)
    check_window(claim, NOW + 60, window=60)
    with pytest.raises(Fault, match="difference 61 s, limit 60 s"):
        check_window(claim, NOW + 61, window=60)


def test_a_claim_without_a_time_has_no_window() -> None:
    check_window(Claim("BEARER", bearer="token"), NOW)
