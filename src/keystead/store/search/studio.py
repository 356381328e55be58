"""Statements of the lists of applications and API keys, and of the calls of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Found, Slice
from keystead.store.tables import agents, api_keys, roles, usage, usage_limits, users, workspace_models, workspaces

_A = agents.c
APPLICATION_ORDERS = {
    "Name": (sa.func.lower(_A.name), _A.id),
    "CreateDate": (_A.created_at, _A.id),
    "UpdateDate": (_A.updated_at, _A.id),
}
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_SINCE: sa.BindParameter[int] = sa.bindparam("since", type_=sa.BigInteger)
_MINE = usage.c.account_id == sa.bindparam("account")
_APPLICATIONS = sa.select(_A.id, _A.name, _A.model, _A.created_at, _A.updated_at).where(_A.id.in_(_IDS))
_APPLICATION_CALLS = (
    sa.select(usage.c.application_id.label("id"), sa.func.count().label("calls"))
    .where(
        _MINE,
        usage.c.workspace_id == sa.bindparam("workspace"),
        usage.c.at >= _SINCE,
        usage.c.application_id.in_(_IDS),
    )
    .group_by(usage.c.application_id)
)
_MODEL_CALLS = (
    sa.select(usage.c.model.label("id"), sa.func.count().label("calls"))
    .where(_MINE, usage.c.model.in_(_IDS), usage.c.at >= _SINCE)
    .group_by(usage.c.model)
)
_GRANTED = (
    sa.select(workspace_models.c.model, sa.func.count().label("workspaces"))
    .join(workspaces, workspaces.c.id == workspace_models.c.workspace_id)
    .where(
        workspaces.c.account_id == sa.bindparam("account"),
        workspace_models.c.inference,
        workspace_models.c.model.in_(_IDS),
        ~workspaces.c.all_models,
        ~workspaces.c.is_default,
    )
    .group_by(workspace_models.c.model)
)
_OPEN = (
    sa.select(sa.func.count())
    .select_from(workspaces)
    .where(workspaces.c.account_id == sa.bindparam("account"), workspaces.c.all_models | workspaces.c.is_default)
)

_K = api_keys.c
API_KEY_ORDERS = {
    "CreateDate": (_K.created_at, _K.id),
    "Name": (_K.description, _K.id),
    "Expires": (_K.expires_at, _K.id),
}
"""What API keys can be sorted by; those that do not expire come after all that do."""
_LAST_USED = (
    sa.select(usage.c.at)
    .where(usage.c.account_id == _K.account_id, usage.c.key_id == _K.id)
    .order_by(usage.c.at.desc())
    .limit(1)
    .scalar_subquery()
)
_KEYS = (
    sa.select(
        _K.id,
        _K.workspace_id,
        workspaces.c.name.label("workspace_name"),
        _K.owner_kind,
        _K.owner_id,
        sa.func.coalesce(users.c.name, roles.c.name).label("owner_name"),
        users.c.status.label("owner_status"),
        _K.description,
        _K.prefix,
        _K.last_four,
        _K.old_until,
        _K.scope,
        _K.disabled,
        _K.disabled_reason,
        _K.expires_at,
        _K.created_at,
        _K.updated_at,
        _LAST_USED.label("used_at"),
    )
    .select_from(
        api_keys.join(workspaces, workspaces.c.id == _K.workspace_id)
        .outerjoin(users, users.c.id == _K.owner_id)
        .outerjoin(roles, roles.c.id == _K.owner_id)
    )
    .where(_K.id.in_(_IDS))
)
_LIMITS = (
    sa.select(usage_limits)
    .where(
        usage_limits.c.account_id == sa.bindparam("account"),
        usage_limits.c.scope == "key",
        usage_limits.c.scope_id.in_(_IDS),
    )
    .order_by(usage_limits.c.scope_id, usage_limits.c.measure, usage_limits.c.period, usage_limits.c.model)
)


def applications(tx: Tx, workspace_id: str, query: str, cut: Slice) -> tuple[list[sa.Row[Any]], int]:
    """The applications of a workspace on a page, and how many it has."""
    chosen = sa.select(_A.id).where(_A.account_id == tx.account_id, _A.workspace_id == workspace_id)
    named = paging.named(tx, query, _A.id, [], [_A.name, _A.model])
    found = paging.find(tx, chosen, named, APPLICATION_ORDERS[cut.sort], cut)
    return paging.in_order(found.ids, tx.rows(_APPLICATIONS, ids=found.ids) if found.ids else []), found.total


def application_calls(tx: Tx, workspace_id: str, ids: Sequence[str], since_ms: int) -> dict[str, int]:
    """How often each of these applications was called since a time; one that was not is not in the answer."""
    given = {"account": tx.account_id, "workspace": workspace_id, "ids": list(ids), "since": since_ms}
    return {row.id: row.calls for row in tx.rows(_APPLICATION_CALLS, **given)} if ids else {}


def model_calls(tx: Tx, names: Sequence[str], since_ms: int) -> dict[str, int]:
    """How often the account called each of these models since a time; one that it did not is not in the answer."""
    given = {"account": tx.account_id, "ids": list(names), "since": since_ms}
    return {row.id: row.calls for row in tx.rows(_MODEL_CALLS, **given)} if names else {}


def workspaces_of(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """How many of the account's workspaces may call each of these models."""
    if not names:
        return {}
    everywhere = int(tx.connection.execute(_OPEN, {"account": tx.account_id}).scalar_one())
    granted = {row.model: row.workspaces for row in tx.rows(_GRANTED, account=tx.account_id, ids=list(names))}
    return {name: everywhere + granted.get(name, 0) for name in names}


