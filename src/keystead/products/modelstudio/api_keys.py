"""API keys.  Source: reference/model-studio.md b.2.

A key is asked for by its ID alone; which workspace it is in is looked up before authorization, so that a policy on one
workspace rules the keys in it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import sqlalchemy as sa

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.modelstudio.product import (
    MODEL_STUDIO,
    NEXT_TOKEN_INVALID,
    Envelope,
    Part,
    Results,
    StudioInput,
    Substring,
    Token,
)
from keystead.products.workspaces import access, keys
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND, Place
from keystead.products.workspaces.keys import (
    API_KEY_NOT_FOUND,
    KEY_EXPIRED,
    NOT_CUSTOM,
    NOT_YOUR_KEY,
    TOO_MANY_KEYS,
    WRONG_ADDRESS,
    WRONG_MODEL,
    WRONG_STATUS,
)
from keystead.store import api_keys
from keystead.wire.parameters import Choice, Flag, Items, Text, Whole

KeyId = Annotated[int, Whole(1, 999_999_999_999, doc="the ID of an API key")]
KeyDescription = Annotated[str, Text(0, 512, doc="free text")]


class ScopeInput(StudioInput, frozen=True):
    """Which models a key may call."""

    allow_all_models: Annotated[bool, Flag(doc="every model of the workspace")] | None = None
    accessible_models: Annotated[tuple[str, ...], Items(200, doc="these, where not all are allowed")] = ()


class AuthInput(StudioInput, frozen=True):
    """What a key is narrowed to."""

    type: Annotated[str, Choice(("All", "Custom"), doc="All narrows nothing")] = "All"
    access_ips: Annotated[tuple[str, ...], Items(keys.MOST_ADDRESSES, doc="addresses and networks")] = ()
    model_access_scope: ScopeInput | None = None


class CreateApiKeyInput(StudioInput, frozen=True):
    description: KeyDescription = ""
    workspace_id: access.WorkspaceId = ""
    auth: AuthInput | None = None


class ApiKeyInput(StudioInput, frozen=True):
    """A key by its ID.  workspace_id: what refusals name until the key is known."""

    workspace_id: ClassVar[str] = "*"
    api_key_id: KeyId


class UpdateApiKeyInput(StudioInput, frozen=True):
    workspace_id: ClassVar[str] = "*"
    api_key_id: KeyId
    description: KeyDescription | None = None
    auth: AuthInput | None = None


class ListApiKeysInput(StudioInput, frozen=True):
    api_key_id: KeyId | None = None
    description: Substring = ""
    workspace_id: access.WorkspaceId = "*"
    order_by: Annotated[str, Choice(("apiKeyId", "gmtCreate"))] = "gmtCreate"
    order: Annotated[str, Choice(("ASC", "DESC"))] = "DESC"
    max_results: Results = 20
    next_token: Token = ""


class ModelScope(Part, frozen=True):
    allow_all_models: bool
    accessible_models: list[str]


class Auth(Part, frozen=True):
    type: str
    access_ips: list[str]
    model_access_scope: ModelScope


class ApiKey(Part, frozen=True):
    """A key as lists show it: its value masked, times in milliseconds."""

    api_key_id: int
    api_key_value: str
    auth: Auth
    created_by: str
    description: str
    disabled: int
    gmt_create: int
    workspace_id: str
    workspace_name: str


class NewApiKey(Part, frozen=True):
    """A key with its value, shown this once."""

    api_key_id: int
    api_key_value: str
    created_by: str
    description: str
    gmt_create: int
    workspace_id: str


class RenewedApiKey(Part, frozen=True):
    api_key_id: int
    api_key_value: str
    workspace_id: str


class CreateApiKeyOutput(Envelope, frozen=True, kw_only=True):
    api_key: NewApiKey


class ApiKeyOutput(Envelope, frozen=True, kw_only=True):
    api_key: ApiKey


class RenewedApiKeyOutput(Envelope, frozen=True, kw_only=True):
    api_key: RenewedApiKey


class ListApiKeysOutput(Envelope, frozen=True, kw_only=True):
    api_keys: list[ApiKey]
    total_count: int
    max_results: int
    next_token: str


def show(row: sa.Row[Any]) -> ApiKey:
    """A row of the keys table with its workspace's name."""
    scope = keys.scope_of(row)
    custom = keys.is_custom(row)
    return ApiKey(
        api_key_id=row.id,
        api_key_value=keys.mask(row),
        auth=Auth(
            type="Custom" if custom else "All",
            access_ips=list(scope.addresses or (keys.ANYWHERE if custom else ())),
            model_access_scope=ModelScope(
                allow_all_models=scope.models is None, accessible_models=list(scope.models or ())
            ),
        ),
        created_by=row.owner_id,
        description=row.description,
        disabled=int(row.disabled),
        gmt_create=row.created_at * 1000,
        workspace_id=row.workspace_id,
        workspace_name=row.workspace_name,
    )


