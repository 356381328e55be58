"""Values of API keys: whose a found one is, and temporary ones.  Source: reference/console.md 4.5.

A value that is pasted goes to the action and nowhere else: no page, address or "Show as command" holds it.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pages.api_keys import base_of, chosen_models, models_of
from keystead.console.routing import Pages
from keystead.console.snippets import api_key_snippets
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import Fault

PAGES = Pages()

SPANS = (
    ("60", mark("1 minute")),
    ("300", mark("5 minutes")),
    ("900", mark("15 minutes")),
    ("1800", mark("30 minutes")),
)
"""How long a temporary key may count, by seconds."""


@PAGES.get("/workspaces/{workspace}/verify-api-key")
async def verify(visit: Visit) -> Response:
    """Asks for the value."""
    return _verified(visit, None, None)


@PAGES.post("/workspaces/{workspace}/verify-api-key")
async def verifying(visit: Visit) -> Response:
    """Whose it is, and whether calls with it are let in."""
    try:
        found = await visit.ask_form("keystead", "VerifyApiKey")
    except RefusedError as refused:
        return _verified(visit, None, refused.refusal)
    return _verified(visit, found, None)


def _verified(visit: Visit, found: dict[str, Any] | None, refusal: Refusal | None) -> Response:
    status = refusal.fault.status if refusal else 200
    return visit.render("api_key_verify.html", status, found=found, base=base_of(visit), refusal=refusal)


@PAGES.get("/workspaces/{workspace}/temporary-key")
async def temporary_key(visit: Visit) -> Response:
    """The form of a temporary key."""
    return await _temporary(visit, None)


@PAGES.post("/workspaces/{workspace}/temporary-key", proof=True, once=True)
async def creating_temporary_key(visit: Visit) -> Response:
    """Create one, and show it this once."""
    workspace = visit.path["workspace"]
    try:
        models = chosen_models(visit)
        made = await visit.ask_form("keystead", "CreateTemporaryModelKey", WorkspaceId=workspace, Models=models)
    except (Fault, RefusedError) as error:
        return await _temporary(visit, refusal_of(error))
    offered = models or await models_of(visit)
    snippets = api_key_snippets(visit, made["Token"], offered[0] if offered else "qwen-plus")
    return visit.render("temporary_key_created.html", made=made, base=base_of(visit), snippets=snippets)


@PAGES.post("/workspaces/{workspace}/temporary-key/revoke")
async def revoking_temporary_keys(visit: Visit) -> Response:
    """End every temporary key that the person has made here; those of everybody where a super administrator asks."""
    caller = visit.asking.caller
    mine = {"RoleName": caller.role_name} if caller.role_name else {"UserName": caller.user_name}
    given = {} if visit.form.get("whose") == "everybody" else mine
    try:
        await visit.ask("keystead", "RevokeTemporaryModelKeys", WorkspaceId=visit.path["workspace"], **given)
    except RefusedError as refused:
        return await _temporary(visit, refused.refusal)
    return visit.redirect(base_of(visit), visit.text("These temporary keys are ended."))


async def _temporary(visit: Visit, refusal: Refusal | None) -> Response:
    details = await visit.try_ask("keystead", "GetWorkspaceDetails", WorkspaceId=visit.path["workspace"])
    return visit.render(
        "temporary_key.html",
        refusal.fault.status if refusal else 200,
        workspace=visit.path["workspace"],
        base=base_of(visit),
        models=await models_of(visit),
        spans=SPANS,
        everybody=details is not None and details["Workspace"]["YourLevel"] == "super",
        refusal=refusal,
    )
