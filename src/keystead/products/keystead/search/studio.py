"""Applications, API keys and models.  Who sees which: `products.workspaces`."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.model_keys import MODEL_NAME
from keystead.identity.studio import is_super_administrator
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.keystead.members import UserName
from keystead.products.keystead.model_keys import ApplicationId
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import DAY, Days, SearchInput, SearchOutput, by
from keystead.products.people.principals import named
from keystead.products.workspaces import access, keys
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND
from keystead.store import api_keys, model_catalogue, upstreams
from keystead.store.search import model_use as reach
from keystead.store.search import studio as store
from keystead.store.tables import NEVER
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Flag, Text

CALLS_DAYS = 7

KeyStatus = Annotated[
    str,
    Choice(
        ("Active", "Expiring", "Rotating", "Disabled", "Expired"),
        doc="Expiring: within 14 days; Rotating: the old value still counts",
    ),
]


class SearchApplicationsInput(SearchInput, frozen=True):
    workspace_id: access.WorkspaceId = ""
    sort: Annotated[str, by(*store.APPLICATION_ORDERS)] = "-UpdateDate"


class FoundApplication(Output, frozen=True):
    """An application.  calls: in the last seven days."""

    app_id: str
    name: str
    type: str
    state: str
    model: str
    calls: int
    create_date: str
    update_date: str


class FoundApplicationList(Output, frozen=True):
    application: list[FoundApplication]


class SearchApplicationsOutput(SearchOutput, frozen=True, kw_only=True):
    applications: FoundApplicationList


class SearchApiKeysInput(SearchInput, frozen=True):
    """user_name: keys of this user alone; mine: the caller's own.  unused_days: not called with for so long.
    model_name, app_id: keys whose workspace and scope let them call this model or application.  Of the last three at
    most 10,000 are counted."""

    workspace_id: access.WorkspaceId = "*"
    user_name: UserName | None = None
    mine: Annotated[bool, Flag(doc="only the caller's own")] = False
    status: KeyStatus | None = None
    unused_days: Days | None = None
    model_name: Annotated[str, Text(1, 128, MODEL_NAME, doc="a model's name")] | None = None
    app_id: ApplicationId | None = None
    sort: Annotated[str, by(*store.API_KEY_ORDERS)] = "-CreateDate"


class KeyLimit(Output, frozen=True):
    """A limit of a key.  model: empty for all.  amount: of money, in millionths."""

    limit_id: str
    model: str
    measure: str
    period: str
    amount: int
    time_zone: str


class KeyLimitList(Output, frozen=True):
    limit: list[KeyLimit]


class Texts(Output, frozen=True):
    item: list[str]


class FoundApiKey(Output, frozen=True):
    """An API key, its value masked.  models, applications: left out where the whole workspace is meant.  expire_date:
    left out where it does not expire.  disabled_because: Idle where it was not called with for too long, else empty.

    owner_works: false for a user who is disabled, or an owner who is gone; such a key works for nobody.
    """

    api_key_id: int
    name: str
    key: str
    workspace_id: str
    workspace_name: str
    owner_type: str
    owner_id: str
    owner_name: str
    owner_works: bool
    addresses: Texts
    status: str
    limits: KeyLimitList
    disabled_because: str
    create_date: str
    update_date: str
    models: Texts | UnsetType = UNSET
    applications: Texts | UnsetType = UNSET
    old_value_until: str | UnsetType = UNSET
    last_used_date: str | UnsetType = UNSET
    expire_date: str | UnsetType = UNSET


class FoundApiKeyList(Output, frozen=True):
    api_key: list[FoundApiKey]


class SearchApiKeysOutput(SearchOutput, frozen=True, kw_only=True):
    api_keys: FoundApiKeyList


class SearchModelsInput(SearchInput, frozen=True):
    """workspace_id: tell of each model whether this workspace may call it."""

    workspace_id: access.WorkspaceId = ""
    sort: Annotated[str, by("ModelName", "Provider")] = "ModelName"


class FoundModel(Output, frozen=True):
    """A model.  server_count: upstreams behind it.  workspace_count: workspaces that may call it, and calls_today (UTC)
    of the account: for super administrators."""

    model_name: str
    display_name: str
    provider: str
    description: str
    server_count: int
    is_authorized: bool
    create_date: str
    workspace_count: int | UnsetType = UNSET
    calls_today: int | UnsetType = UNSET


class FoundModelList(Output, frozen=True):
    model: list[FoundModel]


class SearchModelsOutput(SearchOutput, frozen=True, kw_only=True):
    models: FoundModelList


@KEYSTEAD.action(
    "SearchApplications",
    permission="sfm:ListPublishedAgent",
    resource=WORKSPACE,
    resolve=access.in_default,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS),
)
def search_applications(tx: Tx, caller: Caller, wanted: SearchApplicationsInput) -> SearchApplicationsOutput:
    """Find applications of a workspace by name, ID or model, with their calls in the last seven days."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("applications", "view")
    rows, total = store.applications(tx, place.row.id, wanted.query, wanted.cut(wanted.sort))
    since = (tx.now - CALLS_DAYS * DAY) * 1000
    calls = store.application_calls(tx, place.row.id, [row.id for row in rows], since)
    shown = [
        FoundApplication(
            app_id=row.id,
            name=row.name,
            type="agent",
            state="Published",
            model=row.model,
            calls=calls.get(row.id, 0),
            create_date=iso(row.created_at),
            update_date=iso(row.updated_at),
        )
        for row in rows
    ]
    return SearchApplicationsOutput(
        total_count=total,
        page=wanted.page,
        page_size=wanted.page_size,
        applications=FoundApplicationList(application=shown),
    )


