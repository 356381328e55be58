"""The trail tells the same whether events are rows or in blocks, page by page and by every filter."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec import UNSET, structs

from keystead import ids
from keystead.faults import Fault
from keystead.products.keystead.events import LookupEventsInput, lookup_events
from keystead.products.keystead.product import KEYSTEAD
from keystead.store import audit, tables
from keystead.store.audit import Event, Position
from products.plane import START, Plane

AT = START * 1000


def event(plane: Plane, **changed: Any) -> Event:
    """A successful read by a user of the plane's account."""
    read = Event(
        account_id=plane.account_id,
        at=AT,
        request_id=ids.request_id(),
        product="Ram",
        action="GetUser",
        kind="read",
        identity_type="RAMUser",
        principal=f"acs:ram::{plane.account_id}:user/alice",
        access_key_id="LTAI5tAlice",
        resource=f"acs:ram:*:{plane.account_id}:user/Bob_1",
        outcome="Success",
        address="127.0.0.1",
        agent="test",
        parameters='{"UserName":"bob"}',
    )
    return structs.replace(read, **changed)


def keep(plane: Plane, events: list[Event]) -> None:
    """What the audit thread does."""
    with plane.database.writing(plane.now, "") as tx:
        audit.insert_compactly(tx, events)


def kept(plane: Plane) -> tuple[int, int]:
    """How many rows and how many blocks the account has."""
    with plane.database.reading(plane.now, plane.account_id) as tx:
        return tuple(  # type: ignore[return-value]
            tx.connection.execute(
                sa.select(sa.func.count()).select_from(table).where(table.c.account_id == plane.account_id)
            ).scalar_one()
            for table in (tables.audit, tables.audit_blocks)
        )


def look(plane: Plane, most: int = 50, **wanted: Any) -> list[Event]:
    """Every page of a search, as one list; pages do not overlap."""
    asked = {"equal": {}, "whole": {}, "part": {}, "outcome": "", "start": 0, "end": 10**15, **wanted}
    found: list[Event] = []
    before: Position | None = None
    for _ in range(1000):
        with plane.database.reading(plane.now, plane.account_id) as tx:
            page = audit.find(tx, before=before, most=most, **asked)
        assert len(page.events) <= most
        found += page.events
        before = page.rest
        if before is None:
            return found
    raise AssertionError("the pages do not end")


def mixed(plane: Plane) -> list[Event]:
    """Events of many kinds, kept in several goes, so that rows and blocks overlap in time."""
    chance = random.Random(7)
    everything: list[Event] = []
    for _ in range(6):
        some = [
            event(
                plane,
                at=AT + chance.randrange(3000),
                action=chance.choice(["GetUser", "ListUsers", "CreateToken"]),
                principal=f"acs:ram::{plane.account_id}:user/{chance.choice(['alice', 'Bob', 'b%b'])}",
                identity_type=chance.choice(["RAMUser", "RAMUser", "AssumedRoleUser", "Account"]),
                kind=chance.choice(["read", "read", "read", "write"]),
                outcome=chance.choice(["Success", "Success", "Success", "NoPermission"]),
                access_key_id=chance.choice(["LTAI5tAlice", "LTAI5tOther"]),
                parameters='{"Näme":"值"}',
            )
            for _ in range(400)
        ]
        keep(plane, some)
        everything += some
    return sorted(everything, key=lambda one: (one.at, one.request_id), reverse=True)


