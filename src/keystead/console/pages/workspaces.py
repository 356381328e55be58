"""Workspaces: the details of one, and the list of all for who manages them.  Source: reference/console.md 4.1, 4.2."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pairs import check_typed
from keystead.console.routing import Pages
from keystead.console.tables import Column, Table
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import Fault, FaultKind

PAGES = Pages()

LEVELS = {
    "super": mark("Super administrator"),
    "administrator": mark("Administrator"),
    "member": mark("Member"),
    "custom": mark("Custom"),
}
"""How a level is called: what the person, or a member, is in a workspace."""

WORKSPACES = Table(
    name="workspaces",
    title="Workspaces",
    product="keystead",
    action="SearchWorkspaces",
    members=("Workspaces", "Workspace"),
    key="WorkspaceId",
    query="Name or ID",
    columns=(
        Column("name", "Name", "WorkspaceName"),
        Column("id", "Workspace ID"),
        Column("members", "Members", number=True),
        Column("applications", "Applications", number=True),
        Column("keys", "API Keys", number=True),
        Column("spend", "Spend this month", number=True),
        Column("created", "Created At", "CreateDate"),
        Column("actions", "Actions"),
    ),
    empty="No workspace yet. One for each team or purpose keeps keys, applications and limits apart.",
)

STILL_HOLDS = FaultKind(
    "DeleteConflict.Workspace",
    409,
    "The workspace {name} was not deleted: {why}",
    "Delete or remove these first.",
)


async def workspace_of(visit: Visit) -> dict[str, Any]:
    """The workspace in the address.  Raises `RefusedError`, also for one that the person is not in."""
    found = await visit.ask("keystead", "GetWorkspaceDetails", WorkspaceId=visit.path["workspace"])
    details: dict[str, Any] = found["Workspace"]
    return details


@PAGES.get("/workspaces")
async def manage(visit: Visit) -> Response:
    """All workspaces that the person is in, with their figures for a super administrator."""
    if WORKSPACES.wants_csv(visit):
        return await WORKSPACES.csv(visit, Figures=True)
    return await _manage(visit, None)


async def _manage(visit: Visit, refusal: Refusal | None) -> Response:
    view = await WORKSPACES.load(visit, Figures=True)
    return visit.render("workspaces.html", refusal.fault.status if refusal else 200, view=view, refusal=refusal)


@PAGES.post("/workspaces", once=True)
async def creating(visit: Visit) -> Response:
    """Create a workspace."""
    try:
        made = await visit.ask_form("modelstudio", "CreateWorkspace")
    except RefusedError as refused:
        return await _manage(visit, refused.refusal)
    there = f"/workspaces/{made['workspace']['workspaceId']}"
    return visit.redirect(there, visit.text("The workspace is created. Add its members next."))


@PAGES.get("/workspaces/{workspace}")
async def details(visit: Visit) -> Response:
    """What the workspace is called, where its calls go, and what can be done with it."""
    return await show_workspace(visit, None)


async def show_workspace(visit: Visit, refusal: Refusal | None) -> Response:
    """The page of the workspace in the address.  Raises `RefusedError`."""
    found = await workspace_of(visit)
    given = found["BaseAddresses"]
    addresses = {
        "OpenAiCompatible": given["OpenAiCompatible"] or f"{visit.base_url}/compatible-mode/v1",
        "DashScope": given["DashScope"] or f"{visit.base_url}/api/v1",
    }
    level = LEVELS.get(found["YourLevel"], found["YourLevel"])
    return visit.render(
        "workspace.html",
        refusal.fault.status if refusal else 200,
        workspace=found,
        addresses=addresses,
        level=level,
        rules=found["YourLevel"] in ("super", "administrator"),
        refusal=refusal,
    )


@PAGES.post("/workspaces/{workspace}/rename")
async def renaming(visit: Visit) -> Response:
    """Give it another name."""
    workspace = visit.path["workspace"]
    try:
        await visit.ask_form("keystead", "RenameWorkspace", WorkspaceId=workspace)
    except RefusedError as refused:
        return await show_workspace(visit, refused.refusal)
    return visit.redirect(f"/workspaces/{workspace}", visit.text("The workspace is renamed."))


@PAGES.post("/workspaces/{workspace}/agent-key/reset", proof=True)
async def resetting_agent_key(visit: Visit) -> Response:
    """Give it a new AgentKey; the old one ends at once."""
    workspace = visit.path["workspace"]
    try:
        await visit.ask("keystead", "ResetAgentKey", WorkspaceId=workspace)
    except RefusedError as refused:
        return await show_workspace(visit, refused.refusal)
    return visit.redirect(f"/workspaces/{workspace}", visit.text("The AgentKey is reset. The old one is refused."))


@PAGES.post("/workspaces/{workspace}/delete", proof=True)
async def deleting(visit: Visit) -> Response:
    """Delete it, once nothing hangs on it and its ID was typed."""
    workspace = visit.path["workspace"]
    try:
        check_typed(visit, workspace)
        answer = await visit.ask("modelstudio", "DeleteWorkspace", workspaceId=workspace)
        if not answer["isDeleted"]:
            raise STILL_HOLDS(name=workspace, why=answer["message"])
    except (Fault, RefusedError) as error:
        return await show_workspace(visit, refusal_of(error))
    return visit.redirect("/workspaces", visit.text("The workspace is deleted."))
