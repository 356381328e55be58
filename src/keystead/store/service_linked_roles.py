"""Statements over service-linked roles: which service a role belongs to, and the tasks that deleted such roles."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import role_deletions, roles, service_linked_roles

_SERVICE = sa.select(service_linked_roles.c.service_name).where(
    service_linked_roles.c.role_id == sa.bindparam("role"),
    service_linked_roles.c.account_id == sa.bindparam("account"),
)
_OF_SERVICE = (
    sa.select(roles.c.name)
    .select_from(service_linked_roles.join(roles, roles.c.id == service_linked_roles.c.role_id))
    .where(
        service_linked_roles.c.account_id == sa.bindparam("account"),
        service_linked_roles.c.service_name == sa.bindparam("service"),
    )
)
_INSERT = sa.insert(service_linked_roles)
_DELETE = sa.delete(service_linked_roles).where(
    service_linked_roles.c.role_id == sa.bindparam("role"), service_linked_roles.c.account_id == sa.bindparam("account")
)
_ADD_TASK = sa.insert(role_deletions)
_LATEST = (
    sa.select(role_deletions)
    .where(
        role_deletions.c.account_id == sa.bindparam("account"), role_deletions.c.name_key == sa.bindparam("name_key")
    )
    .order_by(role_deletions.c.created_at.desc(), role_deletions.c.id)
    .limit(1)
)


def service_of(tx: Tx, role_id: str) -> str | None:
    """The service that a role belongs to; None for an ordinary role."""
    row = tx.row(_SERVICE, role=role_id, account=tx.account_id)
    return str(row.service_name) if row else None


def of_service(tx: Tx, service_name: str) -> sa.Row[Any] | None:
    """The (name) of a role that a service has already."""
    return tx.row(_OF_SERVICE, account=tx.account_id, service=service_name)


def link(tx: Tx, role_id: str, service_name: str) -> None:
    """Say that a role belongs to a service."""
    tx.run(_INSERT, role_id=role_id, account_id=tx.account_id, service_name=service_name)
    tx.touch("role", role_id)


def unlink(tx: Tx, role_id: str) -> None:
    """Take the role from its service, before the role itself is deleted."""
    tx.run(_DELETE, role=role_id, account=tx.account_id)
    tx.touch("role", role_id)


def add_deletion(tx: Tx, task_id: str, role_name: str) -> None:
    """Remember a deletion task."""
    tx.run(_ADD_TASK, id=task_id, account_id=tx.account_id, name_key=role_name.lower(), created_at=tx.now)


def latest_deletion(tx: Tx, role_name: str) -> sa.Row[Any] | None:
    """The (id, created_at) of the latest task that deleted a role of that name."""
    return tx.row(_LATEST, account=tx.account_id, name_key=role_name.lower())