@KEYSTEAD.action(
    "SearchApiKeys",
    permission="modelstudio:ListApiKeys",
    resource=WORKSPACE,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, USER_NOT_FOUND),
)
def search_api_keys(tx: Tx, caller: Caller, wanted: SearchApiKeysInput) -> SearchApiKeysOutput:
    """Find API keys by name, last four characters or ID: one's own, and all of workspaces that one administers."""
    owner_id = str(named(tx, wanted.user_name).id) if wanted.user_name else ""
    workspace_id = "" if wanted.workspace_id == "*" else wanted.workspace_id
    if workspace_id:
        access.enter(tx, caller, workspace_id).must("api-keys", "view")
    where = keys.conditions(tx, caller, workspace_id="", key_id=None, description="", owner_id=owner_id)
    where += [api_keys.owned_by(access.principal_of(caller)[1])] if wanted.mine else []
    where += _reaching(tx, wanted)
    since = None if wanted.unused_days is None else tx.now - wanted.unused_days * DAY
    cut = wanted.cut(wanted.sort)
    is_far = since is not None or bool(wanted.model_name or wanted.app_id)
    most = store.MOST_COUNTED if is_far else None
    found = store.keys(tx, workspace_id, where, wanted.query, wanted.status or "", cut, since, most)
    limits = store.key_limits(tx, found.ids)
    rows = store.key_rows(tx, found.ids)
    return SearchApiKeysOutput(
        total_count=found.total,
        page=wanted.page,
        page_size=wanted.page_size,
        api_keys=FoundApiKeyList(api_key=[show_key(tx, row, limits.get(str(row.id), [])) for row in rows]),
    )


def _reaching(tx: Tx, wanted: SearchApiKeysInput) -> list[sa.ColumnElement[bool]]:
    """The conditions that keys can call what is asked about."""
    found = []
    if wanted.model_name:
        found += [reach.keys_within(tx, wanted.model_name), reach.keys_reach("models", wanted.model_name)]
    if wanted.app_id:
        found += [reach.keys_beside(tx, wanted.app_id), reach.keys_reach("applications", wanted.app_id)]
    return found


