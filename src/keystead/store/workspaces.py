"""Statements over workspaces and their members."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store import api_keys as api_key_store
from keystead.store.database import Tx
from keystead.store.tables import (
    accounts,
    agents,
    api_keys,
    file_categories,
    files,
    indices,
    memories,
    prompt_templates,
    roles,
    upload_leases,
    usage_limits,
    users,
    workspace_members,
    workspace_models,
    workspaces,
)

_MINE = workspaces.c.account_id == sa.bindparam("account")
_GET = sa.select(workspaces).where(_MINE, workspaces.c.id == sa.bindparam("workspace"))
_DEFAULT = sa.select(workspaces).where(_MINE, workspaces.c.is_default)
_ALL = sa.select(workspaces).where(_MINE).order_by(workspaces.c.created_at, workspaces.c.id)
_INSERT = sa.insert(workspaces)
_DELETE = sa.delete(workspaces).where(_MINE, workspaces.c.id == sa.bindparam("workspace"))
_WITHOUT = sa.select(accounts.c.id).where(
    ~sa.exists().where(workspaces.c.account_id == accounts.c.id, workspaces.c.is_default)
)

_IN = workspace_members.c.workspace_id == sa.bindparam("workspace")
_MEMBER = sa.select(workspace_members).where(_IN, workspace_members.c.principal_id == sa.bindparam("principal"))
_MEMBERS = (
    sa.select(
        workspace_members,
        sa.func.coalesce(users.c.name, roles.c.name).label("principal_name"),
    )
    .select_from(
        workspace_members.outerjoin(users, users.c.id == workspace_members.c.principal_id).outerjoin(
            roles, roles.c.id == workspace_members.c.principal_id
        )
    )
    .where(_IN, workspace_members.c.principal_id > sa.bindparam("after"))
    .order_by(workspace_members.c.principal_id)
    .limit(sa.bindparam("most"))
)
_JOINED = sa.select(workspace_members.c.workspace_id).where(
    workspace_members.c.account_id == sa.bindparam("account"),
    workspace_members.c.principal_id == sa.bindparam("principal"),
)
_LEVELS = _JOINED.add_columns(workspace_members.c.level)
_ADD_MEMBER = sa.insert(workspace_members)
_REMOVE_MEMBER = sa.delete(workspace_members).where(_IN, workspace_members.c.principal_id == sa.bindparam("principal"))


def _hanging(table: sa.Table, *more: Any) -> sa.ScalarSelect[int]:
    counted = sa.select(sa.func.count()).select_from(table)
    return counted.where(table.c.workspace_id == sa.bindparam("workspace"), *more).scalar_subquery()


_DEPENDANTS = sa.select(
    _hanging(workspace_members).label("members"),
    _hanging(api_keys).label("api_keys"),
    _hanging(agents).label("applications"),
    _hanging(indices).label("knowledge_bases"),
    _hanging(files).label("files"),
    _hanging(prompt_templates).label("prompt_templates"),
    _hanging(memories).label("memories"),
)


def get(tx: Tx, workspace_id: str) -> sa.Row[Any] | None:
    """The account's workspace of that ID."""
    return tx.row(_GET, account=tx.account_id, workspace=workspace_id)


def default(tx: Tx) -> sa.Row[Any] | None:
    """The account's default workspace."""
    return tx.row(_DEFAULT, account=tx.account_id)


def every(tx: Tx, among: Sequence[str] | None = None) -> list[sa.Row[Any]]:
    """The account's workspaces, the oldest first; only those `among` these IDs where given."""
    statement = _ALL if among is None else _ALL.where(workspaces.c.id.in_(among))
    return tx.rows(statement, account=tx.account_id)


def insert(tx: Tx, workspace_id: str, name: str, **values: object) -> None:
    """Add a workspace; `values` holds is_default, agent_key_digest, sealed_agent_key and service_site."""
    tx.run(
        _INSERT,
        id=workspace_id,
        account_id=tx.account_id,
        name=name,
        all_models=False,
        generation=0,
        created_at=tx.now,
        updated_at=tx.now,
        **values,
    )
    tx.touch("workspaces", tx.account_id)


