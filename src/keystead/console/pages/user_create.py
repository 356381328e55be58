"""Creating users: several rows, ways in, permissions, and what must be handed over, once.  Source: console.md 3.4.

Each user is made by calls of its own; a row that fails says why and undoes no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from keystead.console import grants
from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.fields import field_of
from keystead.console.pages.user_logon import generated
from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import FaultKind

PAGES = Pages()

MOST = 20
NO_ROW = FaultKind("MissingUserPrincipalName", 400, "No row has a logon name; nobody was created.", "Fill in a row.")


@dataclass
class Made:
    """What became of one row.  undone: what was asked for besides and refused, each with its fault."""

    name: str
    principal: str = ""
    password: str = ""
    pair: dict[str, Any] | None = None
    refusal: Refusal | None = None
    undone: list[tuple[str, Refusal]] = field(default_factory=list)


@PAGES.get("/users/new", proof=True)
async def new_users(visit: Visit) -> Response:
    """The form; proven first, so that nothing that was typed is asked for twice."""
    return await _form(visit, None)


async def _form(visit: Visit, refusal: Refusal | None) -> Response:
    domain = await visit.try_ask("ims", "GetDefaultDomain")
    rows = list(zip(*(visit.chosen(name) for name in ("UserName", "DisplayName", "Tags")), strict=False))
    preference = await visit.try_ask("ims", "GetSecurityPreference")
    return visit.render(
        "user_create.html",
        refusal.fault.status if refusal else 200,
        refusal=refusal,
        rows=rows or [("", "", "")],
        most=MOST,
        domain=domain["DefaultDomainName"] if domain else visit.me.alias + ".onaliyun.com",
        groups=await grants.groups(visit),
        policies=await grants.policies(visit),
        preference=preference,
    )


@PAGES.get("/users/new/check")
async def check_name(visit: Visit) -> Response:
    """Whether a logon name can be taken, for who may list users: said while it is typed."""
    name = visit.query.get("name", "")[:128]
    bounds = field_of("ram", "CreateUser", "UserName")
    legal = 1 <= len(name) <= (bounds.most or 64) and all(c.isascii() and (c.isalnum() or c in "._-") for c in name)
    if not legal:
        said = visit.text("1 to 64 letters, digits, '.', '-' and '_'.")
        return JSONResponse({"good": False, "said": said})
    answer = await visit.ask("keystead", "SearchUsers", Query=name, PageSize=100)
    taken = any(row["UserName"].lower() == name.lower() for row in answer["Users"]["User"])
    said = visit.text("There is a user of that name.") if taken else visit.text("The name is free.")
    return JSONResponse({"good": not taken, "said": said})


@PAGES.post("/users/new", proof=True, once=True)
async def creating_users(visit: Visit) -> Response:
    """Create each row, and show what must be handed over."""
    rows = zip(*(visit.chosen(name) for name in ("UserName", "DisplayName", "Tags")), strict=False)
    wanted = [row for row in list(rows)[:MOST] if row[0].strip()]
    if not wanted:
        return await _form(visit, refusal_of(NO_ROW()))
    made = [await _create(visit, *row) for row in wanted]
    if len(made) == 1 and made[0].refusal is not None:
        return await _form(visit, made[0].refusal)
    lines = [["Logon Name", "Password", "AccessKey ID", "AccessKey Secret"]]
    lines += [
        [
            each.principal,
            each.password,
            each.pair["AccessKeyId"] if each.pair else "",
            each.pair["AccessKeySecret"] if each.pair else "",
        ]
        for each in made
        if each.refusal is None
    ]
    secret = any(each.password or each.pair for each in made)
    snippets = [(mark("Sign-in"), f"{visit.base_url}/console/sign-in")]
    return visit.render("users_created.html", made=made, lines=lines, secret=secret, snippets=snippets)


async def _create(visit: Visit, name: str, display: str, tags: str) -> Made:
    """One row with all that was asked for it."""
    made = Made(name.strip())
    pairs = [each.split(":", 1) for each in tags.split(",") if ":" in each]
    tag = [{"Key": key.strip(), "Value": value.strip()} for key, value in pairs] or None
    given = {"UserPrincipalName": made.name, "DisplayName": display.strip() or made.name, "Tag": tag}
    try:
        made.principal = (await visit.ask("ims", "CreateUser", **given))["User"]["UserPrincipalName"]
    except RefusedError as refused:
        made.refusal = refused.refusal
        return made
    if visit.form.get("console") == "yes":
        await _give_console(visit, made)
    if visit.form.get("openapi") == "yes":
        answer = await _part(visit, made, "keystead", "CreateAccessKeyPair", UserName=made.name)
        made.pair = answer["AccessKey"] if answer else None
    for group in visit.chosen("group"):
        await _part(visit, made, "ims", "AddUserToGroup", UserPrincipalName=made.name, GroupName=group)
    for policy in visit.chosen("policy"):
        kind, _, title = policy.partition("/")
        await _part(visit, made, "ram", "AttachPolicyToUser", UserName=made.name, PolicyType=kind, PolicyName=title)
    return made


async def _give_console(visit: Visit, made: Made) -> None:
    typed = visit.form.get("Password", "") if visit.form.get("how") == "set" else ""
    password = typed or await generated(visit)
    answer = await _part(
        visit,
        made,
        "ims",
        "CreateLoginProfile",
        UserPrincipalName=made.name,
        Password=password,
        PasswordResetRequired=visit.form.get("reset") == "yes",
        MFABindRequired=visit.form.get("mfa") == "yes",
    )
    if answer:
        made.password = password


async def _part(visit: Visit, made: Made, product: str, action: str, **given: Any) -> dict[str, Any] | None:
    """One more call for the user; what is refused is noted and does not undo the rest."""
    try:
        return await visit.ask(product, action, **given)
    except RefusedError as refused:
        made.undone.append((action, refused.refusal))
        return None
