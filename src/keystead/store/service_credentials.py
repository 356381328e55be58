"""Statements over service credentials: what a user presents to one service in place of an AccessKey pair."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import service_credentials, users

_MINE = service_credentials.c.account_id == sa.bindparam("account")
_ID = service_credentials.c.id == sa.bindparam("credential")
_SHOWN = sa.select(service_credentials, users.c.name.label("user_name")).join(
    users, users.c.id == service_credentials.c.user_id
)
_GET = _SHOWN.where(_MINE, _ID)
_PAGE = (
    _SHOWN.where(_MINE, service_credentials.c.id > sa.bindparam("after"))
    .order_by(service_credentials.c.id)
    .limit(sa.bindparam("most"))
)
_COUNT = (
    sa.select(sa.func.count())
    .select_from(service_credentials)
    .where(
        service_credentials.c.user_id == sa.bindparam("user"), service_credentials.c.service == sa.bindparam("service")
    )
)
_INSERT = sa.insert(service_credentials)
_DELETE = sa.delete(service_credentials).where(_MINE, _ID)


def get(tx: Tx, credential_id: str, user_id: str) -> sa.Row[Any] | None:
    """The credential of that ID, with `user_name`, if it is this user's."""
    row = tx.row(_GET, account=tx.account_id, credential=credential_id)
    return row if row is not None and row.user_id == user_id else None


def page(tx: Tx, after: str, most: int, *, user_id: str | None, service: str | None) -> list[sa.Row[Any]]:
    """Credentials in order of ID after `after`, at most `most`; of one user and one service where they are given."""
    statement = _PAGE
    if user_id is not None:
        statement = statement.where(service_credentials.c.user_id == user_id)
    if service is not None:
        statement = statement.where(service_credentials.c.service == service)
    return tx.rows(statement, account=tx.account_id, after=after, most=most)


def count(tx: Tx, user_id: str, service: str) -> int:
    """How many credentials a user has for a service, inactive and expired ones included."""
    return int(tx.connection.execute(_COUNT, {"user": user_id, "service": service}).scalar_one())


def insert(tx: Tx, credential_id: str, user_id: str, values: dict[str, object]) -> None:
    """Add an active credential; `values` holds service, name, digest, expires_at."""
    tx.run(
        _INSERT,
        id=credential_id,
        account_id=tx.account_id,
        user_id=user_id,
        status="Active",
        created_at=tx.now,
        **values,
    )
    tx.touch("service-cred", credential_id)


def update(tx: Tx, credential_id: str, values: dict[str, str]) -> None:
    """Change columns; `values` may hold name and status."""
    changed = (service_credentials.c.account_id == tx.account_id) & (service_credentials.c.id == credential_id)
    tx.run(sa.update(service_credentials).where(changed).values(**values))
    tx.touch("service-cred", credential_id)


def delete(tx: Tx, credential_id: str) -> None:
    """Remove a credential for good."""
    tx.run(_DELETE, account=tx.account_id, credential=credential_id)
    tx.touch("service-cred", credential_id)
