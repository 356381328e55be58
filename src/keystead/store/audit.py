"""The audit trail: one event for every call that was made by a known identity.

Events are rows, found by index.  Where many reads of one account wait together they become one compressed block
instead: nothing is left out, and it takes a fifth of the time and a tenth of the room.  Writes, refusals and what
reports ask for by index are always rows.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from msgspec import structs

from keystead.store.database import Tx
from keystead.store.search import paging
from keystead.store.tables import audit, audit_blocks

EQUAL_FILTERS = ("access_key_id", "action", "request_id", "kind", "product")
"""Columns that LookupEvents compares as they are."""

FEWEST_IN_BLOCK = 64
"""Events of one account that must wait together to become a block."""

MOST_SCANNED = 500_000
"""Events in blocks that one search looks at: about a second."""


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call.  The members are the table's columns; see there."""

    account_id: str
    at: int
    request_id: str
    product: str
    action: str
    kind: str
    identity_type: str
    principal: str
    access_key_id: str
    resource: str
    outcome: str
    address: str
    agent: str
    parameters: str
    diagnostic: str | None = None


class Position(NamedTuple):
    """A place in the trail, which is ordered by time and then by request ID; what stands before it is older."""

    at: int
    request_id: str


class Page(NamedTuple):
    """Events, newest first, and where the next page begins, or None at the end."""

    events: list[Event]
    rest: Position | None


_COLUMNS = Event.__struct_fields__
_READ = sa.select(*(audit.c[name] for name in _COLUMNS))
_INSERT_BLOCK = sa.insert(audit_blocks)
_BLOCKED_IDENTITIES = frozenset({"RAMUser", "AssumedRoleUser"})  # the account's own calls are for its report
_NEVER_BLOCKED = frozenset({"CreateToken"})  # `callers_of` asks for it
_SIZES = (500, 20, 1)  # a few fixed lengths, so that the driver keeps the statements prepared
_ALWAYS = 10**15


class _Block(msgspec.Struct, array_like=True, gc=False):
    """Many events by column.  Most say the same but for their time and request ID, so the rest is kept once.

    shared: the members of an event without the two.  which: the place in `shared`, for each event.
    """

    at: list[int]
    request_id: list[str]
    which: list[int]
    shared: list[tuple[str | None, ...]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Block).decode


def pack(events: Sequence[Event]) -> bytes:
    """Events as the body of a block."""
    shared: dict[tuple[str | None, ...], int] = {}
    which: list[int] = []
    for event in events:
        account, _, _, *rest = structs.astuple(event)
        which.append(shared.setdefault((account, *rest), len(shared)))
    block = _Block([event.at for event in events], [event.request_id for event in events], which, list(shared))
    return zlib.compress(_encode(block), 1)


def unpack(body: bytes) -> list[Event]:
    """The events of a block's body."""
    block = _decode(zlib.decompress(body))
    shared: list[Any] = block.shared
    return [
        Event(shared[n][0], at, request_id, *shared[n][1:])
        for at, request_id, n in zip(block.at, block.request_id, block.which, strict=True)
    ]


def insert(tx: Tx, events: Sequence[Event]) -> None:
    """Add events as rows.

    One statement of many rows, given to the driver as it is, costs a tenth of as many statements: of the work on a row,
    and of handing the interpreter to and fro between this thread and the event loop.
    """
    mark = "?" if tx.connection.dialect.paramstyle == "qmark" else "%s"
    done = 0
    for size in _SIZES:
        while len(events) - done >= size:
            values = tuple(chain.from_iterable(map(structs.astuple, events[done : done + size])))
            tx.connection.exec_driver_sql(_statement(mark, size), values)
            done += size


@cache
def _statement(mark: str, size: int) -> str:
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    group = "(" + ", ".join([mark] * len(_COLUMNS)) + ")"
    return f"INSERT INTO audit ({names}) VALUES {', '.join([group] * size)}"  # noqa: S608 - names of our own columns


def insert_compactly(tx: Tx, events: Sequence[Event]) -> None:
    """Add many events: as blocks where many reads of one account are among them, else as rows."""
    rows: list[Event] = []
    reads: dict[str, list[Event]] = {}
    for event in events:
        reads.setdefault(event.account_id, []).append(event) if _may_be_blocked(event) else rows.append(event)
    for account, some in reads.items():
        if len(some) < FEWEST_IN_BLOCK:
            rows += some
            continue
        times = [event.at for event in some]
        values = {"account_id": account, "first_at": min(times), "last_at": max(times), "events": len(some)}
        tx.connection.execute(_INSERT_BLOCK, {**values, "body": pack(some)})
    insert(tx, rows)


def _may_be_blocked(event: Event) -> bool:
    return (
        event.outcome == "Success"
        and event.kind == "read"
        and event.identity_type in _BLOCKED_IDENTITIES
        and event.action not in _NEVER_BLOCKED
    )


