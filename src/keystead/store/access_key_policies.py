"""Statements over the network policies of AccessKey pairs; the account's own is an account document."""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store import documents
from keystead.store.database import Tx
from keystead.store.directory import NETWORK_POLICY
from keystead.store.tables import access_keys

_KEY = (access_keys.c.account_id == sa.bindparam("account")) & (access_keys.c.id == sa.bindparam("key"))
_GET = sa.select(access_keys.c.network_policy).where(_KEY)
_PUT = sa.update(access_keys).where(_KEY).values(network_policy=sa.bindparam("document"))


def get(tx: Tx, access_key_id: str) -> str | None:
    """The pair's own policy as JSON text, None where none was ever set."""
    row = tx.row(_GET, account=tx.account_id, key=access_key_id)
    return row.network_policy if row else None


def put(tx: Tx, access_key_id: str, document: str) -> None:
    """Store the pair's own policy in place of the one before."""
    tx.run(_PUT, account=tx.account_id, key=access_key_id, document=document)
    tx.touch("key", access_key_id)


def of_account(tx: Tx) -> str | None:
    """The account's policy as JSON text, None where none was ever set."""
    return documents.get(tx, NETWORK_POLICY)


def put_of_account(tx: Tx, document: str) -> None:
    """Store the account's policy in place of the one before; every caller of the account is loaded again."""
    documents.put(tx, NETWORK_POLICY, document)
