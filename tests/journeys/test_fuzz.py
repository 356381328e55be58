"""Hostile requests in volume: never a 5xx, never a traceback, always an answer in its envelope, memory bounded."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import logging
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from journeys.fuzzing import ALLOW, Pair, Wire, hostile, wrong_with
from keystead import app, bootstrap
from keystead.identity import sessions
from keystead.identity.callers import Caller, IdentityType
from keystead.products.ram import access_keys, attachments, policies, roles, users
from keystead.server import feed
from keystead.server.edge import Edge
from keystead.settings import Settings
from services import rpc
from services.server import Server

LONGEST_STEP = 3.0
"""Seconds of CPU that the loop may be busy without a pause: whatever holds it longer holds every other caller too."""

ACCOUNT_EVERY = 2000
"""Requests after which a new account takes the place of what the last one has become."""

Answer = tuple[int, dict[str, str], bytes]


class Fuzzed:
    """A node in this process, its clock, and pairs of every kind of caller."""

    def __init__(self, instance: app.Instance, edge: Edge) -> None:
        self.instance = instance
        self.edge = edge
        self.pairs: list[Pair] = []

    async def send(self, wire: Wire) -> Answer:
        """What a client would get; the body arrives in up to three pieces."""
        third = len(wire.body) // 3 + 1
        pieces = [wire.body[at : at + third] for at in range(0, len(wire.body), third)] or [b""]
        coming = iter([(piece, n < len(pieces) - 1) for n, piece in enumerate(pieces)])

        async def receive() -> dict[str, Any]:
            piece, more = next(coming, (b"", False))
            return {"type": "http.request", "body": piece, "more_body": more}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": wire.method.upper(),
            "path": wire.path.decode("latin-1"),
            "raw_path": wire.path,
            "query_string": wire.query,
            "headers": wire.headers,
            "client": ("127.0.0.1", 1),
            "scheme": "http",
        }
        await self.edge(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, sent[1]["body"]

    def new_account(self) -> None:
        """An account with its own pair, an administrator, a user with a policy, one without, and a role session."""
        instance = self.instance
        now = instance.clock()
        with instance.database.writing(now, "") as tx:
            made = bootstrap.create_account(tx, None)
        with instance.database.writing(now, made.account_id) as tx:
            root = Caller(IdentityType.ACCOUNT, made.account_id, f"acs:ram::{made.account_id}:root")
            self.pairs[:] = [
                Pair(made.access_key_id, made.access_key_secret),
                Pair(*bootstrap.create_account_access_key(tx)),
            ]
            policies.create_policy(
                tx, root, policies.CreatePolicyInput(policy_name="p-1", policy_document=ALLOW % "{}")
            )
            for name in ("alice", "nobody"):
                users.create_user(tx, root, users.CreateUserInput(user_name=name))
                key = access_keys.create_access_key(tx, root, access_keys.OwnerInput(user_name=name)).access_key
                self.pairs.append(Pair(key.access_key_id, key.access_key_secret))
            given = attachments.UserAttachmentInput(user_name="alice", policy_name="p-1", policy_type="Custom")
            attachments.attach_policy_to_user(tx, root, given)
            trust = json.dumps(
                {
                    "Version": "1",
                    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [root.arn]}}],
                }
            )
            wanted = roles.CreateRoleInput(role_name="robot", assume_role_policy_document=trust)
            role = roles.create_role(tx, root, wanted).role
        session, token = sessions.issue(
            instance.keyring,
            account_id=made.account_id,
            role_id=role.role_id,
            session_name="fuzz",
            now=now,
            seconds=43_200,
            policy="",
            source_identity="",
        )
        self.pairs.append(Pair(session.access_key_id, session.secret, token))


@contextlib.asynccontextmanager
async def fuzzed(home: Path, clock: Any, database: str | None = None) -> AsyncIterator[Fuzzed]:
    """A node without rate limits, with small caches so that their bounds are met."""
    settings = Settings(
        data_dir=home,
        database=database,
        reads_per_second=0,
        writes_per_second=0,
        sts_per_second=0,
        directory_size=500,
        nonce_limit=50_000,
        policy_extensions=True,
    )
    with app.opened(settings, clock) as instance:
        async with app.assembled(instance) as node:
            beside = [asyncio.ensure_future(work()) for work in node.background]
            try:
                yield Fuzzed(instance, node.edge)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)


def resident() -> int:
    """Megabytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 // 1_048_576


async def longest_step(found: list[float]) -> None:
    """Note the CPU seconds that the loop's thread used between two of its turns, until cancelled."""
    while True:
        began = time.thread_time()
        await asyncio.sleep(0.01)
        found.append(time.thread_time() - began)
        found[:] = [max(found)]