MOST_COUNTED = 10_000
"""API keys that are counted where each has to be looked into, or looked for in the calls."""


def _unused(tx: Tx, since: int) -> list[sa.ColumnElement[bool]]:
    """The conditions that an API key was made before a time (seconds) and not called with from then on."""
    called = (usage.c.account_id == tx.account_id, usage.c.key_id == _K.id, usage.c.at >= since * 1000)
    return [paging.scanned(_K.created_at) < since, ~sa.exists(1).where(*called)]


SOON = 14 * 86_400
"""Seconds before its end from which on an API key is said to expire soon."""


def _in_state(word: str, now: int) -> list[sa.ColumnElement[bool]]:
    """The conditions of a state, as `key_state` tells them apart; none for ""."""
    ends = paging.scanned(_K.expires_at)
    overlap = sa.func.coalesce(_K.old_until, 0) > now
    match word:
        case "Expired":
            return [ends <= now]
        case "Disabled":
            return [ends > now, _K.disabled]
        case "Expiring":
            return [_K.expires_at > now, _K.expires_at <= now + SOON, ~_K.disabled]  # few: found by their end
        case "Rotating":
            return [ends > now + SOON, ~_K.disabled, overlap]
        case "Active":
            return [ends > now + SOON, ~_K.disabled, ~overlap]
    return []


def key_state(row: sa.Row[Any], now: int) -> str:
    """The state of an API key; what keeps it from being used comes before what will."""
    if row.expires_at <= now:
        return "Expired"
    if row.disabled:
        return "Disabled"
    if row.expires_at <= now + SOON:
        return "Expiring"
    return "Rotating" if (row.old_until or 0) > now else "Active"


def keys(
    tx: Tx,
    workspace_id: str,
    where: Sequence[sa.ColumnElement[bool]],
    query: str,
    status: str,
    cut: Slice,
    idle_since: int | None = None,
    counted: int | None = None,
) -> Found:
    """The IDs of the API keys on a page, of those that `where` chooses.

    workspace_id: in this workspace of the account alone, which the caller has entered; "" for all.
    query: a part of the description, the last four characters, or the whole ID.  status: as `key_state` tells it.
    idle_since: not called with since then (seconds).  counted: how many are counted at most.
    """
    chosen = list(where)
    if query:
        found = paging.holds(tx, _K.description, query) | (_K.last_four == query)
        chosen.append(found | (_K.id == int(query)) if query.isdecimal() and len(query) <= 12 else found)
    chosen += _in_state(status, tx.now)
    if idle_since is not None:
        chosen += _unused(tx, idle_since)
    # One condition leads the index; the other, true of the same rows, would be looked up in each.
    place = _K.workspace_id == workspace_id if workspace_id else _K.account_id == tx.account_id
    return paging.find(tx, sa.select(_K.id).where(place), chosen, API_KEY_ORDERS[cut.sort], cut, counted)


def key_rows(tx: Tx, ids: Sequence[int]) -> list[sa.Row[Any]]:
    """These API keys in this order, with the names of workspace and owner, and when they were used last (ms)."""
    return paging.in_order(ids, tx.rows(_KEYS, ids=list(ids)) if ids else [])


def key_limits(tx: Tx, ids: Sequence[int]) -> dict[str, list[sa.Row[Any]]]:
    """The limits of each of these API keys, by the text of its ID."""
    found: dict[str, list[sa.Row[Any]]] = {}
    for row in tx.rows(_LIMITS, account=tx.account_id, ids=[str(each) for each in ids]) if ids else ():
        found.setdefault(row.scope_id, []).append(row)
    return found
