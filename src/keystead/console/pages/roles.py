"""Roles: the list, creating one, whom it trusts, what it may do, who used it.  Source: reference/console.md 3.10."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.responses import Response

from keystead.clock import iso
from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.meaning import pretty
from keystead.console.pages.access_key_acts import everywhere
from keystead.console.pages.groups import GRANTED
from keystead.console.pages.policies import checked, difference
from keystead.console.pages.policy_editor import editor_parts
from keystead.console.pairs import LATELY_DAYS, check_typed, seconds
from keystead.console.policy_samples import document_of
from keystead.console.routing import Pages
from keystead.console.stale import Value, meanwhile
from keystead.console.tables import Column, Table
from keystead.console.texts import mark
from keystead.console.trail import MOST_EVENTS, events_of
from keystead.console.visit import Visit, quoted
from keystead.faults import Fault

PAGES = Pages()

_DAY = 86_400
_LONGEST_SESSION = 43_200

ROLES = Table(
    name="roles",
    title="Roles",
    product="keystead",
    action="SearchRoles",
    members=("Roles", "Role"),
    key="RoleName",
    query="Name, remarks or ID",
    columns=(
        Column("name", "Role", "RoleName"),
        Column("trusted", "Trusted by"),
        Column("session", "Longest session"),
        Column("policies", "Policies", number=True),
        Column("created", "Created At", "CreateDate"),
        Column("id", "Role ID", hidden=True),
        Column("actions", "Actions"),
    ),
    empty="No roles yet. A role lends permissions for some hours to whom it trusts, without a secret that stays.",
)


@PAGES.get("/roles")
async def roles(visit: Visit) -> Response:
    """The list of roles, or the same as a file."""
    if ROLES.wants_csv(visit):
        return await ROLES.csv(visit)
    return visit.render("roles.html", view=await ROLES.load(visit))


@PAGES.get("/roles/new")
async def new_role(visit: Visit) -> Response:
    """The form for a new role."""
    return await _new(visit)


async def _new(visit: Visit, refusal: Refusal | None = None, trust: str = "") -> Response:
    more = {**editor_parts(visit), **await checked(visit, trust, "Trust")} if trust else {}
    return visit.render("role_new.html", refusal.fault.status if refusal else 200, refusal=refusal, trust=trust, **more)


def _trust(visit: Visit) -> str:
    """The trust policy of the form: as written in the editor, or for the principal that was chosen."""
    written = visit.form.get("AssumeRolePolicyDocument", "")
    if written:
        return written
    account = visit.me.person.account_id
    kind = visit.form.get("principal_type", "account")
    named = [each.strip() for each in visit.form.get(f"principal_{kind}", "").replace(",", " ").split()]
    principal = {
        "account": {"RAM": [f"acs:ram::{each}:root" for each in named or [account]]},
        "identities": {"RAM": named},
        "service": {"Service": named},
        "provider": {"Federated": named},
    }.get(kind, {"RAM": []})
    return document_of([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}])


@PAGES.post("/roles/new")
async def create_role(visit: Visit) -> Response:
    """Create the role, or show its trust policy in the editor first."""
    trust = _trust(visit)
    if visit.form.get("_step") in ("trust", "check"):
        return await _new(visit, None, trust)
    try:
        made = await visit.ask_form("ram", "CreateRole", AssumeRolePolicyDocument=trust)
    except RefusedError as refused:
        return await _new(visit, refused.refusal, visit.form.get("AssumeRolePolicyDocument", ""))
    name = made["Role"]["RoleName"]
    return visit.redirect(
        f"/roles/{quoted(name)}/permissions",
        visit.text("The role {name} is created. It has no permissions yet.", name=name),
    )


async def show_role(visit: Visit, template: str, tab: str, refusal: Refusal | None = None, **values: Any) -> Response:
    """A tab of the role in the address; `values` are what its template needs besides.  Raises `RefusedError`."""
    role = await _role(visit)
    status = refusal.fault.status if refusal is not None else 409 if values.get("stale") else 200
    return visit.render(template, status, role=role, edited=_edited(role), tab=tab, refusal=refusal, **values)


async def _role(visit: Visit) -> dict[str, Any]:
    """The role in the address.  Raises `RefusedError`."""
    found: dict[str, Any] = (await visit.ask("ram", "GetRole", RoleName=visit.path["name"]))["Role"]
    return found


def _edited(role: dict[str, Any]) -> list[Value]:
    """What the form that edits a role changes."""
    return [
        Value("NewDescription", mark("Remarks"), role["Description"]),
        Value("NewMaxSessionDuration", mark("Longest session"), str(role["MaxSessionDuration"])),
    ]


@PAGES.get("/roles/{name}")
async def role(visit: Visit) -> Response:
    """The first tab."""
    return visit.redirect(f"/roles/{quoted(visit.path['name'])}/permissions")


@PAGES.get("/roles/{name}/permissions")
async def role_permissions(visit: Visit) -> Response:
    """What the role may do."""
    return await _permissions(visit)


async def _permissions(visit: Visit, refusal: Refusal | None = None) -> Response:
    fixed: dict[str, Any] = {"PrincipalType": "Role", "PrincipalName": visit.path["name"]}
    if GRANTED.wants_csv(visit):
        return await GRANTED.csv(visit, **fixed)
    return await show_role(
        visit, "role_permissions.html", "permissions", refusal, view=await GRANTED.load(visit, **fixed)
    )


@PAGES.get("/roles/{name}/trust")
async def role_trust(visit: Visit) -> Response:
    """Whom the role trusts, and the editor for it."""
    return await _trusting(visit)


async def _trusting(visit: Visit, refusal: Refusal | None = None, stale: bool = False) -> Response:
    found = await _role(visit)
    now = pretty(found["AssumeRolePolicyDocument"])
    document = visit.form.get("NewAssumeRolePolicyDocument", now)
    return await show_role(
        visit,
        "role_trust.html",
        "trust",
        refusal,
        document=document,
        base=_digest(found),
        stale=stale,
        lines=difference(now, document) if stale else [],
        **editor_parts(visit),
        **await checked(visit, document, "Trust"),
    )


def _digest(found: dict[str, Any]) -> str:
    return hashlib.sha256(found["AssumeRolePolicyDocument"].encode()).hexdigest()


@PAGES.post("/roles/{name}/trust")
async def save_trust(visit: Visit) -> Response:
    """Save the trust policy, unless somebody changed it since the page was opened."""
    name = visit.path["name"]
    if visit.form.get("_step") == "check":
        return await _trusting(visit)
    found = await _role(visit)
    if visit.form.get("base", "") != _digest(found):
        return await _trusting(visit, stale=True)
    try:
        await visit.ask_form("ram", "UpdateRole", RoleName=name)
    except RefusedError as refused:
        return await _trusting(visit, refused.refusal)
    return visit.redirect(
        f"/roles/{quoted(name)}/trust", visit.text("The trust policy is saved and counts from now on.")
    )


@PAGES.get("/roles/{name}/sessions")
async def role_sessions(visit: Visit) -> Response:
    """Who took on the role in the last twelve hours, the longest that a session can live."""
    return await _sessions(visit, None)


async def _sessions(visit: Visit, refusal: Refusal | None) -> Response:
    since = iso(int(visit.now) - _LONGEST_SESSION)
    events = await _assumed(visit, since, 200)
    revoked = await _revoked_until(visit)
    sessions = [_session(each, visit.now, revoked) for each in events]
    return await show_role(visit, "role_sessions.html", "sessions", refusal, sessions=sessions, revoked=revoked)


async def _revoked_until(visit: Visit) -> str:
    """Until when the role's sessions were revoked, "" where that was never done or may not be seen."""
    listed = await visit.try_ask("keystead", "SearchRoles", Query=visit.path["name"], PageSize=100)
    rows = listed["Roles"]["Role"] if listed else []
    name = visit.path["name"].lower()
    found: dict[str, Any] = next((row for row in rows if row["RoleName"].lower() == name), {})
    return str(found.get("SessionsRevokedUntil") or "")