async def run(home: Path, total: int, seed: int, warm_up: int, database: str | None = None) -> tuple[Any, int, int]:
    """Send `total` requests, eight at a time.  Returns the codes that were answered, and memory before and after."""
    # A machine that is busy with other things keeps a node from the change feed; too long a step in CPU is ours.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "STALE_SECONDS", 600.0)
        return await _run(home, total, seed, warm_up, database)


async def _run(home: Path, total: int, seed: int, warm_up: int, database: str | None) -> tuple[Any, int, int]:
    began = time.time()
    codes: collections.Counter[str] = collections.Counter()
    done = 0

    def clock() -> float:
        return began + done / 25  # a nonce is remembered for 15 minutes: at most 45,000 of them at any time

    async with fuzzed(home, clock, database) as node:
        node.new_account()
        requests = hostile(seed, node.pairs, clock)

        async def worker() -> None:
            nonlocal done, warm
            while done < total:
                done += 1
                number = done
                if number % ACCOUNT_EVERY == 0:
                    node.new_account()
                if number == warm_up:
                    warm = resident()
                wire = next(requests)
                status, headers, body = await node.send(wire)
                wrong = wrong_with(status, headers, body)
                assert not wrong, f"request {number} of seed {seed}: {wrong}\n{wire!r:.3000}"
                codes[json.loads(body).get("Code", "OK") if body[:1] == b"{" else "XML"] += 1

        warm = 0
        steps: list[float] = []
        watching = asyncio.ensure_future(longest_step(steps))
        await asyncio.gather(*(worker() for _ in range(8)))
        watching.cancel()
    assert steps[0] < LONGEST_STEP
    return codes, warm, resident()


def judged(codes: collections.Counter[str], total: int, caplog: pytest.LogCaptureFixture) -> None:
    """The requests were not all turned away at the door, and nothing went wrong that no answer told of."""
    assert sum(codes.values()) >= total
    assert codes["OK"] > total / 100
    assert len(codes) > 40
    failed = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert not failed, failed[0].getMessage()


def test_twenty_thousand_hostile_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In this process, over everything behind the socket."""
    total = 20_000
    codes, before, after = asyncio.run(run(tmp_path, total, seed=1, warm_up=8000))
    judged(codes, total, caplog)
    assert after - before < 64, f"{before} MB after the warm-up, {after} MB at the end"


def test_hostile_requests_on_postgres(tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """PostgreSQL refuses texts that SQLite stores, NUL above all: they must be refused before they reach it."""
    codes, _, _ = asyncio.run(run(tmp_path, 3000, seed=2, warm_up=1, database=postgres_url))
    judged(codes, 3000, caplog)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(3, 13))
def test_a_million_hostile_requests(seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred thousand for each of ten seeds."""
    total = 100_000
    codes, before, after = asyncio.run(run(tmp_path, total, seed, warm_up=20_000))
    judged(codes, total, caplog)
    assert after - before < 128, f"{before} MB after the warm-up, {after} MB at the end"


def _over_socket(server: Server, data: bytes) -> tuple[bytes, bytes]:
    """Head and body of the answer to raw bytes; empty where the server hung up."""
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65_536):
                received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


def test_hostile_requests_over_a_socket(server: Server) -> None:
    """The real program: what HTTP itself forbids gets a 400 or a closed connection, everything else an envelope."""
    pair = Pair(server.admin.id, server.admin.secret)
    seen: collections.Counter[str] = collections.Counter()
    for number, wire in zip(range(400), hostile(20, [pair], time.time), strict=False):
        head, body = _over_socket(server, wire.on_socket())
        if not head:
            seen["hung up"] += 1
            continue
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if body == b"Invalid HTTP request received.":
            assert status == 400
            seen["not HTTP"] += 1
            continue
        length = int(headers.get("content-length", "-1"))
        if 0 <= length < len(body):  # it said to be shorter than it is: what follows is no request of its own
            body, rest = body[:length], body[length:]
            assert rest.startswith(b"HTTP/1.1 400 "), rest[:300]
            assert rest.endswith(b"Invalid HTTP request received."), rest[-300:]
            seen["not HTTP behind it"] += 1
        wrong = wrong_with(status, headers, body, head=wire.method == "HEAD")
        assert not wrong, f"request {number}: {wrong}\n{wire!r:.3000}"
        seen[str(status)] += 1
    assert seen["400"] > 40, seen
    assert rpc.call(server.url, server.admin, "sts", "GetCallerIdentity")["AccountId"] == server.account_id
    server.check_log()
