"""Policies: the list, and one policy with its tabs.  Source: reference/console.md 3.11."""

from __future__ import annotations

import difflib
from typing import Any

from starlette.responses import Response

from keystead.console.asking import RefusedError
from keystead.console.meaning import meaning, pretty
from keystead.console.routing import Pages
from keystead.console.stale import Value, meanwhile
from keystead.console.tables import Column, Filter, Table
from keystead.console.texts import mark
from keystead.console.trail import events_of
from keystead.console.visit import Visit, quoted
from keystead.faults import FaultKind

PAGES = Pages()

NO_SUCH_TYPE = FaultKind(
    "PageNotFound", 404, "There is no such page.", "Policies are under /policies/custom and /policies/system."
)

POLICIES = Table(
    name="policies",
    title="Policies",
    product="keystead",
    action="SearchPolicies",
    members=("Policies", "Policy"),
    key="PolicyName",
    query="Name or remarks",
    columns=(
        Column("name", "Policy", "PolicyName"),
        Column("type", "Type"),
        Column("attachments", "Attachments", number=True),
        Column("version", "Default version"),
        Column("updated", "Updated", "UpdateDate"),
        Column("created", "Created At", hidden=True),
        Column("actions", "Actions"),
    ),
    filters=(Filter("type", "Type", "PolicyType", (("System", "System policy"), ("Custom", "Custom policy"))),),
    empty="No policies yet. A policy says what may be done; it counts once it is granted to somebody.",
)

REFERENCES = Table(
    name="references",
    title="References",
    product="keystead",
    action="SearchGrants",
    members=("Grants", "Grant"),
    key="PrincipalName",
    query="Name of a user, group or role",
    columns=(
        Column("principal", "Principal"),
        Column("scope", "Scope"),
        Column("date", "Granted at", "AttachDate"),
        Column("by", "Granted by"),
        Column("actions", "Actions"),
    ),
    filters=(
        Filter(
            "kind",
            "Principal type",
            "PrincipalType",
            (("User", "RAM user"), ("Group", "Group"), ("Role", "Role")),
        ),
    ),
    empty="Nobody has this policy.",
)


@PAGES.get("/policies")
async def policies(visit: Visit) -> Response:
    """The list of policies, or the same as a file."""
    if POLICIES.wants_csv(visit):
        return await POLICIES.csv(visit)
    return visit.render("policies.html", view=await POLICIES.load(visit))


def named(visit: Visit) -> dict[str, Any]:
    """The policy in the address, as actions name it.  Raises `PageNotFound` for a type that is none."""
    kind = {"custom": "Custom", "system": "System"}.get(visit.path.get("type", "custom"))
    if kind is None:
        raise NO_SUCH_TYPE()
    return {"PolicyName": visit.path["name"], "PolicyType": kind}


def address(policy_type: str, name: str, part: str = "") -> str:
    """The address of a policy's page."""
    return f"/policies/{policy_type.lower()}/{quoted(name)}" + (f"/{part}" if part else "")


def resource_name(visit: Visit, policy: dict[str, Any]) -> str:
    """What policies call a policy."""
    owner = "system" if policy["PolicyType"] == "System" else visit.me.person.account_id
    return f"acs:ram:*:{owner}:policy/{policy['PolicyName']}"


async def checked(visit: Visit, document: str, kind: str = "Identity") -> dict[str, Any]:
    """What templates need to show findings and meaning of a document."""
    report = await visit.ask("keystead", "CheckPolicyDocument", PolicyDocument=document, Kind=kind)
    return {"report": report, "sentences": meaning(visit.language, document)}


async def _page(visit: Visit, template: str, tab: str, **values: Any) -> Response:
    answer = await visit.ask("ram", "GetPolicy", **named(visit))
    policy = answer["Policy"]
    values.setdefault("refusal", None)
    status = values["refusal"].fault.status if values["refusal"] is not None else 200
    return visit.render(
        template,
        status,
        policy=policy,
        edited=_edited(policy),
        custom=policy["PolicyType"] == "Custom",
        arn=resource_name(visit, policy),
        base=address(policy["PolicyType"], policy["PolicyName"]),
        tab=tab,
        **values,
    )


def _edited(policy: dict[str, Any]) -> list[Value]:
    """What the form for remarks changes."""
    return [Value("NewDescription", mark("Remarks"), policy["Description"])]


@PAGES.get("/policies/{type}/{name}")
async def policy_document(visit: Visit) -> Response:
    """The document that counts, what is remarkable about it, and what it says."""
    return await _document(visit)


