"""Switch Role: the session acts as a role that its person may assume, and back.  Source: console.md 2.1, 3.10."""

from __future__ import annotations

from starlette.responses import Response

from keystead import arn
from keystead.console.asking import Asking, Refusal, RefusedError
from keystead.console.routing import Pages
from keystead.console.sessions import SwitchedRole
from keystead.console.visit import Visit

PAGES = Pages()


@PAGES.get("/switch-role")
async def switch_role(visit: Visit) -> Response:
    """Asks for the role, or offers the way back."""
    return _page(visit, None)


def _page(visit: Visit, refusal: Refusal | None) -> Response:
    name = visit.form.get("role") or visit.query.get("role", "")
    return visit.render("switch_role.html", refusal.fault.status if refusal else 200, refusal=refusal, role=name[:64])


@PAGES.post("/switch-role", proof=True, shown=False)
async def switching_role(visit: Visit) -> Response:
    """Assume the role as the person who signed in, and act as it until it ends."""
    me = visit.me
    role = visit.form.get("role", "").strip()[:64]
    # As the person, also where the session has switched before: a role is not assumed through another by accident.
    asking = Asking(
        visit.house.keeper.dispatcher, me.person, visit.request.peer, visit.request.secure, "console", visit.now
    )
    given = {
        "RoleArn": arn.ram(me.person.account_id, f"role/{role}"),
        "RoleSessionName": me.person.user_name or "account",
    }
    try:
        made = await asking.ask("sts", "AssumeRole", given)
    except RefusedError as refused:
        return _page(visit, refused.refusal)
    credentials = made["Credentials"]
    switched = SwitchedRole(credentials["AccessKeyId"], credentials["SecurityToken"], role)
    await visit.house.keeper.switch(me, switched)
    return visit.redirect("/", visit.text("You act as the role {name} now.", name=role))


@PAGES.post("/switch-role/back", shown=False)
async def switch_back(visit: Visit) -> Response:
    """Act as oneself again."""
    await visit.house.keeper.switch(visit.me, None)
    return visit.redirect("/", visit.text("You act as yourself again."))
