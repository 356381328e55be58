"""What the directory loads: an AccessKey pair with its owner, a role, and the policies that speak for them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import (
    access_keys,
    account_documents,
    attachments,
    group_members,
    groups,
    policies,
    policy_versions,
    roles,
    users,
)

NETWORK_POLICY = "access-key-policy"
"""The kind of the account document that holds the account's network policy."""

_KEY = (
    sa.select(
        access_keys.c.id,
        access_keys.c.account_id,
        access_keys.c.user_id,
        access_keys.c.sealed_secret,
        access_keys.c.status,
        access_keys.c.network_policy,
        access_keys.c.expires_at,
        account_documents.c.document.label("account_network_policy"),
        users.c.name.label("user_name"),
        users.c.status.label("user_status"),
    )
    .select_from(
        access_keys.outerjoin(users, users.c.id == access_keys.c.user_id).outerjoin(
            account_documents,
            (account_documents.c.account_id == access_keys.c.account_id) & (account_documents.c.kind == NETWORK_POLICY),
        )
    )
    .where(access_keys.c.id == sa.bindparam("key"))
)
_USER = sa.select(users.c.id, users.c.account_id, users.c.name, users.c.status).where(
    users.c.id == sa.bindparam("user")
)
_GROUPS = (
    sa.select(groups.c.id, groups.c.name)
    .select_from(group_members.join(groups, groups.c.id == group_members.c.group_id))
    .where(group_members.c.user_id == sa.bindparam("user"))
)
_ATTACHED = (
    sa.select(
        attachments.c.entity_kind,
        attachments.c.entity_id,
        attachments.c.policy_type,
        attachments.c.policy_id,
        attachments.c.resource_group_id,
        policies.c.name,
        policies.c.default_version,
        policy_versions.c.document,
    )
    .select_from(
        attachments.outerjoin(
            policies, (attachments.c.policy_type == "Custom") & (policies.c.id == attachments.c.policy_id)
        ).outerjoin(
            policy_versions,
            (policy_versions.c.policy_id == policies.c.id) & (policy_versions.c.number == policies.c.default_version),
        )
    )
    .where(attachments.c.entity_id.in_(sa.bindparam("entities", expanding=True)))
    .order_by(attachments.c.entity_id, attachments.c.policy_type, attachments.c.policy_id)
)
_ROLE = sa.select(roles).where(roles.c.id == sa.bindparam("role"))
_ROLE_ID = sa.select(roles.c.id).where(
    roles.c.account_id == sa.bindparam("account"), roles.c.name_key == sa.bindparam("name_key")
)


def key(tx: Tx, access_key_id: str) -> sa.Row[Any] | None:
    """The pair `access_key_id` with the name and status of its user (none for the account's own)."""
    return tx.row(_KEY, key=access_key_id)


def user(tx: Tx, user_id: str) -> sa.Row[Any] | None:
    """A RAM user of any account by its ID."""
    return tx.row(_USER, user=user_id)


def groups_of(tx: Tx, user_id: str) -> list[sa.Row[Any]]:
    """The (id, name) of each group that a user is in."""
    return tx.rows(_GROUPS, user=user_id)


def attached(tx: Tx, entity_ids: list[str]) -> list[sa.Row[Any]]:
    """Every policy attached to any of these users, groups or roles; custom ones with their default version's text."""
    return tx.rows(_ATTACHED, entities=entity_ids)


def role(tx: Tx, role_id: str) -> sa.Row[Any] | None:
    """A role by its ID."""
    return tx.row(_ROLE, role=role_id)


def role_id(tx: Tx, account_id: str, name: str) -> str | None:
    """The ID of the role of that name, without regard to case."""
    row = tx.row(_ROLE_ID, account=account_id, name_key=name.lower())
    return str(row.id) if row else None
