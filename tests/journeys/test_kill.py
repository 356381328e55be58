"""`kill -9` at random moments under concurrent writes: nothing acknowledged is lost, nothing is half made.

Every client works on names of its own and stops at the first request that gets no answer, so the state that must be
found follows from the requests that took place.  A write took place exactly when its nonce is in the database.
"""

from __future__ import annotations

import collections
import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from keystead import signing
from keystead.identity import replay
from services import rpc
from services.rpc import Key
from services.server import Server, running

THREADS = 6
OPTIONS = ("--writes-per-second", "0", "--reads-per-second", "0", "--sts-per-second", "0", "--users-quota", "100000")


@dataclass
class Sent:
    """A signed request, what it asks for, and the answer if one came."""

    action: str
    user: str
    mark: bytes
    target: str
    headers: dict[str, str]
    answer: dict[str, Any] | None = None


@dataclass(eq=False)
class Client(threading.Thread):
    """Creates users, gives them pairs and policies, and takes some of it away, until the server is gone."""

    server: Server
    name_prefix: str
    seed: int
    sent: list[Sent] = field(default_factory=list)
    refused: str = ""

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)

    @property
    def answered(self) -> int:
        """How many requests were answered so far."""
        return sum(sent.answer is not None for sent in self.sent)

    def run(self) -> None:
        chance = random.Random(self.seed)
        number = 0
        alive = True
        while alive:
            number += 1
            user = f"{self.name_prefix}-{number}"
            alive = self._one(chance, user)
        self.connection.close()

    def _one(self, chance: random.Random, user: str) -> bool:
        policy = {"UserName": user, "PolicyType": "System", "PolicyName": "ReadOnlyAccess"}
        if not self._do(chance, "CreateUser", UserName=user):
            return False
        made = self._do(chance, "CreateAccessKey", UserName=user)
        if not made or not self._do(chance, "AttachPolicyToUser", **policy):
            return False
        if chance.random() < 0.4:
            gone = {"UserName": user, "UserAccessKeyId": made["AccessKey"]["AccessKeyId"]}
            return bool(
                self._do(chance, "DetachPolicyFromUser", **policy)
                and self._do(chance, "DeleteAccessKey", **gone)
                and self._do(chance, "DeleteUser", UserName=user)
            )
        return bool(self._do(chance, "GetUser", UserName=user))

    def _do(self, chance: random.Random, action: str, **given: str) -> dict[str, Any] | None:
        sent = signed(self.server.admin, action, given, acs3=chance.random() < 0.5)
        self.sent.append(sent)
        try:
            status, answer = send(self.connection, sent)
        except (OSError, http.client.HTTPException, ValueError):
            return None
        if status != 200:
            self.refused = f"{action} {given}: {answer}"
            return None
        sent.answer = answer
        return answer


def signed(key: Key, action: str, given: dict[str, str], *, acs3: bool) -> Sent:
    """The request under one of the two schemes that clients use."""
    if not acs3:
        query = rpc.signed(key, "GET", {"Action": action, "Version": "2015-05-01", **given})
        nonce = query.split("SignatureNonce=")[1].split("&")[0]
        return Sent(action, given["UserName"], replay.digest(key.id, nonce), f"/?{query}", {})
    nonce = uuid.uuid4().hex
    query = "&".join(f"{name}={value}" for name, value in given.items())
    named = {"host": "ram.test", "x-acs-action": action, "x-acs-version": "2015-05-01"}
    proof = {"access_key_id": key.id, "secret": key.secret, "timestamp": time.time(), "nonce": nonce}
    headers = signing.sign_acs3("GET", "/", query, named, b"", **proof)  # type: ignore[arg-type]
    return Sent(action, given["UserName"], replay.digest(key.id, nonce), f"/?{query}", headers)


