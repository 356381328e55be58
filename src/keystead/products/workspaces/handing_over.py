"""Whose API keys go to whom when a member leaves.  Source: reference/console.md 4.3.

A key calls with the rights of its workspace and its own scope (reference/model-studio.md f.9), so what must not widen
is who answers for it: only who could make such a key there himself may come to own it.
"""

from __future__ import annotations

from keystead.clock import iso
from keystead.faults import Fault, FaultKind
from keystead.identity import model_keys
from keystead.identity.records import owner_layer
from keystead.identity.studio import load_owner
from keystead.identity.transaction import Tx
from keystead.policy import Query, context_key, decide
from keystead.products.workspaces.access import Place, enter
from keystead.products.workspaces.people import Principal, principal
from keystead.store import api_keys

HAND_OVER = "modelstudio:HandOverApiKeys"
"""What is needed to give keys to another owner, on their workspace."""

HEIR_UNFIT = FaultKind(
    "InvalidParameter.NewOwner",
    400,
    "{name} may not own API keys of the workspace {workspace}: {why}",
    "Name a member who may create API keys there by level, pages and policies; SimulateAccess shows who may.",
)
ONE_HEIR = FaultKind(
    "InvalidParameter.NewUserName",
    400,
    "{count} of the parameters NewUserName and NewRoleName are there; the new owner is one of both.",
    "Send NewUserName for a RAM user, or NewRoleName for a role.",
)
HEIR_IS_OWNER = FaultKind(
    "InvalidParameter.NewOwner.Same",
    400,
    "{name} owns these API keys already.",
    "Name another user or role of the workspace.",
)


def heir_of(tx: Tx, user_name: str | None, role_name: str | None) -> Principal:
    """The new owner.  Raises `InvalidParameter.NewUserName` unless exactly one is named, and for who does not exist."""
    if (user_name is None) is (role_name is None):
        raise ONE_HEIR(count=0 if user_name is None else 2)
    return principal(tx, user_name, role_name)


def hand_over(tx: Tx, place: Place, owner: Principal, heir: Principal) -> list[int]:
    """Give the owner's keys in a workspace to another one; returns their IDs.

    IDs, values, scopes, limits and expiry stay; temporary keys end.  Raises `InvalidParameter.NewOwner…`.
    """
    if owner.id == heir.id:
        raise HEIR_IS_OWNER(name=heir.name)
    why = _why_unfit(tx, place, heir)
    if why:
        raise HEIR_UNFIT(name=heir.name, workspace=place.row.id, why=why)
    return api_keys.hand_over(tx, place.row.id, owner.id, heir.kind, heir.id)


def _why_unfit(tx: Tx, place: Place, heir: Principal) -> str:
    """Why somebody could not have made the keys himself; empty where he could."""
    caller, stopped = load_owner(tx, tx.account_id, heir.kind, heir.id, owner_layer, set())
    if stopped:
        return "it is disabled."
    try:
        standing = enter(tx, caller, place.row.id)
    except Fault:
        return "it is not a member."
    if not standing.may("api-keys", "operate"):
        return "its pages do not let it change API keys."
    resource = model_keys.workspace_arn(tx.account_id, place.row.id)
    facts = {context_key("modelstudio:workspaceId"): place.row.id, "acs:currenttime": iso(tx.now)}
    if not decide(Query("modelstudio:CreateApiKey", resource, facts), caller.layers).allowed:
        return f"no policy allows it modelstudio:CreateApiKey on {resource}."
    return ""
