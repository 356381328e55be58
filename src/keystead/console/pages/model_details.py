"""One model: its servers, prices and errors; who can call it and why; the workspaces that may, with their limits.

Source: reference/console.md 4.6.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError
from keystead.console.pages.api_keys import API_KEYS
from keystead.console.routing import Pages
from keystead.console.tables import SIZES, Column, Table
from keystead.console.visit import Visit, quoted

PAGES = Pages()

REACHING_KEYS = Table(
    name="reaching-api-keys",
    title="API keys that can call it",
    product="keystead",
    action="SearchApiKeys",
    members=("ApiKeys", "ApiKey"),
    key="ApiKeyId",
    query=API_KEYS.query,
    columns=(
        Column("name", "Name", "Name"),
        Column("key", "Key"),
        Column("workspace", "Workspace"),
        Column("owner", "Owner"),
        Column("why", "Why"),
        Column("used", "Last Used"),
        Column("status", "Status"),
        Column("created", "Created At", "CreateDate", hidden=True),
    ),
    filters=API_KEYS.filters,
    empty="No API key that you may see can call it.",
)
WORKSPACES = Table(
    name="model-workspaces",
    title="Workspaces that may call it",
    product="keystead",
    action="SearchModelWorkspaces",
    members=("Workspaces", "Workspace"),
    key="WorkspaceId",
    query="Name or workspace ID",
    columns=(
        Column("name", "Workspace", "WorkspaceName"),
        Column("why", "Why"),
        Column("limits", "Limits"),
        Column("created", "Created At", "CreateDate", hidden=True),
    ),
    empty="No workspace that you are in may call it.",
)
_AT = "/workspaces/{workspace}/models"


@PAGES.get(_AT + "/overview/{model:path}")
async def overview(visit: Visit) -> Response:
    """Servers and their state, prices, and how the calls of the last days ended."""
    return await _tab(visit, "overview")


@PAGES.get(_AT + "/callers/{model:path}")
async def callers(visit: Visit) -> Response:
    """Users and roles whose policies allow calling it, with the statements."""
    model = visit.path["model"]
    asked = {"Action": "modelstudio:InvokeModel", "Resource": _arn(visit, "model", model)}
    return await _tab(visit, "callers", **await able(visit, asked))


@PAGES.get(_AT + "/api-keys/{model:path}")
async def api_keys(visit: Visit) -> Response:
    """API keys whose workspace and scope let them call it."""
    fixed = {"ModelName": visit.path["model"]}
    if REACHING_KEYS.wants_csv(visit):
        return await REACHING_KEYS.csv(visit, **fixed)
    return await _tab(visit, "api_keys", view=await REACHING_KEYS.load(visit, **fixed))


@PAGES.get(_AT + "/workspaces/{model:path}")
async def workspaces(visit: Visit) -> Response:
    """Workspaces that may call it, and the limits that each sets."""
    fixed = {"ModelName": visit.path["model"]}
    if WORKSPACES.wants_csv(visit):
        return await WORKSPACES.csv(visit, **fixed)
    return await _tab(visit, "workspaces", view=await WORKSPACES.load(visit, **fixed))


async def able(visit: Visit, asked: dict[str, str]) -> dict[str, Any]:
    """A page of who can do it, for `able.html`; a refusal stands in the place of the list."""
    size = next((size for size in SIZES if str(size) == visit.query.get("size")), SIZES[0])
    marker = visit.query.get("marker") or None
    answer: dict[str, Any] | None = None
    refusal: Refusal | None = None
    try:
        answer = await visit.ask("keystead", "WhoCan", MaxItems=size, Marker=marker, **asked)
    except RefusedError as refused:
        refusal = refused.refusal
    return {
        "asked": asked,
        "answer": answer,
        "failed": refusal,
        "first": visit.here(marker=None) if marker else "",
        "rest": visit.here(marker=answer["Marker"]) if answer and answer.get("Marker") else "",
    }


async def _tab(visit: Visit, tab: str, **values: Any) -> Response:
    workspace, model = visit.path["workspace"], visit.path["model"]
    found = await visit.ask("keystead", "GetModelDetails", ModelName=model, WorkspaceId=workspace)
    here = f"/workspaces/{quoted(workspace)}"
    failed = values.get("failed")
    status = failed.fault.status if failed else 200
    return visit.render(
        f"model_{tab}.html",
        status,
        tab=tab,
        model=found,
        workspace=workspace,
        here=here,
        resource=_arn(visit, "model", model),
        **values,
    )


def _arn(visit: Visit, kind: str, name: str) -> str:
    return f"acs:modelstudio:*:{visit.me.person.account_id}:{kind}/{name}"
