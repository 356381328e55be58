"""Groups: the list, creating one, its members and permissions, and who loses what with it.  Source: console.md 3.9."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError
from keystead.console.routing import Pages
from keystead.console.stale import Value, meanwhile
from keystead.console.tables import Column, Filter, Table
from keystead.console.texts import mark
from keystead.console.visit import Visit, quoted

PAGES = Pages()

MOST_AT_ONCE = 200
"""Members that deleting a group takes out of it; a larger one is emptied first."""

GROUPS = Table(
    name="groups",
    title="Groups",
    product="keystead",
    action="SearchGroups",
    members=("Groups", "Group"),
    key="GroupName",
    query="Name, display name or ID",
    columns=(
        Column("name", "Group", "GroupName"),
        Column("remarks", "Remarks"),
        Column("members", "Members", number=True),
        Column("policies", "Policies", number=True),
        Column("created", "Created At", "CreateDate"),
        Column("id", "Group ID", hidden=True),
        Column("actions", "Actions"),
    ),
    empty="No groups yet. A group gives the same permissions to everybody in it.",
)

MEMBERS = Table(
    name="members",
    title="Members",
    product="keystead",
    action="SearchUsers",
    members=("Users", "User"),
    key="UserName",
    query="Name, display name or ID",
    columns=(
        Column("name", "User Logon Name/Display Name", "UserName"),
        Column("access", "Access"),
        Column("activity", "Last Activity", "LastActivityDate"),
        Column("status", "Status"),
        Column("actions", "Actions"),
    ),
    empty="The group has no members yet.",
)

GRANTED = Table(
    name="permissions",
    title="Permissions",
    product="keystead",
    action="SearchGrants",
    members=("Grants", "Grant"),
    key="PolicyName",
    query="Policy",
    columns=(
        Column("policy", "Policy"),
        Column("scope", "Scope"),
        Column("date", "Granted at", "AttachDate"),
        Column("by", "Granted by"),
        Column("actions", "Actions"),
    ),
    filters=(Filter("type", "Type", "PolicyType", (("System", "System policy"), ("Custom", "Custom policy"))),),
    empty="No permissions have been granted yet.",
)


@PAGES.get("/groups")
async def groups(visit: Visit) -> Response:
    """The list of groups, or the same as a file."""
    if GROUPS.wants_csv(visit):
        return await GROUPS.csv(visit)
    return visit.render("groups.html", view=await GROUPS.load(visit))


@PAGES.get("/groups/new")
async def new_group(visit: Visit) -> Response:
    """The form for a new group."""
    return visit.render("group_new.html", refusal=None)


@PAGES.post("/groups/new")
async def create_group(visit: Visit) -> Response:
    """Create the group."""
    try:
        made = await visit.ask_form("ims", "CreateGroup")
    except RefusedError as refused:
        return visit.render("group_new.html", refused.refusal.fault.status, refusal=refused.refusal)
    name = made["Group"]["GroupName"]
    return visit.redirect(
        f"/groups/{quoted(name)}", visit.text("The group {name} is created. Add its members now.", name=name)
    )


async def _page(visit: Visit, template: str, tab: str, refusal: Refusal | None = None, **values: Any) -> Response:
    group = await _group(visit)
    status = refusal.fault.status if refusal is not None else 200
    return visit.render(template, status, group=group, edited=_edited(group), tab=tab, refusal=refusal, **values)


async def _group(visit: Visit) -> dict[str, Any]:
    """The group in the address.  Raises `RefusedError`."""
    found: dict[str, Any] = (await visit.ask("ims", "GetGroup", GroupName=visit.path["name"]))["Group"]
    return found


def _edited(group: dict[str, Any]) -> list[Value]:
    """What the form that edits a group changes."""
    return [
        Value("NewDisplayName", mark("Display name"), group["DisplayName"]),
        Value("NewComments", mark("Remarks"), group["Comments"]),
    ]


@PAGES.get("/groups/{name}")
async def members(visit: Visit) -> Response:
    """The members, or the same as a file."""
    if MEMBERS.wants_csv(visit):
        return await MEMBERS.csv(visit, GroupName=visit.path["name"])
    return await _members(visit)


async def _members(visit: Visit, refusal: Refusal | None = None) -> Response:
    view = await MEMBERS.load(visit, GroupName=visit.path["name"])
    return await _page(visit, "group_members.html", "members", refusal, view=view)


@PAGES.get("/groups/{name}/permissions")
async def permissions(visit: Visit) -> Response:
    """What the group gives to its members."""
    fixed = {"PrincipalType": "Group", "PrincipalName": visit.path["name"]}
    if GRANTED.wants_csv(visit):
        return await GRANTED.csv(visit, **fixed)
    view = await GRANTED.load(visit, **fixed)
    return await _page(visit, "group_permissions.html", "permissions", view=view)


@PAGES.post("/groups/{name}/edit")
async def edit_group(visit: Visit) -> Response:
    """Change the group's names and remarks."""
    group = await _group(visit)
    stale = meanwhile(visit, _edited(group), group["GroupName"], f"/groups/{quoted(group['GroupName'])}")
    if stale is not None:
        return stale
    try:
        changed = await visit.ask_form("ims", "UpdateGroup", GroupName=visit.path["name"])
    except RefusedError as refused:
        return await _members(visit, refused.refusal)
    return visit.redirect(f"/groups/{quoted(changed['Group']['GroupName'])}", visit.text("The group is changed."))