@pytest.mark.parametrize("most", [7, 1000])
def test_every_filter_finds_what_a_naive_search_finds(plane: Plane, most: int) -> None:
    everything = mixed(plane)
    rows, blocks = kept(plane)
    assert blocks >= 6
    assert 0 < rows < len(everything)
    assert look(plane, most) == everything
    some = everything[777]
    for wanted, fits in [
        ({"equal": {"action": "ListUsers"}}, lambda one: one.action == "ListUsers"),
        ({"equal": {"access_key_id": "LTAI5tOther", "kind": "read"}}, lambda one: one.access_key_id == "LTAI5tOther"),
        ({"equal": {"request_id": some.request_id}}, lambda one: one.request_id == some.request_id),
        ({"part": {"principal": "user/BOB"}}, lambda one: one.principal.endswith("Bob")),
        ({"part": {"principal": "b%b"}}, lambda one: one.principal.endswith("b%b")),
        ({"part": {"resource": "user/bob_"}}, lambda _: True),
        ({"part": {"resource": "user/bobx"}}, lambda _: False),
        ({"whole": {"principal": f"acs:ram::{plane.account_id}:USER/bob"}}, lambda one: one.principal.endswith("Bob")),
        ({"whole": {"principal": "user/bob"}}, lambda _: False),
        ({"whole": {"resource": some.resource.upper()}}, lambda one: one.resource == some.resource),
        ({"outcome": "Success"}, lambda one: one.outcome == "Success"),
        ({"outcome": "Failure"}, lambda one: one.outcome != "Success"),
        ({"start": AT + 1000, "end": AT + 1100}, lambda one: AT + 1000 <= one.at < AT + 1100),
    ]:
        kind = wanted.get("equal", {}).get("kind", "")
        assert look(plane, most, **wanted) == [one for one in everything if fits(one) and kind in ("", one.kind)]


def test_few_reads_and_what_reports_ask_for_stay_rows(plane: Plane) -> None:
    keep(plane, [event(plane) for _ in range(audit.FEWEST_IN_BLOCK - 1)])
    keep(plane, [event(plane, kind="write") for _ in range(100)])
    keep(plane, [event(plane, outcome="NoPermission") for _ in range(100)])
    keep(plane, [event(plane, identity_type="Account") for _ in range(100)])
    keep(plane, [event(plane, action="CreateToken") for _ in range(100)])
    assert kept(plane) == (audit.FEWEST_IN_BLOCK - 1 + 400, 0)
    with plane.database.reading(plane.now, plane.account_id) as tx:
        assert [row.calls for row in audit.callers_of(tx, "CreateToken", AT, 10)] == [100]
    keep(plane, [event(plane) for _ in range(audit.FEWEST_IN_BLOCK)])
    assert kept(plane)[1] == 1


def test_a_long_search_ends_and_goes_on_at_the_next_page(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_SCANNED", 150)
    for second in range(10):
        keep(plane, [event(plane, at=AT + second * 1000 + n) for n in range(100)])
    rare = event(plane, at=AT + 1)
    keep(plane, [rare])
    with plane.database.reading(plane.now, plane.account_id) as tx:
        page = audit.find(
            tx,
            equal={"request_id": rare.request_id},
            whole={},
            part={},
            outcome="",
            start=0,
            end=10**15,
            before=None,
            most=10,
        )
    assert page.events == []
    assert page.rest is not None
    assert look(plane, 10, equal={"request_id": rare.request_id}) == [rare]
    assert len(look(plane, 30)) == 1001


def test_blocks_of_another_account_are_not_shown(plane: Plane, make_plane: Any) -> None:
    other = make_plane()
    keep(plane, [event(plane) for _ in range(100)] + [event(other) for _ in range(100)])
    assert {one.account_id for one in look(plane)} == {plane.account_id}
    assert len(look(other)) == 100


def test_markers_lead_through_the_pages(plane: Plane) -> None:
    keep(plane, [event(plane, at=AT + n // 3) for n in range(200)])
    shown, marker = [], None
    while True:
        with plane.database.reading(plane.now, plane.account_id) as tx:
            page = lookup_events(tx, plane.account, LookupEventsInput(max_items=33, marker=marker))  # type: ignore[arg-type]
        shown += [one.request_id for one in page.events.event]
        if not page.is_truncated:
            assert page.marker is UNSET
            break
        marker = page.marker
        assert KEYSTEAD.actions["LookupEvents"].read({"Marker": marker}).marker == marker  # the wire takes it too
    assert len(shown) == len(set(shown)) == 200
    for wrong in ("MTIz", "eC95", "LTEvYQ=="):
        with pytest.raises(Fault), plane.database.reading(plane.now, plane.account_id) as tx:
            lookup_events(tx, plane.account, LookupEventsInput(marker=wrong))  # type: ignore[arg-type]
