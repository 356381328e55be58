"""One user: what it is, its groups, permissions and events; edited, disabled, deleted.  Source: console.md 3.5."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console import grants
from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pairs import MOST_PAIRS, Owner, check_typed, is_lately
from keystead.console.routing import Pages
from keystead.console.stale import Value, meanwhile
from keystead.console.texts import mark
from keystead.console.visit import Visit, quoted
from keystead.faults import Fault

PAGES = Pages()

_EVENTS = 50


async def user_of(visit: Visit) -> dict[str, Any]:
    """The user in the address: GetUser, with what the list knows besides.  Raises `RefusedError`."""
    name = visit.path["name"]
    user = (await visit.ask("ims", "GetUser", UserPrincipalName=name))["User"]
    listed = await visit.try_ask("keystead", "SearchUsers", Query=user["UserId"])
    rows = listed["Users"]["User"] if listed else []
    more: dict[str, Any] = next((row for row in rows if row["UserId"] == user["UserId"]), {})
    return {**more, **user, "UsedLately": is_lately(more.get("LastActivityDate"), visit.now)}


def tab(name: str, part: str) -> str:
    """The address of a tab of a user."""
    return f"/users/{quoted(name)}/{part}"


async def show(visit: Visit, part: str, refusal: Refusal | None = None, **values: Any) -> Response:
    """A tab of the user in the address; `values` are what its template needs besides."""
    status = refusal.fault.status if refusal else 200
    found = values.pop("user", None) or await user_of(visit)
    edited = _edited(found)
    return visit.render(f"user_{part}.html", status, user=found, edited=edited, tab=part, refusal=refusal, **values)


def _edited(user: dict[str, Any]) -> list[Value]:
    """What the form that edits a user changes."""
    return [
        Value("NewDisplayName", mark("Display Name"), user["DisplayName"]),
        Value("NewComments", mark("Remarks"), user["Comments"]),
    ]


@PAGES.get("/users/{name}")
async def user(visit: Visit) -> Response:
    """The first tab."""
    return visit.redirect(tab(visit.path["name"], "authentication"))


@PAGES.get("/users/{name}/authentication")
async def authentication(visit: Visit) -> Response:
    """How the user signs in: console logon, MFA, pairs, sessions."""
    return await show_authentication(visit)


async def show_authentication(visit: Visit, refusal: Refusal | None = None) -> Response:
    """The tab, with what was refused of an act on it."""
    found = await user_of(visit)
    name = found["UserName"]
    owner = Owner(name, f"/users/{quoted(name)}/access-keys")
    profile = await visit.try_ask("ims", "GetLoginProfile", UserPrincipalName=name)
    keys = await visit.try_ask("ims", "ListPasskeys", UserPrincipalName=name)
    recycled = await visit.try_ask("ims", "ListAccessKeysInRecycleBin", UserId=found["UserId"])
    sessions = await visit.try_ask("keystead", "ListConsoleSessions", UserName=name)
    pairs = await owner.pairs(visit)
    return await show(
        visit,
        "authentication",
        refusal,
        user=found,
        owner=owner,
        pairs=pairs,
        full=len(pairs) >= MOST_PAIRS,
        profile=profile["LoginProfile"] if profile else None,
        logged_on_lately=logged_on_lately(profile, visit.now),
        mfa=await visit.try_ask("ims", "GetUserMFAInfo", UserPrincipalName=name),
        passkeys=keys["Passkeys"] if keys else [],
        recycled=recycled["AccessKeys"]["AccessKey"] if recycled else None,
        sessions=sessions["ConsoleSessions"]["ConsoleSession"] if sessions else None,
    )


def logged_on_lately(profile: dict[str, Any] | None, now: float) -> bool:
    """Whether a console logon, the answer of GetLoginProfile, was used in the last 30 days."""
    return profile is not None and is_lately(profile["LoginProfile"].get("LastLoginTime"), now)


@PAGES.get("/users/{name}/groups")
async def groups(visit: Visit) -> Response:
    """The groups that the user is in."""
    return await _groups(visit, None)


async def _groups(visit: Visit, refusal: Refusal | None) -> Response:
    joined = await visit.ask("ims", "ListGroupsForUser", UserPrincipalName=visit.path["name"])
    return await show(visit, "groups", refusal, joined=joined["Groups"]["Group"], known=await grants.groups(visit))


@PAGES.post("/users/{name}/groups")
async def change_groups(visit: Visit) -> Response:
    """Add the user to a group, or take it out."""
    group, leaves = visit.form.get("GroupName", ""), visit.form.get("act") == "remove"
    action = "RemoveUserFromGroup" if leaves else "AddUserToGroup"
    try:
        await visit.ask("ims", action, UserPrincipalName=visit.path["name"], GroupName=group)
    except RefusedError as refused:
        return await _groups(visit, refused.refusal)
    said = visit.text("Removed from {group}.", group=group) if leaves else visit.text("Added to {group}.", group=group)
    return visit.redirect(tab(visit.path["name"], "groups"), said)


@PAGES.get("/users/{name}/permissions")
async def permissions(visit: Visit) -> Response:
    """What the user was given, itself and by its groups; or the statements that this comes to."""
    return await _permissions(visit, None)


async def _permissions(visit: Visit, refusal: Refusal | None) -> Response:
    given = await grants.of_user(visit, visit.path["name"])
    effective = visit.query.get("view") == "effective"
    statements = await grants.statements(visit, given) if effective else []
    known = await grants.policies(visit)
    return await show(
        visit, "permissions", refusal, grants=given, effective=effective, statements=statements, known=known
    )


@PAGES.post("/users/{name}/permissions", proof=True)
async def change_permissions(visit: Visit) -> Response:
    """Attach a policy to the user, or detach it."""
    revokes = visit.form.get("act") == "revoke"
    action = "DetachPolicyFromUser" if revokes else "AttachPolicyToUser"
    kind, _, name = visit.form.get("policy", "").partition("/")
    try:
        await visit.ask("ram", action, UserName=visit.path["name"], PolicyType=kind, PolicyName=name)
    except RefusedError as refused:
        return await _permissions(visit, refused.refusal)
    said = (
        visit.text("{policy} is revoked.", policy=name) if revokes else visit.text("{policy} is granted.", policy=name)
    )
    return visit.redirect(tab(visit.path["name"], "permissions"), said)


@PAGES.get("/users/{name}/events")
async def events(visit: Visit) -> Response:
    """What the user did, newest first."""
    found = await user_of(visit)
    arn = f"acs:ram::{visit.me.caller.account_id}:user/{found['UserName']}"
    marker = visit.query.get("marker") or None
    answer = await visit.ask("keystead", "LookupEvents", EventIdentity=arn, Marker=marker, MaxItems=_EVENTS)
    mine = answer["Events"]["Event"]
    return await show(visit, "events", user=found, events=mine, older=answer.get("Marker", ""))


@PAGES.post("/users/{name}/edit")
async def edit(visit: Visit) -> Response:
    """Change name, display name and remarks."""
    name = visit.path["name"]
    stale = meanwhile(visit, _edited(await user_of(visit)), name, tab(name, "authentication"))
    if stale is not None:
        return stale
    try:
        changed = await visit.ask_form("ims", "UpdateUser", UserPrincipalName=name)
    except RefusedError as refused:
        return await show_authentication(visit, refused.refusal)
    new = changed["User"]["UserPrincipalName"].partition("@")[0]
    return visit.redirect(tab(new, "authentication"), visit.text("The user is changed."))


@PAGES.post("/users/{name}/status")
async def change_status(visit: Visit) -> Response:
    """Disable the user as a whole, or enable it again."""
    name, status = visit.path["name"], visit.form.get("Status", "")
    try:
        if status == "freeze" and (await user_of(visit))["UsedLately"]:
            check_typed(visit, name)
        await visit.ask("keystead", "SetUserStatus", UserName=name, Status=status)
    except Fault as fault:
        return await show_authentication(visit, refusal_of(fault))
    except RefusedError as refused:
        return await show_authentication(visit, refused.refusal)
    said = visit.text("The user is disabled.") if status == "freeze" else visit.text("The user is enabled.")
    return visit.redirect(tab(name, "authentication"), said)


@PAGES.get("/users/{name}/delete")
async def delete(visit: Visit) -> Response:
    """Asks, and says what goes with the user."""
    return await _delete(visit, None)


async def _delete(visit: Visit, refusal: Refusal | None) -> Response:
    return await show(visit, "delete", refusal)


@PAGES.post("/users/{name}/delete", proof=True)
async def deleting(visit: Visit) -> Response:
    """Move the user to the recycle bin."""
    name = visit.path["name"]
    try:
        if (await user_of(visit))["UsedLately"]:
            check_typed(visit, name)
        await visit.ask("ims", "DeleteUser", UserPrincipalName=name)
    except Fault as fault:
        return await _delete(visit, refusal_of(fault))
    except RefusedError as refused:
        return await _delete(visit, refused.refusal)
    return visit.redirect("/users", visit.text("The user {name} is in the recycle bin.", name=name))
