"""Statements over the servers behind models."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import accounts, upstreams
from keystead.store.tables.studio import models

_SHOWN = (*(c for c in upstreams.c if c.name != "sealed_secret"), upstreams.c.sealed_secret.is_not(None).label("keyed"))
_ALL = sa.select(upstreams).order_by(upstreams.c.model, upstreams.c.created_at, upstreams.c.id)
_OF = (
    sa.select(*_SHOWN).where(upstreams.c.model == sa.bindparam("name")).order_by(upstreams.c.created_at, upstreams.c.id)
)
_PLACED = sa.select(*_SHOWN).where(
    upstreams.c.model == sa.bindparam("name"), upstreams.c.url == sa.bindparam("address")
)
_SECRETS = sa.select(upstreams).where(upstreams.c.model == sa.bindparam("name"))
_INSERT = sa.insert(upstreams)
_DELETE_ONE = sa.delete(upstreams).where(upstreams.c.id == sa.bindparam("which"))
_DELETE_ALL = sa.delete(upstreams).where(upstreams.c.model == sa.bindparam("name"))
_FIRST_ACCOUNT = sa.select(accounts.c.id).order_by(accounts.c.created_at, accounts.c.id).limit(1)
_MODELS = sa.select(models).order_by(models.c.name)
_MODEL = sa.select(models).where(models.c.name == sa.bindparam("model"))
_ADD_MODEL = sa.insert(models)
_SET_MODEL = (
    sa.update(models)
    .where(models.c.name == sa.bindparam("model"))
    .values(details=sa.bindparam("text"), updated_at=sa.bindparam("now"))
)
_DROP_MODEL = sa.delete(models).where(models.c.name == sa.bindparam("model"))


def operator_account(tx: Tx) -> str | None:
    """The account that was made first: models and their servers are the instance's, and it is theirs to keep."""
    return tx.connection.execute(_FIRST_ACCOUNT).scalar()


def all_models(tx: Tx) -> list[sa.Row[Any]]:
    """Every model by name."""
    return tx.rows(_MODELS)


def model(tx: Tx, name: str) -> sa.Row[Any] | None:
    """A model's row."""
    return tx.row(_MODEL, model=name)


def put_model(tx: Tx, name: str, details: str) -> None:
    """Add a model, or write its details anew."""
    if tx.run(_SET_MODEL, model=name, text=details, now=tx.now) == 0:
        tx.run(_ADD_MODEL, name=name, details=details, created_at=tx.now, updated_at=tx.now)
    tx.touch("model", name)


def drop_model(tx: Tx, name: str) -> None:
    """Remove a model and its servers."""
    tx.run(_DELETE_ALL, name=name)
    tx.run(_DROP_MODEL, model=name)
    tx.touch("model", name)


def all_upstreams(tx: Tx) -> list[sa.Row[Any]]:
    """Every server with its sealed secret, for the gateway."""
    return tx.rows(_ALL)


def sealed(tx: Tx, name: str) -> list[sa.Row[Any]]:
    """A model's servers with their sealed secrets."""
    return tx.rows(_SECRETS, name=name)


def of_model(tx: Tx, name: str) -> list[sa.Row[Any]]:
    """A model's servers, oldest first; `keyed` says whether there is a secret."""
    return tx.rows(_OF, name=name)


def put(
    tx: Tx, upstream_id: str, name: str, url: str, upstream_model: str, sealed_secret: bytes | None, weight: int
) -> None:
    """Add a server to a model; one at the same address is replaced."""
    for row in tx.rows(_PLACED, name=name, address=url):
        tx.run(_DELETE_ONE, which=row.id)
    tx.run(
        _INSERT,
        id=upstream_id,
        model=name,
        url=url,
        upstream_model=upstream_model,
        sealed_secret=sealed_secret,
        weight=weight,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.touch("model", name)


def remove(tx: Tx, name: str, upstream_id: str) -> bool:
    """Take a server from a model; whether it was there."""
    if upstream_id not in {row.id for row in of_model(tx, name)}:
        return False
    tx.run(_DELETE_ONE, which=upstream_id)
    tx.touch("model", name)
    return True