@PAGES.post("/roles/{name}/sessions/revoke", proof=True)
async def revoke_sessions(visit: Visit) -> Response:
    """End every session that was given out until now."""
    name = visit.path["name"]
    try:
        check_typed(visit, name)
        await visit.ask("keystead", "RevokeRoleSessions", RoleName=name)
    except (Fault, RefusedError) as error:
        return await _sessions(visit, refusal_of(error))
    said = visit.text(
        "The role's sessions are over. Every node refuses them from {time} UTC on.", time=everywhere(visit.now)
    )
    return visit.redirect(f"/roles/{quoted(name)}/sessions", said)


def _arn(visit: Visit, region: str = "") -> str:
    """What a role is called where it is taken on; where it is changed, it is called so in every region."""
    return f"acs:ram:{region}:{visit.me.caller.account_id}:role/{visit.path['name']}"


async def _assumed(visit: Visit, since: str, most: int) -> list[dict[str, Any]]:
    """The calls that gave out sessions of the role."""
    found = await events_of(visit, _arn(visit), most, EventProduct="Sts", Outcome="Success", StartTime=since)
    return [each for each in found if each["Action"].startswith("AssumeRole")]


def _session(event: dict[str, Any], now: float, revoked: str) -> dict[str, Any]:
    length = event["Parameters"].get("DurationSeconds", "3600")
    until = seconds(event["EventTime"]) + (int(length) if length.isdigit() else 3600)
    return {
        **event,
        "Name": event["Parameters"].get("RoleSessionName", ""),
        "Until": iso(until),
        "Live": until > now and event["EventTime"] > revoked,
    }


