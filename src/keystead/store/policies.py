"""Statements over custom policies and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store import tags
from keystead.store.database import Tx
from keystead.store.tables import attachments, policies, policy_versions

_ATTACHMENTS = (
    sa.select(sa.func.count())
    .select_from(attachments)
    .where(
        attachments.c.account_id == policies.c.account_id,
        attachments.c.policy_type == "Custom",
        attachments.c.policy_id == policies.c.id,
    )
    .correlate(policies)
    .scalar_subquery()
    .label("attachments")
)
_GET = sa.select(policies, _ATTACHMENTS).where(
    policies.c.account_id == sa.bindparam("account"), policies.c.name_key == sa.bindparam("name_key")
)
_PAGE = (
    sa.select(policies, _ATTACHMENTS)
    .where(policies.c.account_id == sa.bindparam("account"), policies.c.name_key > sa.bindparam("after"))
    .order_by(policies.c.name_key)
    .limit(sa.bindparam("most"))
)
_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(policies.c.id)
    .where(policies.c.account_id == sa.bindparam("account"))
    .limit(sa.bindparam("most"))
    .subquery()
)
_INSERT = sa.insert(policies)
_DELETE = sa.delete(policies).where(
    policies.c.id == sa.bindparam("policy"), policies.c.account_id == sa.bindparam("account")
)
_VERSIONS = (
    sa.select(policy_versions)
    .where(policy_versions.c.policy_id == sa.bindparam("policy"))
    .order_by(policy_versions.c.number)
)
_VERSION = sa.select(policy_versions).where(
    policy_versions.c.policy_id == sa.bindparam("policy"), policy_versions.c.number == sa.bindparam("version")
)
_INSERT_VERSION = sa.insert(policy_versions)
_DELETE_VERSION = sa.delete(policy_versions).where(
    policy_versions.c.policy_id == sa.bindparam("policy"), policy_versions.c.number == sa.bindparam("version")
)
_DELETE_VERSIONS = sa.delete(policy_versions).where(policy_versions.c.policy_id == sa.bindparam("policy"))


def get(tx: Tx, name: str) -> sa.Row[Any] | None:
    """The account's policy of that name, without regard to case, with `attachments`, how many there are."""
    return tx.row(_GET, account=tx.account_id, name_key=name.lower())


def page(tx: Tx, after: str, most: int, tagged: Sequence[tuple[str, str | None]] = ()) -> list[sa.Row[Any]]:
    """Policies in order of name, after the name key `after`, at most `most`; `tagged`: with all these tags."""
    statement = _PAGE.where(*tags.holding(policies.c.id, tagged))
    return tx.rows(statement, account=tx.account_id, after=after, most=most)


def count(tx: Tx, most: int) -> int:
    """How many policies the account has, counted up to `most`."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id, "most": most}).scalar_one())


def insert(tx: Tx, policy_id: str, name: str, description: str, document: str) -> None:
    """Add a policy with `document` as its version 1 and default."""
    tx.run(
        _INSERT,
        id=policy_id,
        account_id=tx.account_id,
        name=name,
        name_key=name.lower(),
        description=description,
        default_version=1,
        last_version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    _insert_version(tx, policy_id, 1, document)
    tx.touch("policy", policy_id)


def describe(tx: Tx, policy_id: str, description: str) -> None:
    """Change a policy's description, on which no caller depends."""
    _update(tx, policy_id, description=description)


def delete(tx: Tx, policy_id: str) -> None:
    """Remove a policy that is attached to nothing, with its versions and tags."""
    tags.clear(tx, "policy", policy_id)
    tx.run(_DELETE_VERSIONS, policy=policy_id)
    tx.run(_DELETE, policy=policy_id, account=tx.account_id)
    tx.touch("policy", policy_id)


def versions(tx: Tx, policy_id: str) -> list[sa.Row[Any]]:
    """Every version of a policy, oldest first."""
    return tx.rows(_VERSIONS, policy=policy_id)


def version(tx: Tx, policy_id: str, number: int) -> sa.Row[Any] | None:
    """One version of a policy."""
    return tx.row(_VERSION, policy=policy_id, version=number)


def add_version(tx: Tx, policy: sa.Row[Any], document: str, *, default: bool, reason: str = "") -> int:
    """Add a version under the next number and return it; numbers are never reused."""
    number = int(policy.last_version) + 1
    _insert_version(tx, policy.id, number, document, reason)
    if default:
        _update(tx, policy.id, last_version=number, default_version=number)
        tx.touch("policy", policy.id)
    else:
        _update(tx, policy.id, last_version=number)
    return number


def set_default(tx: Tx, policy_id: str, number: int) -> None:
    """Let another version of a policy be the one that counts."""
    _update(tx, policy_id, default_version=number)
    tx.touch("policy", policy_id)


def delete_version(tx: Tx, policy_id: str, number: int) -> None:
    """Remove a version that is not the default."""
    tx.run(_DELETE_VERSION, policy=policy_id, version=number)
    _update(tx, policy_id)
    tx.touch("policy", policy_id)


def _insert_version(tx: Tx, policy_id: str, number: int, document: str, reason: str = "") -> None:
    tx.run(
        _INSERT_VERSION,
        policy_id=policy_id,
        number=number,
        document=document,
        created_at=tx.now,
        created_by=tx.by,
        reason=reason,
    )


def _update(tx: Tx, policy_id: str, **values: object) -> None:
    mine = (policies.c.id == policy_id, policies.c.account_id == tx.account_id)
    tx.run(sa.update(policies).where(*mine).values(updated_at=tx.now, **values))
