"""Statements over SAML providers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import saml_providers

_GET = sa.select(saml_providers).where(
    saml_providers.c.account_id == sa.bindparam("account"), saml_providers.c.name_key == sa.bindparam("name_key")
)
_BY_ID = sa.select(saml_providers).where(saml_providers.c.id == sa.bindparam("provider"))
_PAGE = (
    sa.select(saml_providers)
    .where(saml_providers.c.account_id == sa.bindparam("account"), saml_providers.c.name_key > sa.bindparam("after"))
    .order_by(saml_providers.c.name_key)
    .limit(sa.bindparam("most"))
)
_COUNT = sa.select(sa.func.count()).where(saml_providers.c.account_id == sa.bindparam("account"))
_INSERT = sa.insert(saml_providers)
_DELETE = sa.delete(saml_providers).where(
    saml_providers.c.id == sa.bindparam("provider"), saml_providers.c.account_id == sa.bindparam("account")
)


def get(tx: Tx, name: str, account_id: str = "") -> sa.Row[Any] | None:
    """The provider of that name, without regard to case; of the transaction's account where none is named."""
    return tx.row(_GET, account=account_id or tx.account_id, name_key=name.lower())


def by_id(tx: Tx, provider_id: str) -> sa.Row[Any] | None:
    """The provider with that ID."""
    return tx.row(_BY_ID, provider=provider_id)


def page(tx: Tx, after: str, most: int) -> list[sa.Row[Any]]:
    """Providers in order of name, after the name key `after`, at most `most`."""
    return tx.rows(_PAGE, account=tx.account_id, after=after, most=most)


def count(tx: Tx) -> int:
    """How many SAML providers the account has."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id}).scalar_one())


def insert(tx: Tx, provider_id: str, name: str, values: dict[str, object]) -> None:
    """Add a provider; `values` holds description, metadata, authn_sign_algo."""
    tx.run(
        _INSERT,
        id=provider_id,
        account_id=tx.account_id,
        name=name,
        name_key=name.lower(),
        created_at=tx.now,
        updated_at=tx.now,
        **values,
    )
    tx.touch("provider", provider_id)


def update(tx: Tx, provider_id: str, values: dict[str, object]) -> None:
    """Change columns of a provider; `values` may hold the names that `insert` takes."""
    mine = (saml_providers.c.id == provider_id, saml_providers.c.account_id == tx.account_id)
    tx.run(sa.update(saml_providers).where(*mine).values(updated_at=tx.now, **values))
    tx.touch("provider", provider_id)


def delete(tx: Tx, provider_id: str) -> None:
    """Remove a provider."""
    tx.run(_DELETE, provider=provider_id, account=tx.account_id)
    tx.touch("provider", provider_id)
