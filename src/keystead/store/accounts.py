"""Statements over accounts and the facts of the instance."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import accounts, instance

_GET = sa.select(accounts).where(accounts.c.id == sa.bindparam("account"))
_BY_ALIAS = sa.select(accounts).where(accounts.c.alias == sa.bindparam("alias"))
_ALL = sa.select(accounts).order_by(accounts.c.created_at, accounts.c.id)
_INSERT = sa.insert(accounts)
_SET_ALIAS = sa.update(accounts).where(accounts.c.id == sa.bindparam("account")).values(alias=sa.bindparam("to"))
_USERS = sa.select(accounts.c.users_count).where(accounts.c.id == sa.bindparam("account"))
_ADD_USERS = (
    sa.update(accounts)
    .where(accounts.c.id == sa.bindparam("account"))
    .values(users_count=accounts.c.users_count + sa.bindparam("more"))
)
_FACT = sa.select(instance.c.value).where(instance.c.key == sa.bindparam("name"))
_SET_FACT = sa.insert(instance)


def get(tx: Tx, account_id: str) -> sa.Row[Any] | None:
    """An account by its ID."""
    return tx.row(_GET, account=account_id)


def by_alias(tx: Tx, alias: str) -> sa.Row[Any] | None:
    """The account with that alias."""
    return tx.row(_BY_ALIAS, alias=alias)


def alias(tx: Tx) -> str:
    """The alias of the transaction's account; its ID where none was set."""
    row = get(tx, tx.account_id)
    return str(row.alias) if row else tx.account_id


def every(tx: Tx) -> list[sa.Row[Any]]:
    """All accounts, the oldest first."""
    return tx.rows(_ALL)


def insert(tx: Tx, account_id: str, alias: str, setup_token: bytes) -> None:
    """Add an account; `setup_token` is the digest of its one-time token."""
    tx.run(_INSERT, id=account_id, alias=alias, created_at=tx.now, setup_token=setup_token)


def set_alias(tx: Tx, alias: str) -> None:
    """Change the alias of the transaction's account."""
    tx.run(_SET_ALIAS, account=tx.account_id, to=alias)
    tx.touch("account", tx.account_id)


def users(tx: Tx) -> int:
    """How many users the transaction's account has, without counting them."""
    return int(tx.connection.execute(_USERS, {"account": tx.account_id}).scalar_one())


def add_users(tx: Tx, more: int) -> None:
    """Say that the transaction's account has so many users more, or less; every insert and delete of one says so."""
    tx.run(_ADD_USERS, account=tx.account_id, more=more)


def fact(tx: Tx, key: str) -> bytes | None:
    """A fact about this instance."""
    row = tx.row(_FACT, name=key)
    return bytes(row.value) if row else None


def set_fact(tx: Tx, key: str, value: bytes) -> None:
    """Store a fact that is not there yet."""
    tx.run(_SET_FACT, key=key, value=value)
