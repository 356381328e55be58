"""Users: the list.  Source: reference/console.md 3.3."""

from __future__ import annotations

from starlette.responses import Response

from keystead.console.pages.users_batch import ACTS
from keystead.console.routing import Pages
from keystead.console.tables import Column, Filter, Table
from keystead.console.visit import Visit

PAGES = Pages()

USERS = Table(
    name="users",
    title="Users",
    product="keystead",
    action="SearchUsers",
    members=("Users", "User"),
    key="UserName",
    query="Name, display name or ID",
    columns=(
        Column("name", "User Logon Name/Display Name", "UserName"),
        Column("id", "User ID", hidden=True),
        Column("access", "Access"),
        Column("mfa", "MFA"),
        Column("keys", "AccessKeys"),
        Column("activity", "Last Activity", "LastActivityDate"),
        Column("groups", "Groups"),
        Column("tags", "Tags", hidden=True),
        Column("created", "Created At", "CreateDate", hidden=True),
        Column("status", "Status"),
        Column("actions", "Actions"),
    ),
    filters=(
        Filter("status", "Status", "Status", (("active", "Enabled"), ("freeze", "Disabled"))),
        Filter(
            "access",
            "Access",
            "Access",
            (
                ("console", "Console Access"),
                ("accesskey", "OpenAPI Access"),
                ("both", "Both"),
                ("none", "None"),
            ),
        ),
        Filter("mfa", "MFA", "Mfa", (("true", "bound"), ("false", "not bound"))),
        Filter("group", "Group", "GroupName"),
        Filter("tag", "Tag key", "TagKey"),
        Filter("unused", "Unused for days", "UnusedDays", number=True),
    ),
    empty="No users yet. Create one for each person and each program, so that nobody shares the account.",
)


@PAGES.get("/users")
async def users(visit: Visit) -> Response:
    """The list of users, or the same as a file."""
    if USERS.wants_csv(visit):
        return await USERS.csv(visit)
    return visit.render("users.html", view=await USERS.load(visit), acts=ACTS)
