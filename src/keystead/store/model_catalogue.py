"""Statements over which models a workspace may call, and the catalogue as lists read it."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import models, workspace_models

_ALL = sa.select(models).order_by(models.c.name)
_GRANTS = sa.select(workspace_models).where(workspace_models.c.workspace_id == sa.bindparam("workspace"))
_INSERT = sa.insert(workspace_models)


def every(tx: Tx) -> dict[str, dict[str, Any]]:
    """Every model's details by name, in order of name; `createdAt` (seconds) is among them."""
    return {row.name: {"createdAt": row.created_at, **json.loads(row.details or "{}")} for row in tx.rows(_ALL)}


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
        tx.run(_INSERT, workspace_id=workspace_id, model=model, **granted)
    tx.touch("workspace", workspace_id)