async def _document(visit: Visit, refused: RefusedError | None = None) -> Response:
    answer = await visit.ask("ram", "GetPolicy", **named(visit))
    shown = pretty(answer["Policy"]["PolicyDocument"])
    refusal = refused.refusal if refused else None
    return await _page(
        visit, "policy_document.html", "document", document=shown, refusal=refusal, **await checked(visit, shown)
    )


@PAGES.get("/policies/{type}/{name}/versions")
async def policy_versions(visit: Visit) -> Response:
    """The versions, and the difference between one of them and the default."""
    return await _versions(visit)


async def _versions(visit: Visit, refused: RefusedError | None = None) -> Response:
    wanted = named(visit)
    if wanted["PolicyType"] == "Custom":
        answer = await visit.ask("keystead", "SearchPolicyVersions", PolicyName=wanted["PolicyName"], PageSize=100)
    else:
        answer = await visit.ask("ram", "ListPolicyVersions", **wanted)
    versions = answer["PolicyVersions"]["PolicyVersion"]
    default = next(each for each in versions if each["IsDefaultVersion"])
    shown = next((each for each in versions if each["VersionId"] == visit.query.get("show", "")), None)
    lines = difference(default["PolicyDocument"], shown["PolicyDocument"]) if shown else []
    return await _page(
        visit,
        "policy_versions.html",
        "versions",
        versions=versions,
        default=default,
        shown=shown,
        lines=lines,
        refusal=refused.refusal if refused else None,
    )


def difference(old: str, new: str) -> list[tuple[str, str]]:
    """The lines of two documents as (" ", "+" or "-", line); unchanged ones far from any change are left out."""
    before, after = pretty(old).splitlines(), pretty(new).splitlines()
    found: list[tuple[str, str]] = []
    for line in difflib.unified_diff(before, after, lineterm="", n=4):
        if line.startswith(("---", "+++")) and not found:
            continue
        found.append(("@", "…") if line.startswith("@@") else (line[:1], line[1:]))
    return found[1:] if found[:1] == [("@", "…")] else found


@PAGES.post("/policies/{type}/{name}/versions/default")
async def set_default_version(visit: Visit) -> Response:
    """Let another version be the one that counts."""
    version = visit.form.get("VersionId", "")
    return await _change_version(
        visit, "SetDefaultPolicyVersion", visit.text("{version} is the default version now.", version=version)
    )


@PAGES.post("/policies/{type}/{name}/versions/delete")
async def delete_version(visit: Visit) -> Response:
    """Delete a version that is not the default."""
    version = visit.form.get("VersionId", "")
    return await _change_version(visit, "DeletePolicyVersion", visit.text("{version} is deleted.", version=version))


async def _change_version(visit: Visit, action: str, notice: str) -> Response:
    name = visit.path["name"]
    try:
        await visit.ask("ram", action, PolicyName=name, VersionId=visit.form.get("VersionId") or None)
    except RefusedError as refused:
        return await _versions(visit, refused)
    return visit.redirect(address("Custom", name, "versions"), notice)


@PAGES.get("/policies/{type}/{name}/references")
async def policy_references(visit: Visit) -> Response:
    """Who has the policy."""
    if REFERENCES.wants_csv(visit):
        return await REFERENCES.csv(visit, **named(visit))
    return await _page(visit, "policy_references.html", "references", view=await REFERENCES.load(visit, **named(visit)))


@PAGES.get("/policies/{type}/{name}/events")
async def policy_events(visit: Visit) -> Response:
    """What was done to the policy."""
    events = await events_of(visit, resource_name(visit, named(visit)))
    return await _page(visit, "policy_events.html", "events", events=events)


@PAGES.post("/policies/{type}/{name}/remarks")
async def change_remarks(visit: Visit) -> Response:
    """Change what is remarked about a policy."""
    name = visit.path["name"]
    policy = (await visit.ask("ram", "GetPolicy", **named(visit)))["Policy"]
    stale = meanwhile(visit, _edited(policy), name, address("Custom", name))
    if stale is not None:
        return stale
    try:
        await visit.ask_form("ram", "UpdatePolicyDescription", PolicyName=name)
    except RefusedError as refused:
        return await _document(visit, refused)
    return visit.redirect(address("Custom", name), visit.text("The remarks are changed."))


@PAGES.post("/policies/{type}/{name}/delete", proof=True)
async def delete_policy(visit: Visit) -> Response:
    """Delete a policy that nobody has, with all its versions."""
    name = visit.path["name"]
    try:
        await visit.ask("ram", "DeletePolicy", PolicyName=name, CascadingDelete=True)
    except RefusedError as refused:
        return await _document(visit, refused)
    return visit.redirect("/policies", visit.text("The policy {name} is deleted.", name=name))
