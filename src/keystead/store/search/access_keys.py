"""Statements of the list of AccessKey pairs with their owners, and of what the audit trail knows of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.search.paging import Found, Slice
from keystead.store.tables import access_keys, audit, users

_C = access_keys.c
ORDERS = {
    "CreateDate": (_C.created_at, _C.id),
    "LastUsedDate": (_C.active_at, _C.id),
}
"""What the list can be sorted by; a pair that was never used stands where it was made."""

_A = audit.c
_LAST_CALL = (
    sa.select(_A.product + ":" + _A.action)
    .where(_A.account_id == _C.account_id, _A.access_key_id == _C.id)
    .order_by(_A.at.desc())
    .limit(1)
    .scalar_subquery()
)
_ROWS = (
    sa.select(
        _C.id,
        _C.user_id,
        users.c.name.label("user_name"),
        _C.status,
        _C.note,
        _C.created_at,
        _C.expires_at,
        _C.used_at,
        _C.used_service,
        _C.used_address,
        _C.network_policy,
        _LAST_CALL.label("last_call"),
    )
    .select_from(access_keys.outerjoin(users, users.c.id == _C.user_id))
    .where(_C.id.in_(sa.bindparam("ids", expanding=True)))
)
MOST_CALLS = 200_000
"""Calls of one pair that are counted by day."""
MOST_READ = 20_000
"""Calls of one pair whose callers and errors are told."""
_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What pairs are asked for; what is empty or None is not.

    query: how the ID begins, or a part of the note.  of: the ID of a user.  owner: account for the account's own pairs,
    user for the others.
    status: Active, Inactive, Expired.  idle_since, made_before: seconds.
    """

    query: str = ""
    of: str = ""
    owner: str = ""
    status: str = ""
    idle_since: int | None = None
    made_before: int | None = None


def search(tx: Tx, wanted: Wanted, cut: Slice) -> Found:
    """The IDs of the pairs on a page."""
    where = [_C.account_id == tx.account_id]
    if wanted.query:
        note = (_C.note != "") & paging.holds(_C.note, wanted.query)
        where.append(_C.id.startswith(wanted.query, autoescape=True) | note)
    if wanted.of:
        where.append(_C.user_id == wanted.of)
    if wanted.owner:
        where.append(_C.user_id.is_(None) if wanted.owner == "account" else _C.user_id.is_not(None))
    if wanted.status:
        where += _status(wanted.status, tx.now)
    if wanted.idle_since is not None:
        where.append(_C.active_at < wanted.idle_since)
    if wanted.made_before is not None:
        where.append(_C.created_at < wanted.made_before)
    return paging.find(tx, sa.select(_C.id).where(*where), ORDERS[cut.sort], cut)


def _status(word: str, now: int) -> list[sa.ColumnElement[bool]]:
    if word == "Expired":
        return [_C.expires_at <= now]
    return [_C.status == word, _C.expires_at.is_(None) | (_C.expires_at > now)]


def rows(tx: Tx, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These pairs in this order, without their secrets, with the user's name and the last call that is on file."""
    return paging.in_order(ids, tx.rows(_ROWS, ids=list(ids)))


def calls_by_day(tx: Tx, access_key_id: str, since: int) -> tuple[list[sa.Row[Any]], int]:
    """Calls of a pair by day (milliseconds when it began) since a time, the last day first; and from when on they are
    whole: at most `MOST_CALLS` are counted."""
    chosen = sa.select(_A.at).where(*_calls(tx, access_key_id, since)).order_by(_A.at.desc()).limit(MOST_CALLS)
    newest = chosen.subquery()
    day = (newest.c.at - newest.c.at % _DAY).label("day")
    found = tx.rows(
        sa.select(day, sa.func.count().label("calls")).group_by(sa.text("day")).order_by(sa.text("day DESC"))
    )
    whole = sum(row.calls for row in found) < MOST_CALLS
    return found, since if whole else int(found[-1].day) + _DAY


def callers(tx: Tx, access_key_id: str, since: int, most: int) -> tuple[list[sa.Row[Any]], list[sa.Row[Any]], int]:
    """From where a pair was used (address, agent, calls, last) and what it was refused (outcome, calls), the most calls
    first; and from when on they are whole: at most `MOST_READ` calls are read."""
    chosen = sa.select(_A.at, _A.address, _A.agent, _A.outcome).where(*_calls(tx, access_key_id, since))
    newest = chosen.order_by(_A.at.desc()).limit(MOST_READ).cte("newest")
    calls, last = sa.func.count().label("calls"), sa.func.max(newest.c.at).label("last")
    places = sa.select(newest.c.address, newest.c.agent, calls, last).group_by(newest.c.address, newest.c.agent)
    errors = sa.select(newest.c.outcome, calls).where(newest.c.outcome != "Success").group_by(newest.c.outcome)
    bound = sa.select(sa.func.count().label("read"), sa.func.min(newest.c.at).label("first"))
    read = tx.row(bound)
    whole = read is None or read.read < MOST_READ
    return (
        tx.rows(places.order_by(sa.desc("calls"), newest.c.address, newest.c.agent).limit(most)),
        tx.rows(errors.order_by(sa.desc("calls"), newest.c.outcome).limit(most)),
        since if whole or read is None else int(read.first),
    )


def _calls(tx: Tx, access_key_id: str, since: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_A.account_id == tx.account_id, _A.access_key_id == access_key_id, _A.at >= since)
