"""Members of a workspace: who is in it, at which level, and with which pages.  Source: reference/console.md 4.3."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Given, Refusal, RefusedError
from keystead.console.pages.workspaces import LEVELS
from keystead.console.routing import Pages
from keystead.console.tables import Column, Filter, Table
from keystead.console.visit import Visit, quoted
from keystead.faults import FaultKind
from keystead.products.workspaces.access import PAGES as WORKSPACE_PAGES
from keystead.products.workspaces.access import VIEW_ONLY

PAGES = Pages()

MEMBERS = Table(
    name="members",
    title="Members",
    product="keystead",
    action="SearchMembers",
    members=("Members", "Member"),
    key="PrincipalId",
    query="Name",
    columns=(
        Column("name", "User or role", "DisplayName"),
        Column("level", "Level"),
        Column("pages", "Pages"),
        Column("keys", "API Keys", number=True),
        Column("joined", "Joined", "JoinDate"),
        Column("activity", "Last Activity"),
    ),
    filters=(
        Filter(
            "level",
            "Level",
            "Level",
            (("administrator", "Administrator"), ("member", "Member"), ("custom", "Custom")),
        ),
        Filter("kind", "Kind", "PrincipalType", (("User", "User"), ("Role", "Role"))),
    ),
    empty="No member yet. A policy lets a user call; membership says in which workspace.",
)

LEVELS_GIVEN = tuple((word, label) for word, label in LEVELS.items() if word != "super")

NO_SUCH_MEMBER = FaultKind(
    "EntityNotExist.Member",
    404,
    "{name} is not a member of this workspace.",
    "Look in the list of members, or add the user or role.",
)


def _base(visit: Visit) -> str:
    return f"/workspaces/{quoted(visit.path['workspace'])}/members"


def _who(visit: Visit) -> dict[str, Given]:
    """The parameter that names the principal of a form or an address."""
    given = {**visit.query, **visit.form}
    kind = "RoleName" if given.get("kind") == "Role" else "UserName"
    return {"WorkspaceId": visit.path["workspace"], kind: given.get("name", "").strip()}


def _pages(visit: Visit) -> list[Any]:
    """The pages that the form gives a custom member."""
    return [
        {"Page": page, "Operation": visit.form[f"page-{page}"]}
        for page in WORKSPACE_PAGES
        if visit.form.get(f"page-{page}")
    ]


@PAGES.get("/workspaces/{workspace}/members")
async def members(visit: Visit) -> Response:
    """The list, and the form that adds somebody."""
    if MEMBERS.wants_csv(visit):
        return await MEMBERS.csv(visit, WorkspaceId=visit.path["workspace"])
    return await _list(visit, None)


async def _list(visit: Visit, refusal: Refusal | None) -> Response:
    view = await MEMBERS.load(visit, WorkspaceId=visit.path["workspace"])
    failed = refusal or view.refusal
    return visit.render(
        "members.html",
        failed.fault.status if failed else 200,
        view=view,
        workspace=visit.path["workspace"],
        base=_base(visit),
        levels=LEVELS,
        given=LEVELS_GIVEN,
        pages=WORKSPACE_PAGES,
        view_only=VIEW_ONLY,
        refusal=refusal,
    )


@PAGES.post("/workspaces/{workspace}/members")
async def adding(visit: Visit) -> Response:
    """Add a user or role."""
    level = visit.form.get("level", "member")
    pages = _pages(visit) if level == "custom" else None
    try:
        await visit.ask("keystead", "AddWorkspaceMember", **_who(visit), Level=level, Pages=pages)
    except RefusedError as refused:
        return await _list(visit, refused.refusal)
    return visit.redirect(_base(visit), visit.text("{name} is a member now.", name=visit.form.get("name", "")))


@PAGES.get("/workspaces/{workspace}/members/change")
async def change(visit: Visit) -> Response:
    """One member: another level or other pages, or the end of the membership."""
    return await _one(visit, None)


async def _one(visit: Visit, refusal: Refusal | None) -> Response:
    given = {**visit.query, **visit.form}
    name = given.get("name", "")
    kind = "Role" if given.get("kind") == "Role" else "User"
    answer = await visit.ask(
        "keystead",
        "SearchMembers",
        WorkspaceId=visit.path["workspace"],
        Query=name[:128],
        PrincipalType=kind,
        PageSize=100,
    )
    rows: list[dict[str, Any]] = answer["Members"]["Member"]
    member = next((row for row in rows if row["PrincipalName"] == name), None)
    if member is None:
        raise NO_SUCH_MEMBER(name=name[:64])
    return visit.render(
        "member.html",
        refusal.fault.status if refusal else 200,
        member=member,
        has={each["Page"]: each["Operation"] for each in member["Pages"]["Page"]},
        heirs=await _heirs(visit, member) if member["ApiKeyCount"] else [],
        workspace=visit.path["workspace"],
        base=_base(visit),
        given=LEVELS_GIVEN,
        pages=WORKSPACE_PAGES,
        view_only=VIEW_ONLY,
        refusal=refusal,
    )


async def _heirs(visit: Visit, member: dict[str, Any]) -> list[tuple[str, str]]:
    """Who may get the member's API keys, as far as a form offers them: the other members, (kind/name, shown)."""
    answer = await visit.ask("keystead", "SearchMembers", WorkspaceId=visit.path["workspace"], PageSize=100)
    return [
        (f"{each['PrincipalType']}/{each['PrincipalName']}", each["DisplayName"] or each["PrincipalName"])
        for each in answer["Members"]["Member"]
        if each["PrincipalId"] != member["PrincipalId"]
    ]


@PAGES.post("/workspaces/{workspace}/members/change")
async def changing(visit: Visit) -> Response:
    """Give another level, and pages with it."""
    level = visit.form.get("level", "member")
    pages = _pages(visit) if level == "custom" else None
    try:
        await visit.ask("keystead", "UpdateWorkspaceMember", **_who(visit), Level=level, Pages=pages)
    except RefusedError as refused:
        return await _one(visit, refused.refusal)
    return visit.redirect(_base(visit), visit.text("{name} is changed.", name=visit.form.get("name", "")))


@PAGES.post("/workspaces/{workspace}/members/remove", proof=True)
async def removing(visit: Visit) -> Response:
    """End a membership; API keys of the member go to whom was chosen, or stop working here."""
    kind, _, name = visit.form.get("heir", "").partition("/")
    heir = {f"New{kind}Name": name} if kind in ("User", "Role") and name else {}
    try:
        await visit.ask("keystead", "RemoveWorkspaceMember", **_who(visit), **heir)
    except RefusedError as refused:
        return await _one(visit, refused.refusal)
    return visit.redirect(_base(visit), visit.text("{name} is not a member any more.", name=visit.form.get("name", "")))
