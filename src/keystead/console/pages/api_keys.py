"""API keys of a workspace: list, create, narrow, rotate, disable, delete.  Source: reference/console.md 4.5, 2.7.

A key's value stands in one answer only: that of the form that made it, which can be sent once and asks for a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from keystead.console import expiry
from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pairs import check_typed
from keystead.console.routing import Pages
from keystead.console.snippets import api_key_snippets
from keystead.console.tables import Column, Filter, Table
from keystead.console.texts import mark
from keystead.console.visit import Visit, quoted
from keystead.faults import Fault, FaultKind

PAGES = Pages()

STATES = (
    ("Active", "Active"),
    ("Expiring", "Expiring"),
    ("Rotating", "Rotating"),
    ("Disabled", "Disabled"),
    ("Expired", "Expired"),
)
"""Words of SearchApiKeys, and what they are called."""

API_KEYS = Table(
    name="api-keys",
    title="API Keys",
    product="keystead",
    action="SearchApiKeys",
    members=("ApiKeys", "ApiKey"),
    key="ApiKeyId",
    query="Name, last four characters or ID",
    columns=(
        Column("name", "Name", "Name"),
        Column("key", "Key"),
        Column("id", "API Key ID", hidden=True),
        Column("owner", "Owner"),
        Column("scope", "Scope"),
        Column("limits", "Limits"),
        Column("used", "Last Used"),
        Column("expires", "Expires", "Expires"),
        Column("status", "Status"),
        Column("created", "Created At", "CreateDate"),
    ),
    filters=(
        Filter("status", "Status", "Status", STATES),
        Filter("user", "Owner", "UserName"),
    ),
    empty="No API key that you may see. One for each program, so that each can be ended alone.",
)

OVERLAPS = (
    ("24", mark("24 hours")),
    ("1", mark("1 hour")),
    ("168", mark("7 days")),
    ("0", mark("not at all: it ends now")),
)
"""How long the old value still counts, by hours."""

MOST_SHOWN = 200
"""Models that a form offers by name; a workspace with more is narrowed by the API."""

NO_SUCH_KEY = FaultKind(
    "ApiKeyNotFound",
    404,
    "The API key {name} is not in this workspace, or you may not see it.",
    "Look in the list of API keys.",
)
NO_MODEL_CHOSEN = FaultKind(
    "InvalidParameter.model",
    400,
    "Only chosen models were asked for, but none is chosen; nothing was changed.",
    "Choose at least one, or every model of the workspace.",
)


@dataclass(frozen=True, slots=True)
class Secret:
    """A new value, as the page that shows it says so.  title: of the dialog."""

    title: str
    key_id: int
    value: str
    note: str = ""


def base_of(visit: Visit) -> str:
    """Where the workspace's list of keys is, below /console."""
    return f"/workspaces/{quoted(visit.path['workspace'])}/api-keys"


@PAGES.get("/workspaces/{workspace}/api-keys")
async def api_keys(visit: Visit) -> Response:
    """The keys of the workspace: all for its administrators, one's own for members."""
    workspace = visit.path["workspace"]
    if API_KEYS.wants_csv(visit):
        return await API_KEYS.csv(visit, WorkspaceId=workspace)
    view = await API_KEYS.load(visit, WorkspaceId=workspace)
    status = view.refusal.fault.status if view.refusal else 200
    return visit.render("api_keys.html", status, view=view, workspace=workspace, base=base_of(visit))


@PAGES.get("/workspaces/{workspace}/api-keys/new")
async def new_key(visit: Visit) -> Response:
    """The form."""
    return await _form(visit, None)


@PAGES.post("/workspaces/{workspace}/api-keys/new", proof=True, once=True)
async def creating_key(visit: Visit) -> Response:
    """Create the key, and show its value this once."""
    try:
        made = await visit.ask_form(
            "keystead",
            "CreateExpiringApiKey",
            WorkspaceId=visit.path["workspace"],
            ExpireDate=expiry.wanted(visit),
            AccessIps=_addresses(visit),
            AccessibleModels=chosen_models(visit),
        )
    except (Fault, RefusedError) as error:
        return await _form(visit, refusal_of(error))
    key = made["ApiKey"]
    return await _shown_once(visit, Secret(visit.text("API key created"), key["ApiKeyId"], key["ApiKeyValue"]))


async def _form(visit: Visit, refusal: Refusal | None) -> Response:
    return visit.render(
        "api_key_create.html",
        refusal.fault.status if refusal else 200,
        workspace=visit.path["workspace"],
        base=base_of(visit),
        models=await models_of(visit),
        expiry=expiry.choice(visit, await _most_days(visit)),
        refusal=refusal,
    )


async def _most_days(visit: Visit) -> int:
    """The greatest age of API keys here, 0 for any."""
    return await visit.house.keeper.read(lambda tx: tx.quotas.api_key_max_age_days)


async def _shown_once(visit: Visit, secret: Secret) -> Response:
    """The page with the value."""
    models = await models_of(visit)
    snippets = api_key_snippets(visit, secret.value, models[0] if models else "qwen-plus")
    return visit.render("api_key_created.html", secret=secret, base=base_of(visit), snippets=snippets)


async def models_of(visit: Visit) -> list[str]:
    """The models that the workspace may call, as far as a form offers them; none where that may not be seen."""
    answer = await visit.try_ask(
        "modelstudio",
        "ListModelPermissions",
        workspaceId=visit.path["workspace"],
        authorizationScope="AUTHORIZED",
        maxResults=MOST_SHOWN,
    )
    return [each["model"] for each in answer["list"]] if answer else []