def show_key(tx: Tx, row: sa.Row[Any], limits: list[sa.Row[Any]]) -> FoundApiKey:
    """A key as answers show it, from a row of `key_rows` and its limits."""
    scope = keys.scope_of(row)
    rotating = (row.old_until or 0) > tx.now
    return FoundApiKey(
        api_key_id=row.id,
        name=row.description,
        key=keys.mask(row),
        workspace_id=row.workspace_id,
        workspace_name=row.workspace_name,
        owner_type=row.owner_kind.capitalize(),
        owner_id=row.owner_id,
        owner_name=row.owner_name or "",
        owner_works=row.owner_kind == "account" or (row.owner_name is not None and row.owner_status != "freeze"),
        addresses=Texts(item=list(scope.addresses)),
        status=store.key_state(row, tx.now),
        disabled_because=row.disabled_reason,
        limits=KeyLimitList(
            limit=[
                KeyLimit(
                    limit_id=each.id,
                    model=each.model,
                    measure=each.measure,
                    period=each.period,
                    amount=each.amount,
                    time_zone=each.time_zone,
                )
                for each in limits
            ]
        ),
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
        models=UNSET if scope.models is None else Texts(item=list(scope.models)),
        applications=UNSET if scope.applications is None else Texts(item=list(scope.applications)),
        old_value_until=iso(row.old_until) if rotating else UNSET,
        last_used_date=UNSET if row.used_at is None else iso(row.used_at // 1000),
        expire_date=UNSET if row.expires_at == NEVER else iso(row.expires_at),
    )


@KEYSTEAD.action(
    "SearchModels",
    permission="modelstudio:ListModels",
    resource="acs:modelstudio:*:{account}:model/*",
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS),
)
def search_models(tx: Tx, caller: Caller, wanted: SearchModelsInput) -> SearchModelsOutput:
    """Find models by name, provider or description, and whether a workspace may call them."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("models", "view")
    low = wanted.query.lower()
    found = [
        (name, details)
        for name, details in model_catalogue.every(tx).items()
        if any(low in text.lower() for text in (name, *_told(name, details)))
    ]
    cut = wanted.cut(wanted.sort)
    by_provider = cut.sort == "Provider"
    found.sort(key=lambda each: (_told(*each)[1] if by_provider else "", each[0]), reverse=cut.descending)
    page = found[cut.skip : cut.skip + cut.most]
    return SearchModelsOutput(
        total_count=len(found),
        page=wanted.page,
        page_size=wanted.page_size,
        models=FoundModelList(model=_models(tx, caller, place, page)),
    )


def _told(name: str, details: dict[str, Any]) -> tuple[str, str, str]:
    """Display name, provider and description of a model."""
    return str(details.get("name") or name), str(details.get("provider") or ""), str(details.get("description") or "")


def _models(tx: Tx, caller: Caller, place: access.Place, page: list[tuple[str, dict[str, Any]]]) -> list[FoundModel]:
    everything = place.row.is_default or place.row.all_models
    granted = {} if everything else model_catalogue.grants(tx, place.row.id)
    servers: dict[str, int] = {}
    for row in upstreams.all_upstreams(tx):
        servers[row.model] = servers.get(row.model, 0) + 1
    told = is_super_administrator(caller)
    names = [name for name, _ in page] if told else []
    calls, allowed = store.model_calls(tx, names, (tx.now - tx.now % DAY) * 1000), store.workspaces_of(tx, names)
    shown = []
    for name, details in page:
        display_name, provider, description = _told(name, details)
        shown.append(
            FoundModel(
                model_name=name,
                display_name=display_name,
                provider=provider,
                description=description,
                server_count=servers.get(name, 0),
                is_authorized=bool(everything or (name in granted and granted[name].inference)),
                create_date=iso(details["createdAt"]),
                workspace_count=allowed[name] if told else UNSET,
                calls_today=calls.get(name, 0) if told else UNSET,
            )
        )
    return shown
