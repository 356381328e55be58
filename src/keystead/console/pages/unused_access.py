"""Unused Access: users, AccessKey pairs and API keys that nobody used for a number of days, with the way to end them.

Source: reference/console.md 5.
"""

from __future__ import annotations

from starlette.responses import Response

from keystead.console.asking import Given
from keystead.console.pages.users_batch import ACTS
from keystead.console.routing import Pages
from keystead.console.tables import Column, Filter, Table
from keystead.console.visit import Visit

PAGES = Pages()

_DAYS = Filter("days", "Unused for days", "UnusedDays", number=True)
_USUAL = "90"

USERS = Table(
    name="unused-users",
    title="Unused users",
    product="keystead",
    action="SearchUsers",
    members=("Users", "User"),
    key="UserName",
    query="Name, display name or ID",
    columns=(
        Column("name", "User Logon Name/Display Name", "UserName"),
        Column("access", "Access"),
        Column("groups", "Groups"),
        Column("activity", "Last Activity", "LastActivityDate"),
        Column("created", "Created At", "CreateDate"),
        Column("actions", "Actions"),
    ),
    filters=(
        _DAYS,
        Filter(
            "access",
            "Access",
            "Access",
            (("console", "Console Access"), ("accesskey", "OpenAPI Access"), ("both", "Both"), ("none", "None")),
        ),
    ),
)
PAIRS = Table(
    name="unused-access-keys",
    title="Unused AccessKeys",
    product="keystead",
    action="SearchAccessKeys",
    members=("AccessKeys", "AccessKey"),
    key="AccessKeyId",
    query="ID or note",
    columns=(
        Column("id", "AccessKey ID"),
        Column("owner", "Owner"),
        Column("note", "Note"),
        Column("used", "Last Used", "LastUsedDate"),
        Column("created", "Created At", "CreateDate"),
        Column("actions", "Actions"),
    ),
    filters=(_DAYS,),
)
ROLES = Table(
    name="unused-roles",
    title="Unused roles",
    product="keystead",
    action="SearchRoles",
    members=("Roles", "Role"),
    key="RoleName",
    query="Name, remarks or ID",
    columns=(
        Column("role", "Role", "RoleName"),
        Column("trusted", "Trusted by"),
        Column("policies", "Policies", number=True),
        Column("used", "Last Used"),
        Column("created", "Created At", "CreateDate"),
        Column("actions", "Actions"),
    ),
    filters=(_DAYS,),
)
PERMISSIONS = Table(
    name="unused-permissions",
    title="Unused permissions",
    product="keystead",
    action="SearchUnusedPermissions",
    members=("Identities", "Identity"),
    key="PrincipalName",
    query="A part of the name",
    columns=(
        Column("identity", "Identity"),
        Column("granted", "Allowed actions", number=True),
        Column("unused", "Not used in 90 days", number=True),
        Column("services", "Services of which nothing was used"),
        Column("actions", "Actions"),
    ),
    filters=(Filter("type", "Identity", "PrincipalType", (("User", "User"), ("Role", "Role"))),),
)
API_KEYS = Table(
    name="unused-api-keys",
    title="Unused API keys",
    product="keystead",
    action="SearchApiKeys",
    members=("ApiKeys", "ApiKey"),
    key="ApiKeyId",
    query="Name, last four characters or ID",
    columns=(
        Column("name", "Name"),
        Column("key", "Key"),
        Column("workspace", "Workspace"),
        Column("owner", "Owner"),
        Column("used", "Last Used"),
        Column("created", "Created At", "CreateDate"),
        Column("actions", "Actions"),
    ),
    filters=(_DAYS,),
)
LISTS: dict[str, tuple[Table, dict[str, Given]]] = {
    "users": (USERS, {"Status": "active", "Sort": "LastActivityDate"}),
    "access-keys": (PAIRS, {"Status": "Active", "Sort": "LastUsedDate"}),
    "api-keys": (API_KEYS, {"Sort": "CreateDate"}),
    "roles": (ROLES, {"Sort": "CreateDate"}),
    "permissions": (PERMISSIONS, {}),
}
"""The tabs with what is asked besides: what is switched off already is not in the lists; the oldest come first."""


@PAGES.get("/unused-access")
async def users(visit: Visit) -> Response:
    """Enabled users that neither signed in nor called."""
    return await _tab(visit, "users")


@PAGES.get("/unused-access/access-keys")
async def access_keys(visit: Visit) -> Response:
    """Active pairs that signed no call."""
    return await _tab(visit, "access-keys")


@PAGES.get("/unused-access/api-keys")
async def api_keys(visit: Visit) -> Response:
    """API keys that no model or application was called with."""
    return await _tab(visit, "api-keys")


@PAGES.get("/unused-access/roles")
async def roles(visit: Visit) -> Response:
    """Roles of which no session did anything."""
    return await _tab(visit, "roles")


@PAGES.get("/unused-access/permissions")
async def permissions(visit: Visit) -> Response:
    """Users and roles by what they may do and did not do in 90 days, which is as far as it is known."""
    return await _tab(visit, "permissions")


async def _tab(visit: Visit, tab: str) -> Response:
    table, fixed = LISTS[tab]
    days = visit.query.setdefault("days", _USUAL) or _USUAL
    visit.query["days"] = days
    if visit.query.get("sort"):
        fixed = {name: value for name, value in fixed.items() if name != "Sort"}
    if table.wants_csv(visit):
        return await table.csv(visit, "", **fixed)
    view = await table.load(visit, "", **fixed)
    return visit.render("unused_access.html", view=view, tab=tab, days=days, acts=ACTS)
