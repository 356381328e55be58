"""Statements of the lists of deleted users and AccessKey pairs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Slice
from keystead.store.tables import recycled_keys, recycled_users, users

_U, _K = recycled_users.c, recycled_keys.c
USER_ORDERS = {"RecycleDate": (_U.recycled_at, _U.id), "UserName": (_U.name_key, _U.id)}
KEY_ORDERS = {"RecycleDate": (_K.recycled_at, _K.id)}
_USERS = sa.select(_U.id, _U.name, _U.display_name, _U.created_at, _U.recycled_at, _U.recycled_by)
_KEYS = sa.select(
    _K.id,
    _K.user_id,
    sa.func.coalesce(users.c.name, _U.name).label("user_name"),
    users.c.id.is_(None).label("user_recycled"),
    _K.note,
    _K.created_at,
    _K.used_at,
    _K.recycled_at,
    _K.recycled_by,
).select_from(recycled_keys.outerjoin(users, users.c.id == _K.user_id).outerjoin(recycled_users, _U.id == _K.user_id))


def deleted_users(tx: Tx, query: str, cut: Slice) -> tuple[list[sa.Row[Any]], int]:
    """The deleted users on a page, and how many there are."""
    named = paging.named(tx, query, _U.id, [_U.name_key], [_U.display_name])
    return paging.page(tx, _USERS.where(_U.account_id == tx.account_id), named, USER_ORDERS[cut.sort], cut)


def deleted_keys(tx: Tx, query: str, cut: Slice) -> tuple[list[sa.Row[Any]], int]:
    """The deleted pairs on a page, each with the name of its user, who may be deleted too, and how many there are.

    query: how the ID begins, or a part of the note or of the user's name.
    """
    named = paging.named(tx, query, _K.id, [users.c.name_key, _U.name_key], [_K.note])
    return paging.page(tx, _KEYS.where(_K.account_id == tx.account_id), named, KEY_ORDERS[cut.sort], cut)
