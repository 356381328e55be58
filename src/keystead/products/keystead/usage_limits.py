"""Limits of model calls: of the account, a workspace, an application, an owner or one key.  All that apply bind.

They are set by who stands in every workspace; UpdateModelLimits sets those of a workspace in the vendor's shape.
Judged as `modelstudio:<Action>`.  Source: issue 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.studio import is_super_administrator
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.workspaces.access import WORKSPACES
from keystead.store import api_keys, roles, usage_limits, users, workspaces
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Text, Whole

ONLY_SUPER = FaultKind(
    "NoPermission.WorkspaceRole",
    403,
    "Only the account and its super administrators may set and see limits across workspaces; you are neither.",
    "Ask the account, or a user whom a policy allows modelstudio:* on *, such as AliyunBailianFullAccess.",
)
SCOPE_NOT_FOUND = FaultKind(
    "InvalidParameter.ScopeId",
    400,
    "The parameter ScopeId is {scope_id!r}, which is not {what} of this account.",
    "For Scope=account leave it out; for workspace, application and key send the ID, for owner a user, role or "
    "account ID.",
)
WRONG_PERIOD = FaultKind(
    "InvalidParameter.Period",
    400,
    "The parameter Period is {period!r}: {why}.",
    "Send seconds, day, week or month; for Measure=concurrent nothing.",
)
WRONG_ZONE = FaultKind(
    "InvalidParameter.TimeZone",
    400,
    "The parameter TimeZone is {zone!r}, which this machine does not know.",
    "Send a name such as UTC or Asia/Shanghai.",
)
LIMIT_NOT_FOUND = FaultKind(
    "EntityNotExist.UsageLimit", 404, "The usage limit does not exist: {id}.", "ListUsageLimits shows what there is."
)

_SCOPES = ("account", "workspace", "application", "owner", "key")
_WHAT = {
    "workspace": "a workspace",
    "application": "the ID of an application",
    "owner": "a user, a role or the account",
    "key": "an API key",
    "account": "the account",
}

ScopeName = Annotated[str, Choice(_SCOPES, doc="whose calls it counts")]
ScopeId = Annotated[str, Text(0, 64, r"[A-Za-z0-9_-]*", wrong="Format", doc="which one")]


class SetUsageLimitInput(Input, frozen=True):
    scope: ScopeName
    measure: Annotated[str, Choice(("requests", "tokens", "concurrent", "money"), doc="money in millionths")]
    amount: Annotated[int, Whole(0, 999_999_999_999, doc="how much may be used")]
    scope_id: ScopeId = ""
    model: Annotated[str, Text(0, 128, doc="the model it counts; none: all together")] = ""
    period: Annotated[str, Text(0, 8, r"[1-9][0-9]{0,6}|day|week|month", doc="seconds, day, week or month")] = ""
    time_zone: Annotated[str, Text(1, 64, r"[A-Za-z0-9_+/-]+", doc="when its days begin")] = "UTC"


class ListUsageLimitsInput(Input, frozen=True):
    scope: ScopeName | None = None
    scope_id: ScopeId = ""


class UsageLimitInput(Input, frozen=True):
    usage_limit_id: Annotated[str, Text(32, 32, r"[0-9a-f]+", wrong="Format", doc="the ID of a limit")]


class UsageLimit(Output, frozen=True):
    usage_limit_id: str
    scope: str
    scope_id: str
    model: str
    measure: str
    amount: int
    period: str
    time_zone: str


class UsageLimitAnswer(Output, frozen=True):
    usage_limit: UsageLimit


class UsageLimitList(Output, frozen=True):
    usage_limit: list[UsageLimit]


class ListUsageLimitsOutput(Output, frozen=True):
    usage_limits: UsageLimitList


def show(rows: Sequence[sa.Row[Any]]) -> UsageLimitList:
    """Limits as answers show them."""
    return UsageLimitList(usage_limit=[_show(row) for row in rows])


def _show(row: sa.Row[Any]) -> UsageLimit:
    return UsageLimit(
        usage_limit_id=row.id,
        scope=row.scope,
        scope_id=row.scope_id,
        model=row.model,
        measure=row.measure,
        amount=row.amount,
        period=row.period,
        time_zone=row.time_zone,
    )


def _must_be_super(caller: Caller) -> None:
    if not is_super_administrator(caller):
        raise ONLY_SUPER()


@KEYSTEAD.action(
    "SetUsageLimit",
    resource=WORKSPACES,
    permission="modelstudio:SetUsageLimit",
    writes=True,
    faults=(ONLY_SUPER, SCOPE_NOT_FOUND, WRONG_PERIOD, WRONG_ZONE),
)
def set_usage_limit(tx: Tx, caller: Caller, wanted: SetUsageLimitInput) -> UsageLimitAnswer:
    """Limit how much is used, in place of the limit on the same things; every limit that applies binds."""
    _must_be_super(caller)
    if (wanted.measure == "concurrent") is bool(wanted.period):
        why = "calls at a time have no period" if wanted.period else "a period is needed"
        raise WRONG_PERIOD(period=wanted.period, why=why)
    try:
        ZoneInfo(wanted.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WRONG_ZONE(zone=wanted.time_zone) from None
    scope_id = wanted.scope_id or (tx.account_id if wanted.scope == "account" else "")
    if not _exists(tx, wanted.scope, scope_id):
        raise SCOPE_NOT_FOUND(scope_id=scope_id, what=_WHAT[wanted.scope])
    limit_id = usage_limits.put(
        tx, wanted.scope, scope_id, wanted.model, wanted.measure, wanted.period, wanted.amount, wanted.time_zone
    )
    return UsageLimitAnswer(usage_limit=_show(_found(tx, limit_id)))


def _exists(tx: Tx, scope: str, scope_id: str) -> bool:
    """Whether there is something to limit.  Applications are not looked up: they may be limited beforehand."""
    match scope:
        case "account":
            return scope_id == tx.account_id
        case "workspace":
            return workspaces.get(tx, scope_id) is not None
        case "owner":
            is_known = users.by_id(tx, scope_id) is not None or roles.by_id(tx, scope_id) is not None
            return scope_id == tx.account_id or is_known
        case "key":
            return scope_id.isdecimal() and len(scope_id) <= 12 and api_keys.get(tx, int(scope_id)) is not None
        case _:
            return bool(scope_id)


def _found(tx: Tx, limit_id: str) -> sa.Row[Any]:
    row = usage_limits.get(tx, limit_id)
    if row is None:
        raise LIMIT_NOT_FOUND(id=limit_id)
    return row


@KEYSTEAD.action(
    "ListUsageLimits",
    resource=WORKSPACES,
    permission="modelstudio:ListUsageLimits",
    faults=(ONLY_SUPER,),
)
def list_usage_limits(tx: Tx, caller: Caller, wanted: ListUsageLimitsInput) -> ListUsageLimitsOutput:
    """List the limits that are set."""
    _must_be_super(caller)
    rows = usage_limits.every(tx, wanted.scope or "", wanted.scope_id)
    return ListUsageLimitsOutput(usage_limits=show(rows))


@KEYSTEAD.action(
    "DeleteUsageLimit",
    resource=WORKSPACES,
    permission="modelstudio:DeleteUsageLimit",
    writes=True,
    faults=(ONLY_SUPER, LIMIT_NOT_FOUND),
)
def delete_usage_limit(tx: Tx, caller: Caller, wanted: UsageLimitInput) -> Done:
    """Remove a limit."""
    _must_be_super(caller)
    row = _found(tx, wanted.usage_limit_id)
    usage_limits.remove(tx, row.scope, row.scope_id, limit_id=row.id)
    return Done()
