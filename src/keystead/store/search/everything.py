"""Statements of the search over everything: the first few of each kind, never counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.tables import access_keys, agents, api_keys, groups, policies, roles, users, workspaces


def _of(table: sa.Table, about: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(table.c.id, table.c.name, about.label("about"))


_NAMED: dict[str, tuple[sa.Table, sa.Select[Any], list[sa.ColumnElement[Any]]]] = {
    "User": (users, _of(users, users.c.display_name), [users.c.display_name]),
    "Group": (groups, _of(groups, groups.c.comments), [groups.c.display_name]),
    "Role": (roles, _of(roles, roles.c.description), []),
    "Policy": (policies, _of(policies, policies.c.description), []),
}
_KEYS = (
    sa.select(access_keys.c.id, access_keys.c.note.label("about"), users.c.name)
    .select_from(access_keys.outerjoin(users, users.c.id == access_keys.c.user_id))
    .order_by(access_keys.c.id)
)
_WORKSPACES = sa.select(workspaces.c.id, workspaces.c.name).order_by(workspaces.c.created_at, workspaces.c.id)
_APPLICATIONS = sa.select(agents.c.id, agents.c.name, agents.c.workspace_id.label("about"))
_API_KEYS = sa.select(api_keys.c.id, api_keys.c.description.label("name"), api_keys.c.prefix, api_keys.c.last_four)


def people(tx: Tx, kind: str, query: str, most: int) -> list[sa.Row[Any]]:
    """Users, groups, roles or custom policies by a part of the name or the beginning of the ID: id, name, about."""
    table, statement, texts = _NAMED[kind]
    where = paging.named(tx, query, table.c.id, [table.c.name_key], texts)
    chosen = sa.select(table.c.id).where(table.c.account_id == tx.account_id)
    ids = paging.first(tx, chosen, where, table.c.name_key, most)
    return paging.in_order(ids, tx.rows(statement.where(table.c.id.in_(ids)))) if ids else []


def pairs(tx: Tx, beginning: str, most: int) -> list[sa.Row[Any]]:
    """AccessKey pairs by the beginning of the ID, as it is written: id, about (the note), name of the user or None."""
    begins = paging.begins(tx, access_keys.c.id, beginning)
    return tx.rows(_KEYS.where(*begins, access_keys.c.account_id + "" == tx.account_id).limit(most))


def workspaces_named(tx: Tx, among: Sequence[str] | None, query: str, most: int) -> list[sa.Row[Any]]:
    """Workspaces by name or beginning of the ID, only those `among` these IDs where given: id, name."""
    where = [
        workspaces.c.account_id == tx.account_id,
        *paging.named(tx, query, workspaces.c.id, [], [workspaces.c.name]),
    ]
    if among is not None:
        where.append(workspaces.c.id.in_(among))
    return tx.rows(_WORKSPACES.where(*where).limit(most))


def applications(tx: Tx, among: Sequence[str], query: str, most: int) -> list[sa.Row[Any]]:
    """Applications of these workspaces by name or beginning of the ID: id, name, about (the workspace's ID)."""
    named = paging.named(tx, query, agents.c.id, [], [agents.c.name])
    mine = (agents.c.account_id == tx.account_id, agents.c.workspace_id.in_(among))
    return tx.rows(_APPLICATIONS.where(*mine, *named).limit(most))


def keys(tx: Tx, where: Sequence[sa.ColumnElement[bool]], query: str, most: int) -> list[sa.Row[Any]]:
    """API keys, of those that `where` chooses, by a part of the description, the ID, or the end of the value: a whole
    value, or its last four characters."""
    named = paging.holds(tx, api_keys.c.description, query)
    if len(query) == 4 or query.startswith("sk-"):
        named |= api_keys.c.last_four == query[-4:]
    if query.isdecimal() and len(query) <= 12:
        named |= api_keys.c.id == int(query)
    return tx.rows(_API_KEYS.where(api_keys.c.account_id == tx.account_id, *where, named).limit(most))