def scope_text(tx: Tx, place: Place, auth: AuthInput | None) -> str:
    """What `auth` asks for, as it is stored.  `accessibleModels` counts only where not all are allowed (b.2)."""
    auth = auth or AuthInput()
    scope = auth.model_access_scope
    models = None
    if (
        scope is not None
        and not scope.allow_all_models
        and (scope.allow_all_models is False or scope.accessible_models)
    ):
        models = scope.accessible_models
    return keys.scope_text(tx, place, custom=auth.type == "Custom", addresses=auth.access_ips, models=models)


@MODEL_STUDIO.action(
    "CreateApiKey",
    method="POST",
    path="/modelstudio/apikeys",
    resource=WORKSPACE,
    resolve=access.in_default,
    writes=True,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, TOO_MANY_KEYS, WRONG_ADDRESS, WRONG_MODEL, NOT_CUSTOM),
)
def create_api_key(tx: Tx, caller: Caller, wanted: CreateApiKeyInput) -> CreateApiKeyOutput:
    """Create an API key of the caller in a workspace; its value is shown this once."""
    place = access.enter(tx, caller, wanted.workspace_id)
    row, value = keys.create(tx, caller, place, wanted.description, scope_text(tx, place, wanted.auth))
    return CreateApiKeyOutput(
        api_key=NewApiKey(
            api_key_id=row.id,
            api_key_value=value,
            created_by=row.owner_id,
            description=row.description,
            gmt_create=row.created_at * 1000,
            workspace_id=row.workspace_id,
        )
    )


@MODEL_STUDIO.action(
    "ListApiKeys",
    method="GET",
    path="/modelstudio/apikeys",
    resource=WORKSPACE,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, NEXT_TOKEN_INVALID),
)
def list_api_keys(tx: Tx, caller: Caller, wanted: ListApiKeysInput) -> ListApiKeysOutput:
    """List the API keys that the caller may see, of one workspace or of all."""
    where = keys.conditions(
        tx,
        caller,
        workspace_id="" if wanted.workspace_id == "*" else wanted.workspace_id,
        key_id=wanted.api_key_id,
        description=wanted.description,
    )
    rows = api_keys.page(
        tx,
        where,
        wanted.max_results + 1,
        keys.after(wanted.next_token, NEXT_TOKEN_INVALID),
        by_id=wanted.order_by == "apiKeyId",
        ascending=wanted.order == "ASC",
    )
    page = rows[: wanted.max_results]
    more = len(rows) > len(page)
    return ListApiKeysOutput(
        api_keys=[show(row) for row in page],
        total_count=api_keys.total(tx, where),
        max_results=wanted.max_results,
        next_token=pages.marker(keys.place(page[-1])) if more else "",
    )


@MODEL_STUDIO.action(
    "GetApiKey",
    method="GET",
    path="/modelstudio/apikeys/{apiKeyId}",
    resource=WORKSPACE,
    resolve=keys.placed,
    faults=(API_KEY_NOT_FOUND,),
)
def get_api_key(tx: Tx, caller: Caller, wanted: ApiKeyInput) -> ApiKeyOutput:
    """Show an API key, its value masked."""
    return ApiKeyOutput(api_key=show(keys.find(tx, caller, wanted.api_key_id).row))


