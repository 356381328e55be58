"""Grants: every policy that somebody has, giving and taking one.  Source: reference/console.md 3.12.

Giving goes in two steps: who, what, where; then what is new for each, and only then it is done.  One that fails does
not undo the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from keystead.console.asking import Given, Refusal, RefusedError, refusal_of
from keystead.console.routing import Pages
from keystead.console.tables import Column, Filter, Table
from keystead.console.visit import Visit
from keystead.faults import Fault, FaultKind

PAGES = Pages()

MOST_POLICIES = 5
MOST_PRINCIPALS = 20
_SUGGESTED = 20

GRANTS = Table(
    name="grants",
    title="Grants",
    product="keystead",
    action="SearchGrants",
    members=("Grants", "Grant"),
    key="PrincipalName",
    query="Principal or policy",
    columns=(
        Column("principal", "Principal"),
        Column("policy", "Policy"),
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
        Filter("type", "Type", "PolicyType", (("System", "System policy"), ("Custom", "Custom policy"))),
    ),
    empty="Nobody has been granted anything yet.",
)

NOBODY_CHOSEN = FaultKind(
    "MissingPrincipal", 400, "Nobody was named who is to have the permissions.", "Name a user, a group or a role."
)
NOTHING_CHOSEN = FaultKind(
    "MissingPolicy", 400, "No policy was named that is to be granted.", "Name at least one policy."
)
TOO_MUCH = FaultKind(
    "LimitExceeded.Grant",
    400,
    "{principals} principals and {policies} policies are too many for one go; at most {most_principals} and "
    "{most_policies} may be named.",
    "Grant in smaller sets, or put the users into a group.",
)
NO_SUCH_KIND = FaultKind(
    "InvalidParameter.PrincipalType", 400, "{kind} is no kind of principal.", "Choose user, group or role."
)

_KINDS = ("User", "Group", "Role")


@PAGES.get("/grants")
async def grants(visit: Visit) -> Response:
    """The list of grants, or the same as a file."""
    if GRANTS.wants_csv(visit):
        return await GRANTS.csv(visit)
    return visit.render("grants.html", view=await GRANTS.load(visit))


@dataclass(slots=True)
class Wish:
    """What a form asks to grant.  principals: (kind, name).  policies: (type, name).  scope: "" for the account."""

    principals: list[tuple[str, str]]
    policies: list[tuple[str, str]]
    scope: str

    def check(self) -> None:
        """Raise a fault for a wish that is none."""
        if not self.principals:
            raise NOBODY_CHOSEN()
        if not self.policies:
            raise NOTHING_CHOSEN()
        if len(self.principals) > MOST_PRINCIPALS or len(self.policies) > MOST_POLICIES:
            raise TOO_MUCH(
                principals=len(self.principals),
                policies=len(self.policies),
                most_principals=MOST_PRINCIPALS,
                most_policies=MOST_POLICIES,
            )
        for kind, _ in self.principals:
            if kind not in _KINDS:
                raise NO_SUCH_KIND(kind=kind[:40])


@dataclass(slots=True)
class Step:
    """One grant of a wish.  has: the principal has the policy in this scope already.  refusal: why it was not done."""

    kind: str
    name: str
    policy_type: str
    policy: str
    has: bool = False
    lacking: str = ""
    refusal: Refusal | None = field(default=None)

    @property
    def given(self) -> dict[str, Given]:
        """The parameters of the action that grants it."""
        return {f"{self.kind}Name": self.name, "PolicyType": self.policy_type, "PolicyName": self.policy}


def _wish(visit: Visit) -> Wish:
    """What the form says: rows of a kind and a name, and of policies as `Type/Name` or a name alone."""
    kinds, names = visit.chosen("kind"), visit.chosen("principal")
    principals = [(kind, name.strip()) for kind, name in zip(kinds, names, strict=False) if name.strip()]
    policies = []
    for each in visit.chosen("policy"):
        kind, slash, name = each.strip().partition("/")
        if each.strip():
            policies.append((kind, name) if slash and kind in ("System", "Custom") else ("", each.strip()))
    return Wish(list(dict.fromkeys(principals)), list(dict.fromkeys(policies)), visit.form.get("scope", "").strip())


@PAGES.get("/grants/new")
async def new_grant(visit: Visit) -> Response:
    """The form; `principal` and `policy` in the address fill it."""
    kind, _, name = visit.query.get("principal", "").partition("/")
    policy = visit.query.get("policy", "")
    return _form(visit, Wish([(kind, name)] if name else [], [("", policy)] if policy else [], ""))


@PAGES.post("/grants/new", shown=False)
async def review_grant(visit: Visit) -> Response:
    """What would be new for whom, before anything is done."""
    wish = _wish(visit)
    try:
        wish.check()
        steps = await _steps(visit, wish)
    except Fault as fault:
        return _form(visit, wish, refusal_of(fault))
    except RefusedError as refused:
        return _form(visit, wish, refused.refusal)
    return visit.render("grant_review.html", wish=wish, steps=steps)


@PAGES.post("/grants/create", proof=True, once=True)
async def create_grants(visit: Visit) -> Response:
    """Grant what was reviewed, one after the other."""
    wish = _wish(visit)
    wish.check()
    steps = [each for each in await _steps(visit, wish) if not each.has]
    for each in steps:
        try:
            await visit.ask("ram", f"AttachPolicyTo{each.kind}", **each.given, ResourceGroupId=wish.scope or None)
        except RefusedError as refused:
            each.refusal = refused.refusal
    if any(each.refusal for each in steps):
        return visit.render("grant_review.html", 409, wish=wish, steps=steps, done=True)
    kind, name = wish.principals[0]
    said = visit.text("Granted. It counts from now on.")
    if len(wish.principals) == 1 and kind != "User":
        return visit.redirect(visit.url(f"/{kind.lower()}s/{name}/permissions"), said)
    return visit.redirect("/grants", said)


def _form(visit: Visit, wish: Wish, refusal: Refusal | None = None) -> Response:
    return visit.render(
        "grant_new.html",
        refusal.fault.status if refusal else 200,
        wish=wish,
        refusal=refusal,
        most_policies=MOST_POLICIES,
        most_principals=5,
    )


async def _steps(visit: Visit, wish: Wish) -> list[Step]:
    """Every grant of a wish, with whether it is new.  Raises `RefusedError` for names that are not there."""
    policies = [await _found(visit, kind, name) for kind, name in wish.policies]
    steps = []
    for kind, name in wish.principals:
        there = await visit.ask("keystead", "SearchGrants", PrincipalType=kind, PrincipalName=name, PageSize=100)
        scope = wish.scope or "Account"
        has = {(row["PolicyType"], row["PolicyName"]) for row in there["Grants"]["Grant"] if row["Scope"] == scope}
        for policy_type, policy in policies:
            step = Step(kind, name, policy_type, policy, has=(policy_type, policy) in has)
            step.lacking = visit.lacks("ram", f"AttachPolicyTo{kind}", **step.given)
            steps.append(step)
    return steps


async def _found(visit: Visit, policy_type: str, name: str) -> tuple[str, str]:
    """A policy under its own spelling; of a name alone the custom policy first.  Raises `RefusedError`."""
    for kind in (policy_type,) if policy_type else ("Custom", "System"):
        try:
            policy = (await visit.ask("ram", "GetPolicy", PolicyType=kind, PolicyName=name))["Policy"]
        except RefusedError as refused:
            if policy_type or kind == "System" or refused.refusal.denied:
                raise
        else:
            return kind, policy["PolicyName"]
    raise AssertionError


@PAGES.get("/grants/names.json")
async def names(visit: Visit) -> Response:
    """Names that begin or hold what is typed, for the form's fields."""
    kind, text = visit.query.get("kind", ""), visit.query.get("q", "")[:64]
    lists = {
        "User": ("SearchUsers", "Users", "User", "UserName"),
        "Group": ("SearchGroups", "Groups", "Group", "GroupName"),
        "Role": ("SearchRoles", "Roles", "Role", "RoleName"),
        "Policy": ("SearchPolicies", "Policies", "Policy", "PolicyName"),
    }
    if kind not in lists:
        return JSONResponse([])
    action, outer, inner, name = lists[kind]
    answer = await visit.try_ask("keystead", action, Query=text, PageSize=_SUGGESTED)
    rows: list[dict[str, Any]] = answer[outer][inner] if answer else []
    return JSONResponse([f"{row['PolicyType']}/{row[name]}" if kind == "Policy" else row[name] for row in rows])


