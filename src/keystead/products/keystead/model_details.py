"""One model: its servers and how they fare, its prices, how its calls ended, and the workspaces that may call it.

Source: reference/console.md 4.6.  Which users and roles may call it says `WhoCan`, which API keys `SearchApiKeys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.model_keys import model_arn
from keystead.identity.studio import is_super_administrator
from keystead.identity.transaction import Tx
from keystead.products.desk import Desk
from keystead.products.keystead.models import NOT_FOUND, Name
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import DAY, SearchInput, SearchOutput, by
from keystead.products.keystead.usage_limits import UsageLimitList, show
from keystead.products.workspaces import access
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE_NOT_FOUND, WORKSPACES
from keystead.store import model_catalogue, upstreams
from keystead.store.search import model_use as store
from keystead.store.search import workspaces
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Whole

States = Mapping[str, tuple[int, bool]]
"""Servers in trouble by ID: how often each failed since it last answered, and whether it is left alone."""


class GetModelDetailsInput(Input, frozen=True):
    """workspace_id: tell whether this workspace may call it.  days: how far back its calls are looked at."""

    model_name: Name
    workspace_id: access.WorkspaceId = ""
    days: Annotated[int, Whole(1, 31, doc="how far back calls are looked at")] = 7


class ModelServer(Output, frozen=True):
    """A server as this node sees it.  state: Answers, Failing (it failed since it last answered), or LeftAlone (it
    failed so often that calls go elsewhere for a while).  The address is shown to the operator's account alone."""

    upstream_id: str
    url: str
    upstream_model: str
    weight: int
    has_key: bool
    state: str
    failures: int
    calls: int | UnsetType = UNSET
    failed_calls: int | UnsetType = UNSET
    last_success_date: str | UnsetType = UNSET


class ModelServerList(Output, frozen=True):
    server: list[ModelServer]


class CallError(Output, frozen=True):
    """Calls that ended with an error code.  stage: Refused, before a server was asked, or Failed."""

    code: str
    stage: str
    calls: int
    last_date: str


class CallErrorList(Output, frozen=True):
    error: list[CallError]


class GetModelDetailsOutput(Output, frozen=True):
    """Prices are currency units per million tokens.  is_authorized: the workspace that was asked about may call it.

    calls, errors and the calls of servers are those of the account since `since`, for super administrators; of more
    than 20,000 the newest.
    """

    model_name: str
    display_name: str
    provider: str
    description: str
    input_price: str
    output_price: str
    create_date: str
    is_authorized: bool
    servers: ModelServerList
    since: str | UnsetType = UNSET
    calls: int | UnsetType = UNSET
    errors: CallErrorList | UnsetType = UNSET


class SearchModelWorkspacesInput(SearchInput, frozen=True, kw_only=True):
    model_name: Name
    sort: Annotated[str, by(*store.ORDERS)] = "WorkspaceName"


class ModelWorkspace(Output, frozen=True):
    """A workspace that may call the model.  reason: Default, EveryModel or Granted.  limits: those that it sets."""

    workspace_id: str
    workspace_name: str
    reason: str
    limits: UsageLimitList
    create_date: str


class ModelWorkspaceList(Output, frozen=True):
    workspace: list[ModelWorkspace]


class SearchModelWorkspacesOutput(SearchOutput, frozen=True, kw_only=True):
    workspaces: ModelWorkspaceList


async def troubled(desk: Desk, _wanted: GetModelDetailsInput, _caller: Caller) -> States:
    """What this node knows of servers in trouble."""
    return desk.troubled()


