"""Quick Start: whole scenarios that say what they will create, create it, and show a secret once.  console.md 3.2.

The secret comes last, so that nothing secret exists when a step before it fails; what was done until then is said.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from keystead.console.asking import Given, Refusal, RefusedError
from keystead.console.policy_samples import document_of
from keystead.console.routing import Pages
from keystead.console.snippets import pair_snippets
from keystead.console.texts import mark
from keystead.console.visit import Visit, quoted
from keystead.faults import FaultKind

PAGES = Pages()

NO_SCENARIO = FaultKind("PageNotFound", 404, "There is no such scenario.", "Choose one of the Quick Start page.")
NO_WORKSPACE = FaultKind(
    "WorkSpaceNotFound",
    404,
    "You are in no workspace that an application could belong to.",
    "Create a workspace first.",
)

_ALPHABET = string.ascii_letters + string.digits + "!#%+-_="


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.  person: somebody who signs in, otherwise a program with an AccessKey pair.

    system: a system policy.  actions, resource: of a custom policy that is made for it, named after the user.
    """

    key: str
    label: str
    purpose: str
    person: bool
    sample: str
    system: str = ""
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    in_workspace: bool = False


SCENARIOS = {
    each.key: each
    for each in (
        Scenario(
            "administrator",
            mark("Administrator"),
            mark("A person who may do everything, in place of the account."),
            True,
            "admin-wang",
            system="AdministratorAccess",
        ),
        Scenario(
            "auditor",
            mark("Auditor"),
            mark("A person who may look at everything and change nothing."),
            True,
            "auditor-li",
            system="ReadOnlyAccess",
        ),
        Scenario(
            "application",
            mark("Application of one workspace"),
            mark("A program that calls the models and applications of the workspace, and nothing else."),
            False,
            "app-shop",
            actions=("modelstudio:InvokeModel", "modelstudio:InvokeApplication"),
            resources=("acs:modelstudio:*:{account}:model/*", "acs:modelstudio:*:{account}:application/*"),
            in_workspace=True,
        ),
        Scenario(
            "rotation",
            mark("Key-rotation robot"),
            mark("A program that makes, disables and deletes the AccessKey pairs of users on time."),
            False,
            "robot-rotation",
            actions=(
                "ram:ListUsers",
                "ram:ListAccessKeys",
                "ram:GetAccessKeyLastUsed",
                "ram:CreateAccessKey",
                "ram:UpdateAccessKey",
                "ram:DeleteAccessKey",
            ),
            resources=("acs:ram:*:{account}:user/*",),
        ),
    )
}


@dataclass(slots=True)
class Step:
    """One call of a scenario, and in words what it makes.  done: whether it was."""

    product: str
    action: str
    given: dict[str, Given]
    says: str
    done: bool = False


@dataclass(slots=True)
class Plan:
    """What a scenario will do, in order.  policy: the document of its own policy, "" for none."""

    scenario: Scenario
    name: str
    steps: list[Step] = field(default_factory=list)
    policy: str = ""
    secret: str = ""

    def lacking(self, visit: Visit) -> str:
        """The first permission that is missing for it."""
        for each in self.steps:
            lacks = visit.lacks(each.product, each.action, **each.given)
            if lacks:
                return lacks
        return ""


def plan_of(visit: Visit, scenario: Scenario, name: str) -> Plan:
    """The steps of a scenario for a user of that name."""
    account = visit.me.person.account_id
    plan = Plan(scenario, name)
    text, steps = visit.text, plan.steps
    steps.append(Step("ram", "CreateUser", {"UserName": name}, text("the RAM user {name}", name=name)))
    policy, kind = scenario.system, "System"
    if scenario.actions:
        policy, kind = f"{name}-policy".replace(".", "-").replace("_", "-"), "Custom"
        resources = [each.replace("{account}", account) for each in scenario.resources]
        plan.policy = document_of([{"Effect": "Allow", "Action": list(scenario.actions), "Resource": resources}])
        given: dict[str, Given] = {"PolicyName": policy, "PolicyDocument": plan.policy}
        steps.append(Step("ram", "CreatePolicy", given, text("the custom policy {name}", name=policy)))
    grant: dict[str, Given] = {"UserName": name, "PolicyType": kind, "PolicyName": policy}
    steps.append(Step("ram", "AttachPolicyToUser", grant, text("the grant of {policy} to it", policy=policy)))
    place = visit.place.current
    if scenario.in_workspace and place is not None:
        member: dict[str, Given] = {"WorkspaceId": place["WorkspaceId"], "UserName": name}
        said = text("its membership in the workspace {name}", name=place["WorkspaceName"])
        steps.append(Step("keystead", "AddWorkspaceMember", member, said))
    if scenario.person:
        plan.secret = new_password()
        logon: dict[str, Given] = {
            "UserPrincipalName": name,
            "Password": plan.secret,
            "PasswordResetRequired": True,
            "MFABindRequired": True,
        }
        said = text("Console Access with a password that must be changed at once, and MFA that must be bound")
        steps.append(Step("ims", "CreateLoginProfile", logon, said))
    else:
        said = text("an AccessKey pair, whose secret you see once")
        steps.append(Step("keystead", "CreateAccessKeyPair", {"UserName": name, "Note": scenario.key}, said))
    return plan


def new_password() -> str:
    """Twenty random characters, some of every class (about 120 bits)."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#%+-_=")
    while True:
        made = "".join(secrets.choice(_ALPHABET) for _ in range(20))
        if all(set(made) & set(each) for each in classes):
            return made


@PAGES.get("/quick-start")
async def quick_start(visit: Visit) -> Response:
    """The scenarios, with what each will create."""
    return _page(visit)


def _page(visit: Visit, plan: Plan | None = None, refusal: Refusal | None = None) -> Response:
    plans = [plan_of(visit, each, each.sample) for each in SCENARIOS.values()]
    status = refusal.fault.status if refusal else 200
    return visit.render("quick_start.html", status, plans=plans, failed=plan, refusal=refusal)


@PAGES.post("/quick-start/{key}", proof=True, once=True)
async def create(visit: Visit) -> Response:
    """Do what a scenario says, one call after the other, and show its secret."""
    scenario = SCENARIOS.get(visit.path["key"])
    if scenario is None:
        raise NO_SCENARIO()
    if scenario.in_workspace and visit.place.current is None:
        raise NO_WORKSPACE()
    plan = plan_of(visit, scenario, visit.form.get("UserName", "").strip())
    answer: dict[str, Any] = {}
    try:
        for each in plan.steps:
            answer = await visit.ask(each.product, each.action, **each.given)
            each.done = True
    except RefusedError as refused:
        return _page(visit, plan, refused.refusal)
    done = visit.url(f"/users/{quoted(plan.name)}/authentication")
    if scenario.person:
        logon = f"{plan.name}@{visit.me.alias}"
        return visit.render("quick_start_created.html", plan=plan, logon=logon, pair=None, snippets=[], done=done)
    pair = answer["AccessKey"]
    snippets = pair_snippets(visit, pair["AccessKeyId"], pair["AccessKeySecret"])
    return visit.render("quick_start_created.html", plan=plan, logon="", pair=pair, snippets=snippets, done=done)