def update(tx: Tx, workspace_id: str, **values: object) -> None:
    """Change columns of a workspace."""
    changed = sa.update(workspaces).where(workspaces.c.account_id == tx.account_id, workspaces.c.id == workspace_id)
    tx.run(changed.values(updated_at=tx.now, **values))
    tx.touch("workspace", workspace_id)


def delete(tx: Tx, workspace_id: str) -> None:
    """Remove a workspace with its grants, limits, open uploads and empty categories; nothing else may hang on it."""
    for table in (workspace_models, upload_leases, file_categories):
        tx.run(sa.delete(table).where(table.c.workspace_id == workspace_id))
    tx.run(
        sa.delete(usage_limits).where(
            usage_limits.c.account_id == tx.account_id,
            usage_limits.c.scope == "workspace",
            usage_limits.c.scope_id == workspace_id,
        )
    )
    tx.run(_DELETE, account=tx.account_id, workspace=workspace_id)
    tx.touch("workspace", workspace_id)


def dependants(tx: Tx, workspace_id: str) -> sa.Row[Any]:
    """How many members, api_keys, applications, knowledge_bases, files, prompt_templates and memories hang on it."""
    row = tx.row(_DEPENDANTS, workspace=workspace_id)
    assert row is not None  # noqa: S101 - a select of counts always has a row
    return row


def accounts_without(tx: Tx) -> list[str]:
    """The accounts that have no default workspace yet."""
    return [row.id for row in tx.rows(_WITHOUT)]


def joined(tx: Tx, principal_id: str) -> list[str]:
    """The IDs of the workspaces that a user or role is in."""
    return [row.workspace_id for row in tx.rows(_JOINED, account=tx.account_id, principal=principal_id)]


def levels(tx: Tx, principal_id: str) -> dict[str, str]:
    """The level of a user or role in each workspace that it is in, by the workspace's ID."""
    return {row.workspace_id: row.level for row in tx.rows(_LEVELS, account=tx.account_id, principal=principal_id)}


def member(tx: Tx, workspace_id: str, principal_id: str) -> sa.Row[Any] | None:
    """The membership of a user or role."""
    return tx.row(_MEMBER, workspace=workspace_id, principal=principal_id)


def members(tx: Tx, workspace_id: str, after: str, most: int) -> list[sa.Row[Any]]:
    """Memberships in order of principal ID, behind `after`, each with the principal's name (None: it is gone)."""
    return tx.rows(_MEMBERS, workspace=workspace_id, after=after, most=most)


def add_member(tx: Tx, workspace_id: str, principal_id: str, **values: object) -> None:
    """Add a membership; `values` holds principal_kind, level, pages and display_name.

    The generation is a random number, so that a temporary key from before an earlier removal stays dead.
    """
    tx.run(
        _ADD_MEMBER,
        workspace_id=workspace_id,
        principal_id=principal_id,
        account_id=tx.account_id,
        generation=secrets.randbits(62),
        created_at=tx.now,
        updated_at=tx.now,
        **values,
    )
    tx.touch("workspace", workspace_id)


def forget(tx: Tx, principal_id: str) -> None:
    """End what a user or role that is deleted has in workspaces: its memberships, and its API keys for good."""
    api_key_store.delete_of(tx, principal_id)
    for workspace_id in joined(tx, principal_id):
        remove_member(tx, workspace_id, principal_id)


def update_member(tx: Tx, workspace_id: str, principal_id: str, **values: object) -> None:
    """Change columns of a membership."""
    changed = sa.update(workspace_members).where(
        workspace_members.c.workspace_id == workspace_id, workspace_members.c.principal_id == principal_id
    )
    tx.run(changed.values(updated_at=tx.now, **values))
    tx.touch("workspace", workspace_id)


def remove_member(tx: Tx, workspace_id: str, principal_id: str) -> None:
    """Remove a membership."""
    tx.run(_REMOVE_MEMBER, workspace=workspace_id, principal=principal_id)
    tx.touch("workspace", workspace_id)
