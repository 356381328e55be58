"""The search in the header: everything by name, ID or how a key begins, as far as the person may list it."""

from __future__ import annotations

from starlette.responses import Response

from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit, quoted

PAGES = Pages()

LABELS = {
    "User": mark("Users"),
    "Group": mark("Groups"),
    "Role": mark("Roles"),
    "Policy": mark("Policies"),
    "AccessKey": mark("AccessKeys"),
    "Workspace": mark("Workspaces"),
    "Application": mark("Applications"),
    "ApiKey": mark("API Keys"),
}


@PAGES.get("/search")
async def search(visit: Visit) -> Response:
    """What was found, by kind; a link where there is a page of it."""
    wanted = visit.query.get("q", "").strip()[:128]
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    more: list[str] = []
    if wanted:
        answer = await visit.ask("keystead", "SearchAll", Query=wanted, Most=10)
        for hit in answer["Hits"]["Hit"]:
            found.setdefault(hit["Kind"], []).append((hit["Name"], hit["Id"], hit["About"], _page_of(visit, hit)))
        more = answer["MoreOf"]["Kind"]
    return visit.render("search.html", wanted=wanted, found=found, more=more, labels=LABELS)


def _page_of(visit: Visit, hit: dict[str, str]) -> str:
    """The address of a hit's page, "" where there is none."""
    here = visit.place.current["WorkspaceId"] if visit.place.current else ""
    # What tells an application from others of its name is its workspace.
    workspace = quoted(hit["About"] if hit["Kind"] == "Application" else here)
    path, pattern = {
        "User": (f"/users/{quoted(hit['Name'])}", "/users/{name}"),
        "Group": (f"/groups/{quoted(hit['Name'])}", "/groups/{name}"),
        "Role": (f"/roles/{quoted(hit['Name'])}", "/roles/{name}"),
        "Policy": (f"/policies?q={quoted(hit['Name'])}", "/policies"),
        "AccessKey": (f"/access-keys/{quoted(hit['Id'])}", "/access-keys/{id}"),
        "Workspace": (f"/workspaces/{quoted(hit['Id'])}", "/workspaces/{workspace}"),
        "Application": (
            f"/workspaces/{workspace}/applications/{quoted(hit['Id'])}",
            "/workspaces/{workspace}/applications/{app}",
        ),
        "ApiKey": (f"/workspaces/{workspace}/api-keys?q={quoted(hit['Name'])}", "/workspaces/{workspace}/api-keys"),
    }.get(hit["Kind"], ("", ""))
    if "{workspace}" in pattern and hit["Kind"] != "Workspace" and not workspace:
        return ""
    shapes = {_shape(each) for each in visit.house.menu.served}
    return visit.url(path) if _shape(pattern) in shapes else ""


def _shape(path: str) -> str:
    """A path with its parts unnamed, so that it does not matter what a page calls them."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
