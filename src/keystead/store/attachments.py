"""Statements over which policy is attached to which user, group or role."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import attachments, groups, policies, roles, users

_ONE = (
    attachments.c.account_id == sa.bindparam("account"),
    attachments.c.entity_id == sa.bindparam("entity"),
    attachments.c.policy_type == sa.bindparam("type"),
    attachments.c.policy_id == sa.bindparam("policy"),
    attachments.c.resource_group_id == sa.bindparam("scope"),
)
_GET = sa.select(attachments.c.attached_at).where(*_ONE)
_INSERT = sa.insert(attachments)
_DELETE = sa.delete(attachments).where(*_ONE)
_COUNT = (
    sa.select(sa.func.count())
    .select_from(attachments)
    .where(
        attachments.c.account_id == sa.bindparam("account"),
        attachments.c.entity_id == sa.bindparam("entity"),
        attachments.c.policy_type == sa.bindparam("type"),
    )
)
_BY_KIND = (
    sa.select(attachments.c.entity_kind, sa.func.count().label("attachments"))
    .where(
        attachments.c.account_id == sa.bindparam("account"),
        attachments.c.policy_type == sa.bindparam("type"),
        attachments.c.policy_id == sa.bindparam("policy"),
    )
    .group_by(attachments.c.entity_kind)
)
_BY_SYSTEM_POLICY = (
    sa.select(attachments.c.policy_id, sa.func.count().label("attachments"))
    .where(attachments.c.account_id == sa.bindparam("account"), attachments.c.policy_type == "System")
    .group_by(attachments.c.policy_id)
)
_FIRST = sa.func.min(attachments.c.attached_at).label("attached_at")
_OF_ENTITY = (
    sa.select(
        attachments.c.policy_type,
        attachments.c.policy_id,
        policies.c.name,
        policies.c.description,
        policies.c.default_version,
        _FIRST,
    )
    .select_from(
        attachments.outerjoin(
            policies, (attachments.c.policy_type == "Custom") & (policies.c.id == attachments.c.policy_id)
        )
    )
    .where(attachments.c.account_id == sa.bindparam("account"), attachments.c.entity_id == sa.bindparam("entity"))
    .group_by(
        attachments.c.policy_type,
        attachments.c.policy_id,
        policies.c.name,
        policies.c.name_key,
        policies.c.description,
        policies.c.default_version,
    )
    .order_by(attachments.c.policy_type, policies.c.name_key, attachments.c.policy_id)
)


def _holders(entity: sa.Table, text: sa.Column[Any]) -> sa.Select[Any]:
    """The users, groups or roles that a policy is attached to; `text` is their description as `about`."""
    return (
        sa.select(entity.c.id, entity.c.name, text.label("about"), _FIRST)
        .select_from(attachments.join(entity, entity.c.id == attachments.c.entity_id))
        .where(
            attachments.c.account_id == sa.bindparam("account"),
            attachments.c.policy_type == sa.bindparam("type"),
            attachments.c.policy_id == sa.bindparam("policy"),
        )
        .group_by(entity.c.id, entity.c.name, entity.c.name_key, text)
        .order_by(entity.c.name_key)
    )


_HOLDERS = {
    "user": _holders(users, users.c.display_name),
    "group": _holders(groups, groups.c.comments),
    "role": _holders(roles, roles.c.description),
}


def exists(tx: Tx, entity_id: str, policy_type: str, policy_id: str, resource_group_id: str) -> bool:
    """Whether the policy is attached to the entity in that scope."""
    return tx.row(_GET, **_key(tx, entity_id, policy_type, policy_id, resource_group_id)) is not None


def insert(tx: Tx, kind: str, entity_id: str, policy_type: str, policy_id: str, resource_group_id: str) -> None:
    """Attach a policy; `kind` is user, group or role, an empty resource group means the whole account."""
    tx.run(
        _INSERT,
        account_id=tx.account_id,
        entity_kind=kind,
        entity_id=entity_id,
        policy_type=policy_type,
        policy_id=policy_id,
        resource_group_id=resource_group_id,
        attached_at=tx.now,
        attached_by=tx.by,
    )
    tx.touch(kind, entity_id)


def delete(tx: Tx, kind: str, entity_id: str, policy_type: str, policy_id: str, resource_group_id: str) -> bool:
    """Detach a policy; whether it was attached."""
    tx.touch(kind, entity_id)
    return tx.run(_DELETE, **_key(tx, entity_id, policy_type, policy_id, resource_group_id)) > 0


def count(tx: Tx, entity_id: str, policy_type: str) -> int:
    """How many policies of a type are attached to an entity, each scope counted."""
    values = {"account": tx.account_id, "entity": entity_id, "type": policy_type}
    return int(tx.connection.execute(_COUNT, values).scalar_one())


def count_by_kind(tx: Tx, policy_type: str, policy_id: str) -> dict[str, int]:
    """How often a policy is attached to users, groups and roles; a kind that has none is not in the answer."""
    rows = tx.rows(_BY_KIND, account=tx.account_id, type=policy_type, policy=policy_id)
    return {row.entity_kind: row.attachments for row in rows}


def count_by_system_policy(tx: Tx) -> dict[str, int]:
    """How often each system policy is attached; one that is attached to nothing is not in the answer."""
    return {row.policy_id: row.attachments for row in tx.rows(_BY_SYSTEM_POLICY, account=tx.account_id)}


def of_entity(tx: Tx, entity_id: str) -> list[sa.Row[Any]]:
    """The policies of an entity, each once with its earliest attached_at; name and so on of custom ones only."""
    return tx.rows(_OF_ENTITY, account=tx.account_id, entity=entity_id)


def holders(tx: Tx, kind: str, policy_type: str, policy_id: str) -> list[sa.Row[Any]]:
    """The users, groups or roles that have a policy, each once: id, name, about, earliest attached_at."""
    return tx.rows(_HOLDERS[kind], account=tx.account_id, type=policy_type, policy=policy_id)


def _key(tx: Tx, entity_id: str, policy_type: str, policy_id: str, resource_group_id: str) -> dict[str, str]:
    return {
        "account": tx.account_id,
        "entity": entity_id,
        "type": policy_type,
        "policy": policy_id,
        "scope": resource_group_id,
    }
