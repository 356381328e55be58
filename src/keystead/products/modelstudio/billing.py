"""What model calls cost, from the gateway's metering.  Source: reference/model-studio.md b.6.

An amount is the sum of the calls' costs by the price on their day, in the currency that prices are written in; there is
no tax here.  Groups: BASE_MODEL, WORKSPACE, API_KEY, USER, APPLICATION, CHARGE_TYPE (which is always pay as you go).
Days and months are those of UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.studio import is_super_administrator
from keystead.identity.transaction import Tx
from keystead.products.modelstudio.product import MODEL_STUDIO, BillingEnvelope, Part, StudioInput
from keystead.products.workspaces.access import WORKSPACES
from keystead.store import usage
from keystead.wire.parameters import Choice, Items, Text, Whole

WRONG_MONTH = FaultKind(
    "InvalidParameter.billMonth",
    400,
    "The parameter billMonth is {text!r}, which is not a month.",
    "Write it like 2026-03.",
)
WRONG_PERIOD = FaultKind(
    "InvalidParameter.timePeriod",
    400,
    "The parameter timePeriod is wrong: {why}.",
    'Send {{"start": "2026-03-01", "end": "2026-03-31"}}, at most 366 days.',
)
WRONG_DIMENSION = FaultKind(
    "InvalidParameter.groupBy",
    400,
    "{count} dimensions were named to group by, the first {code!r}; exactly one of {known} may be.",
    'Send groupBy as [{{"code": "BASE_MODEL"}}].',
)
WRONG_FILTER = FaultKind(
    "InvalidParameter.filter",
    400,
    "The parameter filter is wrong: {why}.",
    'Send {{"dimensions": [{{"code": "BASE_MODEL", "selectType": "IN", "values": ["qwen-plus"]}}]}}.',
)
ONLY_SUPER = FaultKind(
    "NoPermission.WorkspaceRole",
    403,
    "Only the account and its super administrators may see what all workspaces cost; you are neither.",
    "Ask the account, or a user whom a policy allows modelstudio:* on *, such as AliyunBailianFullAccess.",
)

DIMENSIONS = {
    "BASE_MODEL": "model",
    "WORKSPACE": "workspace",
    "API_KEY": "key",
    "USER": "owner",
    "APPLICATION": "application",
    "CHARGE_TYPE": "",
}
_PAY_AS_YOU_GO = "POSTPAY"
_NO_VALUE = ("DIMENSION_FILTER_NULL_VALUE", "-")
_OTHERS = ("DIMENSION_GROUP_OTHERS_VALUE", "Others")
_MOST_DAYS = 366
_MOST_ROWS = 500_000


class DimensionInput(StudioInput, frozen=True):
    code: Annotated[str, Text(1, 64, doc="a dimension")]


class FilterDimension(StudioInput, frozen=True):
    code: Annotated[str, Text(1, 64, doc="a dimension")]
    select_type: Annotated[str, Choice(("IN", "NOT_IN"))] = "IN"
    values: Annotated[tuple[str, ...], Items(100)] = ()


class FilterInput(StudioInput, frozen=True):
    dimensions: Annotated[tuple[FilterDimension, ...], Items(6)] = ()


class PeriodInput(StudioInput, frozen=True):
    start: Annotated[str, Text(4, 32, r"[0-9TZ:.+ -]+", wrong="Format", doc="a day, such as 2026-03-01")]
    end: Annotated[str, Text(4, 32, r"[0-9TZ:.+ -]+", wrong="Format", doc="the last day")]


GroupBy = Annotated[tuple[DimensionInput, ...], Items(6, doc="exactly one dimension")]
Top = Annotated[int, Whole(1, 20, doc="how many groups; the rest is one")]
Locale = Annotated[str, Text(0, 16, doc="nothing here depends on it")]
RegionId = Annotated[str, Text(0, 32, doc="nothing here depends on it")]


class OverviewInput(StudioInput, frozen=True):
    bill_month: Annotated[str, Text(7, 7, r"[0-9-]+", wrong="Format", doc="such as 2026-03")]
    group_by: GroupBy = ()
    filter: FilterInput | None = None
    locale: Locale = ""
    region_id: RegionId = ""
    top_num: Top = 20
    zero_filter: bool = True


class TrendInput(StudioInput, frozen=True):
    granularity: Annotated[str, Choice(("DAY", "MONTH"))]
    time_period: PeriodInput
    group_by: GroupBy = ()
    filter: FilterInput | None = None
    locale: Locale = ""
    region_id: RegionId = ""
    top_num: Top = 20
    zero_filter: bool = True


class Group(Part, frozen=True):
    key: str
    name: str
    amount: str
    percentage: str
    article_codes: list[str]


class Overview(Part, frozen=True):
    currency: str
    total_amount: str
    pretax_amount: str
    tax_amount: str
    groups: list[Group]


class Total(Part, frozen=True):
    amount: str
    currency: str
    pretax_amount: str
    tax_amount: str


class GroupTotal(Part, frozen=True):
    key: str
    name: str
    amount: str
    pretax_amount: str
    tax_amount: str


class PeriodDetail(Part, frozen=True):
    key: str
    name: str
    amount: str
    percentage: str
    pretax_amount: str
    tax_amount: str


class PeriodResult(Part, frozen=True):
    period: str
    total: Total
    period_details: list[PeriodDetail]


class Trend(Part, frozen=True):
    cost_totals: Total
    group_by_total: list[GroupTotal]
    result_by_time: list[PeriodResult]


class OverviewOutput(BillingEnvelope, frozen=True, kw_only=True):
    data: Overview


class TrendOutput(BillingEnvelope, frozen=True, kw_only=True):
    data: Trend


Costs = dict[tuple[str, str], int]
"""Cost in millionths by (key, name) of a group."""


def _amount(millionths: int) -> str:
    """An amount as text, to the millionth, without trailing zeros: floating point has no place here."""
    text = f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}".rstrip("0")
    return text + "00" if text.endswith(".") else text


def _percentage(part: int, whole: int) -> str:
    return f"{part * 100 / whole:.2f}" if whole else "0.00"


def _total(millionths: int) -> Total:
    return Total(amount=_amount(millionths), currency="CNY", pretax_amount=_amount(millionths), tax_amount="0.00")


def _dimension(group_by: Sequence[DimensionInput]) -> str:
    """The name of the one dimension; "" for none."""
    if not group_by:
        return ""
    code = group_by[0].code
    if len(group_by) != 1 or code not in DIMENSIONS:
        raise WRONG_DIMENSION(count=len(group_by), code=code[:40], known=", ".join(DIMENSIONS))
    return code


def _passes(row: sa.Row[Any], given: FilterInput | None) -> bool:
    for each in given.dimensions if given else ():
        value = _value(row, each.code)
        if (value in each.values) is (each.select_type == "NOT_IN"):
            return False
    return True


def _value(row: sa.Row[Any], code: str) -> str:
    column = DIMENSIONS[code]
    return str(getattr(row, f"by_{column}") or "") if column else _PAY_AS_YOU_GO


def _read(
    tx: Tx, code: str, given: FilterInput | None, start: datetime, end: datetime, top: int, zero_filter: bool
) -> dict[str, Costs]:
    """Costs by day and group, the groups beyond the `top` dearest put together."""
    for each in given.dimensions if given else ():
        if each.code not in DIMENSIONS:
            raise WRONG_FILTER(why=f"{each.code[:40]!r} is not among {', '.join(DIMENSIONS)}")
    named = [code, *(each.code for each in (given.dimensions if given else ()))]
    columns = sorted({DIMENSIONS[each] for each in named if each and DIMENSIONS[each]})
    rows = usage.sums(tx, ["day", *columns], int(start.timestamp()) * 1000, int(end.timestamp()) * 1000, {}, _MOST_ROWS)
    sums: Costs = defaultdict(int)
    days: dict[str, Costs] = {}
    for row in rows:
        if not _passes(row, given) or (zero_filter and not row.cost):
            continue
        value = _value(row, code) if code else ""
        group = (value, value) if value else _NO_VALUE
        cost = int(row.cost)  # PostgreSQL adds whole numbers up to a Decimal
        sums[group] += cost
        day = datetime.fromtimestamp(row.by_day / 1000, UTC).strftime("%Y%m%d")
        days.setdefault(day, defaultdict(int))[group] += cost
    kept = set(sorted(sums, key=lambda group: (-sums[group], group))[:top])
    folded: dict[str, Costs] = {}
    for day, costs in days.items():
        for group, cost in costs.items():
            folded.setdefault(day, defaultdict(int))[group if group in kept else _OTHERS] += cost
    return folded


def _together(costs: Sequence[Costs]) -> Costs:
    found: Costs = defaultdict(int)
    for each in costs:
        for group, cost in each.items():
            found[group] += cost
    return found


def _ordered(costs: Costs) -> list[tuple[tuple[str, str], int]]:
    """The dearest first, the rest last."""
    return sorted(costs.items(), key=lambda item: (item[0] == _OTHERS, -item[1], item[0]))


def _check(caller: Caller) -> None:
    if not is_super_administrator(caller):
        raise ONLY_SUPER()


@MODEL_STUDIO.action(
    "GetBillingOverview",
    method="GET",
    path="/modelstudio/billing/overview",
    resource=WORKSPACES,
    faults=(ONLY_SUPER, WRONG_MONTH, WRONG_DIMENSION, WRONG_FILTER),
)
def get_billing_overview(tx: Tx, caller: Caller, wanted: OverviewInput) -> OverviewOutput:
    """Show what a month's model calls cost, all together and by one dimension."""
    _check(caller)
    try:
        start = datetime.strptime(wanted.bill_month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise WRONG_MONTH(text=wanted.bill_month) from None
    end = (start + timedelta(days=32)).replace(day=1)
    code = _dimension(wanted.group_by)
    days = _read(tx, code, wanted.filter, start, end, wanted.top_num, wanted.zero_filter)
    costs = _together(list(days.values()))
    whole = sum(costs.values())
    groups = [
        Group(key=key, name=name, amount=_amount(cost), percentage=_percentage(cost, whole), article_codes=[])
        for (key, name), cost in _ordered(costs)
    ]
    return OverviewOutput(
        data=Overview(
            currency="CNY",
            total_amount=_amount(whole),
            pretax_amount=_amount(whole),
            tax_amount="0.00",
            groups=groups if code else [],
        )
    )


def _period(wanted: PeriodInput) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last."""
    try:
        first = datetime.fromisoformat(wanted.start[:10]).replace(tzinfo=UTC)
        last = datetime.fromisoformat(wanted.end[:10]).replace(tzinfo=UTC)
    except ValueError:
        raise WRONG_PERIOD(why=f"{wanted.start[:32]!r} or {wanted.end[:32]!r} is not a day") from None
    if last < first:
        raise WRONG_PERIOD(why="it ends before it starts")
    if (last - first).days >= _MOST_DAYS:
        raise WRONG_PERIOD(why=f"it has {(last - first).days + 1} days")
    return first, last + timedelta(days=1)


@MODEL_STUDIO.action(
    "GetBillingTrend",
    method="GET",
    path="/modelstudio/billing/trend",
    resource=WORKSPACES,
    faults=(ONLY_SUPER, WRONG_PERIOD, WRONG_DIMENSION, WRONG_FILTER),
)
def get_billing_trend(tx: Tx, caller: Caller, wanted: TrendInput) -> TrendOutput:
    """Show what model calls cost by day or month, all together and by one dimension."""
    _check(caller)
    start, end = _period(wanted.time_period)
    code = _dimension(wanted.group_by)
    days = _read(tx, code, wanted.filter, start, end, wanted.top_num, wanted.zero_filter)
    by_period: dict[str, list[Costs]] = {}
    for day, costs in days.items():
        by_period.setdefault(day if wanted.granularity == "DAY" else day[:6], []).append(costs)
    results = []
    for period in sorted(by_period):
        costs = _together(by_period[period])
        whole = sum(costs.values())
        results.append(
            PeriodResult(
                period=period,
                total=_total(whole),
                period_details=[_detail(group, cost, whole) for group, cost in _ordered(costs)] if code else [],
            )
        )
    every = _together(list(days.values()))
    totals = [
        GroupTotal(key=key, name=name, amount=_amount(cost), pretax_amount=_amount(cost), tax_amount="0.00")
        for (key, name), cost in _ordered(every)
    ]
    return TrendOutput(
        data=Trend(
            cost_totals=_total(sum(every.values())), group_by_total=totals if code else [], result_by_time=results
        )
    )


def _detail(group: tuple[str, str], cost: int, whole: int) -> PeriodDetail:
    return PeriodDetail(
        key=group[0],
        name=group[1],
        amount=_amount(cost),
        percentage=_percentage(cost, whole),
        pretax_amount=_amount(cost),
        tax_amount="0.00",
    )