@PAGES.get("/roles/{name}/events")
async def role_events(visit: Visit) -> Response:
    """What was done to the role and with it."""
    both = await events_of(visit, _arn(visit)) + await events_of(visit, _arn(visit, "*"))
    events = sorted(both, key=lambda each: str(each["EventTime"]), reverse=True)[:MOST_EVENTS]
    return await show_role(visit, "role_events.html", "events", events=events)


@PAGES.post("/roles/{name}/edit")
async def edit_role(visit: Visit) -> Response:
    """Change remarks and the longest session."""
    found = await _role(visit)
    stale = meanwhile(visit, _edited(found), found["RoleName"], f"/roles/{quoted(found['RoleName'])}/permissions")
    if stale is not None:
        return stale
    try:
        await visit.ask_form("ram", "UpdateRole", RoleName=visit.path["name"])
    except RefusedError as refused:
        return await _permissions(visit, refused.refusal)
    return visit.redirect(f"/roles/{quoted(visit.path['name'])}/permissions", visit.text("The role is changed."))


@PAGES.get("/roles/{name}/delete")
async def deleting_role(visit: Visit) -> Response:
    """What stops working with the role."""
    return await _deleting(visit)


async def _deleting(visit: Visit, refusal: Refusal | None = None) -> Response:
    name = visit.path["name"]
    grants = await visit.ask("keystead", "SearchGrants", PrincipalType="Role", PrincipalName=name, PageSize=100)
    return await show_role(
        visit, "role_delete.html", "", refusal, grants=grants["Grants"]["Grant"], last=await _last_used(visit)
    )


async def _last_used(visit: Visit) -> dict[str, Any] | None:
    """The newest session of the last days, where the person may look into the audit trail."""
    try:
        found = await _assumed(visit, iso(int(visit.now) - LATELY_DAYS * _DAY), 20)
    except RefusedError:
        return None
    return found[0] if found else None


@PAGES.post("/roles/{name}/delete", proof=True)
async def delete_role(visit: Visit) -> Response:
    """Revoke what the role has and delete it; its sessions end at once."""
    name = visit.path["name"]
    try:
        if await _last_used(visit) is not None:
            check_typed(visit, name)
        grants = await visit.ask("keystead", "SearchGrants", PrincipalType="Role", PrincipalName=name, PageSize=100)
        for each in grants["Grants"]["Grant"]:
            scope = None if each["Scope"] == "Account" else each["Scope"]
            policy = {"PolicyType": each["PolicyType"], "PolicyName": each["PolicyName"], "ResourceGroupId": scope}
            await visit.ask("ram", "DetachPolicyFromRole", RoleName=name, **policy)
        await visit.ask("ram", "DeleteRole", RoleName=name)
    except Fault as fault:
        return await _deleting(visit, refusal_of(fault))
    except RefusedError as refused:
        return await _deleting(visit, refused.refusal)
    return visit.redirect("/roles", visit.text("The role {name} is deleted; its sessions have ended.", name=name))