@PAGES.post("/groups/{name}/add")
async def add_members(visit: Visit) -> Response:
    """Add users, named one on a line; those before one that fails stay added."""
    name, added = visit.path["name"], 0
    wanted = [each.strip() for each in visit.form.get("users", "").replace(",", "\n").splitlines() if each.strip()]
    try:
        for user in wanted[:MOST_AT_ONCE]:
            await visit.ask("ims", "AddUserToGroup", GroupName=name, UserPrincipalName=user)
            added += 1
    except RefusedError as refused:
        return await _members(visit, refused.refusal)
    said = visit.language.count("{n} user is added.", "{n} users are added.", added)
    return visit.redirect(f"/groups/{quoted(name)}", said)


@PAGES.post("/groups/{name}/remove")
async def remove_member(visit: Visit) -> Response:
    """Take one user out of the group."""
    name, user = visit.path["name"], visit.form.get("user", "")
    try:
        await visit.ask("ims", "RemoveUserFromGroup", GroupName=name, UserPrincipalName=user or None)
    except RefusedError as refused:
        return await _members(visit, refused.refusal)
    return visit.redirect(f"/groups/{quoted(name)}", visit.text("{user} is removed from the group.", user=user))


@PAGES.get("/groups/{name}/delete")
async def deleting_group(visit: Visit) -> Response:
    """Who loses what, before the group goes."""
    return await _deleting(visit)


async def _deleting(visit: Visit, refusal: Refusal | None = None) -> Response:
    name = visit.path["name"]
    users = await visit.ask("keystead", "SearchUsers", GroupName=name, PageSize=20)
    grants = await visit.ask("keystead", "SearchGrants", PrincipalType="Group", PrincipalName=name, PageSize=100)
    return await _page(
        visit,
        "group_delete.html",
        "",
        refusal,
        users=users["Users"]["User"],
        count=users["TotalCount"],
        grants=grants["Grants"]["Grant"],
        most=MOST_AT_ONCE,
    )


@PAGES.post("/groups/{name}/delete", proof=True)
async def delete_group(visit: Visit) -> Response:
    """Revoke what the group has, take its members out, delete it."""
    name = visit.path["name"]
    try:
        grants = await visit.ask("keystead", "SearchGrants", PrincipalType="Group", PrincipalName=name, PageSize=100)
        for each in grants["Grants"]["Grant"]:
            scope = None if each["Scope"] == "Account" else each["Scope"]
            policy = {"PolicyType": each["PolicyType"], "PolicyName": each["PolicyName"], "ResourceGroupId": scope}
            await visit.ask("ram", "DetachPolicyFromGroup", GroupName=name, **policy)
        for _ in range(MOST_AT_ONCE // 100):
            users = await visit.ask("ims", "ListUsersForGroup", GroupName=name, MaxItems=100)
            for user in users["Users"]["User"]:
                await visit.ask(
                    "ims", "RemoveUserFromGroup", GroupName=name, UserPrincipalName=user["UserPrincipalName"]
                )
        await visit.ask("ims", "DeleteGroup", GroupName=name)
    except RefusedError as refused:
        return await _deleting(visit, refused.refusal)
    return visit.redirect("/groups", visit.text("The group {name} is deleted.", name=name))
