"""Whoever owns a pair is told before it expires, and so is the operator: at each threshold once, with nothing lost."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from keystead import app, ids
from keystead.identity.expiry_warnings import WarningSettings
from keystead.identity.transaction import Tx
from keystead.instance import warnings_of
from keystead.products.people import access_keys, users
from keystead.products.workspaces import access
from keystead.server import expiry_warnings as warner_part
from keystead.server.expiry_warnings import ExpiryWarner
from keystead.settings import Settings
from keystead.store import access_keys as key_store
from keystead.store import api_keys, roles, tables, verified_addresses
from keystead.store import expiry_warnings as store
from keystead.store.tables.studio import NEVER
from services.loopback import free_port
from services.smtp import MailBox, Taken, smtp
from services.webhook import Call, Receiver

START = 1_767_323_045
DAY = 86_400
_NUMBERS = itertools.count(10**6)


class House:
    """An instance whose clock is `now`, one account with the user Ann, and a way to warn."""

    def __init__(self, instance: app.Instance, settings: WarningSettings) -> None:
        self.instance = instance
        self.settings = settings
        self.now = float(START)
        self.account = ids.account_id()
        with self.writing() as tx:
            tx.run(sa.insert(tables.accounts), id=self.account, alias=self.account, created_at=START)
            access.ensure_defaults(tx)
            mine = sa.select(tables.workspaces.c.id).where(tables.workspaces.c.account_id == self.account)
            self.workspace = str(tx.rows(mine)[0].id)
        self.ann = self.user("Ann", "ann@x.example")
        self.warner = self.another()

    def another(self, **changes: Any) -> ExpiryWarner:
        """Another node's."""
        settings = dataclasses.replace(self.settings, **changes)
        return ExpiryWarner(self.instance.database, lambda: self.now, settings)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Tx]:
        with self.instance.database.writing(self.now, self.account) as tx:
            yield tx

    def user(self, name: str, address: str = "") -> str:
        with self.writing() as tx:
            made: str = users.create(tx, name, {}).id
            if address:
                verified_addresses.put(tx, made, "email", address, b"", 5, START + 600)
                verified_addresses.activate(tx, made, "email")
        return made

    def pair(self, owner: str | None, days: float) -> str:
        """A pair that ends in so many days."""
        with self.writing() as tx:
            row, _ = access_keys.create(tx, owner, expires_at=int(self.now + days * DAY))
        return str(row.id)

    def api_key(self, kind: str, owner: str, days: float | None) -> int:
        """An API key that ends in so many days, None: never."""
        number = next(_NUMBERS)
        end = NEVER if days is None else int(self.now + days * DAY)
        with self.writing() as tx:
            whose = {"workspace_id": self.workspace, "owner_kind": kind, "owner_id": owner, "description": ""}
            value = {"digest": number.to_bytes(32), "prefix": "sk-", "last_four": "0000", "scope": "{}"}
            api_keys.insert(tx, number, **whose, **value, expires_at=end)
        return number

    def run(self) -> int:
        """Look and deliver once; how many keys were found."""

        async def both() -> int:
            found = await self.warner.look()
            await self.warner.deliver()
            return found

        return asyncio.run(both())

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        with self.instance.database.reading(self.now, self.account) as tx:
            return tx.rows(statement)

    def waiting(self) -> list[Any]:
        mine = tables.expiry_warnings.c.account_id == self.account
        return self.rows(sa.select(tables.expiry_warnings).where(mine))

    def told(self) -> list[tuple[str, int, tuple[str, ...]]]:
        """Of which keys, at which threshold and how somebody was told, as the audit has it."""
        mine = (tables.audit.c.account_id == self.account) & (tables.audit.c.action == "WarnOfExpiringAccessKey")
        found = self.rows(sa.select(tables.audit).where(mine).order_by(tables.audit.c.id))
        parameters = [json.loads(row.parameters) for row in found]
        return [
            (row.resource.rpartition("/")[2], given["WarningDays"], tuple(given["Channels"]))
            for row, given in zip(found, parameters, strict=True)
        ]

    def metric(self, channel: str, outcome: str) -> int:
        return self.warner.counts._counted[channel, outcome]


