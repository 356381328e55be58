"""How much of a model a workspace may use.  Source: reference/model-studio.md b.5 and b.10.

`modelLimit` is the account's ceiling (set with SetUsageLimit), `workspaceLimit` the workspace's share; the shares of
all workspaces together may not exceed the ceiling.  Ceilings and shares are compared by the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.modelstudio.models import DEFAULT_RESULTS
from keystead.products.modelstudio.permissions import MODEL_NOT_FOUND, NOT_IN_DEFAULT
from keystead.products.modelstudio.product import (
    MODEL_STUDIO,
    NEXT_TOKEN_INVALID,
    ManyResults,
    ModelsEnvelope,
    Part,
    StudioInput,
    Substring,
    Token,
    window,
)
from keystead.products.workspaces import access
from keystead.products.workspaces.access import ONLY_SUPER, PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND
from keystead.store import model_catalogue, usage_limits, workspaces
from keystead.wire.parameters import Choice, Items, Text, Whole

BEYOND_CEILING = FaultKind(
    "LimitExceeded.WorkspaceLimit",
    400,
    "The workspace limits of {model} together would be {sum} {measure} a minute; the account's ceiling is {ceiling}.",
    "Lower this limit or another workspace's, or let the account raise its ceiling with SetUsageLimit.",
)
WRONG_LIMIT = FaultKind(
    "InvalidParameter.workspaceLimits",
    400,
    "The parameter workspaceLimits is wrong for {model}: {why}.",
    "With OVERLAY send requestLimit or usageLimit, each with its period; with DELETE send none of them.",
)
NO_CHANGE = FaultKind(
    "InvalidParameter.workspaceLimits",
    400,
    "The parameter workspaceLimits is empty: nothing would change.",
    "Send a JSON list of 1 to 200 objects.",
)

_MINUTE = 60
_MEASURES = (("requests", "request_limit"), ("tokens", "usage_limit"))

Amount = Annotated[int, Whole(0, 999_999_999_999)]
Seconds = Annotated[int, Whole(1, 9_999_999, doc="seconds")]


class ListModelLimitsInput(StudioInput, frozen=True):
    workspace_id: access.WorkspaceId = "*"
    model: Substring = ""
    name: Substring = ""
    max_results: ManyResults = 0
    next_token: Token = ""


class WorkspaceLimitInput(StudioInput, frozen=True):
    """A share: OVERLAY changes the fields that are there, DELETE removes it."""

    model: Annotated[str, Text(1, 128, doc="a model's name")]
    operation_type: Annotated[str, Choice(("OVERLAY", "DELETE"))]
    request_limit: Amount | None = None
    request_limit_period: Seconds | None = None
    usage_limit: Amount | None = None
    usage_limit_period: Seconds | None = None


class UpdateModelLimitsInput(StudioInput, frozen=True):
    workspace_id: access.RequiredWorkspaceId
    workspace_limits: Annotated[tuple[WorkspaceLimitInput, ...], Items(200, doc="1 to 200 shares")] = ()


class Limit(Part, frozen=True):
    """A limit; a part that nobody set is null.  Periods in seconds."""

    request_limit: int | None
    request_limit_period: int | None
    usage_limit: int | None
    usage_limit_field: str
    usage_limit_period: int | None
    async_user_concurrency_limit: int | None
    async_user_queue_limit: int | None


class ModelLimit(Part, frozen=True):
    model: str
    name: str
    workspace_id: str
    model_limit: Limit | None
    workspace_limit: Limit | None


class ListModelLimitsOutput(ModelsEnvelope, frozen=True, kw_only=True):
    limits: list[ModelLimit]
    total_count: int
    max_results: int
    next_token: str


def _show(rows: Sequence[sa.Row[Any]]) -> Limit | None:
    """The limits of one scope on one model in this API's shape: those per seconds, the shortest period first."""
    found = {
        measure: min(
            (row for row in rows if row.measure == measure and row.period.isdigit()), key=_period, default=None
        )
        for measure, _ in _MEASURES
    }
    concurrent = next((row.amount for row in rows if row.measure == "concurrent"), None)
    requests, tokens = found["requests"], found["tokens"]
    if requests is None and tokens is None and concurrent is None:
        return None
    return Limit(
        request_limit=None if requests is None else requests.amount,
        request_limit_period=None if requests is None else int(requests.period),
        usage_limit=None if tokens is None else tokens.amount,
        usage_limit_field="total_tokens",
        usage_limit_period=None if tokens is None else int(tokens.period),
        async_user_concurrency_limit=concurrent,
        async_user_queue_limit=None,
    )


def _period(row: sa.Row[Any]) -> int:
    return int(row.period)