def send(connection: http.client.HTTPConnection, sent: Sent) -> tuple[int, dict[str, Any]]:
    """Status and body; raises when no whole answer comes."""
    connection.request("GET", sent.target, headers=sent.headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@dataclass(frozen=True)
class Found:
    """What the database holds after a restart."""

    nonces: frozenset[bytes]
    audited: collections.Counter[tuple[str, str]]
    users: dict[str, tuple[int, int]]

    @classmethod
    def read(cls, server: Server) -> Found:
        """Everything that is compared, and the checks that need nothing to compare with."""
        engine = sa.create_engine(server.database or f"sqlite:///{server.data_dir / 'keystead.db'}")
        with engine.connect() as database:
            for orphans in _ORPHANS:
                assert database.execute(sa.text(orphans)).scalar_one() == 0, orphans
            last = database.execute(sa.text("SELECT last FROM change_counter")).scalar_one()
            assert last == database.execute(sa.text("SELECT max(n) FROM changes")).scalar_one()
            nonces = frozenset(bytes(row[0]) for row in database.execute(sa.text("SELECT digest FROM nonces")))
            audited: collections.Counter[tuple[str, str]] = collections.Counter()
            rows = sa.text("SELECT action, parameters FROM audit WHERE kind = 'write' AND outcome = 'Success'")
            for action, parameters in database.execute(rows):
                audited[action, json.loads(parameters).get("UserName", "")] += 1
            users = {row[0]: (row[1], row[2]) for row in database.execute(sa.text(_USERS))}
        engine.dispose()
        return cls(nonces, audited, users)


_ORPHANS = (
    "SELECT count(*) FROM access_keys WHERE user_id IS NOT NULL AND user_id NOT IN (SELECT id FROM users)",
    "SELECT count(*) FROM attachments WHERE entity_kind = 'user' AND entity_id NOT IN (SELECT id FROM users)",
    "SELECT count(*) FROM access_keys WHERE length(sealed_secret) < 33",
)
_USERS = """SELECT u.name, (SELECT count(*) FROM access_keys k WHERE k.user_id = u.id),
    (SELECT count(*) FROM attachments a WHERE a.entity_id = u.id) FROM users u"""
_EFFECTS = {
    "CreateUser": (0, 0),
    "CreateAccessKey": (1, 0),
    "DeleteAccessKey": (-1, 0),
    "AttachPolicyToUser": (0, 1),
    "DetachPolicyFromUser": (0, -1),
}


def judge(clients: list[Client], found: Found) -> None:
    """Hold what was sent against what is there."""
    for client in clients:
        expected: dict[str, tuple[int, int]] = {}
        for sent in client.sent:
            if sent.action == "GetUser":
                continue
            took_place = sent.mark in found.nonces
            assert took_place or sent.answer is None, f"acknowledged and lost: {sent}"
            assert found.audited[sent.action, sent.user] == int(took_place), f"audit and nonce differ: {sent}"
            if not took_place:
                continue
            if sent.action == "DeleteUser":
                del expected[sent.user]
                continue
            keys, policies = expected.get(sent.user, (0, 0))
            more_keys, more_policies = _EFFECTS[sent.action]
            expected[sent.user] = (keys + more_keys, policies + more_policies)
        mine = {name: has for name, has in found.users.items() if name.startswith(client.name_prefix + "-")}
        assert mine == expected


def replayed(server: Server, sent: list[Sent]) -> None:
    """Every acknowledged request, byte for byte, once more: refused."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    for each in sent:
        status, answer = send(connection, each)
        assert (status, answer.get("Code")) == (400, "SignatureNonceUsed"), each
    connection.close()


def opens(server: Server, client: Client) -> None:
    """The last pair that the client was given, and that no request tried to delete, signs calls."""
    gone = {sent.user for sent in client.sent if sent.action == "DeleteAccessKey"}
    for sent in reversed(client.sent):
        if sent.action == "CreateAccessKey" and sent.answer and sent.user not in gone:
            pair = sent.answer["AccessKey"]
            me = rpc.call(server.url, Key(pair["AccessKeyId"], pair["AccessKeySecret"]), "sts", "GetCallerIdentity")
            assert str(me["Arn"]).endswith(f"/{sent.user}")
            return


def rounds(server: Server, number: int, seed: int) -> None:
    """Kill it `number` times; in every third round also while it starts."""
    chance = random.Random(seed)
    assert server.admin.id
    acknowledged = unanswered = 0
    for each in range(number):
        clients = [Client(server, f"r{each}c{n}", seed=seed * 1000 + each * 10 + n) for n in range(THREADS)]
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.1, 0.8))
        while sum(client.answered for client in clients) <= 10 and any(client.is_alive() for client in clients):
            time.sleep(0.01)  # on a slow machine, too, it must have had something to lose
        server.kill9()
        for client in clients:
            client.join(30)
            assert not client.refused
        if each % 3 == 2:
            _killed_while_starting(server, chance.uniform(0.0, 0.8))
        server.start()
        judge(clients, Found.read(server))
        done = [sent for client in clients for sent in client.sent if sent.answer is not None]
        acknowledged += len(done)
        unanswered += sum(sent.answer is None for client in clients for sent in client.sent)
        replayed(server, done)
        for client in clients:
            opens(server, client)
    assert acknowledged > 10 * number
    assert unanswered


def _killed_while_starting(server: Server, after: float) -> None:
    killer = threading.Timer(after, server.kill9)
    server.spawn()
    killer.start()
    killer.join()


@pytest.fixture
def own_server(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server without rate limits."""
    database = request.getfixturevalue("postgres_url") if backend == "postgres" else None
    with running(tmp_path, database=database, options=OPTIONS) as started:
        yield started


def test_three_kills(own_server: Server) -> None:
    """The short form."""
    rounds(own_server, 3, seed=random.randrange(10**6))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_kills(own_server: Server) -> None:
    """The same a hundred times, on one growing database."""
    rounds(own_server, 100, seed=7)
