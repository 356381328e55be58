"""Reads API keys and workspaces for the directory, each with what it depends on.

A key works while all of these hold: it is enabled, its time is not over, its owner exists and is not frozen, and its
owner is in its workspace: as a member, or as the account or a super administrator, who are in every one
(reference/model-studio.md b.10).
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from keystead import arn
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.model_keys import Limit, Member, ModelKey, Scope, Workspace, scope_layer, workspace_layer
from keystead.identity.network_policy import NetworkPolicy
from keystead.identity.transaction import Tx
from keystead.policy import Layer, Query, decide
from keystead.store import studio as store
from keystead.store.tables import NEVER

Subjects = set[tuple[str, str]]
LayerOf = Callable[[Tx, str, str, Subjects], Layer]
"""From the kind (user, role) and ID of an owner to its policies; adds what they depend on."""

_EVERYWHERE = Query("modelstudio:AdministerAllWorkspaces", "*", alias_action="bailiancontrol:AdministerAllWorkspaces")


def is_super_administrator(caller: Caller) -> bool:
    """Whether a caller is in every workspace of its account, with every right there: the account itself, and whom
    the policies allow `modelstudio:*` or `bailiancontrol:*` on `*` (docs/decisions/0008-super-administrators.md)."""
    return caller.is_account or decide(_EVERYWHERE, caller.layers).allowed


def load_workspace(tx: Tx, row: sa.Row[Any] | None, depends: Subjects) -> Workspace | None:
    """The workspace in `row`, with its members, its grants and the limits of itself and its account."""
    if row is None:
        return None
    depends.update({("workspace", row.id), ("account", row.account_id)})
    return Workspace(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        is_default=row.is_default,
        members={
            each.principal_id: Member(each.level, json.loads(each.pages), each.generation)
            for each in store.members(tx, row.id)
        },
        layer=_grants(tx, row),
        limits=_limits(tx, row.account_id, [("account", row.account_id), ("workspace", row.id)]),
        generation=row.generation,
    )


def load_model_key(
    tx: Tx, row: sa.Row[Any] | None, value_digest: bytes, layer_of: LayerOf, depends: Subjects
) -> ModelKey | None:
    """The API key in `row`; `value_digest` tells its value from the one before a rotation, empty for neither."""
    if row is None:
        return None
    depends.update({("apikey", str(row.id)), ("workspace", row.workspace_id), ("account", row.account_id)})
    workspace = store.workspace(tx, row.account_id, row.workspace_id)
    if workspace is None:
        return None
    owner, why = load_owner(tx, row.account_id, row.owner_kind, row.owner_id, layer_of, depends)
    if not why and not is_super_administrator(owner) and not _is_member(tx, row.workspace_id, row.owner_id):
        why = "Its owner is no longer in its workspace."
    if row.disabled:
        why = "It is disabled."
    scope = decode_scope(row.scope)
    old = bool(value_digest) and value_digest == row.old_digest
    return ModelKey(
        id=row.id,
        account_id=row.account_id,
        workspace_id=row.workspace_id,
        workspace_is_default=workspace.is_default,
        owner=owner,
        active=not why,
        why_inactive=why,
        addresses=NetworkPolicy("API key", _networks(scope)) if scope.addresses else None,
        layers=(_grants(tx, workspace), scope_layer(row.account_id, f"ApiKey/{row.id}", scope)),
        limits=_limits(
            tx,
            row.account_id,
            [
                ("account", row.account_id),
                ("workspace", row.workspace_id),
                ("owner", row.owner_id),
                ("key", str(row.id)),
            ],
        ),
        prefix=row.prefix,
        last_four=row.last_four,
        expires_at=float(row.old_until) if old else None,
        ends_at=_end(row, tx.quotas.api_key_max_age_days),
        generation=row.generation,
    )


def last_moment(created_at: int, days: int) -> int:
    """When a key that was made at `created_at` (seconds) ends at the latest, where keys may be used for `days`."""
    return created_at + days * 86_400 if days else NEVER


def _end(row: sa.Row[Any], days: int) -> int | None:
    """When a key ends, None for never.  A bound that was set after it was made binds it from then on."""
    ends_at = min(row.expires_at, last_moment(row.created_at, days))
    return None if ends_at == NEVER else int(ends_at)


def load_owner(
    tx: Tx, account_id: str, kind: str, owner_id: str, layer_of: LayerOf, depends: Subjects
) -> tuple[Caller, str]:
    """Whose a key is, and why that stops it: empty where it does not."""
    if kind == "account":
        return Caller(kind=IdentityType.ACCOUNT, account_id=account_id, arn=arn.ram(account_id, "root")), ""
    depends.add((kind, owner_id))
    row = store.user(tx, owner_id) if kind == "user" else store.role(tx, owner_id)
    layers = (layer_of(tx, kind, owner_id, depends),) if row is not None else ()
    name = row.name if row is not None else owner_id
    if kind == "role":
        role = Caller(
            kind=IdentityType.SESSION,
            account_id=account_id,
            arn=arn.ram(account_id, f"role/{name}"),
            role_id=owner_id,
            role_name=name,
            layers=layers,
        )
        return role, "" if row is not None else "The role that owns it was deleted."
    user = Caller(
        kind=IdentityType.USER,
        account_id=account_id,
        arn=arn.ram(account_id, f"user/{name}"),
        user_id=owner_id,
        user_name=name,
        layers=layers,
    )
    if row is None:
        return user, "The user who owns it was deleted."
    return user, "" if row.status == "active" else "The user who owns it is disabled."


def decode_scope(text: str) -> Scope:
    """A key's scope as it is stored."""
    given = json.loads(text)
    models, applications = given.get("models"), given.get("applications")
    return Scope(
        addresses=tuple(given.get("addresses", ())),
        models=None if models is None else tuple(models),
        applications=None if applications is None else tuple(applications),
    )


def encode_scope(scope: Scope) -> str:
    """A key's scope as it is stored."""
    return json.dumps({"addresses": scope.addresses, "models": scope.models, "applications": scope.applications})


def _networks(scope: Scope) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(each, strict=False) for each in scope.addresses)


def _grants(tx: Tx, workspace: sa.Row[Any]) -> Layer:
    """In the default workspace and under `accessAllEntities` every model, elsewhere those that were granted."""
    everything = workspace.is_default or workspace.all_models
    models = None if everything else store.granted_models(tx, workspace.id)
    return workspace_layer(workspace.account_id, workspace.id, models)


def _limits(tx: Tx, account_id: str, scopes: list[tuple[str, str]]) -> tuple[Limit, ...]:
    return tuple(
        Limit(row.id, row.scope, row.scope_id, row.model, row.measure, row.amount, row.period, row.time_zone)
        for row in store.limits(tx, account_id, scopes)
    )


def _is_member(tx: Tx, workspace_id: str, principal_id: str) -> bool:
    return any(row.principal_id == principal_id for row in store.members(tx, workspace_id))