@KEYSTEAD.action(
    "GetModelDetails",
    permission="modelstudio:ListModels",
    resource="acs:modelstudio:*:{account}:model/*",
    prepare=troubled,
    faults=(NOT_FOUND, WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS),
)
def get_model_details(tx: Tx, caller: Caller, wanted: GetModelDetailsInput) -> GetModelDetailsOutput:
    """Say of one model which servers it has and whether they answer, what it costs, and how its calls ended."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("models", "view")
    name = wanted.model_name
    details = model_catalogue.every(tx).get(name)
    if details is None:
        raise NOT_FOUND(name=name)
    everything = place.row.is_default or place.row.all_models
    granted = {} if everything else model_catalogue.grants(tx, place.row.id)
    since = (tx.now - wanted.days * DAY) * 1000
    told = is_super_administrator(caller)
    ended = store.endings(tx, name, since) if told else []
    return GetModelDetailsOutput(
        model_name=name,
        display_name=str(details.get("name") or name),
        provider=str(details.get("provider") or ""),
        description=str(details.get("description") or ""),
        input_price=str(details.get("inputPrice") or "0"),
        output_price=str(details.get("outputPrice") or "0"),
        create_date=iso(details["createdAt"]),
        is_authorized=bool(everything or (name in granted and granted[name].inference)),
        servers=ModelServerList(server=_servers(tx, name, ended, tell=told)),
        since=iso(since / 1000) if told else UNSET,
        calls=sum(row.calls for row in ended) if told else UNSET,
        errors=CallErrorList(error=_errors(tx, name, ended, since)) if told else UNSET,
    )


def _servers(tx: Tx, name: str, ended: list[Any], *, tell: bool) -> list[ModelServer]:
    is_operator = upstreams.operator_account(tx) == tx.account_id
    states: States = tx.prepared
    shown = []
    for row in upstreams.of_model(tx, name):
        failures, left_alone = states.get(row.id, (0, False))
        mine = [each for each in ended if each.upstream_id == row.id]
        last = max((each.last for each in mine if each.outcome == "Success"), default=None)
        shown.append(
            ModelServer(
                upstream_id=row.id,
                url=row.url if is_operator else "",
                upstream_model=row.upstream_model if is_operator else "",
                weight=row.weight,
                has_key=bool(row.keyed),
                state="LeftAlone" if left_alone else "Failing" if failures else "Answers",
                failures=failures,
                calls=sum(each.calls for each in mine) if tell else UNSET,
                failed_calls=sum(each.calls for each in mine if each.outcome != "Success") if tell else UNSET,
                last_success_date=UNSET if last is None else iso(last / 1000),
            )
        )
    return shown


def _errors(tx: Tx, name: str, ended: list[Any], since: int) -> list[CallError]:
    """By code and stage, the most frequent first."""
    failed: dict[tuple[str, str], tuple[int, int]] = {}
    refused = store.refusals(tx, model_arn(tx.account_id, name), since)
    for stage, rows in (("Failed", ended), ("Refused", refused)):
        for row in rows:
            if row.outcome != "Success":
                calls, last = failed.get((row.outcome, stage), (0, 0))
                failed[row.outcome, stage] = calls + row.calls, max(last, row.last)
    order = sorted(failed.items(), key=lambda each: (-each[1][0], each[0]))
    return [
        CallError(code=code, stage=stage, calls=calls, last_date=iso(last / 1000))
        for (code, stage), (calls, last) in order
    ]


@KEYSTEAD.action(
    "SearchModelWorkspaces", permission="modelstudio:ListWorkspaces", resource=WORKSPACES, faults=(NOT_FOUND,)
)
def search_model_workspaces(tx: Tx, caller: Caller, wanted: SearchModelWorkspacesInput) -> SearchModelWorkspacesOutput:
    """Find the workspaces that may call a model, why, and the limits that each sets; of those the caller is in."""
    name = wanted.model_name
    if upstreams.model(tx, name) is None:
        raise NOT_FOUND(name=name)
    found = store.places(tx, name, access.visible(tx, caller), wanted.query, wanted.cut(wanted.sort))
    limits = store.limits(tx, found.ids, name)
    shown = [
        ModelWorkspace(
            workspace_id=row.id,
            workspace_name=row.name,
            reason="Default" if row.is_default else "EveryModel" if row.all_models else "Granted",
            limits=show(limits.get(row.id, [])),
            create_date=iso(row.created_at),
        )
        for row in (workspaces.rows(tx, found.ids) if found.ids else ())
    ]
    return SearchModelWorkspacesOutput(
        total_count=found.total,
        page=wanted.page,
        page_size=wanted.page_size,
        workspaces=ModelWorkspaceList(workspace=shown),
    )
