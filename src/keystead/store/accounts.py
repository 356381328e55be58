"""Statements over accounts and the facts of the instance."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys, accounts, api_keys, instance, users

_GET = sa.select(accounts).where(accounts.c.id == sa.bindparam("account"))
_BY_ALIAS = sa.select(accounts).where(accounts.c.alias == sa.bindparam("alias"))
_ALL = sa.select(accounts).order_by(accounts.c.created_at, accounts.c.id)
_INSERT = sa.insert(accounts)
_SET_ALIAS = sa.update(accounts).where(accounts.c.id == sa.bindparam("account")).values(alias=sa.bindparam("to"))

Counted = Literal["users", "access_keys", "api_keys"]
"""What an account keeps the number of: to count half a million rows takes too long.  Each insert and delete says so."""

_COUNTED: dict[Counted, sa.Table] = {"users": users, "access_keys": access_keys, "api_keys": api_keys}

RECOUNT = sa.update(accounts).values(
    {
        f"{name}_count": sa.select(sa.func.count()).where(table.c.account_id == accounts.c.id).scalar_subquery()
        for name, table in _COUNTED.items()
    }
)
"""For data that was written past the functions of this part."""

_ADD = {
    name: sa.update(accounts)
    .where(accounts.c.id == sa.bindparam("account"))
    .values({f"{name}_count": accounts.c[f"{name}_count"] + sa.bindparam("more")})
    for name in _COUNTED
}
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


def count(tx: Tx, what: Counted) -> int:
    """How many of those the transaction's account has, without counting them."""
    row = get(tx, tx.account_id)
    return int(row._mapping[f"{what}_count"]) if row else 0


def add(tx: Tx, what: Counted, more: int) -> None:
    """Say that the transaction's account has so many of those more, or less."""
    tx.run(_ADD[what], account=tx.account_id, more=more)


def fact(tx: Tx, key: str) -> bytes | None:
    """A fact about this instance."""
    row = tx.row(_FACT, name=key)
    return bytes(row.value) if row else None


def set_fact(tx: Tx, key: str, value: bytes) -> None:
    """Store a fact that is not there yet."""
    tx.run(_SET_FACT, key=key, value=value)
