"""Writing a policy: one document, shown as a form and as JSON, judged while it is written.  Source: console.md 3.11.

Without scripts the JSON text alone is there, and "Check" sends it.  Saving is the server's own action, which refuses an
edit that began before somebody else's.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse, Response

from keystead.console.asking import Refusal, RefusedError
from keystead.console.pages.policies import address, checked, difference
from keystead.console.policy_samples import SAMPLES, document_of, filled, merged
from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.policy import DOCUMENTED_OPERATORS, gives_much
from keystead.products.people.policies import ROTATE

PAGES = Pages()

_BEGIN = document_of([{"Effect": "Allow", "Action": [], "Resource": ["*"]}])
CHANGED = "Conflict.Policy.Changed"
KEYS = (
    "acs:SourceIp",
    "acs:CurrentTime",
    "acs:SecureTransport",
    "acs:MFAPresent",
    "acs:PrincipalARN",
    "acs:RequestTag/",
    "acs:ResourceTag/",
)
LEVELS = {
    "List": mark("List"),
    "Read": mark("Read"),
    "Write": mark("Write"),
    "Permissions": mark("Permissions"),
}


def _is_step(visit: Visit) -> bool:
    """Whether the form asks for something on the way (a check, an import) rather than to be saved."""
    return visit.form.get("_step", "") in ("check", "import", "optimize", "apply", "compare", "preview")


def _is_weighty(visit: Visit) -> bool:
    """Whether saving needs a verification: the document allows what gives everything (console.md 2.5)."""
    if _is_step(visit):
        return False
    return gives_much(visit.form.get("PolicyDocument", ""))


@PAGES.get("/policies/new")
async def new_policy(visit: Visit) -> Response:
    """The form for a new policy; `copy` names a system policy to begin with."""
    document, name = _BEGIN, ""
    copied = visit.query.get("copy", "")
    if copied:
        kind = "System" if visit.query.get("type") == "System" else "Custom"
        answer = await visit.ask("ram", "GetPolicy", PolicyName=copied, PolicyType=kind)
        document, name = answer["Policy"]["PolicyDocument"], f"{copied[:120]}-copy"
    return await _form(visit, document, None, name=name, copied=copied)


@PAGES.post("/policies/new", proof=_is_weighty)
async def create_policy(visit: Visit) -> Response:
    """Create the policy, or take a step on the way to it."""
    document = visit.form.get("PolicyDocument", "")
    if _is_step(visit):
        return await _step(visit, document, None)
    try:
        made = await visit.ask_form("ram", "CreatePolicy", PolicyDocument=document)
    except RefusedError as refused:
        return await _form(visit, document, None, refusal=refused.refusal)
    name = made["Policy"]["PolicyName"]
    return visit.redirect(
        address("Custom", name), visit.text("The policy {name} is created. Nobody has it yet: grant it.", name=name)
    )


@PAGES.get("/policies/custom/{name}/edit")
async def edit_policy(visit: Visit) -> Response:
    """The form for a new version of a policy."""
    policy = await _policy(visit)
    return await _form(visit, policy["Document"], policy)


@PAGES.post("/policies/custom/{name}/edit", proof=_is_weighty)
async def save_policy(visit: Visit) -> Response:
    """Save the version, or take a step on the way to it."""
    document = visit.form.get("PolicyDocument", "")
    policy = await _policy(visit)
    if _is_step(visit):
        return await _step(visit, document, policy)
    rotate = ROTATE if visit.form.get("rotate") == "yes" else "None"
    try:
        saved = await visit.ask_form(
            "keystead",
            "SavePolicyVersion",
            PolicyName=policy["PolicyName"],
            PolicyDocument=document,
            RotateStrategy=rotate,
        )
    except RefusedError as refused:
        return await _form(visit, document, policy, refusal=refused.refusal)
    version = saved["PolicyVersion"]
    said = (
        visit.text("{version} is saved and counts from now on.", version=version["VersionId"])
        if version["IsDefaultVersion"]
        else visit.text("{version} is saved. It counts once it is the default.", version=version["VersionId"])
    )
    return visit.redirect(address("Custom", policy["PolicyName"], "versions"), said)


async def _policy(visit: Visit) -> dict[str, Any]:
    """The policy in the address with its versions, newest first.  Raises `RefusedError`."""
    name = visit.path["name"]
    policy = (await visit.ask("ram", "GetPolicy", PolicyName=name, PolicyType="Custom"))["Policy"]
    found = await visit.ask("keystead", "SearchPolicyVersions", PolicyName=name, PageSize=100)
    versions = found["PolicyVersions"]["PolicyVersion"]
    return {**policy, "Versions": versions, "Newest": versions[0], "Document": policy["PolicyDocument"]}


async def _step(visit: Visit, document: str, policy: dict[str, Any] | None) -> Response:
    broken = ""
    step = visit.form.get("_step", "")
    if step == "import":
        try:
            document = merged(document, await _wanted(visit))
        except ValueError:
            broken = visit.text("The JSON is broken. Mend it first, then import.")
    if step in _AGAINST and policy is not None:
        return await _against(visit, document, policy, step)
    if step not in ("optimize", "apply"):
        return await _form(visit, document, policy, broken=broken)
    try:
        short = await visit.ask("keystead", "OptimizePolicyDocument", PolicyDocument=document)
    except RefusedError as refused:
        return await _form(visit, document, policy, refusal=refused.refusal)
    if step == "apply":
        return await _form(visit, short["PolicyDocument"], policy)
    return await _form(visit, document, policy, short=short)


_AGAINST = {
    "compare": "ComparePolicyVersion",
    "preview": "PreviewPolicyVersion",
}
"""What a document is held against, by the step: the action that tells."""


async def _against(visit: Visit, document: str, policy: dict[str, Any], step: str) -> Response:
    """The form, with what saving the document would change."""
    try:
        found = await visit.ask("keystead", _AGAINST[step], PolicyName=policy["PolicyName"], PolicyDocument=document)
    except RefusedError as refused:
        return await _form(visit, document, policy, refusal=refused.refusal)
    if step == "compare":
        return await _form(visit, document, policy, compared=found)
    return await _form(visit, document, policy, preview=found)


async def _wanted(visit: Visit) -> list[Any]:
    """The statements that are to be imported: of a template, or of a policy by its name."""
    kind, _, name = visit.form.get("_import", "").partition(":")
    if kind == "sample":
        place = visit.place.current
        workspace = place["WorkspaceId"] if place else ""
        sample = next((each for each in SAMPLES if each.key == name), None)
        return filled(sample, visit.me.person.account_id, workspace) if sample else []
    if kind not in ("System", "Custom"):
        return []
    answer = await visit.ask("ram", "GetPolicy", PolicyName=name, PolicyType=kind)
    found = json.loads(answer["Policy"]["PolicyDocument"])["Statement"]
    return found if isinstance(found, list) else [found]


async def _form(
    visit: Visit,
    document: str,
    policy: dict[str, Any] | None,
    *,
    refusal: Refusal | None = None,
    name: str = "",
    copied: str = "",
    broken: str = "",
    short: dict[str, Any] | None = None,
    compared: dict[str, Any] | None = None,
    preview: dict[str, Any] | None = None,
) -> Response:
    stale = refusal is not None and refusal.fault.code == CHANGED
    system = await visit.try_ask("keystead", "SearchPolicies", PolicyType="System", PageSize=100)
    own = await visit.try_ask("keystead", "SearchPolicies", PolicyType="Custom", PageSize=100)
    return visit.render(
        "policy_edit.html",
        refusal.fault.status if refusal else 200,
        policy=policy,
        document=document,
        refusal=None if stale else refusal,
        stale=stale,
        lines=difference(policy["Newest"]["PolicyDocument"], document) if policy and stale else [],
        short=short,
        compared=compared,
        preview=preview,
        fewer=difference(document, short["PolicyDocument"]) if short and short["IsShorter"] else [],
        name=name,
        copied=copied,
        broken=broken,
        samples=SAMPLES,
        system=system["Policies"]["Policy"] if system else [],
        own=own["Policies"]["Policy"] if own else [],
        **editor_parts(visit),
        **await checked(visit, document),
    )


def editor_parts(visit: Visit) -> dict[str, Any]:
    """What the editor offers: operators, keys, levels.  Undocumented operators only where the server takes them."""
    extensions = visit.house.keeper.dispatcher.policy_extensions
    return {"operators": DOCUMENTED_OPERATORS, "keys": KEYS, "levels": LEVELS, "extensions": extensions}


@PAGES.post("/policies/check", shown=False)
async def check_document(visit: Visit) -> Response:
    """Findings and meaning of a document as a piece of a page, for the editor while somebody types."""
    kind = "Trust" if visit.form.get("kind") == "Trust" else "Identity"
    return visit.render("policy_report.html", **await checked(visit, visit.form.get("PolicyDocument", ""), kind))


@PAGES.get("/policies/actions.json")
async def actions(visit: Visit) -> Response:
    """Every action that a policy can name, for the editor."""
    answer = await visit.ask("keystead", "ListPermissions")
    return JSONResponse(answer["Permissions"]["Permission"])
