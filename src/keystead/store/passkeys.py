"""Statements over passkeys."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import passkeys

_MINE = passkeys.c.account_id == sa.bindparam("account")
_USER = passkeys.c.user_id == sa.bindparam("user")
_ID = passkeys.c.id == sa.bindparam("passkey")
_OF_USER = sa.select(passkeys).where(_MINE, _USER).order_by(passkeys.c.created_at, passkeys.c.id)
_GET = sa.select(passkeys).where(_MINE, _USER, _ID)
_BY_CREDENTIAL = sa.select(passkeys).where(passkeys.c.credential_id == sa.bindparam("credential"))
_INSERT = sa.insert(passkeys)
_RENAME = sa.update(passkeys).where(_MINE, _ID).values(name=sa.bindparam("to"))
_USED = sa.update(passkeys).where(_ID).values(used_at=sa.bindparam("at"), sign_count=sa.bindparam("count"))
_DELETE = sa.delete(passkeys).where(_MINE, _ID)


def of_user(tx: Tx, user_id: str) -> list[sa.Row[Any]]:
    """A user's passkeys, the oldest first."""
    return tx.rows(_OF_USER, account=tx.account_id, user=user_id)


def get(tx: Tx, user_id: str, passkey_id: str) -> sa.Row[Any] | None:
    """The user's passkey of that ID."""
    return tx.row(_GET, account=tx.account_id, user=user_id, passkey=passkey_id)


def by_credential(tx: Tx, credential_id: bytes) -> sa.Row[Any] | None:
    """The passkey of that credential ID, of any account."""
    return tx.row(_BY_CREDENTIAL, credential=credential_id)


def insert(
    tx: Tx, passkey_id: str, user_id: str, name: str, credential_id: bytes, public_key: bytes, sign_count: int
) -> None:
    """Add a passkey."""
    tx.run(
        _INSERT,
        id=passkey_id,
        account_id=tx.account_id,
        user_id=user_id,
        credential_id=credential_id,
        public_key=public_key,
        sign_count=sign_count,
        name=name,
        created_at=tx.now,
        used_at=None,
    )


def rename(tx: Tx, passkey_id: str, name: str) -> None:
    """Give a passkey another name."""
    tx.run(_RENAME, account=tx.account_id, passkey=passkey_id, to=name)


def used(tx: Tx, passkey_id: str, sign_count: int) -> None:
    """Note a log-on and the authenticator's counter."""
    tx.run(_USED, passkey=passkey_id, at=tx.now, count=sign_count)


def delete(tx: Tx, passkey_id: str) -> None:
    """Remove a passkey."""
    tx.run(_DELETE, account=tx.account_id, passkey=passkey_id)
