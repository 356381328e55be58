"""Limits of a workspace or of one API key, for who manages workspaces.  Source: reference/console.md 4.1, 4.5.

Money is asked for in units and sent in millionths, as the action takes it.
"""

from __future__ import annotations

import re

from starlette.responses import Response

from keystead.console.asking import Given, RefusedError, refusal_of
from keystead.console.pages.api_keys import base_of, show_key
from keystead.console.pages.workspaces import show_workspace
from keystead.console.routing import Pages
from keystead.console.visit import Visit, quoted
from keystead.faults import Fault, FaultKind

PAGES = Pages()

NO_AMOUNT = FaultKind(
    "InvalidParameter.Amount",
    400,
    "The amount {amount!r} is not a number that a limit can be; nothing was changed.",
    "Send a whole number, for money with at most six digits behind the point.",
)


@PAGES.post("/workspaces/{workspace}/limits")
async def limit_workspace(visit: Visit) -> Response:
    """Set a limit of the workspace."""
    return await _set(visit, "workspace", visit.path["workspace"])


@PAGES.post("/workspaces/{workspace}/limits/delete")
async def free_workspace(visit: Visit) -> Response:
    """Remove one."""
    return await _delete(visit)


@PAGES.post("/workspaces/{workspace}/api-keys/{key}/limits")
async def limit_key(visit: Visit) -> Response:
    """Set a limit of the API key."""
    return await _set(visit, "key", visit.path["key"])


@PAGES.post("/workspaces/{workspace}/api-keys/{key}/limits/delete")
async def free_key(visit: Visit) -> Response:
    """Remove one."""
    return await _delete(visit)


async def _set(visit: Visit, scope: str, scope_id: str) -> Response:
    try:
        given: dict[str, Given] = {"Scope": scope, "ScopeId": scope_id, "Amount": _amount(visit)}
        if visit.form.get("Measure") == "concurrent":
            given["Period"] = None
        await visit.ask_form("keystead", "SetUsageLimit", **given)
    except (Fault, RefusedError) as error:
        return await _again(visit, error)
    return visit.redirect(_there(visit), visit.text("The limit is set; it counts at once."))


async def _delete(visit: Visit) -> Response:
    try:
        await visit.ask_form("keystead", "DeleteUsageLimit")
    except RefusedError as error:
        return await _again(visit, error)
    return visit.redirect(_there(visit), visit.text("The limit is removed."))


def _amount(visit: Visit) -> int:
    """The amount as the action takes it.  Raises `InvalidParameter.Amount`."""
    text = visit.form.get("Amount", "").strip()[:20]
    digits = 6 if visit.form.get("Measure") == "money" else 0
    found = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", text)
    if found is None or len(found[2] or "") > digits:
        raise NO_AMOUNT(amount=text)
    return int(found[1] + (found[2] or "").ljust(digits, "0"))


def _there(visit: Visit) -> str:
    """The page that the limits stand on."""
    key = visit.path.get("key")
    return f"{base_of(visit)}/{quoted(key)}" if key else f"/workspaces/{quoted(visit.path['workspace'])}"


async def _again(visit: Visit, error: Fault | RefusedError) -> Response:
    refusal = refusal_of(error)
    return await (show_key(visit, refusal) if "key" in visit.path else show_workspace(visit, refusal))
