"""Statements of the list of custom policies, and of every grant of a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Slice
from keystead.store.tables import attachments, groups, policies, roles, users

_C = policies.c
_CUSTOM = sa.select(_C.id, _C.name, _C.description, _C.default_version, _C.created_at, _C.updated_at).where(
    _C.id.in_(sa.bindparam("ids", expanding=True))
)
_A = attachments.c
_COUNTS = (
    sa.select(_A.policy_id, sa.func.count().label("attachments"))
    .where(
        _A.account_id == sa.bindparam("account"),
        _A.policy_type == sa.bindparam("type"),
        _A.policy_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .group_by(_A.policy_id)
)
KINDS = {"user": users, "group": groups, "role": roles}
_NAMES = {
    kind: sa.select(table.c.id, table.c.name).where(table.c.id.in_(sa.bindparam("ids", expanding=True)))
    for kind, table in KINDS.items()
}
GRANT_ORDERS = {"AttachDate": (_A.attached_at, _A.entity_id, _A.policy_type, _A.policy_id)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What grants are asked for; what is empty or None is not.

    query: a part of the principal's or the policy's name.  kind: user, group or role.  policy_id: of a custom policy,
    or the name of a system one.
    """

    query: str = ""
    kind: str = ""
    principal_id: str = ""
    policy_type: str = ""
    policy_id: str = ""


def custom(tx: Tx, query: str) -> list[sa.Row[Any]]:
    """The custom policies with a text in their names or descriptions: id, name and updated_at; quotas bound them."""
    named = paging.named(tx, query, _C.id, [_C.name_key], [_C.description])
    return tx.rows(sa.select(_C.id, _C.name, _C.updated_at).where(_C.account_id == tx.account_id, *named))


def custom_rows(tx: Tx, ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
    """These custom policies by ID."""
    return {row.id: row for row in tx.rows(_CUSTOM, ids=list(ids))} if ids else {}


def attachments_of(tx: Tx, policy_type: str, ids: Sequence[str]) -> dict[str, int]:
    """How often each of these policies is attached; one that is not attached is not in the answer."""
    found = tx.rows(_COUNTS, account=tx.account_id, type=policy_type, ids=list(ids)) if ids else ()
    return {row.policy_id: row.attachments for row in found}


def grants(tx: Tx, wanted: Wanted, cut: Slice) -> tuple[list[sa.Row[Any]], int]:
    """The attachments on a page, and how many there are."""
    where: list[sa.ColumnElement[bool]] = []
    if wanted.query:
        where.append(_named(tx, wanted.query))
    if wanted.kind:
        where.append(_A.entity_kind == wanted.kind)
    if wanted.principal_id:
        where.append(_A.entity_id == wanted.principal_id)
    if wanted.policy_type:
        where.append(_A.policy_type == wanted.policy_type)
    if wanted.policy_id:
        where.append(_A.policy_id == wanted.policy_id)
    # A principal is of the account, and only one condition leads an index: SQLite would take the account's.
    account = _A.account_id + "" if wanted.principal_id else _A.account_id
    chosen = sa.select(attachments).where(account == tx.account_id)
    return paging.page(tx, chosen, where, GRANT_ORDERS[cut.sort], cut)


def _named(tx: Tx, query: str) -> sa.ColumnElement[bool]:
    """The condition that the principal or the policy of an attachment has a text in its name."""

    def ids(table: sa.Table) -> sa.Select[Any]:
        mine = table.c.account_id == tx.account_id
        return sa.select(table.c.id).where(mine, table.c.name_key.contains(query.lower(), autoescape=True))

    system = (_A.policy_type == "System") & paging.holds(tx, _A.policy_id, query)
    return sa.or_(
        *(_A.entity_id.in_(ids(table)) for table in KINDS.values()),
        (_A.policy_type == "Custom") & _A.policy_id.in_(ids(policies)),
        system,
    )


def principals(tx: Tx, found: Sequence[sa.Row[Any]]) -> dict[str, str]:
    """The name of each principal of these attachments, by ID."""
    names: dict[str, str] = {}
    for kind, statement in _NAMES.items():
        ids = {row.entity_id for row in found if row.entity_kind == kind}
        if ids:
            names |= {row.id: row.name for row in tx.rows(statement, ids=sorted(ids))}
    return names
