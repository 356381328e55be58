"""Statements over the account's own password, by which the account itself opens the console."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import accounts, owner_logons

_ACCOUNT = owner_logons.c.account_id == sa.bindparam("account")
_GET = sa.select(owner_logons).where(_ACCOUNT)
_INSERT = sa.insert(owner_logons)
_DELETE = sa.delete(owner_logons).where(_ACCOUNT)
_LOGGED_ON = (
    sa.update(owner_logons)
    .where(_ACCOUNT)
    .values(last_login_at=sa.bindparam("at"), last_login_address=sa.bindparam("address"))
)
_BY_TOKEN = sa.select(accounts).where(accounts.c.setup_token == sa.bindparam("token"))
_SET_TOKEN = (
    sa.update(accounts).where(accounts.c.id == sa.bindparam("account")).values(setup_token=sa.bindparam("token"))
)
_UNUSED = sa.select(sa.func.count()).select_from(accounts).where(accounts.c.setup_token.is_not(None))


def get(tx: Tx) -> sa.Row[Any] | None:
    """The password of the transaction's account, None before it was set."""
    return tx.row(_GET, account=tx.account_id)


def put(tx: Tx, password_hash: str) -> None:
    """Store the argon2id text of a new password in place of the one before."""
    before = get(tx)
    tx.run(_DELETE, account=tx.account_id)
    tx.run(
        _INSERT,
        account_id=tx.account_id,
        password_hash=password_hash,
        password_set_at=tx.now,
        last_login_at=before.last_login_at if before else None,
        last_login_address=before.last_login_address if before else "",
    )


def logged_on(tx: Tx, address: str) -> None:
    """Note a log-on of the account itself."""
    tx.run(_LOGGED_ON, account=tx.account_id, at=tx.now, address=address[:64])


def account_of_token(tx: Tx, token: bytes) -> sa.Row[Any] | None:
    """The account whose unused set-up token has this digest."""
    return tx.row(_BY_TOKEN, token=token)


def set_token(tx: Tx, token: bytes | None) -> None:
    """Store the digest of the account's set-up token, or None where it is used up."""
    tx.run(_SET_TOKEN, account=tx.account_id, token=token)


def unused_tokens(tx: Tx) -> int:
    """How many accounts still wait for their set-up."""
    return int(tx.connection.execute(_UNUSED).scalar_one())
