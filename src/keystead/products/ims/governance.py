"""Governance reports and the security score.  Source: reference/ram-behaviour.md 5.1 and 5.13.

A report keeps its figures; what an item counts is listed as it is now.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.ims.product import IMS
from keystead.products.people import governance as rules
from keystead.store import governance
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Nothing, Text, Whole

REPORT_NOT_FOUND = FaultKind(
    "EntityNotExist.GovernanceReport",
    404,
    "The account has no governance report yet.",
    "Call GenerateGovernanceReport.",
)


class ReportState(Output, frozen=True):
    """Started, Progressing or Completed."""

    state: str


class ItemStatus(Output, frozen=True):
    governance_item: str
    status: str


class ItemStatusList(Output, frozen=True):
    governance_item_status: list[ItemStatus]


class ReportStatus(Output, frozen=True):
    whole_report_status: str
    governance_items_status: ItemStatusList


class Metric(Output, frozen=True):
    """The value of an item, of the type that it says."""

    governance_item: str
    metric_type: str
    metric_value: bool | int | str


class MetricList(Output, frozen=True):
    governance_metric: list[Metric]


class RecentMetrics(Output, frozen=True):
    generate_time: str
    governance_metrics: MetricList


class ColumnSchema(Output, frozen=True):
    column_name: str
    column_type: str


class ColumnSchemas(Output, frozen=True):
    column_schema: list[ColumnSchema]


class ColumnRow(Output, frozen=True):
    column_value: list[bool | int | str]


class ColumnRows(Output, frozen=True):
    column_row: list[ColumnRow]


class ItemReport(Output, frozen=True):
    """The value of an item and a page of what it counts."""

    generate_time: str
    metric_type: str
    metric_value: bool | int | str
    columns_schema: ColumnSchemas
    columns_value: ColumnRows
    is_truncated: bool
    marker: str | UnsetType = UNSET


class UserInfo(Output, frozen=True):
    """Counts of the security report."""

    bind_mfa: bool
    root_with_access_key: int
    old_ak_num: int
    unused_ak_num: int
    sub_user: int
    sub_user_bind_mfa: int
    sub_user_pwd_level: str
    sub_user_with_old_access_key: int
    sub_user_with_unused_access_key: int


class PracticeInfo(Output, frozen=True):
    score: int
    account_security_practice_user_info: UserInfo


class PracticeReport(Output, frozen=True):
    account_security_practice_info: PracticeInfo


class ItemInput(Input, frozen=True):
    governance_item_type: Annotated[str, Choice(tuple(rules.ITEMS))]
    marker: Annotated[str, Text(1, 512, doc="what the page before answered")] | None = None
    max_items: Annotated[int, Whole(1, 1000, doc="rows on a page")] = 1000


def _measure(tx: Tx, _caller: Caller, _wanted: Any) -> rules.Metrics:
    """Counted before the write lock is taken."""
    return rules.measure(tx)


def _last(tx: Tx) -> sa.Row[Any]:
    """Raises `EntityNotExist.GovernanceReport`."""
    row = governance.last(tx)
    if row is None:
        raise REPORT_NOT_FOUND()
    return row


@IMS.action("GenerateGovernanceReport", writes=True, first=_measure)
def generate_governance_report(tx: Tx, _caller: Caller, _wanted: Nothing) -> ReportState:
    """Make the governance report anew; it is whole when this answers."""
    governance.keep(tx, msgspec.json.encode(tx.prepared).decode())
    return ReportState(state="Completed")


@IMS.action("GetGovernanceReportStatus", faults=(REPORT_NOT_FOUND,))
def get_governance_report_status(tx: Tx, _caller: Caller, _wanted: Nothing) -> ReportStatus:
    """Say which items of the governance report are done."""
    done = [ItemStatus(governance_item=name, status="Completed") for name in rules.stored(_last(tx).metrics)]
    return ReportStatus(
        whole_report_status="Completed", governance_items_status=ItemStatusList(governance_item_status=done)
    )


@IMS.action("ListRecentGovernanceMetrics", faults=(REPORT_NOT_FOUND,))
def list_recent_governance_metrics(tx: Tx, _caller: Caller, _wanted: Nothing) -> RecentMetrics:
    """List the values of the newest governance report."""
    row = _last(tx)
    found = [
        Metric(governance_item=name, metric_type=rules.ITEMS[name].type, metric_value=value)
        for name, value in rules.stored(row.metrics).items()
        if name in rules.ITEMS
    ]
    return RecentMetrics(generate_time=iso(row.generated_at), governance_metrics=MetricList(governance_metric=found))


@IMS.action("GetGovernanceItemReport", faults=(REPORT_NOT_FOUND, pages.MARKER_INVALID))
def get_governance_item_report(tx: Tx, _caller: Caller, wanted: ItemInput) -> ItemReport:
    """Show one item of the newest governance report, and a page of what it counts now."""
    report, item = _last(tx), rules.ITEMS[wanted.governance_item_type]
    rows = rules.rows(tx, item, pages.after(wanted.marker), wanted.max_items + 1)
    page, marker = pages.cut(rows, wanted.max_items, "sort")
    schema = [ColumnSchema(column_name=name, column_type=kind) for name, kind, _ in item.columns]
    return ItemReport(
        generate_time=iso(report.generated_at),
        metric_type=item.type,
        metric_value=rules.stored(report.metrics).get(item.name, 0),
        columns_schema=ColumnSchemas(column_schema=schema),
        columns_value=ColumnRows(column_row=[ColumnRow(column_value=row) for row in rules.cells(tx, item, list(page))]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@IMS.action("GetAccountSecurityPracticeReport", resource="acs:ram:*:{account}:*")
def get_account_security_practice_report(tx: Tx, _caller: Caller, _wanted: Nothing) -> PracticeReport:
    """Score how the account is guarded, with the counts behind it; old and unused mean 90 days."""
    found = rules.practice(tx)
    return PracticeReport(
        account_security_practice_info=PracticeInfo(
            score=found.score(),
            account_security_practice_user_info=UserInfo(
                bind_mfa=found.bind_mfa,
                root_with_access_key=found.root_keys,
                old_ak_num=found.root_old_keys,
                unused_ak_num=found.root_unused_keys,
                sub_user=found.users,
                sub_user_bind_mfa=found.users_with_mfa,
                sub_user_pwd_level=found.password_level,
                sub_user_with_old_access_key=found.users_with_old_keys,
                sub_user_with_unused_access_key=found.users_with_unused_keys,
            ),
        )
    )
