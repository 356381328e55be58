"""Statements over the models that there are, and which of them a workspace may call."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import models, workspace_models

_ALL = sa.select(models).order_by(models.c.name)
_GET = sa.select(models).where(models.c.name == sa.bindparam("model"))
_GRANTS = sa.select(workspace_models).where(workspace_models.c.workspace_id == sa.bindparam("workspace"))
_REMOVE = sa.delete(models).where(models.c.name == sa.bindparam("model"))


def every(tx: Tx) -> dict[str, dict[str, Any]]:
    """Every model's details by name, in order of name."""
    return {row.name: json.loads(row.details) for row in tx.rows(_ALL)}


def get(tx: Tx, name: str) -> dict[str, Any] | None:
    """The details of the model of that name."""
    row = tx.row(_GET, model=name)
    return json.loads(row.details) if row is not None else None


def put(tx: Tx, name: str, details: dict[str, Any]) -> None:
    """Add a model, or change what is said of it."""
    text = json.dumps(details, ensure_ascii=False)
    if tx.row(_GET, model=name) is None:
        tx.run(sa.insert(models), name=name, details=text, created_at=tx.now, updated_at=tx.now)
    else:
        tx.run(sa.update(models).where(models.c.name == name).values(details=text, updated_at=tx.now))
    tx.touch("model", name)


def remove(tx: Tx, name: str) -> int:
    """Remove a model; what workspaces were granted of it stays, and counts for nothing.  Returns how many went."""
    gone = tx.run(_REMOVE, model=name)
    tx.touch("model", name)
    return gone


def grants(tx: Tx, workspace_id: str) -> dict[str, sa.Row[Any]]:
    """What a workspace was granted, by the model's name."""
    return {row.model: row for row in tx.rows(_GRANTS, workspace=workspace_id)}


def grant(tx: Tx, workspace_id: str, model: str, rights: dict[str, bool]) -> None:
    """Set inference, fine_tune and deploy of a model in a workspace; what is left out stays, or is False."""
    mine = (workspace_models.c.workspace_id == workspace_id) & (workspace_models.c.model == model)
    if model in grants(tx, workspace_id):
        if rights:
            tx.run(sa.update(workspace_models).where(mine).values(**rights))
    else:
        granted = {"inference": False, "fine_tune": False, "deploy": False} | rights
        tx.run(sa.insert(workspace_models), workspace_id=workspace_id, model=model, **granted)
    tx.touch("workspace", workspace_id)
