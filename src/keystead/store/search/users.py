"""Statements of the list of users with how they sign in, their pairs, groups and tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Found, Slice
from keystead.store.tables import access_keys, group_members, groups, login_profiles, mfa_devices, tags, users
from keystead.store.user_access import has_pair

_C = users.c
_ID = re.compile(r"[0-9]{18}")
ORDERS = {
    "UserName": (_C.name_key,),
    "DisplayName": (_C.display_name, _C.id),
    "CreateDate": (_C.created_at, _C.id),
    "LastActivityDate": (_C.active_at, _C.id),
}
"""What the list can be sorted by; an index leads each."""

_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_ROWS = (
    sa.select(users, login_profiles.c.status.label("profile"), mfa_devices.c.id.label("device"))
    .select_from(
        users.outerjoin(login_profiles, login_profiles.c.user_id == _C.id).outerjoin(
            mfa_devices, mfa_devices.c.user_id == _C.id
        )
    )
    .where(_C.id.in_(_IDS))
)
_KEYS = sa.select(access_keys.c.user_id, access_keys.c.status, access_keys.c.expires_at, access_keys.c.used_at).where(
    access_keys.c.user_id.in_(_IDS)
)
_GROUPS = (
    sa.select(group_members.c.user_id, groups.c.name)
    .join(groups, groups.c.id == group_members.c.group_id)
    .where(group_members.c.user_id.in_(_IDS))
    .order_by(groups.c.name_key)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What users are asked for; what is empty or None is not.

    access: console, accesskey, both or none.  group_id: members of it.  idle_since: not active since then (seconds).
    """

    query: str = ""
    status: str = ""
    access: str = ""
    mfa: bool | None = None
    group_id: str = ""
    tag_key: str = ""
    tag_value: str | None = None
    idle_since: int | None = None


def search(tx: Tx, wanted: Wanted, cut: Slice) -> Found:
    """The IDs of the users on a page; a whole ID is looked for by itself first."""
    if _ID.fullmatch(wanted.query):
        only = replace(wanted, query="")
        found = _find(tx, only, [_C.id == wanted.query], cut)
        if found.total:
            return found
    return _find(tx, wanted, [], cut)


def _find(tx: Tx, wanted: Wanted, more: list[sa.ColumnElement[bool]], cut: Slice) -> Found:
    where = more + paging.named(tx, wanted.query, _C.id, [_C.name_key], [_C.display_name])
    if wanted.status:
        where.append(_C.status == wanted.status)
    if wanted.access:
        where += _access(tx, wanted.access)
    if wanted.mfa is not None:
        where.append(_C.mfa_bound if wanted.mfa else ~_C.mfa_bound)
    if wanted.group_id:
        where.append(_C.id.in_(sa.select(group_members.c.user_id).where(group_members.c.group_id == wanted.group_id)))
    if wanted.tag_key:
        where.append(_C.id.in_(_tagged(tx, wanted)))
    if wanted.idle_since is not None:
        where.append(paging.scanned(_C.active_at) < wanted.idle_since)
    return paging.find(tx, sa.select(_C.id).where(_C.account_id == tx.account_id), where, ORDERS[cut.sort], cut)


def _access(tx: Tx, word: str) -> list[sa.ColumnElement[bool]]:
    """By which ways the user gets in: `console` and `accesskey` each mean that way alone."""
    console, pair = _C.console_access, has_pair(tx.now)
    return [
        console if word in ("console", "both") else ~console,
        pair if word in ("accesskey", "both") else ~pair,
    ]


def _tagged(tx: Tx, wanted: Wanted) -> sa.Select[Any]:
    chosen = sa.select(tags.c.entity_id).where(
        tags.c.account_id == tx.account_id, tags.c.entity_kind == "user", tags.c.tag_key == wanted.tag_key
    )
    return chosen if wanted.tag_value is None else chosen.where(tags.c.tag_value == wanted.tag_value)


def rows(tx: Tx, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These users in this order, each with the status of its login profile and the ID of its MFA device, or None."""
    return paging.in_order(ids, tx.rows(_ROWS, ids=list(ids)))


def keys_of(tx: Tx, ids: Sequence[str]) -> dict[str, list[sa.Row[Any]]]:
    """The AccessKey pairs of each of these users: status, expires_at, used_at."""
    return _by_first(tx.rows(_KEYS, ids=list(ids)))


def groups_of(tx: Tx, ids: Sequence[str]) -> dict[str, list[sa.Row[Any]]]:
    """The groups that each of these users is in, by name."""
    return _by_first(tx.rows(_GROUPS, ids=list(ids)))


def _by_first(found: Sequence[sa.Row[Any]]) -> dict[str, list[sa.Row[Any]]]:
    sorted_: dict[str, list[sa.Row[Any]]] = {}
    for row in found:
        sorted_.setdefault(row[0], []).append(row)
    return sorted_
