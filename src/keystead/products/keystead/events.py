"""The audit trail, to be searched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.times import Instant, milliseconds
from keystead.store import audit
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Text, Whole

_ALWAYS_END = 10**15


class LookupEventsInput(Input, frozen=True):
    start_time: Instant | None = None
    end_time: Instant | None = None
    identity: Annotated[str, Text(1, 256, doc="a part of the caller's ARN")] | None = None
    event_access_key_id: Annotated[str, Text(1, 128, doc="the AccessKey ID that was used")] | None = None
    event_action: Annotated[str, Text(1, 64, doc="for instance CreateUser")] | None = None
    event_identity: Annotated[str, Text(1, 256, doc="the caller's whole ARN")] | None = None
    event_resource: Annotated[str, Text(1, 512, doc="the resource's whole ARN")] | None = None
    event_product: Annotated[str, Text(1, 16, doc="for instance Ram")] | None = None
    resource: Annotated[str, Text(1, 256, doc="a part of the resource's ARN")] | None = None
    outcome: Annotated[str, Text(1, 128, doc="Success, Failure, or an error code")] | None = None
    kind: Annotated[str, Choice(("read", "write"))] | None = None
    event_request_id: Annotated[str, Text(1, 36, doc="the request ID of the event")] | None = None
    marker: Annotated[str, Text(1, 128)] | None = None
    max_items: Annotated[int, Whole(1, 1000)] = 100


class Event(Output, frozen=True):
    """One call by a known identity.  `outcome` is Success or the error code."""

    event_time: str
    request_id: str
    product: str
    action: str
    kind: str
    identity_type: str
    principal: str
    access_key_id: str
    resource: str
    outcome: str
    source_ip_address: str
    user_agent: str
    parameters: dict[str, str]


class EventList(Output, frozen=True):
    event: list[Event]


class LookupEventsOutput(Output, frozen=True):
    events: EventList
    is_truncated: bool
    marker: str | UnsetType = UNSET


@KEYSTEAD.action("LookupEvents", resource="acs:keystead:*:{account}:event/*")
def lookup_events(tx: Tx, _caller: Caller, wanted: LookupEventsInput) -> LookupEventsOutput:
    """Find calls in the audit trail by time, identity, AccessKey ID, action, resource, outcome and request ID."""
    equal = {
        "access_key_id": wanted.event_access_key_id,
        "action": wanted.event_action,
        "product": wanted.event_product,
        "kind": wanted.kind,
        "request_id": wanted.event_request_id,
    }
    page = audit.find(
        tx,
        equal={column: value for column, value in equal.items() if value is not None},
        whole={"principal": wanted.event_identity or "", "resource": wanted.event_resource or ""},
        part={"principal": wanted.identity or "", "resource": wanted.resource or ""},
        outcome=wanted.outcome or "",
        start=milliseconds("StartTime", wanted.start_time, 0),
        end=milliseconds("EndTime", wanted.end_time, _ALWAYS_END),
        before=_position(wanted.marker),
        most=wanted.max_items,
    )
    return LookupEventsOutput(
        events=EventList(event=[_show(event) for event in page.events]),
        is_truncated=page.rest is not None,
        marker=pages.marker(f"{page.rest.at}/{page.rest.request_id}") if page.rest else UNSET,
    )


def _position(marker: str | None) -> audit.Position | None:
    at, slash, request_id = pages.after(marker).partition("/")
    if at and not (slash and at.isascii() and at.isdigit() and len(at) <= 15):
        raise pages.MARKER_INVALID()
    return audit.Position(int(at), request_id) if at else None


def _show(row: audit.Event) -> Event:
    at = datetime.fromtimestamp(row.at / 1000, UTC)
    return Event(
        event_time=at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{row.at % 1000:03d}Z",
        request_id=row.request_id,
        product=row.product,
        action=row.action,
        kind=row.kind,
        identity_type=row.identity_type,
        principal=row.principal,
        access_key_id=row.access_key_id,
        resource=row.resource,
        outcome=row.outcome,
        source_ip_address=row.address,
        user_agent=row.agent,
        parameters=msgspec.json.decode(row.parameters),
    )
