"""Credential reports.  Source: reference/ram-behaviour.md 5.13.

GenerateCredentialReport is called again until it answers COMPLETED; then GetCredentialReport gives the CSV in pages of
lines, the header counted as one, each page Base64.
"""

from __future__ import annotations

import base64
from typing import Annotated

from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.ims.product import IMS
from keystead.products.people import credential_report
from keystead.store import credential_reports
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Nothing, Text, Whole

REPORT_NOT_FOUND = FaultKind(
    "EntityNotExist.CredentialReport",
    404,
    "The account has no finished credential report; the state of the newest is {state}.",
    "Call GenerateCredentialReport until it answers COMPLETED.",
)
TOKEN_INVALID = FaultKind(
    "InvalidParameter.NextToken",
    400,
    "The parameter NextToken was not answered by this server, or belongs to a report that a newer one replaced.",
    "Start again without NextToken, and pass on each answer's NextToken unchanged.",
)

_ACCOUNT = "acs:ram:*:{account}:*"


class ReportState(Output, frozen=True):
    """STARTED, INPROGRESS or COMPLETED."""

    state: str


class ReportPage(Output, frozen=True):
    """A page of the CSV.  is_truncated is a text, as the vendor answers it."""

    content: str
    generated_time: str
    is_truncated: str
    next_token: str | UnsetType = UNSET


class GetInput(Input, frozen=True):
    max_items: Annotated[int, Whole(1, 3501, doc="lines on a page")] = 3501
    next_token: Annotated[str, Text(1, 512, doc="what the page before answered")] | None = None


@IMS.action("GenerateCredentialReport", resource=_ACCOUNT, writes=True)
def generate_credential_report(tx: Tx, _caller: Caller, _wanted: Nothing) -> ReportState:
    """Have the credential report made, at most one within some hours; call again until it is COMPLETED."""
    return ReportState(state=credential_report.advance(tx, begin=True))


@IMS.action("GetCredentialReport", resource=_ACCOUNT, faults=(REPORT_NOT_FOUND, TOKEN_INVALID))
def get_credential_report(tx: Tx, _caller: Caller, wanted: GetInput) -> ReportPage:
    """Show the newest finished credential report, a page at a time: CSV as Base64."""
    row = credential_reports.state(tx)
    if row is None or not row.finished_edition:
        raise REPORT_NOT_FOUND(state=row.state if row else "(none)")
    first = _first(wanted.next_token, row.finished_edition)
    lines = credential_reports.lines(tx, row.finished_edition, first, wanted.max_items + 1)
    if not lines:
        raise TOKEN_INVALID()
    more = len(lines) > wanted.max_items
    text = "".join(each.line + "\n" for each in lines[: wanted.max_items])
    return ReportPage(
        content=base64.b64encode(text.encode()).decode(),
        generated_time=iso(row.finished_at),
        is_truncated="true" if more else "false",
        next_token=pages.marker(f"{row.finished_edition}:{first + wanted.max_items}") if more else UNSET,
    )


def _first(token: str | None, edition: int) -> int:
    """The number of the line that a page begins with.  Raises `InvalidParameter.NextToken`."""
    if not token:
        return 0
    found, _, number = pages.after(token, TOKEN_INVALID).partition(":")
    if found != str(edition) or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise TOKEN_INVALID()
    return int(number)
