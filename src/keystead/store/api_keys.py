"""Statements over API keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store import accounts
from keystead.store.database import Tx
from keystead.store.tables import api_keys, usage_limits, workspaces

_MINE = api_keys.c.account_id == sa.bindparam("account")
_WITH_NAME = sa.select(api_keys, workspaces.c.name.label("workspace_name")).select_from(
    api_keys.join(workspaces, workspaces.c.id == api_keys.c.workspace_id)
)
_GET = _WITH_NAME.where(_MINE, api_keys.c.id == sa.bindparam("key"))
_BY_DIGEST = sa.select(api_keys).where(
    _MINE, (api_keys.c.digest == sa.bindparam("digest")) | (api_keys.c.old_digest == sa.bindparam("digest"))
)
_EXISTS = sa.select(api_keys.c.id).where(api_keys.c.id == sa.bindparam("key"))
_INSERT = sa.insert(api_keys)
_DELETE = sa.delete(api_keys).where(_MINE, api_keys.c.id == sa.bindparam("key"))
_OF_OWNER = sa.select(api_keys.c.id).where(_MINE, api_keys.c.owner_id == sa.bindparam("owner"))
_OF_OWNER_HERE = (
    sa.select(api_keys.c.id, api_keys.c.generation)
    .where(_MINE, api_keys.c.owner_id == sa.bindparam("owner"), api_keys.c.workspace_id == sa.bindparam("workspace"))
    .order_by(api_keys.c.id)
)


def get(tx: Tx, key_id: int) -> sa.Row[Any] | None:
    """The account's key of that ID, with the name of its workspace."""
    return tx.row(_GET, account=tx.account_id, key=key_id)


def by_digest(tx: Tx, digest: bytes) -> sa.Row[Any] | None:
    """The account's key that has, or had before its last rotation, the value of that digest."""
    return tx.row(_BY_DIGEST, account=tx.account_id, digest=digest)


def is_taken(tx: Tx, key_id: int) -> bool:
    """Whether any account has a key of that ID."""
    return tx.row(_EXISTS, key=key_id) is not None


def owned_by(owner_id: str) -> sa.ColumnElement[bool]:
    """The condition that a key is this owner's."""
    return api_keys.c.owner_id == owner_id


def matching(
    workspace_id: str = "",
    among: Sequence[str] | None = None,
    administered: Sequence[str] = (),
    owner_id: str = "",
    key_id: int | None = None,
    description: str = "",
) -> list[sa.ColumnElement[bool]]:
    """The conditions of a list.

    among: only in these workspaces.  owner_id: only this owner's, but in the `administered` workspaces everybody's.
    description: a part of it.
    """
    found: list[sa.ColumnElement[bool]] = []
    if workspace_id:
        found.append(api_keys.c.workspace_id == workspace_id)
    if among is not None:
        found.append(api_keys.c.workspace_id.in_(among))
    if owner_id:
        found.append((api_keys.c.owner_id == owner_id) | api_keys.c.workspace_id.in_(administered))
    if key_id is not None:
        found.append(api_keys.c.id == key_id)
    if description:
        found.append(api_keys.c.description.contains(description, autoescape=True))
    return found


def page(
    tx: Tx,
    where: list[sa.ColumnElement[bool]],
    most: int,
    after: tuple[int, int] | None,
    *,
    by_id: bool,
    ascending: bool,
) -> list[sa.Row[Any]]:
    """Keys in order of ID or of creation, behind `after` = (created_at, id)."""
    columns = (api_keys.c.id,) if by_id else (api_keys.c.created_at, api_keys.c.id)
    statement = _WITH_NAME.where(_MINE, *where)
    if after is not None:
        here, there = sa.tuple_(*columns), sa.tuple_(*([after[1]] if by_id else after))
        statement = statement.where(here > there if ascending else here < there)
    order = [each.asc() if ascending else each.desc() for each in columns]
    return tx.rows(statement.order_by(*order).limit(most), account=tx.account_id)


def total(tx: Tx, where: list[sa.ColumnElement[bool]]) -> int:
    """How many keys a list has."""
    counted = sa.select(sa.func.count()).select_from(api_keys).where(_MINE, *where)
    return int(tx.connection.execute(counted, {"account": tx.account_id}).scalar_one())


def insert(tx: Tx, key_id: int, **values: object) -> None:
    """Add a key; `values` holds workspace_id, the owner, description, digest, prefix, last_four,
    scope and expires_at."""
    tx.run(
        _INSERT,
        id=key_id,
        account_id=tx.account_id,
        disabled=False,
        generation=0,
        created_at=tx.now,
        updated_at=tx.now,
        **values,
    )
    accounts.add(tx, "api_keys", 1)
    tx.touch("apikey", str(key_id))


def update(tx: Tx, key_id: int, **values: object) -> None:
    """Change columns of a key.  With another expiry the warnings before it begin anew."""
    if "expires_at" in values:
        values["warned_days"] = None
    changed = sa.update(api_keys).where(api_keys.c.account_id == tx.account_id, api_keys.c.id == key_id)
    tx.run(changed.values(updated_at=tx.now, **values))
    tx.touch("apikey", str(key_id))


def hand_over(tx: Tx, workspace_id: str, owner_id: str, kind: str, heir_id: str) -> list[int]:
    """Give an owner's keys in a workspace to another one; returns their IDs.  Their temporary keys end."""
    rows = tx.rows(_OF_OWNER_HERE, account=tx.account_id, owner=owner_id, workspace=workspace_id)
    for row in rows:
        update(tx, row.id, owner_kind=kind, owner_id=heir_id, generation=row.generation + 1)
    return [row.id for row in rows]


def delete(tx: Tx, key_id: int) -> None:
    """Remove a key with its limits."""
    tx.run(
        sa.delete(usage_limits).where(
            usage_limits.c.account_id == tx.account_id,
            usage_limits.c.scope == "key",
            usage_limits.c.scope_id == str(key_id),
        )
    )
    accounts.add(tx, "api_keys", -tx.run(_DELETE, account=tx.account_id, key=key_id))
    tx.touch("apikey", str(key_id))


def delete_of(tx: Tx, owner_id: str) -> None:
    """Remove every key of a user or role that is deleted, so that one who comes back has none."""
    for row in tx.rows(_OF_OWNER, account=tx.account_id, owner=owner_id):
        delete(tx, row.id)
