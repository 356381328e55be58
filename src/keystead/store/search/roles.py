"""Statements of the list of roles with their policies counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store import action_uses
from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Found, Slice
from keystead.store.tables import attachments, roles, service_linked_roles

_C = roles.c
ORDERS = {
    "RoleName": (_C.name_key,),
    "CreateDate": (_C.created_at, _C.id),
    "MaxSessionDuration": (_C.max_session_duration, _C.id),
}
_ROWS = sa.select(
    roles,
    paging.counted(attachments, attachments.c.entity_id, _C.id, "policies"),
    sa.exists().where(service_linked_roles.c.role_id == _C.id).label("service_linked"),
).where(_C.id.in_(sa.bindparam("ids", expanding=True)))


def search(tx: Tx, query: str, cut: Slice, unused_days: int | None = None) -> Found:
    """The IDs of the roles on a page; unused_days: of those that are older and did nothing for so long."""
    named = paging.named(tx, query, _C.id, [_C.name_key], [_C.description])
    if unused_days is not None:
        named += [_C.created_at < tx.now - unused_days * 86_400, action_uses.unused_since(tx, _C.id, unused_days)]
    return paging.find(tx, sa.select(_C.id).where(_C.account_id == tx.account_id), named, ORDERS[cut.sort], cut)


def rows(tx: Tx, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These roles in this order, with `policies`, how many they have, and `service_linked`."""
    return paging.in_order(ids, tx.rows(_ROWS, ids=list(ids)))