def _auth(visit: Visit) -> dict[str, Any]:
    """What the form narrows a key to, as the API takes it.  Raises `InvalidParameter.model`."""
    addresses, models = _addresses(visit), chosen_models(visit)
    if not addresses and models is None:
        return {"type": "All"}
    scope = {"allowAllModels": models is None, "accessibleModels": models or []}
    return {"type": "Custom", "accessIps": addresses, "modelAccessScope": scope}


def _addresses(visit: Visit) -> list[str]:
    return visit.form.get("addresses", "").replace(",", " ").split()


def chosen_models(visit: Visit) -> list[str] | None:
    """The models that a form narrows to, None for all of the workspace.  Raises `InvalidParameter.model`."""
    if visit.form.get("scope") != "some":
        return None
    models = visit.chosen("model")
    if not models:
        raise NO_MODEL_CHOSEN()
    return models


async def _key(visit: Visit) -> dict[str, Any]:
    """The key in the address, as the list shows it.  Raises `ApiKeyNotFound` and `RefusedError`."""
    key_id = visit.path["key"]
    answer = await visit.ask(
        "keystead", "SearchApiKeys", WorkspaceId=visit.path["workspace"], Query=key_id[:64], PageSize=100
    )
    rows: list[dict[str, Any]] = answer["ApiKeys"]["ApiKey"]
    found = next((row for row in rows if str(row["ApiKeyId"]) == key_id), None)
    if found is None:
        raise NO_SUCH_KEY(name=key_id[:20])
    return found


@PAGES.get("/workspaces/{workspace}/api-keys/{key}")
async def api_key(visit: Visit) -> Response:
    """One key: what it may, and what can be done with it."""
    return await show_key(visit, None)


async def show_key(visit: Visit, refusal: Refusal | None) -> Response:
    """The page of the key in the address.  Raises `ApiKeyNotFound` and `RefusedError`."""
    key = await _key(visit)
    models = await models_of(visit)
    return visit.render(
        "api_key.html",
        refusal.fault.status if refusal else 200,
        key=key,
        base=base_of(visit),
        models=sorted({*models, *key.get("Models", {"Item": []})["Item"]}),
        overlaps=OVERLAPS,
        expiry=expiry.choice_of(visit, await _most_days(visit), key.get("ExpireDate")),
        refusal=refusal,
    )


@PAGES.post("/workspaces/{workspace}/api-keys/{key}")
async def changing_key(visit: Visit) -> Response:
    """Give it another name and scope."""
    key = await _key(visit)
    try:
        name = visit.form.get("description", "")
        await visit.ask("modelstudio", "UpdateApiKey", apiKeyId=key["ApiKeyId"], description=name, auth=_auth(visit))
    except (Fault, RefusedError) as error:
        return await show_key(visit, refusal_of(error))
    return visit.redirect(f"{base_of(visit)}/{key['ApiKeyId']}", visit.text("The API key is changed."))


@PAGES.post("/workspaces/{workspace}/api-keys/{key}/expiry")
async def setting_expiry(visit: Visit) -> Response:
    """Say until when it counts."""
    key = await _key(visit)
    try:
        until = expiry.wanted(visit)
        if until is None or until[:10] != key.get("ExpireDate", "")[:10]:  # on the same day it stays to the second
            await visit.ask("keystead", "SetApiKeyExpiry", ApiKeyId=key["ApiKeyId"], ExpireDate=until)
    except (Fault, RefusedError) as error:
        return await show_key(visit, refusal_of(error))
    return visit.redirect(f"{base_of(visit)}/{key['ApiKeyId']}", visit.text("The expiry is changed."))


@PAGES.post("/workspaces/{workspace}/api-keys/{key}/disable")
async def disabling_key(visit: Visit) -> Response:
    """Disable it; it can return."""
    return await _switch(visit, "DisableApiKey", visit.text("The API key is disabled."))


@PAGES.post("/workspaces/{workspace}/api-keys/{key}/enable")
async def enabling_key(visit: Visit) -> Response:
    """Enable it again."""
    return await _switch(visit, "EnableApiKey", visit.text("The API key is enabled."))


async def _switch(visit: Visit, action: str, notice: str) -> Response:
    key = await _key(visit)
    try:
        await visit.ask("modelstudio", action, apiKeyId=key["ApiKeyId"])
    except RefusedError as refused:
        return await show_key(visit, refused.refusal)
    return visit.redirect(f"{base_of(visit)}/{key['ApiKeyId']}", notice)


@PAGES.post("/workspaces/{workspace}/api-keys/{key}/rotate", proof=True, once=True)
async def rotating_key(visit: Visit) -> Response:
    """Give it a new value, shown this once; the old one counts for as long as was chosen."""
    key = await _key(visit)
    try:
        made = await visit.ask_form("keystead", "RotateApiKey", ApiKeyId=key["ApiKeyId"])
    except RefusedError as refused:
        return await show_key(visit, refused.refusal)
    note = visit.text("The old value counts until {when} (UTC).", when=made["OldValueUntil"][:16].replace("T", " "))
    secret = Secret(visit.text("API key rotated"), made["ApiKeyId"], made["ApiKeyValue"], note)
    return await _shown_once(visit, secret)


@PAGES.post("/workspaces/{workspace}/api-keys/{key}/delete", proof=True)
async def deleting_key(visit: Visit) -> Response:
    """Delete it for good, once its ID was typed."""
    key = await _key(visit)
    try:
        check_typed(visit, str(key["ApiKeyId"]))
        await visit.ask("modelstudio", "DeleteApiKey", apiKeyId=key["ApiKeyId"])
    except (Fault, RefusedError) as error:
        return await show_key(visit, refusal_of(error))
    return visit.redirect(base_of(visit), visit.text("The API key is deleted."))