@MODEL_STUDIO.action(
    "ListModelLimits",
    method="GET",
    path="/modelstudio/models/limits",
    resource=WORKSPACE,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, NEXT_TOKEN_INVALID),
)
def list_model_limits(tx: Tx, caller: Caller, wanted: ListModelLimitsInput) -> ListModelLimitsOutput:
    """List the account's ceiling and the workspace's share of each model, for one workspace or those one is in."""
    if wanted.workspace_id != "*":
        place = access.enter(tx, caller, wanted.workspace_id)
        place.must("limits", "view")
        places = [place]
    else:
        rows = workspaces.every(tx, access.visible(tx, caller))
        places = [each for each in (access.enter(tx, caller, row.id) for row in rows) if each.may("limits", "view")]
    by_scope: dict[tuple[str, str, str], list[sa.Row[Any]]] = {}
    for row in usage_limits.every(tx):
        by_scope.setdefault((row.scope, row.scope_id, row.model), []).append(row)
    found = [
        ModelLimit(
            model=model,
            name=str(details.get("name") or model),
            workspace_id=place.row.id,
            model_limit=_show(by_scope.get(("account", tx.account_id, model), ())),
            workspace_limit=_show(by_scope.get(("workspace", place.row.id, model), ())),
        )
        for place in sorted(places, key=lambda each: str(each.row.id))
        for model, details in model_catalogue.every(tx).items()
        if wanted.model.lower() in model.lower() and wanted.name.lower() in str(details.get("name") or model).lower()
    ]
    size = wanted.max_results or DEFAULT_RESULTS
    page, token = window(found, lambda each: f"{each.workspace_id}/{each.model}", wanted.next_token, size)
    return ListModelLimitsOutput(limits=page, total_count=len(found), max_results=size, next_token=token)


@MODEL_STUDIO.action(
    "UpdateModelLimits",
    method="POST",
    path="/modelstudio/models/limits",
    resource=WORKSPACE,
    writes=True,
    faults=(
        WORKSPACE_NOT_FOUND,
        ONLY_SUPER,
        NOT_IN_DEFAULT,
        MODEL_NOT_FOUND,
        BEYOND_CEILING,
        WRONG_LIMIT,
        NO_CHANGE,
    ),
)
def update_model_limits(tx: Tx, caller: Caller, wanted: UpdateModelLimitsInput) -> ModelsEnvelope:
    """Set or remove a workspace's shares of models; together the shares stay within the account's ceiling."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must_be_super("set the limits of a workspace")
    if place.row.is_default:
        raise NOT_IN_DEFAULT(workspace=place.row.id)
    if not wanted.workspace_limits:
        raise NO_CHANGE()
    there = model_catalogue.every(tx)
    for each in wanted.workspace_limits:
        if each.model not in there:
            raise MODEL_NOT_FOUND(model=each.model)
        _apply(tx, place.row.id, each)
    return ModelsEnvelope()


def _apply(tx: Tx, workspace_id: str, wanted: WorkspaceLimitInput) -> None:
    given = [getattr(wanted, name) for _, field in _MEASURES for name in (field, field + "_period")]
    if wanted.operation_type == "DELETE":
        if any(value is not None for value in given):
            raise WRONG_LIMIT(model=wanted.model, why="DELETE was sent together with limits")
        usage_limits.remove(tx, "workspace", workspace_id, model=wanted.model)
        return
    if all(value is None for value in given):
        raise WRONG_LIMIT(model=wanted.model, why="OVERLAY was sent without a limit")
    every = usage_limits.every(tx)
    for measure, field in _MEASURES:
        amount, period = getattr(wanted, field), getattr(wanted, field + "_period")
        if amount is None and period is None:
            continue
        held = [
            row
            for row in every
            if (row.scope, row.scope_id, row.model, row.measure) == ("workspace", workspace_id, wanted.model, measure)
            and row.period.isdigit()
        ]
        if amount is None and not held:
            raise WRONG_LIMIT(model=wanted.model, why=f"a period for {measure} was sent without a limit")
        amount = amount if amount is not None else min(held, key=_period).amount
        period = period or (int(min(held, key=_period).period) if held else _MINUTE)
        _check_ceiling(every, workspace_id, wanted.model, measure, amount / period)
        for row in held:
            usage_limits.remove(tx, "workspace", workspace_id, limit_id=row.id)
        usage_limits.put(tx, "workspace", workspace_id, wanted.model, measure, str(period), amount)


def _check_ceiling(every: Sequence[sa.Row[Any]], workspace_id: str, model: str, measure: str, rate: float) -> None:
    """Raise `LimitExceeded.WorkspaceLimit` where the shares by the second exceed one of the account's ceilings."""
    alike = [row for row in every if (row.model, row.measure) == (model, measure) and row.period.isdigit()]
    shares = sum(
        row.amount / int(row.period) for row in alike if row.scope == "workspace" and row.scope_id != workspace_id
    )
    for row in alike:
        if row.scope == "account" and (shares + rate) * int(row.period) > row.amount + 1e-6:
            raise BEYOND_CEILING(
                model=model,
                sum=round((shares + rate) * _MINUTE, 3),
                measure=measure,
                ceiling=round(row.amount * _MINUTE / int(row.period), 3),
            )
