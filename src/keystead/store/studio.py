"""What the directory loads of Model Studio: an API key, its workspace, who is in it, and the limits that bind."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import api_keys, roles, usage_limits, users, workspace_members, workspace_models, workspaces

_KEY = sa.select(api_keys).where(
    (api_keys.c.digest == sa.bindparam("digest"))
    | ((api_keys.c.old_digest == sa.bindparam("digest")) & (api_keys.c.old_until > sa.bindparam("now")))
)
_KEY_BY_ID = sa.select(api_keys).where(api_keys.c.id == sa.bindparam("key"))
_WORKSPACE = sa.select(workspaces).where(
    workspaces.c.account_id == sa.bindparam("account"), workspaces.c.id == sa.bindparam("workspace")
)
_DEFAULT = sa.select(workspaces).where(workspaces.c.account_id == sa.bindparam("account"), workspaces.c.is_default)
_BY_AGENT_KEY = sa.select(workspaces).where(
    workspaces.c.account_id == sa.bindparam("account"), workspaces.c.agent_key_digest == sa.bindparam("digest")
)
_MEMBERS = sa.select(workspace_members).where(workspace_members.c.workspace_id == sa.bindparam("workspace"))
_MODELS = (
    sa.select(workspace_models.c.model)
    .where(workspace_models.c.workspace_id == sa.bindparam("workspace"), workspace_models.c.inference)
    .order_by(workspace_models.c.model)
)
_LIMITS = (
    sa.select(usage_limits)
    .where(
        usage_limits.c.account_id == sa.bindparam("account"),
        sa.tuple_(usage_limits.c.scope, usage_limits.c.scope_id).in_(sa.bindparam("scopes", expanding=True)),
    )
    .order_by(usage_limits.c.id)
)
_USER = sa.select(users.c.id, users.c.name, users.c.status).where(users.c.id == sa.bindparam("user"))
_ROLE = sa.select(roles.c.id, roles.c.name).where(roles.c.id == sa.bindparam("role"))


def key(tx: Tx, digest: bytes) -> sa.Row[Any] | None:
    """The API key whose value, or whose old value that still counts, has this digest."""
    return tx.row(_KEY, digest=digest, now=tx.now)


def key_by_id(tx: Tx, key_id: int) -> sa.Row[Any] | None:
    """The API key of that ID, of whatever account."""
    return tx.row(_KEY_BY_ID, key=key_id)


def workspace(tx: Tx, account_id: str, workspace_id: str) -> sa.Row[Any] | None:
    """The account's workspace of that ID; the default one for ""."""
    if not workspace_id:
        return tx.row(_DEFAULT, account=account_id)
    return tx.row(_WORKSPACE, account=account_id, workspace=workspace_id)


def workspace_by_agent_key(tx: Tx, account_id: str, digest: bytes) -> sa.Row[Any] | None:
    """The account's workspace whose AgentKey has this digest."""
    return tx.row(_BY_AGENT_KEY, account=account_id, digest=digest)


def members(tx: Tx, workspace_id: str) -> list[sa.Row[Any]]:
    """Everybody in a workspace."""
    return tx.rows(_MEMBERS, workspace=workspace_id)


def granted_models(tx: Tx, workspace_id: str) -> list[str]:
    """The models that a workspace may call, by name, where they are listed one by one."""
    return [row.model for row in tx.rows(_MODELS, workspace=workspace_id)]


def limits(tx: Tx, account_id: str, scopes: list[tuple[str, str]]) -> list[sa.Row[Any]]:
    """The limits of these (scope, scope ID)."""
    return tx.rows(_LIMITS, account=account_id, scopes=scopes)


def user(tx: Tx, user_id: str) -> sa.Row[Any] | None:
    """The ID, name and status of a user, of whatever account."""
    return tx.row(_USER, user=user_id)


def role(tx: Tx, role_id: str) -> sa.Row[Any] | None:
    """The ID and name of a role, of whatever account."""
    return tx.row(_ROLE, role=role_id)
