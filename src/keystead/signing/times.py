"""Times in requests.  Source: reference/request-signing.md sections 2 and 9.

The formats are fixed, so they are read by position: exact, linear, and without the locale of `strptime`.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from keystead.clock import iso
from keystead.signing import faults
from keystead.signing.message import Claim

ISO_FORMAT = "YYYY-MM-DDThh:mm:ssZ"
DATE_FORMAT = "RFC 1123 in GMT, for example Fri, 02 Jan 2026 03:04:05 GMT"

_EPOCH = date(1970, 1, 1).toordinal()
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_MARKS = {3: ",", 4: " ", 7: " ", 11: " ", 16: " ", 19: ":", 22: ":", 25: " ", 26: "G", 27: "M", 28: "T"}


def _seconds(year: str, month: str, day: str, clock: str) -> float | None:
    """Seconds since 1970 of a day and `hhmmss`, all ASCII digits; None where there is no such instant."""
    digits = year + month + day + clock
    if not (digits.isascii() and digits.isdigit()):
        return None
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:])
    if hour > 23 or minute > 59 or second > 59:
        return None
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    return float(days * 86400 + hour * 3600 + minute * 60 + second)


@lru_cache(maxsize=64)  # the requests of one second carry the same few texts
def parse_iso(text: str) -> float | None:
    """Seconds since 1970 of `2026-01-02T03:04:05Z`, or None where the text is anything else."""
    if len(text) != 20 or text[4::3] != "--T::Z":
        return None
    return _seconds(text[:4], text[5:7], text[8:10], text[11:13] + text[14:16] + text[17:19])


@lru_cache(maxsize=64)
def parse_http_date(text: str) -> float | None:
    """Seconds since 1970 of `Fri, 02 Jan 2026 03:04:05 GMT`, or None where the text is anything else."""
    if len(text) != 29 or any(text[at] != mark for at, mark in _HTTP_MARKS.items()):
        return None
    if text[:3] not in _DAYS or text[8:11] not in _MONTHS:
        return None
    month = f"{_MONTHS.index(text[8:11]) + 1:02}"
    return _seconds(text[12:16], month, text[5:7], text[17:19] + text[20:22] + text[23:25])


def iso_time(name: str, text: str) -> float:
    """The instant that the parameter or header `name` says, or `InvalidTimeStamp.Format`."""
    seconds = parse_iso(text) if len(text) == 20 else None
    if seconds is None:
        raise faults.TIME_FORMAT(name=name, value=faults.shown(text), wanted=ISO_FORMAT)
    return seconds


def http_time(text: str) -> float:
    """The instant that the header Date says, or `InvalidTimeStamp.Format`."""
    seconds = parse_http_date(text) if len(text) == 29 else None
    if seconds is None:
        raise faults.TIME_FORMAT(name="Date", value=faults.shown(text), wanted=DATE_FORMAT)
    return seconds


def check_window(claim: Claim, now: float, window: float = 900.0) -> None:
    """Refuse a claim made more than `window` seconds before or after `now`; exactly `window` passes.

    A claim without a time passes: `read_claim` requires one wherever the scheme does.
    """
    if claim.timestamp is None or -window <= now - claim.timestamp <= window:
        return
    raise faults.TIME_EXPIRED(
        client=iso(claim.timestamp),
        server=iso(now),
        difference=f"{abs(now - claim.timestamp):.0f}",
        limit=f"{window:.0f}",
    )
