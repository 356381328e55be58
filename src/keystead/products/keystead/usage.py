"""What model calls used: sums over the metered calls of the caller's account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.times import Instant, milliseconds
from keystead.store import usage
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Items, Text, Whole

_GROUPS = ("workspace", "application", "key", "owner", "model", "operation", "outcome", "hour", "day")
_SPAN_MS = 31 * 86_400_000

BAD_RANGE = FaultKind(
    "InvalidParameter.EndTime", 400, "EndTime {end} is not after StartTime {start}.", "Give a later EndTime."
)

Id = Annotated[str, Text(1, 128)]


class GetUsageInput(Input, frozen=True):
    start_time: Instant | None = None
    end_time: Instant | None = None
    group_by: Annotated[list[Annotated[str, Choice(_GROUPS)]], Items(4, doc="none: one sum over everything")] | None = (
        None
    )
    workspace_id: Id | None = None
    application_id: Id | None = None
    api_key_id: Annotated[int, Whole(0, 10**12 - 1)] | None = None
    owner_id: Id | None = None
    model_name: Id | None = None
    max_items: Annotated[int, Whole(1, 1000)] = 100


class Used(Output, frozen=True):
    """One group's sums.  cost: in units of the currency.  estimated_calls: counted here, the server did not say."""

    group: dict[str, str]
    calls: int
    failed_calls: int
    estimated_calls: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost: str


class GetUsageOutput(Output, frozen=True):
    start_time: str
    end_time: str
    usage: list[Used]


@KEYSTEAD.action("GetUsage", resource="acs:keystead:*:{account}:usage/*", faults=(BAD_RANGE,))
def get_usage(tx: Tx, _caller: Caller, wanted: GetUsageInput) -> GetUsageOutput:
    """Sum the metered model calls of a time range, by default the last 31 days, the most tokens first."""
    end = milliseconds("EndTime", wanted.end_time, (tx.now + 1) * 1000)
    start = milliseconds("StartTime", wanted.start_time, end - _SPAN_MS)
    if end <= start:
        raise BAD_RANGE(start=_iso(start), end=_iso(end))
    equal: dict[str, Any] = {
        "workspace": wanted.workspace_id,
        "application": wanted.application_id,
        "key": wanted.api_key_id,
        "owner": wanted.owner_id,
        "model": wanted.model_name,
    }
    by = list(dict.fromkeys(wanted.group_by or []))
    rows = usage.sums(
        tx, by, start, end, {name: value for name, value in equal.items() if value is not None}, wanted.max_items
    )
    return GetUsageOutput(start_time=_iso(start), end_time=_iso(end), usage=[_shown(row, by) for row in rows])


def _shown(row: Any, by: list[str]) -> Used:
    group = {}
    for name in by:
        value = getattr(row, f"by_{name}")
        group[name] = _iso(int(value)) if name in ("hour", "day") else str(value)
    return Used(
        group=group,
        calls=row.calls,
        failed_calls=int(row.failed_calls),
        estimated_calls=int(row.estimated_calls),
        input_tokens=int(row.input_tokens),
        output_tokens=int(row.output_tokens),
        total_tokens=int(row.input_tokens) + int(row.output_tokens),
        cost=f"{int(row.cost) / 1_000_000:.6f}",
    )


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
