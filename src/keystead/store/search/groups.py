"""Statements of the list of groups with their members and policies counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Found, Slice
from keystead.store.tables import attachments, group_members, groups

_C = groups.c
ORDERS = {"GroupName": (_C.name_key,), "CreateDate": (_C.created_at, _C.id)}
_ROWS = sa.select(
    groups,
    paging.counted(group_members, group_members.c.group_id, _C.id, "members"),
    paging.counted(attachments, attachments.c.entity_id, _C.id, "policies"),
).where(_C.id.in_(sa.bindparam("ids", expanding=True)))


def search(tx: Tx, query: str, cut: Slice) -> Found:
    """The IDs of the groups on a page."""
    named = paging.named(tx, query, _C.id, [_C.name_key], [_C.display_name])
    return paging.find(tx, sa.select(_C.id).where(_C.account_id == tx.account_id), named, ORDERS[cut.sort], cut)


def rows(tx: Tx, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These groups in this order, with `members` and `policies`, how many there are."""
    return paging.in_order(ids, tx.rows(_ROWS, ids=list(ids)))
