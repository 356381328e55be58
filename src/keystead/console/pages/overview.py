"""The overview: the account, its security score with the checks behind it.  Source: reference/console.md 3.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from keystead.console.asking import RefusedError
from keystead.console.routing import Pages
from keystead.console.tables import line
from keystead.console.texts import mark
from keystead.console.visit import Visit

PAGES = Pages()

_RADIUS = 52
_ROUND = 2 * 3.14159265 * _RADIUS


@dataclass(frozen=True, slots=True)
class Check:
    """How a check of the score is shown.  title: what is wanted.  said: how many it concerns, of how many.

    page, query: where it is set right; another page where that one is not served.  in_workspace: the page is the one of
    the workspace that the frame shows.
    """

    title: str
    said: str
    page: str
    query: tuple[tuple[str, str], ...] = ()
    in_workspace: bool = False


_UNUSED = (("unused", "90"),)
CHECKS = {
    "account-access-keys": Check(
        mark("The account has no AccessKey pair"),
        mark("{n} pairs with every permission, which nothing can limit"),
        "/access-keys/own",
    ),
    "account-mfa": Check(
        mark("The account signs in with MFA"), mark("Its password alone opens everything"), "/security"
    ),
    "users-without-mfa": Check(
        mark("Users sign in with MFA"),
        mark("{n} of {of} users with Console Access have no device"),
        "/users",
        (("access", "console"), ("mfa", "false")),
    ),
    "unused-access-keys": Check(
        mark("AccessKey pairs are used"),
        mark("{n} of {of} pairs were not used for 90 days"),
        "/users",
        (("access", "accesskey"), *_UNUSED),
    ),
    "old-access-keys": Check(
        mark("AccessKey pairs are rotated"),
        mark("{n} of {of} pairs are older than 90 days"),
        "/users",
        (("access", "accesskey"),),
    ),
    "users-with-console-and-access-keys": Check(
        mark("People and programs are kept apart"),
        mark("{n} of {of} users have Console Access and AccessKey pairs"),
        "/users",
        (("access", "both"),),
    ),
    "idle-users": Check(mark("Users are active"), mark("{n} of {of} users did nothing for 90 days"), "/users", _UNUSED),
    "administrators": Check(
        mark("There are few administrators"),
        mark("{n} users may do everything"),
        "/policies/system/AdministratorAccess/references",
    ),
    "password-policy": Check(
        mark("Passwords must be strong"),
        mark("The password rules are weaker than they should be"),
        "/settings/password",
    ),
    "restricted-access-keys": Check(
        mark("No AccessKey pair is known to others"),
        mark("{n} pairs were reported as leaked; rotate them, then delete them"),
        "/users",
        (("access", "accesskey"),),
    ),
    "expiring-access-keys": Check(
        mark("No AccessKey pair expires soon"),
        mark("{n} of {of} pairs expire within 14 days"),
        "/users",
        (("access", "accesskey"),),
    ),
    "expiring-api-keys": Check(
        mark("No API key expires soon"),
        mark("{n} of {of} API keys expire within 14 days"),
        "/api-keys",
        (("status", "Expiring"),),
        in_workspace=True,
    ),
    "api-keys-without-expiry": Check(
        mark("API keys expire"),
        mark("{n} of {of} API keys have no expiry"),
        "/api-keys",
        (("sort", "-Expires"),),
        in_workspace=True,
    ),
}


@PAGES.get("/")
async def overview(visit: Visit) -> Response:
    """The first page after signing in; what the person may not read of the account is left out."""
    found = await visit.try_ask("keystead", "GetAccountOverview")
    lacking = visit.lacks("keystead", "GetAccountOverview")
    return visit.render(
        "overview.html", found=found, checks=checks_of(visit, found), ring=_ring(found), lacking=lacking
    )


def checks_of(visit: Visit, found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The checks as they are shown, worst first; one that is not known here has its ID for a title."""
    shown = []
    for each in found["Checks"]["Check"] if found else ():
        known = CHECKS.get(each["CheckId"], Check(each["CheckId"], "", "/"))
        kind = {"ok": "good", "warning": "warning"}.get(each["State"], "bad")
        shown.append({**each, "Kind": kind, "Shown": known, "Page": _page(visit, known), "Query": dict(known.query)})
    return shown


def _page(visit: Visit, check: Check) -> str:
    """Where a check is set right, for this person."""
    if not check.in_workspace:
        return check.page
    place = visit.place.current
    return "/workspaces" if place is None else f"/workspaces/{place['WorkspaceId']}{check.page}"


def _ring(found: dict[str, Any] | None) -> dict[str, Any]:
    """The arc of the score: its length, what is left of the circle, and how good it is."""
    score = found["SecurityScore"] if found else 0
    drawn = round(_ROUND * score / 100, 1)
    kind = "good" if score >= 80 else "warning" if score >= 50 else "bad"
    return {"drawn": drawn, "left": round(_ROUND - drawn, 1), "kind": kind, "radius": _RADIUS}


@PAGES.get("/security-report")
async def security_report(visit: Visit) -> Response:
    """The score and its checks as CSV.  Raises `RefusedError`."""
    found = await visit.ask("keystead", "GetAccountOverview")
    lines = [
        line(["account_id", found["Account"]["AccountId"]]),
        line(["security_score", str(found["SecurityScore"])]),
        line(["score_formula", found["ScoreFormula"]]),
        line(["check", "state", "concerned", "of", "weight"]),
    ]
    names = ("CheckId", "State", "Concerned", "Of", "Weight")
    lines += [line([str(each[name]) for name in names]) for each in found["Checks"]["Check"]]
    headers = {"content-disposition": 'attachment; filename="security-report.csv"'}
    return Response("".join(lines), headers=headers, media_type="text/csv; charset=utf-8")


@PAGES.post("/alias")
async def change_alias(visit: Visit) -> Response:
    """Change what stands behind the @ in logon names."""
    try:
        await visit.ask_form("ram", "SetAccountAlias")
    except RefusedError as refused:
        return visit.render("refused.html", refused.refusal.fault.status, refusal=refused.refusal)
    return visit.redirect("/", visit.text("The alias is changed. Users sign in under the new one from now on."))
