"""Statements over roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store import tags, workspaces
from keystead.store.database import Tx
from keystead.store.tables import attachments, roles

_GET = sa.select(roles).where(
    roles.c.account_id == sa.bindparam("account"), roles.c.name_key == sa.bindparam("name_key")
)
_BY_ID = sa.select(roles).where(roles.c.account_id == sa.bindparam("account"), roles.c.id == sa.bindparam("role"))
_PAGE = (
    sa.select(roles)
    .where(roles.c.account_id == sa.bindparam("account"), roles.c.name_key > sa.bindparam("after"))
    .order_by(roles.c.name_key)
    .limit(sa.bindparam("most"))
)
_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(roles.c.id).where(roles.c.account_id == sa.bindparam("account")).limit(sa.bindparam("most")).subquery()
)
_INSERT = sa.insert(roles)
_DELETE = sa.delete(roles).where(roles.c.id == sa.bindparam("role"), roles.c.account_id == sa.bindparam("account"))
_POLICIES = sa.select(sa.func.count()).select_from(attachments).where(attachments.c.entity_id == sa.bindparam("role"))


def get(tx: Tx, name: str) -> sa.Row[Any] | None:
    """The account's role of that name, without regard to case."""
    return tx.row(_GET, account=tx.account_id, name_key=name.lower())


def by_id(tx: Tx, role_id: str) -> sa.Row[Any] | None:
    """The account's role of that ID."""
    return tx.row(_BY_ID, account=tx.account_id, role=role_id)


def page(tx: Tx, after: str, most: int, tagged: Sequence[tuple[str, str | None]] = ()) -> list[sa.Row[Any]]:
    """Roles in order of name, after the name key `after`, at most `most`; `tagged`: with all these tags."""
    return tx.rows(_PAGE.where(*tags.holding(roles.c.id, tagged)), account=tx.account_id, after=after, most=most)


def count(tx: Tx, most: int) -> int:
    """How many roles the account has, counted up to `most`."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id, "most": most}).scalar_one())


def insert(tx: Tx, role_id: str, name: str, values: dict[str, object]) -> None:
    """Add a role; `values` holds description, trust_policy, max_session_duration, allow_console_login."""
    tx.run(
        _INSERT,
        id=role_id,
        account_id=tx.account_id,
        name=name,
        name_key=name.lower(),
        created_at=tx.now,
        updated_at=tx.now,
        **values,
    )
    tx.touch("role", role_id)


def update(tx: Tx, role_id: str, values: dict[str, object]) -> None:
    """Change columns of a role; `values` may hold the names that `insert` takes."""
    mine = (roles.c.id == role_id, roles.c.account_id == tx.account_id)
    tx.run(sa.update(roles).where(*mine).values(updated_at=tx.now, **values))
    tx.touch("role", role_id)


def policies(tx: Tx, role_id: str) -> int:
    """How many policies are attached to a role."""
    return int(tx.connection.execute(_POLICIES, {"role": role_id}).scalar_one())


def delete(tx: Tx, role_id: str) -> None:
    """Remove a role that nothing hangs on, with its tags, its memberships of workspaces and its API keys."""
    workspaces.forget(tx, role_id)
    tags.clear(tx, "role", role_id)
    tx.run(_DELETE, role=role_id, account=tx.account_id)
    tx.touch("role", role_id)