@pytest.fixture
def box() -> Iterator[MailBox]:
    with smtp() as found:
        yield found


@pytest.fixture(scope="module")
def opened(backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One instance for all tests of this file: each works in an account of its own."""
    with contextlib.ExitStack() as stack:
        settings: dict[str, Any] = {"data_dir": tmp_path_factory.mktemp("warnings") / "data"}
        if backend == "postgres":
            cluster = request.getfixturevalue("postgres_cluster")
            settings["database"] = stack.enter_context(cluster.database())
        yield stack.enter_context(app.opened(Settings(**settings), lambda: START))


Open = Callable[..., House]


@pytest.fixture
def open_house(opened: app.Instance, tmp_path: Path) -> Open:
    """A function that opens a house under settings, in a database without keys that end and without warnings."""
    with opened.database.writing(START, "") as tx:
        tx.run(sa.delete(tables.expiry_warnings))
        tx.run(sa.update(tables.access_keys).values(expires_at=None))
        tx.run(sa.update(tables.api_keys).values(expires_at=NEVER))

    def begin(box: MailBox | None = None, hook: Receiver | None = None, **settings: Any) -> House:
        if box is not None:
            settings |= {"smtp_url": f"smtp://127.0.0.1:{box.port}", "smtp_from": "keystead@x.example"}
        if hook is not None:
            file = hook.secret_file(tmp_path)
            settings |= {"expiry_webhook_url": hook.url, "webhook_secret_file": file}
        return House(opened, warnings_of(Settings(**settings)))

    return begin


def letters(box: MailBox) -> list[Taken]:
    """Everything that has arrived; a letter is here before its sender hears so."""
    return [box.taken.get_nowait() for _ in range(box.taken.qsize())]


def recipient(letter: Taken) -> str:
    return re.sub(r".*<|>.*", "", letter.to)


def content(letter: Taken) -> str:
    """The text as people read it, in one line."""
    return " ".join(message_from_string(letter.text, policy=policy.default).get_content().split())


def calls(hook: Receiver) -> list[Call]:
    return [hook.taken.get_nowait() for _ in range(hook.taken.qsize())]


def test_each_threshold_is_told_once(open_house: Open, box: MailBox, hook: Receiver) -> None:
    house = open_house(box, hook, public_url="https://k.example")
    key = house.pair(house.ann, 40)
    found = {}
    for day in (0, 9, 10, 11, 25, 26, 27, 36, 37, 38, 39, 40):
        house.now = START + day * DAY + 60.0
        found[day] = house.run()
    assert [day for day, number in found.items() if number] == [10, 26, 37]
    both = ("mail", "webhook")
    assert house.told() == [(key, 30, both), (key, 14, both), (key, 3, both)]
    assert house.waiting() == []
    sent, called = letters(box), calls(hook)
    assert [recipient(letter) for letter in sent] == ["ann@x.example"] * 3
    assert [[each["WarningDays"] for each in call.warnings] for call in called] == [[30], [14], [3]]
    assert all(call.is_genuine() for call in called)
    assert (house.metric("mail", "delivered"), house.metric("webhook", "delivered")) == (3, 3)
    for text in (content(sent[-1]), called[-1].body.decode()):
        assert key in text
        assert "Ann" in text
        assert "2026-02-11T03:04:05Z" in text
        assert called[-1].warnings[0]["WarningId"] in text
    assert f"Subject: AccessKey {key} expires in 3 days" in sent[-1].text
    assert f"https://k.example/console/access-keys/own/{key}/rotate" in content(sent[-1])
    assert called[-1].warnings[0]["Page"] == f"https://k.example/console/users/Ann/access-keys/{key}/rotate"


def test_no_secret_is_in_a_message(open_house: Open, box: MailBox, hook: Receiver) -> None:
    house = open_house(box, hook)
    with house.writing() as tx:
        row, secret = access_keys.create(tx, house.ann, expires_at=START + DAY)
    house.run()
    [letter], [call] = letters(box), calls(hook)
    for text in (content(letter), call.body.decode(), str(call.headers), str(house.told())):
        assert row.id in text or "webhook-id" in text
        assert secret not in text
        assert "t0ken" not in text
        assert "/console" not in text  # without public_url nobody knows where the console is


def test_only_the_nearest_threshold_counts_and_what_is_not_in_use_is_left_alone(
    open_house: Open, hook: Receiver
) -> None:
    house = open_house(hook=hook)
    soon, later = house.pair(house.ann, 2), house.pair(house.user("bob"), 20)
    disabled, over, never = (house.pair(house.user(name), 5) for name in ("carol", "dave", "erin"))
    with house.writing() as tx:
        access_keys.set_status(
            tx, disabled, tx.rows(sa.select(tables.users.c.id).filter_by(name="carol"))[0].id, "Inactive"
        )
        key_store.update(tx, over, expires_at=START - 1)
        key_store.update(tx, never, expires_at=None)
    assert house.run() == 2
    assert {(each["KeyId"], each["WarningDays"]) for call in calls(hook) for each in call.warnings} == {
        (soon, 3),
        (later, 30),
    }
    assert house.run() == 0
    with house.writing() as tx:
        key_store.set_status(tx, disabled, "Active")
    assert house.run() == 1
    assert [key for key, _, _ in house.told()][-1] == disabled


def test_another_expiry_begins_anew(open_house: Open, hook: Receiver) -> None:
    house = open_house(hook=hook)
    key = house.pair(house.ann, 2)
    assert (house.run(), house.run()) == (1, 0)
    with house.writing() as tx:
        key_store.update(tx, key, note="kept on host 7")
    assert house.run() == 0
    with house.writing() as tx:
        key_store.update(tx, key, expires_at=START + 90 * DAY)
    assert house.run() == 0
    house.now = START + 61.0 * DAY
    assert (house.run(), house.run()) == (1, 0)
    assert [days for _, days, _ in house.told()] == [3, 30]


def test_another_setting_warns_at_a_nearer_threshold_only(open_house: Open, hook: Receiver) -> None:
    house = open_house(hook=hook)
    house.pair(house.ann, 25)
    assert house.run() == 1
    house.warner = house.another(days=(60, 26))
    assert (house.run(), house.run()) == (1, 0)
    house.warner = house.another(days=(60, 30))
    assert house.run() == 0


def test_nothing_is_done_without_days_or_without_a_way_to_tell(open_house: Open, hook: Receiver) -> None:
    house = open_house(hook=hook)
    house.pair(house.ann, 2)
    for changes in ({"days": ()}, {"webhook": None}):
        asyncio.run(asyncio.wait_for(house.another(**changes).run(), 30))  # it ends at once
    assert house.told() == []
    assert house.run() == 1  # and is made up for once there is one


def test_who_has_no_verified_address_is_told_of_by_the_webhook_alone(
    open_house: Open, box: MailBox, hook: Receiver
) -> None:
    house = open_house(box, hook)
    bobs, own = house.pair(house.user("bob"), 2), house.pair(None, 1)
    pending = house.user("carol")
    with house.writing() as tx:
        verified_addresses.put(tx, pending, "email", "carol@x.example", b"", 5, START + 600)
    carols = house.pair(pending, 2)
    assert house.run() == 3
    assert {(key, way) for key, _, way in house.told()} == {(key, ("webhook",)) for key in (bobs, own, carols)}
    assert letters(box) == []
    [call] = calls(hook)
    owners = {each["KeyId"]: each["Owner"] for each in call.warnings}
    assert owners[own] == {"Type": "Account", "Id": house.account}
    assert owners[bobs]["Name"] == "bob"
    house.warner = house.another(webhook=None)
    last = house.pair(house.user("dave"), 2)
    assert house.run() == 1
    assert house.told()[-1] == (last, 3, ())


def test_an_owner_gets_one_letter_for_all_its_pairs(open_house: Open, box: MailBox) -> None:
    house = open_house(box)
    keys = [house.pair(house.ann, days) for days in (2, 1)]
    bob = house.user("bob", "bob@x.example")
    bobs = house.pair(bob, 0.5)
    house.run()
    found = {recipient(each): each.text for each in letters(box)}
    assert set(found) == {"ann@x.example", "bob@x.example"}
    assert all(key in found["ann@x.example"] for key in keys)
    assert "2 keys expire soon, the first in a day" in found["ann@x.example"]
    assert "expires in less than a day" in found["bob@x.example"]
    assert bobs not in found["ann@x.example"]


def test_a_receiver_that_fails_is_asked_again_after_growing_pauses(
    open_house: Open, hook: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    house = open_house(hook=hook)
    key = house.pair(house.ann, 2.9)
    hook.status = 503
    pauses = []
    with caplog.at_level(logging.WARNING):
        for number in range(11):
            house.run()
            assert hook.taken.qsize() == number + 1
            pauses.append(house.waiting()[0].due_at - int(house.now))
            house.now += pauses[-1] - 1
            house.run()
            assert hook.taken.qsize() == number + 1  # not before its time
            house.now += 1
    assert pauses == [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600]
    assert house.metric("webhook", "failed") == len(pauses)
    assert house.warner.counts.waiting == 1
    assert "answered 503" in caplog.text
    assert "t0ken" not in caplog.text
    failed = calls(hook)
    hook.status = 200
    house.run()
    [taken] = calls(hook)
    assert {call.headers["webhook-id"] for call in [*failed, taken]} == {taken.headers["webhook-id"]}
    assert {each["WarningId"] for call in failed for each in call.warnings} == {taken.warnings[0]["WarningId"]}
    assert len({call.headers["webhook-timestamp"] for call in failed}) == len(failed)
    assert taken.is_genuine()
    assert (taken.warnings[0]["KeyId"], house.waiting(), house.warner.counts.waiting) == (key, [], 0)


def test_one_refused_address_does_not_hold_up_the_others(
    open_house: Open, box: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = open_house(box)
    house.pair(house.ann, 2)
    house.pair(house.user("bob", "two\nlines@x.example"), 2)
    house.run()
    assert [recipient(each) for each in letters(box)] == ["ann@x.example"]
    assert (house.metric("mail", "delivered"), house.metric("mail", "failed")) == (1, 1)


def test_a_mail_server_that_is_down_is_asked_once_in_a_round(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    house = open_house(MailBox(free_port()))
    for name in ("bob", "carol"):
        house.pair(house.user(name, f"{name}@x.example"), 2)
    with caplog.at_level(logging.WARNING):
        house.run()
    assert caplog.text.count("a message was not taken by") == 1
    assert house.metric("mail", "failed") == 2
    assert {row.due_at for row in house.waiting()} == {START + 60}


def test_what_is_no_longer_true_is_not_told(open_house: Open, hook: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    house = open_house(hook=hook)
    names = ("deleted", "disabled", "longer", "over", "fine")
    keys = {name: house.pair(house.user(name), 2) for name in names}
    hook.status = 503
    house.run()
    assert len(calls(hook)[0].warnings) == 5
    with house.writing() as tx:
        key_store.delete(tx, keys["deleted"])
        key_store.set_status(tx, keys["disabled"], "Inactive")
        key_store.update(tx, keys["longer"], expires_at=START + 900 * DAY)
    hook.status = 200
    house.now += 60
    house.run()
    [call] = calls(hook)
    assert {each["KeyId"] for each in call.warnings} == {keys["over"], keys["fine"]}
    late = house.pair(house.user("late"), 1)
    hook.status = 503
    house.run()
    house.now += DAY
    house.run()
    assert house.waiting() == []
    assert house.metric("webhook", "expired") == 1
    assert f"before these keys expired: {late}" in caplog.text


def test_a_channel_that_the_operator_took_away_leaves_nothing_behind(
    open_house: Open, box: MailBox, hook: Receiver
) -> None:
    house = open_house(box, hook)
    house.pair(house.ann, 2)
    asyncio.run(house.warner.look())
    assert {row.channel for row in house.waiting()} == {"mail", "webhook"}
    asyncio.run(house.another(webhook=None).deliver())
    assert house.waiting() == []
    assert len(letters(box)) == 1
    assert calls(hook) == []


def test_many_keys_are_told_in_bounded_batches(
    open_house: Open, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warner_part, "MOST_AT_ONCE", 5)
    house = open_house(hook=hook)
    with house.writing() as tx:
        ends = [START + (number % 25 + 1) * DAY for number in range(23)]
        for end in ends:
            key_store.insert(tx, ids.access_key_id(), house.ann, b"sealed", expires_at=end)
    assert house.run() == 23
    found = calls(hook)
    assert [len(call.warnings) for call in found] == [5, 5, 5, 5, 3]
    assert len({each["KeyId"] for call in found for each in call.warnings}) == 23


def test_two_nodes_keep_and_tell_each_once(open_house: Open, hook: Receiver) -> None:
    house = open_house(hook=hook)
    for name in range(20):
        house.pair(house.user(f"user{name}"), 2)
    nodes = [house.warner, *(house.another() for _ in range(3))]
    together = threading.Barrier(len(nodes))
    found = []

    def work(node: ExpiryWarner) -> None:
        together.wait()
        found.append(asyncio.run(node.look()))
        together.wait()
        asyncio.run(node.deliver())

    threads = [threading.Thread(target=work, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == len(house.told()) == 20
    assert sorted(each["KeyId"] for call in calls(hook) for each in call.warnings) == sorted(
        key for key, _, _ in house.told()
    )
    assert house.waiting() == []


def test_a_try_that_was_lost_is_made_again_when_its_time_is_over(open_house: Open, hook: Receiver) -> None:
    house = open_house(hook=hook)
    house.pair(house.ann, 2)
    asyncio.run(house.warner.look())
    with house.writing() as tx:
        assert store.due(tx) == (house.account, "webhook")
        assert len(house.warner._claim(tx, "webhook")) == 1  # and the node is gone
    house.run()
    assert calls(hook) == []
    house.now += warner_part.LEASE_SECONDS
    house.run()
    assert len(calls(hook)) == 1


def test_api_keys_are_told_of_by_the_same_rule(open_house: Open, box: MailBox, hook: Receiver) -> None:
    house = open_house(box, hook, public_url="https://k.example")
    pair = house.pair(house.ann, 2)
    with house.writing() as tx:
        role = ids.role_id()
        trust = {"trust_policy": "{}", "max_session_duration": 3600, "allow_console_login": False}
        roles.insert(tx, role, "deployer", {"description": "", **trust})
    mine, theirs, its = (
        house.api_key(kind, owner, 2)
        for kind, owner in (("user", house.ann), ("account", house.account), ("role", role))
    )
    house.api_key("user", house.ann, None)
    disabled = house.api_key("user", house.ann, 2)
    with house.writing() as tx:
        api_keys.update(tx, disabled, disabled=True)
    assert house.run() == 4
    [letter], [call] = letters(box), calls(hook)
    assert f"The API key {mine} of Ann expires at 2026-01-04T03:04:05Z, in 2 days." in content(letter)
    assert f"The AccessKey {pair} of Ann" in content(letter)
    assert f"/workspaces/{house.workspace}/api-keys/{mine}" in content(letter)
    told = {each["KeyId"]: each for each in call.warnings}
    assert set(told) == {pair, str(mine), str(theirs), str(its)}
    assert told[str(mine)]["KeyType"] == "ApiKey"
    assert told[str(mine)]["WorkspaceId"] == house.workspace
    assert told[str(mine)]["Page"] == f"https://k.example/console/workspaces/{house.workspace}/api-keys/{mine}"
    assert told[str(its)]["Owner"] == {"Type": "Role", "Id": role, "Name": "deployer"}
    assert told[str(theirs)]["Owner"] == {"Type": "Account", "Id": house.account}
    with house.writing() as tx:
        api_keys.update(tx, mine, expires_at=START + 10 * DAY)
    assert (house.run(), house.run()) == (1, 0)
    mine_of_audit = (tables.audit.c.account_id == house.account) & (tables.audit.c.action == "WarnOfExpiringApiKey")
    found = [json.loads(row.parameters) for row in house.rows(sa.select(tables.audit).where(mine_of_audit))]
    assert [each["WarningDays"] for each in found if each["ApiKeyId"] == str(mine)] == [3, 14]


def _rows(house: House) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    """Many keys of both kinds, of which nearly all were warned of."""
    for number in range(8000):
        told = 14 if number % 4 == 1 else 30 if number % 2 else None
        row = {"account_id": house.account, "created_at": START, "updated_at": START, "warned_days": told}
        end = START + number * 60 if number % 2 else None
        pair = {"id": f"LTAI{number:020d}", "user_id": house.ann, "sealed_secret": b"", "status": "Active"}
        yield tables.access_keys, row | pair | {"active_at": START, "expires_at": end}
        owner = {"workspace_id": house.workspace, "owner_kind": "user", "owner_id": house.ann, "description": ""}
        value = {"digest": number.to_bytes(32), "prefix": "sk-", "last_four": "0000", "scope": "{}"}
        more = {"id": number, "disabled": False, "generation": 0, "expires_at": end or NEVER}
        yield tables.api_keys, row | owner | value | more


def test_what_ends_soon_is_found_along_the_index(
    open_house: Open, hook: Receiver, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many keys there are, and however many of them were warned of already."""
    house = open_house(hook=hook)
    rows = list(_rows(house))
    plans = []

    def explained(tx: Tx, statement: sa.Select[Any], **given: object) -> None:
        explain = "EXPLAIN QUERY PLAN " if backend == "sqlite" else "EXPLAIN "
        text = statement.params(**given).compile(tx.connection, compile_kwargs={"literal_binds": True})
        plans.append("\n".join(str(row) for row in tx.connection.exec_driver_sql(explain + str(text)).all()))

    with house.writing() as tx:
        for table in (tables.access_keys, tables.api_keys):
            tx.connection.execute(sa.insert(table), [row for which, row in rows if which is table])
            if backend == "postgres":
                tx.connection.exec_driver_sql(f"ANALYZE {table.name}")
        monkeypatch.setattr(Tx, "rows", lambda self, statement, **given: explained(self, statement, **given) or [])
        monkeypatch.setattr(Tx, "row", explained)
        for kind in store.KEYS:
            store.levels(tx, kind)
            for told in (None, 30):
                store.ending(tx, kind, store.Span(told, START, START + 14 * DAY), 500)
        tx.connection.execute(sa.delete(tables.access_keys))
        tx.connection.execute(sa.delete(tables.api_keys))
    assert len(plans) == 6
    assert [plan for plan in plans[:3] if "ix_access_keys_warned" not in plan] == []
    assert [plan for plan in plans[3:] if "ix_api_keys_warned" not in plan] == []


def test_the_days_are_those_of_the_setting(open_house: Open, hook: Receiver) -> None:
    house = open_house(hook=hook, expiry_warning_days=(5,))
    house.pair(house.ann, 6)
    assert house.run() == 0
    house.now += DAY
    assert house.run() == 1
    assert open_house(hook=hook, expiry_warning_days=()).settings.active is False
