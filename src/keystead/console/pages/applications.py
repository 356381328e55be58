"""Applications of a workspace: the list, one with its settings and a playground, creating and deleting.

Source: reference/console.md 4.4.  The playground calls the application as any client does, at `/api/v1/apps`, with a
temporary key for this application alone that the page's script holds for as long as the page is open.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse, Response

from keystead.clock import iso
from keystead.console.asking import Refusal, RefusedError
from keystead.console.pages.model_details import REACHING_KEYS, able
from keystead.console.routing import Pages
from keystead.console.tables import Column, Table
from keystead.console.trail import events_of
from keystead.console.visit import Visit, quoted
from keystead.faults import FaultKind

PAGES = Pages()
PLAYGROUND_SECONDS = 1800
USAGE_SECONDS = 31 * 86_400
"""How far back the tab of usage looks."""

APPLICATIONS = Table(
    name="applications",
    title="Applications",
    product="keystead",
    action="SearchApplications",
    members=("Applications", "Application"),
    key="AppId",
    query="Name, App ID or model",
    columns=(
        Column("name", "Name", "Name"),
        Column("id", "App ID"),
        Column("model", "Model"),
        Column("state", "State"),
        Column("calls", "Calls in 7 days", number=True),
        Column("updated", "Updated", "UpdateDate"),
        Column("created", "Created At", "CreateDate", hidden=True),
    ),
    empty="No applications yet. An application is a model with instructions, parameters and knowledge of its own.",
)

NOT_TYPED = FaultKind(
    "NotConfirmed.Name", 400, "What was typed is not {wanted}; nothing was deleted.", "Type the App ID as it is shown."
)


def _base(visit: Visit) -> str:
    return f"/workspaces/{quoted(visit.path['workspace'])}/applications"


@PAGES.get("/workspaces/{workspace}/applications")
async def applications(visit: Visit) -> Response:
    """The list, or the same as a file."""
    fixed = {"WorkspaceId": visit.path["workspace"]}
    if APPLICATIONS.wants_csv(visit):
        return await APPLICATIONS.csv(visit, **fixed)
    return visit.render("applications.html", view=await APPLICATIONS.load(visit, **fixed), base=_base(visit))


@PAGES.get("/workspaces/{workspace}/applications/new")
async def new_application(visit: Visit) -> Response:
    """The form."""
    return await _form(visit, None)


async def _form(visit: Visit, refusal: Refusal | None) -> Response:
    found = await visit.try_ask("keystead", "SearchModels", WorkspaceId=visit.path["workspace"], PageSize=100)
    models = [each["ModelName"] for each in found["Models"]["Model"] if each["IsAuthorized"]] if found else []
    status = refusal.fault.status if refusal else 200
    return visit.render("application_new.html", status, refusal=refusal, models=models, base=_base(visit))


@PAGES.post("/workspaces/{workspace}/applications/new", once=True)
async def creating_application(visit: Visit) -> Response:
    """Create it, and open it."""
    try:
        answer = await visit.ask_form("bailian", "CreateAndPulishAgent", WorkspaceId=visit.path["workspace"])
    except RefusedError as refused:
        return await _form(visit, refused.refusal)
    return visit.redirect(f"{_base(visit)}/{quoted(answer['data'])}", visit.text("The application is created."))


@PAGES.get("/workspaces/{workspace}/applications/{app}")
async def application(visit: Visit) -> Response:
    """One application: settings, how to call it, and the playground."""
    return await _overview(visit, None)


async def _overview(visit: Visit, refusal: Refusal | None) -> Response:
    workspace, app = visit.path["workspace"], visit.path["app"]
    agent = await _agent(visit)
    config = json.dumps(agent["applicationConfig"], indent=2, ensure_ascii=False) if agent["applicationConfig"] else ""
    usage = await visit.try_ask("keystead", "GetUsage", WorkspaceId=workspace, ApplicationId=app, GroupBy=["day"])
    return _tab(
        visit,
        "overview",
        agent,
        refusal,
        config=config,
        usage=usage["Usage"] if usage else None,
        snippets=_snippets(visit, workspace, app),
    )


@PAGES.get("/workspaces/{workspace}/applications/{app}/usage")
async def application_usage(visit: Visit) -> Response:
    """What was called and used in the last month, day by day, newest first."""
    agent = await _agent(visit)
    answer = await visit.ask(
        "keystead",
        "GetUsage",
        WorkspaceId=visit.path["workspace"],
        ApplicationId=visit.path["app"],
        GroupBy=["day"],
        StartTime=iso(visit.now - USAGE_SECONDS),
    )
    days = sorted(answer["Usage"], key=lambda each: str(each["Group"]["day"]), reverse=True)
    return _tab(visit, "usage", agent, days=days)


@PAGES.get("/workspaces/{workspace}/applications/{app}/events")
async def application_events(visit: Visit) -> Response:
    """The newest calls and refusals of it."""
    agent = await _agent(visit)
    resource = f"application/{agent['code']}"
    arn = f"acs:modelstudio:*:{visit.me.caller.account_id}:{resource}"
    return _tab(visit, "events", agent, events=await events_of(visit, arn), resource=resource)


@PAGES.get("/workspaces/{workspace}/applications/{app}/access")
async def application_access(visit: Visit) -> Response:
    """Users, roles and keys that can call it, each with the reason."""
    workspace, app = visit.path["workspace"], visit.path["app"]
    fixed = {"WorkspaceId": workspace, "AppId": app}
    if REACHING_KEYS.wants_csv(visit):
        return await REACHING_KEYS.csv(visit, **fixed)
    agent = await _agent(visit)
    resource = f"acs:modelstudio:*:{visit.me.person.account_id}:application/{app}"
    identities = await able(visit, {"Action": "modelstudio:InvokeApplication", "Resource": resource})
    return _tab(visit, "access", agent, view=await REACHING_KEYS.load(visit, **fixed), **identities)


async def _agent(visit: Visit) -> dict[str, Any]:
    """The application in the address.  Raises `RefusedError`."""
    workspace, app = visit.path["workspace"], visit.path["app"]
    answer = await visit.ask("bailian", "GetPublishedAgent", WorkspaceId=workspace, AppCode=app)
    found: dict[str, Any] = answer["data"]
    return found


def _tab(visit: Visit, tab: str, agent: dict[str, Any], refusal: Refusal | None = None, **values: Any) -> Response:
    status = refusal.fault.status if refusal else 200
    return visit.render(
        f"application_{tab}.html", status, tab=tab, agent=agent, refusal=refusal, base=_base(visit), **values
    )


def _snippets(visit: Visit, workspace: str, app: str) -> list[tuple[str, str]]:
    """How clients call it, with this server's address; the key is a name in the environment."""
    base = visit.base_url
    curl = (
        f'curl {base}/api/v1/apps/{app}/completion -H "Authorization: Bearer $DASHSCOPE_API_KEY" \\\n'
        f'  -H \'Content-Type: application/json\' -d \'{{"input": {{"prompt": "Hello"}}}}\''
    )
    dashscope = (
        "import dashscope\n\n"
        f'dashscope.base_http_api_url = "{base}/api/v1"\n'
        f'answer = dashscope.Application.call(app_id="{app}", workspace="{workspace}", prompt="Hello")\n'
        "print(answer.output.text)"
    )
    return [("curl", curl), ("DashScope", dashscope)]


