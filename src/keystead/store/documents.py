"""Small documents that an account has one of each: password policy, security preference, and the like."""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import account_documents

_GET = sa.select(account_documents.c.document).where(
    account_documents.c.account_id == sa.bindparam("account"), account_documents.c.kind == sa.bindparam("which")
)
_DELETE = sa.delete(account_documents).where(
    account_documents.c.account_id == sa.bindparam("account"), account_documents.c.kind == sa.bindparam("which")
)
_INSERT = sa.insert(account_documents)


def get(tx: Tx, kind: str, account_id: str | None = None) -> str | None:
    """The document of that kind as JSON text, or None where the account (by default the transaction's) has none."""
    row = tx.row(_GET, account=account_id or tx.account_id, which=kind)
    return str(row.document) if row else None


def put(tx: Tx, kind: str, document: str) -> None:
    """Store the document in place of the one before; every caller of the account is loaded again."""
    tx.run(_DELETE, account=tx.account_id, which=kind)
    tx.run(_INSERT, account_id=tx.account_id, kind=kind, document=document, updated_at=tx.now)
    tx.touch("account", tx.account_id)