@MODEL_STUDIO.action(
    "UpdateApiKey",
    method="PUT",
    path="/modelstudio/apikeys/{apiKeyId}",
    resource=WORKSPACE,
    resolve=keys.placed,
    writes=True,
    faults=(API_KEY_NOT_FOUND, PAGE_NOT_YOURS, WRONG_ADDRESS, WRONG_MODEL, NOT_CUSTOM),
)
def update_api_key(tx: Tx, caller: Caller, wanted: UpdateApiKeyInput) -> Envelope:
    """Change an API key's description, and replace its scope as a whole; what is left out stays."""
    found = keys.find(tx, caller, wanted.api_key_id)
    found.must_operate()
    values: dict[str, object] = {}
    if wanted.description is not None:
        values["description"] = wanted.description
    if wanted.auth is not None:
        values["scope"] = scope_text(tx, found.place, wanted.auth)
    api_keys.update(tx, found.row.id, **values)
    return Envelope()


@MODEL_STUDIO.action(
    "ResetApiKey",
    method="PUT",
    path="/modelstudio/apikeys/{apiKeyId}/reset",
    resource=WORKSPACE,
    resolve=keys.placed,
    writes=True,
    faults=(API_KEY_NOT_FOUND, PAGE_NOT_YOURS, NOT_YOUR_KEY, KEY_EXPIRED),
)
def reset_api_key(tx: Tx, caller: Caller, wanted: ApiKeyInput) -> RenewedApiKeyOutput:
    """Give an API key a new value; the old one, and temporary keys made from it, end at once."""
    found = keys.find(tx, caller, wanted.api_key_id)
    found.must_hold()
    value = keys.renew(tx, found.row)
    return RenewedApiKeyOutput(
        api_key=RenewedApiKey(api_key_id=found.row.id, api_key_value=value, workspace_id=found.row.workspace_id)
    )


@MODEL_STUDIO.action(
    "EnableApiKey",
    method="PUT",
    path="/modelstudio/apikeys/{apiKeyId}/enable",
    resource=WORKSPACE,
    resolve=keys.placed,
    writes=True,
    faults=(API_KEY_NOT_FOUND, PAGE_NOT_YOURS, WRONG_STATUS, KEY_EXPIRED),
)
def enable_api_key(tx: Tx, caller: Caller, wanted: ApiKeyInput) -> Envelope:
    """Enable a disabled API key."""
    found = keys.find(tx, caller, wanted.api_key_id)
    found.must_operate()
    keys.switch(tx, found.row, disabled=False)
    return Envelope()


@MODEL_STUDIO.action(
    "DisableApiKey",
    method="PUT",
    path="/modelstudio/apikeys/{apiKeyId}/disable",
    resource=WORKSPACE,
    resolve=keys.placed,
    writes=True,
    faults=(API_KEY_NOT_FOUND, PAGE_NOT_YOURS, WRONG_STATUS),
)
def disable_api_key(tx: Tx, caller: Caller, wanted: ApiKeyInput) -> Envelope:
    """Disable an API key; it stays, and can be enabled again."""
    found = keys.find(tx, caller, wanted.api_key_id)
    found.must_operate()
    keys.switch(tx, found.row, disabled=True)
    return Envelope()


@MODEL_STUDIO.action(
    "DeleteApiKey",
    method="DELETE",
    path="/modelstudio/apikeys/{apiKeyId}",
    resource=WORKSPACE,
    resolve=keys.placed,
    writes=True,
    faults=(API_KEY_NOT_FOUND, PAGE_NOT_YOURS),
)
def delete_api_key(tx: Tx, caller: Caller, wanted: ApiKeyInput) -> Envelope:
    """Delete an API key for good."""
    found = keys.find(tx, caller, wanted.api_key_id)
    found.must_operate()
    api_keys.delete(tx, found.row.id)
    return Envelope()