@PAGES.post("/workspaces/{workspace}/applications/{app}/edit")
async def edit_application(visit: Visit) -> Response:
    """Change what the form holds; what it does not name stays."""
    workspace, app = visit.path["workspace"], visit.path["app"]
    try:
        await visit.ask_form("bailian", "UpdateAndPublishAgentSelective", WorkspaceId=workspace, AppCode=app)
    except RefusedError as refused:
        return await _overview(visit, refused.refusal)
    return visit.redirect(f"{_base(visit)}/{quoted(app)}", visit.text("The application is changed."))


@PAGES.post("/workspaces/{workspace}/applications/{app}/delete", proof=True)
async def delete_application(visit: Visit) -> Response:
    """Delete it once its ID was typed."""
    workspace, app = visit.path["workspace"], visit.path["app"]
    if visit.form.get("_typed", "").strip() != app:
        raise NOT_TYPED(wanted=app)
    try:
        await visit.ask("bailian", "DeleteAgent", WorkspaceId=workspace, AppCode=app)
    except RefusedError as refused:
        return await _overview(visit, refused.refusal)
    return visit.redirect(_base(visit), visit.text("The application is deleted; calls of it are refused."))


@PAGES.post("/workspaces/{workspace}/applications/{app}/playground-key")
async def playground_key(visit: Visit) -> Response:
    """A temporary key for this application alone, for the page's script."""
    try:
        answer = await visit.ask(
            "keystead",
            "CreateTemporaryModelKey",
            WorkspaceId=visit.path["workspace"],
            Applications=[visit.path["app"]],
            ExpireInSeconds=PLAYGROUND_SECONDS,
        )
    except RefusedError as refused:
        fault = refused.refusal.fault
        return JSONResponse({"why": f"{fault.code}: {visit.message(fault)} {visit.next_step(fault)}"}, fault.status)
    return JSONResponse({"token": answer["Token"], "until": answer["ExpiresAt"]})
