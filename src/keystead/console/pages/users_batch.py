"""Acts on several users at once: each is a call of its own, and one that fails does not undo the others.

Source: reference/console.md 3.3.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console import grants
from keystead.console.asking import RefusedError
from keystead.console.pairs import is_lately
from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit

PAGES = Pages()

MOST = 100
ACTS = {
    "group": (mark("Add to Group"), ("ims", "AddUserToGroup")),
    "policy": (mark("Add Permissions"), ("ram", "AttachPolicyToUser")),
    "disable": (mark("Disable"), ("keystead", "SetUserStatus")),
    "delete": (mark("Delete"), ("ims", "DeleteUser")),
}
"""What can be done: label, and the action that it takes."""


@PAGES.post("/users-batch/ask", shown=False)
async def ask(visit: Visit) -> Response:
    """The page that names the users, says what happens, and asks what is still needed."""
    act = visit.form.get("act", "")
    names = visit.chosen("selected")[:MOST]
    if act not in ACTS or not names:
        return visit.redirect("/users")
    return await _page(visit, act, names, [])


async def _page(visit: Visit, act: str, names: list[str], outcomes: list[dict[str, Any]]) -> Response:
    return visit.render(
        "users_batch.html",
        act=act,
        label=ACTS[act][0],
        right=ACTS[act][1],
        names=names,
        groups=await grants.groups(visit) if act == "group" else [],
        policies=await grants.policies(visit) if act == "policy" else [],
        lately=await _lately(visit, names) if act in ("disable", "delete") and not outcomes else [],
        outcomes=outcomes,
    )


async def _lately(visit: Visit, names: list[str]) -> list[str]:
    """Those of the users that were active in the last 30 days."""
    found = []
    for name in names:
        answer = await visit.try_ask("keystead", "SearchUsers", Query=name, PageSize=MOST)
        rows = answer["Users"]["User"] if answer else []
        found += [
            r["UserName"] for r in rows if r["UserName"] == name and is_lately(r.get("LastActivityDate"), visit.now)
        ]
    visit.asked.clear()
    return found


@PAGES.post("/users-batch/group")
async def add_to_group(visit: Visit) -> Response:
    """Add each to one group."""
    group = visit.form.get("GroupName", "")
    return await _each(
        visit, "group", lambda name: ("ims", "AddUserToGroup", {"UserPrincipalName": name, "GroupName": group})
    )


@PAGES.post("/users-batch/policy", proof=True)
async def add_permissions(visit: Visit) -> Response:
    """Attach one policy to each."""
    kind, _, policy = visit.form.get("policy", "").partition("/")
    given = {"PolicyType": kind, "PolicyName": policy}
    return await _each(visit, "policy", lambda name: ("ram", "AttachPolicyToUser", {"UserName": name, **given}))


@PAGES.post("/users-batch/disable")
async def disable(visit: Visit) -> Response:
    """Disable each."""
    return await _each(
        visit, "disable", lambda name: ("keystead", "SetUserStatus", {"UserName": name, "Status": "freeze"})
    )


@PAGES.post("/users-batch/delete", proof=True)
async def delete(visit: Visit) -> Response:
    """Move each to the recycle bin."""
    return await _each(visit, "delete", lambda name: ("ims", "DeleteUser", {"UserPrincipalName": name}))


async def _each(visit: Visit, act: str, call: Any) -> Response:
    names = visit.chosen("selected")[:MOST]
    if act in ("disable", "delete"):
        lately = await _lately(visit, names)
        if lately and visit.form.get("_typed", "").strip() != str(len(names)):
            return await _page(visit, act, names, [])
    outcomes: list[dict[str, Any]] = []
    for name in names:
        product, action, given = call(name)
        try:
            await visit.ask(product, action, **given)
            outcomes.append({"name": name, "fault": None})
        except RefusedError as refused:
            outcomes.append({"name": name, "fault": refused.refusal.fault})
    if any(each["fault"] for each in outcomes):
        return await _page(visit, act, names, outcomes)
    said = visit.language.count("Done for one user.", "Done for {n} users.", len(names))
    return visit.redirect("/users", said)
