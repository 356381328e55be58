"""Workspaces: what the vendor has in its console only.  Judged as `modelstudio:<Action>` on the workspace.

Source: issue 4; reference/model-studio.md b.1, b.10.
"""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.usage_limits import UsageLimitList, show
from keystead.products.workspaces import access
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND, WORKSPACES
from keystead.store import usage_limits, workspaces
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

NAME_TAKEN = FaultKind(
    "EntityAlreadyExists.Workspace",
    409,
    "The workspace name is taken: {name}.",
    "Choose another name. Names are compared without regard to case.",
)


class WorkspaceInput(Input, frozen=True):
    workspace_id: access.WorkspaceId = ""


class RenameWorkspaceInput(Input, frozen=True):
    workspace_name: Annotated[str, Text(1, 64, doc="the new name")]
    workspace_id: access.WorkspaceId = ""


class NothingAsked(Input, frozen=True):
    pass


class WorkspaceName(Output, frozen=True):
    workspace_id: str
    workspace_name: str
    is_default: bool


class WorkspaceNameList(Output, frozen=True):
    workspace: list[WorkspaceName]


class ListWorkspaceIdsOutput(Output, frozen=True):
    workspaces: WorkspaceNameList


class BaseAddresses(Output, frozen=True):
    """Where clients call; empty where the operator has not set `public_url`."""

    dash_scope: str
    open_ai_compatible: str
    legacy: str


class WorkspaceDetails(Output, frozen=True):
    """What the page Workspace Details shows.  usage_limits: of the account and of the workspace; every one binds."""

    workspace_id: str
    workspace_name: str
    is_default: bool
    region: str
    create_date: str
    your_level: str
    agent_key: str
    agent_key_deprecated: bool
    agent_key_successor: str
    base_addresses: BaseAddresses
    usage_limits: UsageLimitList


class GetWorkspaceDetailsOutput(Output, frozen=True):
    workspace: WorkspaceDetails


class ResetAgentKeyOutput(Output, frozen=True):
    workspace_id: str
    agent_key: str


def _agent_key(tx: Tx, row: sa.Row[tuple[object, ...]]) -> str:
    return tx.keyring.open(row.sealed_agent_key, f"agent-key:{row.id}").decode()


@KEYSTEAD.action("ListWorkspaceIds", resource=WORKSPACES, permission="modelstudio:ListWorkspaceIds")
def list_workspace_ids(tx: Tx, caller: Caller, _wanted: NothingAsked) -> ListWorkspaceIdsOutput:
    """List ID and name of the workspaces that the caller is in; the account and super administrators see all."""
    rows = workspaces.every(tx, access.visible(tx, caller))
    shown = [WorkspaceName(workspace_id=row.id, workspace_name=row.name, is_default=row.is_default) for row in rows]
    return ListWorkspaceIdsOutput(workspaces=WorkspaceNameList(workspace=shown))


@KEYSTEAD.action(
    "GetWorkspaceDetails",
    resource=WORKSPACE,
    permission="modelstudio:GetWorkspaceDetails",
    resolve=access.in_default,
    faults=(WORKSPACE_NOT_FOUND,),
)
def get_workspace_details(tx: Tx, caller: Caller, wanted: WorkspaceInput) -> GetWorkspaceDetailsOutput:
    """Show a workspace's ID, its deprecated AgentKey and the base addresses of its calls.

    A custom member who was not given the applications page is shown no AgentKey.
    """
    place = access.enter(tx, caller, wanted.workspace_id)
    base = tx.public_url.rstrip("/")
    details = WorkspaceDetails(
        workspace_id=place.row.id,
        workspace_name=place.row.name,
        is_default=place.row.is_default,
        region=access.REGION,
        create_date=iso(place.row.created_at),
        your_level=place.standing.name.lower(),
        agent_key=_agent_key(tx, place.row) if place.may("applications", "view") else "",
        agent_key_deprecated=True,
        agent_key_successor="Call with the application ID and the workspace ID; an API key carries its workspace.",
        base_addresses=BaseAddresses(
            dash_scope=f"{base}/api/v1" if base else "",
            open_ai_compatible=f"{base}/compatible-mode/v1" if base else "",
            legacy=base,
        ),
        usage_limits=show(
            usage_limits.every(tx, "account", tx.account_id) + usage_limits.every(tx, "workspace", place.row.id)
        ),
    )
    return GetWorkspaceDetailsOutput(workspace=details)


@KEYSTEAD.action(
    "RenameWorkspace",
    resource=WORKSPACE,
    permission="modelstudio:RenameWorkspace",
    resolve=access.in_default,
    writes=True,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, NAME_TAKEN),
)
def rename_workspace(tx: Tx, caller: Caller, wanted: RenameWorkspaceInput) -> Done:
    """Give a workspace another name; its ID never changes."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "operate")
    name = wanted.workspace_name
    if any(row.name.lower() == name.lower() and row.id != place.row.id for row in workspaces.every(tx)):
        raise NAME_TAKEN(name=name)
    workspaces.update(tx, place.row.id, name=name)
    return Done()


@KEYSTEAD.action(
    "ResetAgentKey",
    resource=WORKSPACE,
    permission="modelstudio:ResetAgentKey",
    resolve=access.in_default,
    writes=True,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS),
)
def reset_agent_key(tx: Tx, caller: Caller, wanted: WorkspaceInput) -> ResetAgentKeyOutput:
    """Give a workspace a new AgentKey; the old one, and all tokens and temporary keys of persons, end at once."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "operate")
    workspaces.update(tx, place.row.id, generation=place.row.generation + 1, **access.new_agent_key(tx, place.row.id))
    return ResetAgentKeyOutput(
        workspace_id=place.row.id, agent_key=_agent_key(tx, access.enter(tx, caller, place.row.id).row)
    )
