"""Workspaces.  Source: reference/model-studio.md b.1 and b.10."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.modelstudio.product import (
    MODEL_STUDIO,
    NEXT_TOKEN_INVALID,
    Envelope,
    Part,
    Results,
    StudioInput,
    Substring,
    Token,
    window,
)
from keystead.products.workspaces import access
from keystead.products.workspaces.access import WORKSPACE, WORKSPACE_NOT_FOUND, WORKSPACES, Standing
from keystead.store import workspaces
from keystead.wire.parameters import Text

TOO_MANY_WORKSPACES = FaultKind(
    "LimitExceeded.Workspace",
    409,
    "The number of workspaces is beyond the current limit of {limit}.",
    "Delete what is no longer needed, or ask the operator to raise workspaces_quota.",
)
NAME_TAKEN = FaultKind(
    "EntityAlreadyExists.Workspace",
    409,
    "The workspace name is taken: {name}.",
    "Choose another name. Names are compared without regard to case.",
)

WorkspaceName = Annotated[str, Text(1, 64, doc="free text")]


_HANGING = (
    ("applications", "Application", "application(s)"),
    ("knowledge_bases", "KnowledgeBase", "knowledge base(s)"),
    ("files", "File", "file(s)"),
    ("prompt_templates", "PromptTemplate", "prompt template(s)"),
    ("memories", "Memory", "long-term memory(ies)"),
)


class Workspace(Part, frozen=True):
    """A workspace as it is answered; `gmt_create` in milliseconds."""

    workspace_id: str
    workspace_name: str
    region: str
    service_site: str
    api_host: str
    gmt_create: int


class CreateWorkspaceInput(StudioInput, frozen=True):
    workspace_name: WorkspaceName
    service_site: Annotated[str, Text(0, 32, r"[A-Za-z0-9_-]*", doc="kept as it is; nothing depends on it")] = ""


class CreateWorkspaceOutput(Envelope, frozen=True, kw_only=True):
    workspace: Workspace


class ListWorkspacesInput(StudioInput, frozen=True):
    workspace_id: Annotated[str, Text(0, 64, doc="only this one")] = ""
    workspace_name: Substring = ""
    max_results: Results = 20
    next_token: Token = ""


class ListWorkspacesOutput(Envelope, frozen=True, kw_only=True):
    workspaces: list[Workspace]
    total_count: int
    max_results: int
    next_token: str


class DeleteWorkspaceInput(StudioInput, frozen=True):
    workspace_id: access.RequiredWorkspaceId


class FailReason(Part, frozen=True):
    reason: str
    resource_type: str


class DeleteWorkspaceOutput(Envelope, frozen=True, kw_only=True):
    is_deleted: bool
    fail_reasons: list[FailReason]


def show(tx: Tx, row: sa.Row[Any]) -> Workspace:
    """A row of the workspaces table."""
    return Workspace(
        workspace_id=row.id,
        workspace_name=row.name,
        region=access.REGION,
        service_site=row.service_site,
        api_host=access.api_host(tx),
        gmt_create=row.created_at * 1000,
    )


@MODEL_STUDIO.action(
    "CreateWorkspace",
    method="POST",
    path="/modelstudio/workspaces",
    resource=WORKSPACES,
    writes=True,
    faults=(TOO_MANY_WORKSPACES, NAME_TAKEN),
)
def create_workspace(tx: Tx, caller: Caller, wanted: CreateWorkspaceInput) -> CreateWorkspaceOutput:
    """Create a workspace; who creates it without standing in all of them becomes its administrator."""
    access.ensure_default(tx)
    there = workspaces.every(tx)
    if len(there) >= tx.quotas.workspaces:
        raise TOO_MANY_WORKSPACES(limit=tx.quotas.workspaces)
    if any(row.name.lower() == wanted.workspace_name.lower() for row in there):
        raise NAME_TAKEN(name=wanted.workspace_name)
    workspace_id = access.create(tx, wanted.workspace_name, site=wanted.service_site)
    if access.visible(tx, caller) is not None:
        kind, principal_id = access.principal_of(caller)
        workspaces.add_member(
            tx,
            workspace_id,
            principal_id,
            principal_kind=kind,
            level="administrator",
            pages="{}",
            display_name=caller.user_name or caller.role_name,
        )
    return CreateWorkspaceOutput(workspace=show(tx, access.enter(tx, caller, workspace_id).row))


@MODEL_STUDIO.action(
    "ListWorkspaces",
    method="GET",
    path="/modelstudio/workspaces",
    resource=WORKSPACES,
    faults=(NEXT_TOKEN_INVALID,),
)
def list_workspaces(tx: Tx, caller: Caller, wanted: ListWorkspacesInput) -> ListWorkspacesOutput:
    """List the workspaces that the caller is in; the account and super administrators see all."""
    rows = [
        row
        for row in workspaces.every(tx, access.visible(tx, caller))
        if wanted.workspace_id in ("", row.id) and wanted.workspace_name.lower() in row.name.lower()
    ]
    page, token = window(rows, lambda row: f"{row.created_at:015d}/{row.id}", wanted.next_token, wanted.max_results)
    return ListWorkspacesOutput(
        workspaces=[show(tx, row) for row in page],
        total_count=len(rows),
        max_results=wanted.max_results,
        next_token=token,
    )


@MODEL_STUDIO.action(
    "DeleteWorkspace",
    method="DELETE",
    path="/modelstudio/workspaces/{workspaceId}",
    resource=WORKSPACE,
    writes=True,
    faults=(WORKSPACE_NOT_FOUND, access.PAGE_NOT_YOURS),
)
def delete_workspace(tx: Tx, caller: Caller, wanted: DeleteWorkspaceInput) -> DeleteWorkspaceOutput:
    """Delete a workspace that nothing hangs on; otherwise answer what does."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "operate")
    mine = place.standing is Standing.ADMINISTRATOR  # his own membership does not stand in his way
    hanging = workspaces.dependants(tx, place.row.id)
    others = hanging.members - mine
    left = [
        (getattr(hanging, counted) > 0, kind, f"It has {getattr(hanging, counted)} {words}. Delete them first.")
        for counted, kind, words in _HANGING
    ]
    reasons = [
        FailReason(reason=reason, resource_type=kind)
        for stands, kind, reason in (
            (place.row.is_default, "DefaultWorkspace", "The default workspace cannot be deleted."),
            (others > 0, "Member", f"{others} member(s) are in it. Remove them with RemoveWorkspaceMember."),
            (hanging.api_keys > 0, "ApiKey", f"It has {hanging.api_keys} API key(s). Delete them with DeleteApiKey."),
            *left,
        )
        if stands
    ]
    if reasons:
        return DeleteWorkspaceOutput(
            success=False,
            code="DeleteConflict.Workspace",
            message=" ".join(each.reason for each in reasons),
            http_status_code=200,
            is_deleted=False,
            fail_reasons=reasons,
        )
    if mine:
        workspaces.remove_member(tx, place.row.id, access.principal_of(caller)[1])
    workspaces.delete(tx, place.row.id)
    return DeleteWorkspaceOutput(is_deleted=True, fail_reasons=[])