def find(
    tx: Tx,
    *,
    equal: Mapping[str, str],
    whole: Mapping[str, str],
    part: Mapping[str, str],
    outcome: str,
    start: int,
    end: int,
    before: Position | None,
    most: int,
) -> Page:
    """At most `most` of the account's events, newest first; fewer, with a rest, where a search would take too long.

    start, end: milliseconds since 1970, end excluded.  before: only what is older (the page before's rest).  equal:
    what columns are.  whole: what principal and resource are, in any case of letters, found along an index.  part:
    what they have in them, which looks at every event.  outcome: Success, Failure (everything else), or one error code.
    """
    if before is not None:
        end = min(end, before.at + 1)
    whole, part = _lowered(whole), _lowered(part)
    rows = _rows(tx, equal, whole, part, outcome, (start, end), before, most + 1)
    if outcome not in ("", "Success"):
        return _cut(rows, most)
    fits = _filter(equal, whole, part, (start, end), before)
    found, scanned = rows, 0
    for block in _blocks(tx, start, end):
        if len(found) > most and _place(found[most]).at > block.last_at:
            break
        if scanned >= MOST_SCANNED:
            reached = [event for event in found if event.at > block.last_at]
            return _cut(reached, most) if len(reached) > most else Page(reached, Position(block.last_at + 1, ""))
        scanned += block.events
        more = [event for event in unpack(_body(tx, block.id)) if fits(event)]
        found = sorted([*found, *more], key=_place, reverse=True)[: most + 1]
    return _cut(found, most)


def _lowered(wanted: Mapping[str, str]) -> dict[str, str]:
    return {name: value.lower() for name, value in wanted.items() if value}


def _cut(found: list[Event], most: int) -> Page:
    return Page(found[:most], _place(found[most - 1]) if len(found) > most else None)


def _place(event: Event) -> Position:
    return Position(event.at, event.request_id)


def _rows(
    tx: Tx,
    equal: Mapping[str, str],
    whole: Mapping[str, str],
    part: Mapping[str, str],
    outcome: str,
    times: tuple[int, int],
    before: Position | None,
    most: int,
) -> list[Event]:
    columns = audit.c
    # Python's order, whatever the database's own is.
    request_id = columns.request_id if tx.connection.dialect.name == "sqlite" else sa.collate(columns.request_id, "C")
    query = _READ.where(columns.account_id == tx.account_id, columns.at >= times[0], columns.at < times[1])
    for name, value in equal.items():
        query = query.where(columns[name] == value)
    for name, value in whole.items():
        query = query.where(sa.func.lower(columns[name]) == value)
    for name, value in part.items():
        query = query.where(paging.holds(tx, columns[name], value))
    if outcome == "Failure":
        query = query.where(columns.outcome != "Success")
    elif outcome:
        query = query.where(columns.outcome == outcome)
    if before is not None:
        query = query.where(sa.or_(columns.at < before.at, request_id < before.request_id))
    return [
        msgspec.convert(tuple(row), Event)
        for row in tx.rows(query.order_by(columns.at.desc(), request_id.desc()).limit(most))
    ]


def _filter(
    equal: Mapping[str, str],
    whole: Mapping[str, str],
    part: Mapping[str, str],
    times: tuple[int, int],
    before: Position | None,
) -> Callable[[Event], bool]:
    """Whether an event of a block is asked for: what `_rows` says in SQL."""
    wanted, is_, holds = tuple(equal.items()), tuple(whole.items()), tuple(part.items())

    def fits(event: Event) -> bool:
        return (
            all(getattr(event, name) == value for name, value in wanted)
            and times[0] <= event.at < times[1]
            and (before is None or _place(event) < before)
            and all(getattr(event, name).lower() == value for name, value in is_)
            and all(value in getattr(event, name).lower() for name, value in holds)
        )

    return fits


def _blocks(tx: Tx, start: int, end: int) -> Iterator[sa.Row[Any]]:
    """The blocks that may hold events of these times, the one with the newest event first; without their bodies."""
    columns = audit_blocks.c
    query = sa.select(columns.id, columns.last_at, columns.events)
    query = query.where(columns.account_id == tx.account_id, columns.last_at >= start, columns.first_at < end)
    return iter(tx.rows(query.order_by(columns.last_at.desc(), columns.id.desc())))


def _body(tx: Tx, block_id: int) -> bytes:
    query = sa.select(audit_blocks.c.body).where(audit_blocks.c.id == block_id)
    return bytes(tx.connection.execute(query).scalar_one())


def reads_of_key(tx: Tx, access_key_id: str, since: int) -> tuple[list[Event], int]:
    """The reads by a pair that are in blocks, since a time (milliseconds); and from when on they are whole."""
    found: list[Event] = []
    scanned = 0
    for block in _blocks(tx, since, _ALWAYS):
        if scanned >= MOST_SCANNED:
            return found, int(block.last_at) + 1
        scanned += block.events
        events = unpack(_body(tx, block.id))
        found += [event for event in events if event.access_key_id == access_key_id and event.at >= since]
    return found, since


def of_request(tx: Tx, request_id: str) -> list[sa.Row[Any]]:
    """The account's rows of one request; one for each action that it did."""
    mine = (audit.c.account_id == tx.account_id, audit.c.request_id == request_id)
    return tx.rows(sa.select(audit).where(*mine).order_by(audit.c.id).limit(10))


def callers_of(tx: Tx, action: str, since: int, most: int) -> list[sa.Row[Any]]:
    """Who of the account called an action since a time (milliseconds): principal, access_key_id, calls and last.

    INVARIANT: the action is one that never goes into a block.
    """
    assert action in _NEVER_BLOCKED  # noqa: S101 - a rule of this file, not of the caller
    columns = audit.c
    last = sa.func.max(columns.at).label("last")
    query = (
        sa.select(columns.principal, columns.access_key_id, sa.func.count().label("calls"), last)
        .where(
            columns.account_id == tx.account_id,
            columns.action == action,
            columns.outcome == "Success",
            columns.at >= since,
        )
        .group_by(columns.principal, columns.access_key_id)
        .order_by(last.desc(), columns.principal, columns.access_key_id)
    )
    return tx.rows(query.limit(most))
