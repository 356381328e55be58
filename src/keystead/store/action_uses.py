"""Which permissions each user and role made use of, by day: what the audit trail says, summed as it is written.

The trail has a row or a place in a block for each call, and no index by identity and permission: for 100,000 of them
that would weigh more than the calls.  These sums are bounded by what an identity does in a day, and kept for
`KEPT_DAYS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import action_uses

KEPT_DAYS = 90
_DAY_MS = 86_400_000

_C = action_uses.c
_OF = (
    sa.select(_C.action, sa.func.sum(_C.calls).label("calls"), sa.func.max(_C.last_at).label("last"))
    .where(
        _C.account_id == sa.bindparam("account"),
        _C.entity_id == sa.bindparam("entity"),
        _C.day > sa.bindparam("day", type_=sa.Integer),
    )
    .group_by(_C.action)
    .order_by(_C.action)
)
_ACTIONS = (
    sa.select(_C.entity_id, _C.action)
    .where(
        _C.account_id == sa.bindparam("account"),
        _C.entity_id.in_(sa.bindparam("ids", expanding=True)),
        _C.day > sa.bindparam("day", type_=sa.Integer),
    )
    .distinct()
)
_LAST = (
    sa.select(_C.entity_id, sa.func.max(_C.last_at).label("last"))
    .where(_C.account_id == sa.bindparam("account"), _C.entity_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(_C.entity_id)
)
_FORGET = sa.delete(action_uses).where(_C.day <= sa.bindparam("before", type_=sa.Integer))


class Use(NamedTuple):
    """One call by a user or role that its policies were asked for.  action: the permission.  at: milliseconds."""

    account_id: str
    entity_id: str
    action: str
    at: int


def note(tx: Tx, uses: Iterable[Use]) -> None:
    """Add calls to the sums."""
    sums: dict[tuple[str, str, str, int], tuple[int, int]] = {}
    for each in uses:
        key = (each.account_id, each.entity_id, each.action, each.at // _DAY_MS)
        calls, last = sums.get(key, (0, 0))
        sums[key] = calls + 1, max(last, each.at)
    if not sums:
        return
    # INVARIANT: in one order everywhere, so that two nodes never wait for each other.
    rows = [(*key, *sums[key]) for key in sorted(sums)]
    tx.connection.execute(_add(tx), [dict(zip(_C.keys(), row, strict=True)) for row in rows])


def _add(tx: Tx) -> Any:
    make: Any
    if tx.connection.dialect.name == "sqlite":  # the other dialect is slow to import
        from sqlalchemy.dialects.sqlite import insert as make
    else:
        from sqlalchemy.dialects.postgresql import insert as make
    wanted = make(action_uses)
    new = wanted.excluded
    return wanted.on_conflict_do_update(
        index_elements=["account_id", "entity_id", "action", "day"],
        set_={
            "calls": _C.calls + new.calls,
            "last_at": sa.case((_C.last_at > new.last_at, _C.last_at), else_=new.last_at),
        },
    )


def of(tx: Tx, entity_id: str) -> list[sa.Row[Any]]:
    """What a user or role used in the last `KEPT_DAYS`: action, calls, last (milliseconds)."""
    return tx.rows(_OF, account=tx.account_id, entity=entity_id, day=_day(tx) - KEPT_DAYS)


def actions_of(tx: Tx, ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """What each of these used in the last `KEPT_DAYS`."""
    found: dict[str, set[str]] = {}
    given = {"account": tx.account_id, "ids": list(ids), "day": _day(tx) - KEPT_DAYS}
    for row in tx.rows(_ACTIONS, **given) if ids else ():
        found.setdefault(row.entity_id, set()).add(row.action)
    return {entity: frozenset(actions) for entity, actions in found.items()}


def last_of(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    """When each of these did anything, in milliseconds; who did nothing in the days that are kept is not in it."""
    rows = tx.rows(_LAST, account=tx.account_id, ids=list(ids)) if ids else []
    return {row.entity_id: row.last for row in rows}


def unused_since(tx: Tx, entity: sa.ColumnElement[Any], days: int) -> sa.ColumnElement[bool]:
    """The condition that an entity did nothing for so many days, at most `KEPT_DAYS`."""
    since = (tx.now - days * 86_400) * 1000
    used = (_C.account_id == tx.account_id, _C.entity_id == entity, _C.last_at >= since)
    return ~sa.exists(1).where(*used)


def forget(tx: Tx) -> None:
    """Drop the days that are not kept."""
    tx.run(_FORGET, before=_day(tx) - KEPT_DAYS)


def _day(tx: Tx) -> int:
    return tx.now // 86_400
