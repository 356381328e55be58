"""The two older actions that read API keys.  Source: reference/model-studio.md b.8.

`blocked` is a text in one and a number in the other, as there; the same keys are visible as in version 2026-02-10.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.bailiancontrol.product import BAILIAN_CONTROL
from keystead.products.workspaces import access, keys
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE_NOT_FOUND
from keystead.products.workspaces.keys import API_KEY_NOT_FOUND
from keystead.store import api_keys
from keystead.store.tables import NEVER
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Text, Whole

NEXT_TOKEN_INVALID = FaultKind(
    "InvalidParameter.nextToken",
    400,
    "The parameter nextToken was not answered by this server.",
    "Start again without nextToken, and pass on each answer's nextToken unchanged.",
)

KeyId = Annotated[int, Whole(1, 999_999_999_999, doc="the ID of an API key")]


class ControlInput(Input, frozen=True, rename="camel"):
    """Base of the inputs: wire names in camelCase."""


class Part(Output, frozen=True, rename="camel"):
    """Base of what stands inside an answer."""


class Envelope(Output, frozen=True, rename="camel"):
    success: bool = True
    code: str = "200"
    message: str = "success"
    http_status_code: int = 200


class GetApiKeyInput(ControlInput, frozen=True):
    workspace_id: ClassVar[str] = "*"
    api_key_id: KeyId


class ListApiKeysInput(ControlInput, frozen=True):
    api_key_id: KeyId | None = None
    description: Annotated[str, Text(0, 256, doc="a part of it")] = ""
    uid: Annotated[str, Text(0, 18, r"[0-9]*", doc="only keys of this owner")] = ""
    workspace_id: access.WorkspaceId = "*"
    order_by: Annotated[str, Choice(("apiKeyId", "apikeyId", "gmtCreate", "createTime"))] = "gmtCreate"
    order: Annotated[str, Choice(("ASC", "DESC"))] = "DESC"
    skip: Annotated[int, Whole(0, 100_000, doc="how many to leave out")] = 0
    max_results: Annotated[int, Whole(1, 100, fault="InvalidParameter.maxResults")] = 20
    next_token: Annotated[str, Text(0, 512, doc="what the page before answered")] = ""


class ModelScope(Part, frozen=True):
    is_allow_access_all_models: bool
    models: list[str]
    define_models: list[str]
    deployments: list[str]


class ApplicationScope(Part, frozen=True):
    is_allow_access_all_apps: bool
    agents: list[str]
    workflows: list[str]
    high_code_apps: list[str]


class AuthSet(Part, frozen=True):
    auth_set_mode: str
    access_ips: list[str]
    auth_model_structure: ModelScope
    auth_app_structure: ApplicationScope


class AuthMode(Part, frozen=True):
    auth_set_mode: str


class ApiKey(Part, frozen=True):
    """A key as GetApiKey shows it: masked, times in milliseconds; expire_time: 0 for never."""

    apikey_id: str
    api_key_value: str
    workspace_id: str
    uid: str
    parent_uid: str
    creator: str
    description: str
    create_time: int
    expire_time: int
    blocked: str
    ext_data: str
    auth_set_model: AuthSet


class ListedApiKey(Part, frozen=True):
    """A key as ListApiKeys shows it."""

    apikey_id: str
    api_key_value: str
    workspace_id: str
    uid: str
    parent_uid: str
    creator: str
    description: str
    create_time: int
    expire_time: int
    blocked: int
    ext_data: str
    type: int
    auth_set_model: AuthMode


class GetApiKeyOutput(Envelope, frozen=True, kw_only=True):
    api_key: ApiKey


class ListApiKeysOutput(Envelope, frozen=True, kw_only=True):
    api_keys: list[ListedApiKey]
    total_count: int
    max_results: int
    next_token: str


def _shared(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "apikey_id": str(row.id),
        "api_key_value": keys.mask(row),
        "workspace_id": row.workspace_id,
        "uid": row.owner_id,
        "parent_uid": row.account_id,
        "creator": row.owner_id,
        "description": row.description,
        "create_time": row.created_at * 1000,
        "expire_time": 0 if row.expires_at == NEVER else row.expires_at * 1000,
        "ext_data": "",
    }


def _mode(row: sa.Row[Any]) -> str:
    return "Custom" if keys.is_custom(row) else "All"


@BAILIAN_CONTROL.action(
    "GetApiKey",
    method="GET",
    path="/bailianControl/apiKey/getApiKey",
    resource=access.WORKSPACE,
    resolve=keys.placed,
    faults=(API_KEY_NOT_FOUND,),
)
def get_api_key(tx: Tx, caller: Caller, wanted: GetApiKeyInput) -> GetApiKeyOutput:
    """Show an API key with its scope, its value masked."""
    row = keys.find(tx, caller, wanted.api_key_id).row
    scope = keys.scope_of(row)
    auth = AuthSet(
        auth_set_mode=_mode(row),
        access_ips=list(scope.addresses),
        auth_model_structure=ModelScope(
            is_allow_access_all_models=scope.models is None,
            models=list(scope.models or ()),
            define_models=[],
            deployments=[],
        ),
        auth_app_structure=ApplicationScope(
            is_allow_access_all_apps=scope.applications is None,
            agents=list(scope.applications or ()),
            workflows=[],
            high_code_apps=[],
        ),
    )
    return GetApiKeyOutput(api_key=ApiKey(**_shared(row), blocked=str(int(row.disabled)), auth_set_model=auth))


@BAILIAN_CONTROL.action(
    "ListApiKeys",
    method="GET",
    path="/bailianControl/apiKeys",
    resource=access.WORKSPACE,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, NEXT_TOKEN_INVALID),
)
def list_api_keys(tx: Tx, caller: Caller, wanted: ListApiKeysInput) -> ListApiKeysOutput:
    """List the API keys that the caller may see."""
    where = keys.conditions(
        tx,
        caller,
        workspace_id="" if wanted.workspace_id == "*" else wanted.workspace_id,
        key_id=wanted.api_key_id,
        description=wanted.description,
        owner_id=wanted.uid,
    )
    rows = api_keys.page(
        tx,
        where,
        wanted.skip + wanted.max_results + 1,
        keys.after(wanted.next_token, NEXT_TOKEN_INVALID),
        by_id=wanted.order_by.lower() == "apikeyid",
        ascending=wanted.order == "ASC",
    )[wanted.skip :]
    page = rows[: wanted.max_results]
    return ListApiKeysOutput(
        api_keys=[
            ListedApiKey(
                **_shared(row), blocked=int(row.disabled), type=0, auth_set_model=AuthMode(auth_set_mode=_mode(row))
            )
            for row in page
        ],
        total_count=api_keys.total(tx, where),
        max_results=wanted.max_results,
        next_token=pages.marker(keys.place(page[-1])) if len(rows) > len(page) else "",
    )
