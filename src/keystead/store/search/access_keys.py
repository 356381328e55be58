"""Statements of the list of AccessKey pairs with their owners, and of what the audit trail knows of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from keystead.store.audit import Event, reads_of_key
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
_ROWS = (
    sa.select(
        _C.id,
        _C.user_id,
        users.c.name.label("user_name"),
        _C.status,
        _C.status_reason,
        _C.note,
        _C.created_at,
        _C.expires_at,
        _C.used_at,
        _C.used_service,
        _C.used_address,
        _C.used_action,
        _C.network_policy,
    )
    .select_from(access_keys.outerjoin(users, users.c.id == _C.user_id))
    .where(_C.id.in_(sa.bindparam("ids", expanding=True)))
)
_WHOLE = sa.select(_C.id).where(_C.account_id == sa.bindparam("account"), _C.id == sa.bindparam("key"))
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
    status: Active, Inactive, Expired, Restricted, IdleDisabled, TooOld.  idle_since, made_before: seconds.
    """

    query: str = ""
    of: str = ""
    owner: str = ""
    status: str = ""
    idle_since: int | None = None
    made_before: int | None = None


def search(tx: Tx, wanted: Wanted, cut: Slice) -> Found:
    """The IDs of the pairs on a page; a whole ID is looked for by itself first."""
    if wanted.query and tx.row(_WHOLE, account=tx.account_id, key=wanted.query) is not None:
        return _find(tx, replace(wanted, query=""), [_C.id == wanted.query], cut)
    return _find(tx, wanted, [], cut)


def _find(tx: Tx, wanted: Wanted, where: list[sa.ColumnElement[bool]], cut: Slice) -> Found:
    if wanted.query:
        note = (_C.note != "") & paging.holds(tx, _C.note, wanted.query)
        where.append(_C.id.startswith(wanted.query, autoescape=True) | note)
    if wanted.owner == "user":
        where.append(_C.user_id.is_not(None))
    if wanted.status:
        where += _status(wanted.status, tx.now)
    if wanted.idle_since is not None:
        where.append(paging.scanned(_C.active_at) < wanted.idle_since)
    if wanted.made_before is not None:
        where.append(paging.scanned(_C.created_at) < wanted.made_before)
    return paging.find(tx, sa.select(_C.id).where(*_owners(tx, wanted)), where, ORDERS[cut.sort], cut)


def _owners(tx: Tx, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """Whose pairs are looked through; a user is of the account, and only one condition leads an index."""
    if wanted.owner == "account":
        return [_C.user_id.is_(None), _C.account_id + "" == tx.account_id]
    return [_C.user_id == wanted.of] if wanted.of else [_C.account_id == tx.account_id]


_REASONS = {"IdleDisabled": "Idle", "TooOld": "Old"}


def _status(word: str, now: int) -> list[sa.ColumnElement[bool]]:
    if word == "Restricted":
        return [_C.status == "Inactive", _C.status_reason == "Leaked"]
    if word == "Expired":
        return [paging.scanned(_C.expires_at) <= now, _C.status_reason != "Leaked"]
    counts = _C.expires_at.is_(None) | (_C.expires_at > now)
    if word == "Active":
        return [_C.status == word, counts]
    return [_C.status == "Inactive", _C.status_reason == _REASONS.get(word, ""), counts]


def rows(tx: Tx, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These pairs in this order, without their secrets, with the user's name."""
    return paging.in_order(ids, tx.rows(_ROWS, ids=list(ids)))


class Day(NamedTuple):
    """Calls of one day.  day: milliseconds when it began."""

    day: int
    calls: int


class Place(NamedTuple):
    """Calls from one address by one client.  last: milliseconds."""

    address: str
    agent: str
    calls: int
    last: int


class Activity(NamedTuple):
    """What the audit trail knows of a pair: its calls by day, the last day first; from where it was used and what it
    was refused (outcome, calls), the most calls first; and from when on (milliseconds) either is whole."""

    days: list[Day]
    days_since: int
    places: list[Place]
    errors: list[sa.Row[Any]]
    places_since: int


def activity(tx: Tx, access_key_id: str, since: int, most: int) -> Activity:
    """The activity of a pair since a time, with at most `most` places and errors.

    At most `MOST_CALLS` are counted by day and `MOST_READ` by place and error; those in blocks within its own bound.
    """
    blocked, blocked_since = reads_of_key(tx, access_key_id, since)
    days, days_since = _calls_by_day(tx, access_key_id, since)
    days += Counter(event.at - event.at % _DAY for event in blocked)
    places, errors, places_since = _callers(tx, access_key_id, since, most)
    _add(places, blocked)
    by_calls = sorted(places.values(), key=lambda place: (-place.calls, place.address, place.agent))
    return Activity(
        days=[Day(day, calls) for day, calls in sorted(days.items(), reverse=True)],
        days_since=max(days_since, _next_day(blocked_since) if blocked_since > since else since),
        places=by_calls[:most],
        errors=errors,
        places_since=max(places_since, blocked_since),
    )


def _next_day(at: int) -> int:
    return at - at % _DAY + _DAY


def _add(places: dict[tuple[str, str], Place], events: list[Event]) -> None:
    for event in events:
        key = (event.address, event.agent)
        known = places.get(key, Place(*key, 0, 0))
        places[key] = known._replace(calls=known.calls + 1, last=max(known.last, event.at))


def _calls_by_day(tx: Tx, access_key_id: str, since: int) -> tuple[Counter[int], int]:
    chosen = sa.select(_A.at).where(*_calls(tx, access_key_id, since)).order_by(_A.at.desc()).limit(MOST_CALLS)
    newest = chosen.subquery()
    day = (newest.c.at - newest.c.at % _DAY).label("day")
    rows = tx.rows(sa.select(day, sa.func.count().label("calls")).group_by(sa.text("day")))
    found = Counter({int(row.day): int(row.calls) for row in rows})
    return found, since if found.total() < MOST_CALLS else _next_day(min(found))


def _callers(
    tx: Tx, access_key_id: str, since: int, most: int
) -> tuple[dict[tuple[str, str], Place], list[sa.Row[Any]], int]:
    chosen = sa.select(_A.at, _A.address, _A.agent, _A.outcome).where(*_calls(tx, access_key_id, since))
    newest = chosen.order_by(_A.at.desc()).limit(MOST_READ).cte("newest")
    calls, last = sa.func.count().label("calls"), sa.func.max(newest.c.at).label("last")
    places = sa.select(newest.c.address, newest.c.agent, calls, last).group_by(newest.c.address, newest.c.agent)
    errors = sa.select(newest.c.outcome, calls).where(newest.c.outcome != "Success").group_by(newest.c.outcome)
    bound = sa.select(sa.func.count().label("read"), sa.func.min(newest.c.at).label("first"))
    read = tx.row(bound)
    whole = read is None or read.read < MOST_READ
    return (
        {(row.address, row.agent): Place._make(row) for row in tx.rows(places)},
        tx.rows(errors.order_by(sa.desc("calls"), newest.c.outcome).limit(most)),
        since if whole or read is None else int(read.first),
    )


def _calls(tx: Tx, access_key_id: str, since: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_A.account_id == tx.account_id, _A.access_key_id == access_key_id, _A.at >= since)
