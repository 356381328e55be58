"""API keys and temporary model keys: what the vendor's API lacks.  Judged as `modelstudio:<Action>` on the workspace.

Source: issue 4; reference/model-studio.md d.4.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import model_tokens
from keystead.identity.callers import Caller
from keystead.identity.model_keys import MODEL_NAME, Scope, Workspace
from keystead.identity.transaction import Tx
from keystead.products.desk import Desk
from keystead.products.faults import ROLE_NOT_FOUND, USER_NOT_FOUND
from keystead.products.keystead.members import RoleName, UserName
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.workspaces import access, keys, people
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND
from keystead.products.workspaces.keys import API_KEY_NOT_FOUND, KEY_EXPIRED, NOT_YOUR_KEY
from keystead.products.workspaces.people import MEMBER_NOT_FOUND, ONE_PRINCIPAL
from keystead.store import workspaces
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Items, Text, Whole

MODEL_NAME_INVALID = FaultKind(
    "InvalidParameter.Models",
    400,
    "The parameter Models names {model!r}, which no model can be called.",
    "Name models as ListModels shows them, without wildcards.",
)


ONE_SOURCE = FaultKind(
    "InvalidParameter.ApiKeyId",
    400,
    "ApiKeyId is there together with UserName or RoleName; what is ended was made from a key or by a member.",
    "Send ApiKeyId alone, or the member alone.",
)

ApplicationId = Annotated[str, Text(1, 64, r"[A-Za-z0-9_-]+", wrong="Format", doc="the ID of an application")]


class RotateApiKeyInput(Input, frozen=True):
    workspace_id: ClassVar[str] = "*"
    api_key_id: Annotated[int, Whole(1, 999_999_999_999, doc="the ID of an API key")]
    overlap_hours: Annotated[int, Whole(0, 720, doc="how long the old value still counts")] = 24


class RotateApiKeyOutput(Output, frozen=True):
    api_key_id: int
    api_key_value: str
    workspace_id: str
    old_value_until: str


class CreateTemporaryModelKeyInput(Input, frozen=True):
    workspace_id: access.WorkspaceId = ""
    expire_in_seconds: Annotated[int, Whole(1, 1800, doc="how long it counts")] = 60
    models: Annotated[tuple[str, ...], Items(200, doc="only these models")] | None = None
    applications: Annotated[tuple[ApplicationId, ...], Items(200, doc="only these applications")] | None = None
    person: Annotated[str, Text(0, 128, doc="for whom it is, for the audit")] = ""


class CreateTemporaryModelKeyOutput(Output, frozen=True):
    token: str
    expires_at: int
    expiration: str
    workspace_id: str


class RevokeTemporaryModelKeysInput(Input, frozen=True):
    workspace_id: access.WorkspaceId = ""
    user_name: UserName | None = None
    role_name: RoleName | None = None
    api_key_id: Annotated[int, Whole(1, 999_999_999_999, doc="those made from this API key")] | None = None


async def find_workspace(desk: Desk, wanted: CreateTemporaryModelKeyInput, caller: Caller) -> Workspace | None:
    """Load the workspace that is asked for."""
    loaded = desk.directory.workspace(caller.account_id, wanted.workspace_id)
    return (
        loaded.value
        if loaded is not None
        else await desk.directory.load_workspace(caller.account_id, wanted.workspace_id)
    )


@KEYSTEAD.action(
    "RotateApiKey",
    resource=WORKSPACE,
    permission="modelstudio:RotateApiKey",
    resolve=keys.placed,
    writes=True,
    faults=(API_KEY_NOT_FOUND, PAGE_NOT_YOURS, NOT_YOUR_KEY, KEY_EXPIRED),
)
def rotate_api_key(tx: Tx, caller: Caller, wanted: RotateApiKeyInput) -> RotateApiKeyOutput:
    """Give an API key a new value, shown this once, while the old one still counts for some hours.

    ID, scope, limits and expiry stay.  Of the values before only the last one counts; `OverlapHours=0` ends it at once.
    """
    found = keys.find(tx, caller, wanted.api_key_id)
    found.must_hold()
    until = min(tx.now + wanted.overlap_hours * 3600, found.row.expires_at) if wanted.overlap_hours else None
    value = keys.renew(tx, found.row, until)
    return RotateApiKeyOutput(
        api_key_id=found.row.id,
        api_key_value=value,
        workspace_id=found.row.workspace_id,
        old_value_until=iso(until or tx.now),
    )


@KEYSTEAD.action(
    "CreateTemporaryModelKey",
    resource=WORKSPACE,
    permission="modelstudio:CreateTemporaryModelKey",
    resolve=access.in_default,
    memory=True,
    prepare=find_workspace,
    faults=(WORKSPACE_NOT_FOUND, MODEL_NAME_INVALID),
)
def create_temporary_model_key(
    desk: Desk, caller: Caller, wanted: CreateTemporaryModelKeyInput
) -> CreateTemporaryModelKeyOutput:
    """Answer a key for model calls in a workspace that counts for at most half an hour.

    It may do what the caller's policies and the workspace allow when it is used, narrowed to `Models` and to
    `Applications`, each where it is given.  It ends with the AccessKey pair or role session, with the membership, and
    with RevokeTemporaryModelKeys.
    """
    for model in wanted.models or ():
        if not re.fullmatch(MODEL_NAME, model):
            raise MODEL_NAME_INVALID(model=model[:60])
    made = model_tokens.issue(
        desk.keyring,
        caller,
        desk.prepared,
        prefix=model_tokens.TEMPORARY,
        now=desk.now,
        seconds=wanted.expire_in_seconds,
        narrowed=Scope(models=wanted.models, applications=wanted.applications),
        person=wanted.person or caller.source_identity,
    )
    if made is None:
        raise WORKSPACE_NOT_FOUND(workspace=wanted.workspace_id or "(default)")
    value, expires_at = made
    return CreateTemporaryModelKeyOutput(
        token=value, expires_at=expires_at, expiration=iso(expires_at), workspace_id=desk.prepared.id
    )


@KEYSTEAD.action(
    "RevokeTemporaryModelKeys",
    resource=WORKSPACE,
    permission="modelstudio:RevokeTemporaryModelKeys",
    resolve=access.in_default,
    writes=True,
    faults=(
        *(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, ONE_PRINCIPAL, USER_NOT_FOUND, ROLE_NOT_FOUND, MEMBER_NOT_FOUND),
        *(API_KEY_NOT_FOUND, ONE_SOURCE),
    ),
)
def revoke_temporary_model_keys(tx: Tx, caller: Caller, wanted: RevokeTemporaryModelKeysInput) -> Done:
    """End the temporary keys and legacy tokens that one member, or everybody, has made in a workspace.

    With `ApiKeyId` those that were made from that API key, which itself stays; they also end when it is disabled or
    reset.
    """
    place = access.enter(tx, caller, wanted.workspace_id)
    if wanted.api_key_id is not None:
        if wanted.user_name is not None or wanted.role_name is not None:
            raise ONE_SOURCE()
        found = keys.find(tx, caller, wanted.api_key_id)
        if found.row.workspace_id != place.row.id:
            raise API_KEY_NOT_FOUND(id=wanted.api_key_id)
        found.must_operate()
        keys.end_temporary(tx, found.row)
        return Done()
    if wanted.user_name is None and wanted.role_name is None:
        place.must("members", "operate")
        workspaces.update(tx, place.row.id, generation=place.row.generation + 1)
        return Done()
    who = people.principal(tx, wanted.user_name, wanted.role_name)
    if who.id != access.principal_of(caller)[1]:
        place.must("members", "operate")
    row = people.found(tx, place.row.id, who)
    workspaces.update_member(tx, place.row.id, who.id, generation=row.generation + 1)
    return Done()
