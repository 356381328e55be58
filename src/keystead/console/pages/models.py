"""Models: which there are, and which of them a workspace may call.  Source: reference/console.md 4.6.

Adding, testing and removing one is for the account that operates the server; the API says so to everybody else.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pairs import check_typed
from keystead.console.routing import Pages
from keystead.console.tables import Column, Table
from keystead.console.visit import Visit, quoted
from keystead.faults import Fault

PAGES = Pages()

MODELS = Table(
    name="models",
    title="Models",
    product="keystead",
    action="SearchModels",
    members=("Models", "Model"),
    key="ModelName",
    query="Name, provider or description",
    columns=(
        Column("name", "Model", "ModelName"),
        Column("provider", "Provider", "Provider"),
        Column("servers", "Servers", number=True),
        Column("allowed", "In this workspace"),
        Column("workspaces", "Workspaces", number=True),
        Column("calls", "Calls today (UTC)", number=True),
        Column("created", "Created At", hidden=True),
        Column("actions", "Actions"),
    ),
    empty="No model yet. The operator adds one with the address of its server.",
)


def _base(visit: Visit) -> str:
    return f"/workspaces/{quoted(visit.path['workspace'])}/models"


@PAGES.get("/workspaces/{workspace}/models")
async def models(visit: Visit) -> Response:
    """The list, with what this workspace may call."""
    if MODELS.wants_csv(visit):
        return await MODELS.csv(visit, WorkspaceId=visit.path["workspace"])
    return await _list(visit, None)


async def _list(visit: Visit, refusal: Refusal | None, tested: dict[str, Any] | None = None) -> Response:
    workspace = visit.path["workspace"]
    view = await MODELS.load(visit, WorkspaceId=workspace)
    failed = refusal or view.refusal
    place = visit.place.current
    return visit.render(
        "models.html",
        failed.fault.status if failed else 200,
        view=view,
        workspace=workspace,
        base=_base(visit),
        in_default=place is not None and place["WorkspaceId"] == workspace and place["IsDefault"],
        tested=tested,
        refusal=refusal,
    )


@PAGES.post("/workspaces/{workspace}/models/allow", proof=True)
async def allowing(visit: Visit) -> Response:
    """Let the workspace call a model, or no longer; every model where none is named."""
    allow = visit.form.get("allow") == "yes"
    model = visit.form.get("model", "")
    given: dict[str, Any] = (
        {"models": [{"model": model, "inference": allow}]}
        if model
        else {"accessAllEntities": "OPEN" if allow else "CLOSE"}
    )
    try:
        await visit.ask("modelstudio", "UpdateModelPermissions", workspaceId=visit.path["workspace"], **given)
    except RefusedError as refused:
        return await _list(visit, refused.refusal)
    return visit.redirect(_base(visit), visit.text("What the workspace may call is changed."))


@PAGES.post("/workspaces/{workspace}/models/add", proof=True)
async def adding(visit: Visit) -> Response:
    """Add a model with its first server."""
    try:
        await visit.ask_form("keystead", "AddModel")
    except RefusedError as refused:
        return await _list(visit, refused.refusal)
    return visit.redirect(_base(visit), visit.text("The model is added. Test it, then allow it."))


@PAGES.post("/workspaces/{workspace}/models/test")
async def testing(visit: Visit) -> Response:
    """Ask every server of a model for one token, and show how each answered."""
    name = visit.form.get("ModelName", "")
    try:
        answer = await visit.ask("keystead", "TestModel", ModelName=name)
    except RefusedError as refused:
        return await _list(visit, refused.refusal)
    return await _list(visit, None, {"name": name, **answer})


@PAGES.post("/workspaces/{workspace}/models/remove", proof=True)
async def removing(visit: Visit) -> Response:
    """Remove a model for everybody, once its name was typed."""
    name = visit.form.get("ModelName", "")
    try:
        check_typed(visit, name)
        await visit.ask("keystead", "RemoveModel", ModelName=name)
    except (Fault, RefusedError) as error:
        return await _list(visit, refusal_of(error))
    return visit.redirect(_base(visit), visit.text("The model is removed."))
