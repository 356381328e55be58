"""Statements that find who has one of some policies: users by themselves or by their groups, and roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import attachments, group_members, groups, policies, policy_versions, roles, users

_A = attachments.c
_CUSTOM = (
    sa.select(policies.c.id, policy_versions.c.document)
    .join(
        policy_versions,
        (policy_versions.c.policy_id == policies.c.id) & (policy_versions.c.number == policies.c.default_version),
    )
    .where(policies.c.account_id == sa.bindparam("account"))
)
_JOINED = (
    sa.select(group_members.c.user_id, groups.c.id, groups.c.name)
    .join(groups, groups.c.id == group_members.c.group_id)
    .where(group_members.c.user_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(groups.c.name_key)
)


def custom_policies(tx: Tx) -> list[sa.Row[Any]]:
    """Every custom policy of the account, (id, document) of its default version; quotas bound them."""
    return tx.rows(_CUSTOM, account=tx.account_id)


def _attached(tx: Tx, kind: str, system: Sequence[str], custom: Sequence[str]) -> sa.Select[Any]:
    """The entities of a kind with one of these policies, in the whole account."""
    named = [(_A.policy_type == word) & _A.policy_id.in_(ids) for word, ids in (("System", system), ("Custom", custom))]
    mine = (_A.account_id == tx.account_id, _A.entity_kind == kind, _A.resource_group_id == "")
    return sa.select(_A.entity_id).where(*mine, sa.or_(*named))


def users_with(tx: Tx, system: Sequence[str], custom: Sequence[str], after: str, most: int) -> list[sa.Row[Any]]:
    """Users with one of these policies, by themselves or by a group, in order of name behind the name key `after`."""
    own, by_group = _attached(tx, "user", system, custom), _attached(tx, "group", system, custom)
    joined = sa.select(group_members.c.user_id).where(group_members.c.group_id.in_(by_group))
    either = users.c.id.in_(own) | users.c.id.in_(joined)
    chosen = sa.select(users.c.id, users.c.name, users.c.name_key, users.c.display_name.label("about"), users.c.status)
    chosen = chosen.where(users.c.account_id == tx.account_id, users.c.name_key > after, either)
    return tx.rows(chosen.order_by(users.c.name_key).limit(most))


def roles_with(tx: Tx, system: Sequence[str], custom: Sequence[str], after: str, most: int) -> list[sa.Row[Any]]:
    """Roles with one of these policies, as `users_with`."""
    chosen = sa.select(
        roles.c.id,
        roles.c.name,
        roles.c.name_key,
        roles.c.description.label("about"),
        sa.literal("active").label("status"),
    ).where(
        roles.c.account_id == tx.account_id,
        roles.c.name_key > after,
        roles.c.id.in_(_attached(tx, "role", system, custom)),
    )
    return tx.rows(chosen.order_by(roles.c.name_key).limit(most))


def groups_of(tx: Tx, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """The groups of each of these users, (id, name), by name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in tx.rows(_JOINED, ids=list(ids)) if ids else ():
        found.setdefault(row.user_id, []).append((row.id, row.name))
    return found