def _revoked(given: dict[str, str]) -> tuple[str, dict[str, Given]]:
    """The kind of principal and the parameters of the action that takes a grant away.  Raises a fault."""
    kind = given.get("kind", "")
    if kind not in _KINDS:
        raise NO_SUCH_KIND(kind=kind[:40])
    return kind, {
        f"{kind}Name": given.get("principal") or None,
        "PolicyType": given.get("type") or None,
        "PolicyName": given.get("policy") or None,
        "ResourceGroupId": given.get("scope") or None,
    }


@PAGES.get("/grants/revoke")
async def revoking(visit: Visit) -> Response:
    """What is lost, before it is taken away."""
    kind, given = _revoked(visit.query)
    policy = await visit.ask("ram", "GetPolicy", PolicyType=given["PolicyType"], PolicyName=given["PolicyName"])
    members = None
    if kind == "Group":
        found = await visit.try_ask("keystead", "SearchUsers", GroupName=given["GroupName"], PageSize=1)
        members = found["TotalCount"] if found else None
    lacking = visit.lacks("ram", f"DetachPolicyFrom{kind}", **given)
    return visit.render(
        "grant_revoke.html", kind=kind, policy=policy["Policy"], members=members, lacking=lacking, asked=visit.query
    )


@PAGES.post("/grants/revoke")
async def revoke(visit: Visit) -> Response:
    """Take a grant away, at once."""
    kind, given = _revoked(visit.form)
    await visit.ask("ram", f"DetachPolicyFrom{kind}", **given)
    back = visit.form.get("back", "")
    said = visit.text("{policy} is revoked from {name}.", policy=given["PolicyName"], name=given[f"{kind}Name"])
    return visit.redirect(back if back.startswith("/console/") else "/grants", said)
