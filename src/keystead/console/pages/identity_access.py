"""What a user or role may do and what of it was used; the smaller policy that follows, which nothing applies by itself.

Source: reference/console.md 3.5, 3.10.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Asked
from keystead.console.commands import command_of
from keystead.console.pages.policies import difference
from keystead.console.pages.roles import show_role
from keystead.console.pages.user_details import show
from keystead.console.routing import Pages
from keystead.console.tables import Column, Filter, Table
from keystead.console.visit import Visit

PAGES = Pages()

ACCESS = Table(
    name="identity-access",
    title="Access",
    product="keystead",
    action="GetIdentityAccess",
    members=("Actions", "Action"),
    key="Action",
    query="A part of the action",
    columns=(
        Column("action", "Action"),
        Column("allowed", "Allowed"),
        Column("by", "By which statement"),
        Column("used", "Last Used"),
        Column("calls", "Times in 90 days", number=True),
        Column("level", "Access level", hidden=True),
    ),
    filters=(
        Filter("service", "Service", "Service"),
        Filter("used", "Used in 90 days", "Used", (("yes", "used"), ("no", "not used"))),
    ),
    empty="No action that the server knows of is allowed.",
)
_MOST_NAME = 110


@PAGES.get("/users/{name}/access")
async def user_access(visit: Visit) -> Response:
    """The tab of a user."""
    whose = {"UserName": visit.path["name"]}
    if ACCESS.wants_csv(visit):
        return await ACCESS.csv(visit, **whose)
    return await show(visit, "access", **await _values(visit, whose))


@PAGES.get("/roles/{name}/access")
async def role_access(visit: Visit) -> Response:
    """The tab of a role."""
    whose = {"RoleName": visit.path["name"]}
    if ACCESS.wants_csv(visit):
        return await ACCESS.csv(visit, **whose)
    return await show_role(visit, "role_access.html", "access", **await _values(visit, whose))


async def _values(visit: Visit, whose: dict[str, str]) -> dict[str, Any]:
    """The list, or the suggestion where it is asked for."""
    if visit.query.get("show") != "smaller":
        return {"view": await ACCESS.load(visit, **whose), "smaller": None}
    found = await visit.ask("keystead", "SuggestSmallerPolicy", **whose)
    wanted, lines, commands = found["PolicyDocument"], [], []
    if wanted:
        lines = difference(found["CurrentDocument"], wanted)
        commands = _commands(visit, whose, wanted)
    return {"view": None, "smaller": found, "lines": lines, "commands": commands}


def _commands(visit: Visit, whose: dict[str, str], document: str) -> list[str]:
    """How it is made and attached by who decides to; what is to be detached is listed under "Permissions"."""
    (parameter, name), *_ = whose.items()
    policy = f"smaller-{name[:_MOST_NAME].replace('.', '-').replace('_', '-')}"
    made = Asked("ram", "CreatePolicy", {"PolicyName": policy, "PolicyDocument": document})
    given = {parameter: name, "PolicyName": policy, "PolicyType": "Custom"}
    attached = Asked("ram", f"AttachPolicyTo{parameter.removesuffix('Name')}", given)
    return [command_of(each, visit.base_url) for each in (made, attached)]
