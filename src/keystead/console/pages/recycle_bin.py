"""The recycle bin of users and AccessKey pairs.  Source: reference/console.md 3.8."""

from __future__ import annotations

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.entrance import PREFIX
from keystead.console.pairs import check_typed
from keystead.console.routing import Pages
from keystead.console.tables import Column, Table
from keystead.console.visit import Visit
from keystead.faults import Fault

PAGES = Pages()

USERS = Table(
    name="deleted-users",
    title="Deleted users",
    product="keystead",
    action="SearchRecycledUsers",
    members=("Users", "User"),
    key="UserId",
    query="Name, display name or ID",
    columns=(
        Column("name", "User Logon Name/Display Name"),
        Column("id", "User ID"),
        Column("deleted", "Deleted At", "RecycleDate"),
        Column("by", "Deleted by"),
        Column("purged", "Gone for good at"),
        Column("actions", "Actions"),
    ),
    empty="The bin is empty. Deleted users stay here for 30 days.",
)
KEYS = Table(
    name="deleted-access-keys",
    title="Deleted AccessKeys",
    product="keystead",
    action="SearchRecycledAccessKeys",
    members=("AccessKeys", "AccessKey"),
    key="AccessKeyId",
    query="ID, note or user",
    columns=(
        Column("id", "AccessKey ID"),
        Column("owner", "Owner"),
        Column("note", "Note"),
        Column("used", "Last Used"),
        Column("deleted", "Deleted At", "RecycleDate"),
        Column("by", "Deleted by"),
        Column("purged", "Gone for good at"),
        Column("actions", "Actions"),
    ),
    empty="The bin is empty. Deleted AccessKeys of users stay here for 30 days, three of each user.",
)


@PAGES.get("/recycle-bin")
async def recycled_users(visit: Visit) -> Response:
    """Deleted users."""
    if USERS.wants_csv(visit):
        return await USERS.csv(visit)
    return await _list(visit, "users", None)


@PAGES.get("/recycle-bin/access-keys")
async def recycled_keys(visit: Visit) -> Response:
    """Deleted pairs."""
    if KEYS.wants_csv(visit):
        return await KEYS.csv(visit)
    return await _list(visit, "access-keys", None)


async def _list(visit: Visit, tab: str, refusal: Refusal | None) -> Response:
    table = USERS if tab == "users" else KEYS
    status = refusal.fault.status if refusal else 200
    return visit.render("recycle_bin.html", status, view=await table.load(visit), tab=tab, refusal=refusal)


@PAGES.post("/recycle-bin/users/restore")
async def restore_user(visit: Visit) -> Response:
    """Bring a user back, disabled."""
    name = visit.form.get("name", "")
    try:
        await visit.ask_form("keystead", "RestoreDisabledUser")
    except RefusedError as refused:
        return await _list(visit, "users", refused.refusal)
    return visit.redirect(
        "/recycle-bin", visit.text("The user {name} is back, disabled. Enable it when it is needed.", name=name)
    )


@PAGES.post("/recycle-bin/access-keys/restore")
async def restore_key(visit: Visit) -> Response:
    """Bring a pair back, inactive."""
    try:
        await visit.ask_form("ims", "RestoreAccessKeyFromRecycleBin")
    except RefusedError as refused:
        return await _list(visit, "access-keys", refused.refusal)
    back = visit.form.get("back", "")
    there = back if back.startswith("/users/") and "\\" not in back else "/recycle-bin/access-keys"
    said = visit.text("The AccessKey {id} is back, inactive.", id=visit.form.get("UserAccessKeyId", ""))
    return visit.redirect(PREFIX + there, said)


@PAGES.get("/recycle-bin/{tab}/delete")
async def purge(visit: Visit) -> Response:
    """Asks for the name or the ID: this cannot be undone."""
    return await _purge(visit, None)


async def _purge(visit: Visit, refusal: Refusal | None) -> Response:
    tab, given = visit.path["tab"], {**visit.query, **visit.form}
    if tab == "users":
        user = (await visit.ask("ims", "GetUserInRecycleBin", UserId=given.get("UserId", "")))["User"]
        name, owner = user["UserPrincipalName"].partition("@")[0], ""
        right = visit.lacks("ims", "DeleteUserInRecycleBin")
    else:
        key = given.get("UserAccessKeyId", "")
        found = (await visit.ask("ims", "GetAccessKeyInfoInRecycleBin", UserAccessKeyId=key))["AccessKey"]
        name, owner = found["AccessKeyId"], found["UserId"]
        right = visit.lacks("ims", "DeleteAccessKeyInRecycleBin")
    return visit.render(
        "recycle_bin_delete.html",
        refusal.fault.status if refusal else 200,
        tab=tab,
        name=name,
        user_id=owner or given.get("UserId", ""),
        lacking=right,
        refusal=refusal,
    )


@PAGES.post("/recycle-bin/{tab}/delete", proof=True)
async def purging(visit: Visit) -> Response:
    """Delete for good what was typed."""
    is_user, name = visit.path["tab"] == "users", visit.form.get("_name", "")
    try:
        check_typed(visit, name)
        if is_user:
            user = (await visit.ask("ims", "GetUserInRecycleBin", UserId=visit.form.get("UserId", "")))["User"]
            check_typed(visit, user["UserPrincipalName"].partition("@")[0])
            await visit.ask_form("ims", "DeleteUserInRecycleBin")
        else:
            check_typed(visit, visit.form.get("UserAccessKeyId", ""))
            await visit.ask_form("ims", "DeleteAccessKeyInRecycleBin")
    except Fault as fault:
        return await _purge(visit, refusal_of(fault))
    except RefusedError as refused:
        return await _list(visit, "users" if is_user else "access-keys", refused.refusal)
    there = "/recycle-bin" if is_user else "/recycle-bin/access-keys"
    return visit.redirect(there, visit.text("{name} is gone for good.", name=name))
