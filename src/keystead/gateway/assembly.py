"""The gateway's parts, put together; what lies outside of them comes as arguments from `app`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keystead.clock import Clock
from keystead.faults import Fault
from keystead.gateway.arrival import Arrivals
from keystead.gateway.calls import Calls, audit_event
from keystead.gateway.catalogue import Catalogue
from keystead.gateway.embedded import EMBEDDINGS, Embedded, Kind
from keystead.gateway.embedder import Embedder
from keystead.gateway.files import Files, FileStore
from keystead.gateway.gateway import Gateway
from keystead.gateway.limits import Counter, Limiter, Seed, Windows
from keystead.gateway.metering import Meter
from keystead.gateway.metrics import GatewayMetrics
from keystead.gateway.pool import Bounds, Pool, State
from keystead.gateway.scopes import ScopeLimits
from keystead.gateway.values import ApplicationRunner, Visit, Visitor
from keystead.gateway.windows import LocalWindows
from keystead.identity.authentication import Authentication
from keystead.identity.directory import Directory
from keystead.identity.keyring import Keyring
from keystead.identity.transaction import Tx
from keystead.store import upstreams, usage
from keystead.store.audit import Event
from keystead.store.database import Database


@dataclass(frozen=True, slots=True)
class Outside:
    """What the gateway is given.

    audit: queues a row of the audit trail.  once: spends a nonce on every node, None without a shared store.  check:
    raises when this node cannot follow changes.  runner: makes what composes applications.  files: keeps those that
    calls name.  embedded: the program's own models.
    """

    directory: Directory
    database: Database[Tx]
    keyring: Keyring
    authentication: Authentication
    clock: Clock
    audit: Callable[[Event], None]
    once: Callable[[bytes, int], Awaitable[None]] | None
    check: Callable[[], None]
    help_at: str
    runner: Callable[[Embedder], ApplicationRunner]
    files: FileStore
    embedded: Sequence[Embedded]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The settings that it reads.  journal: the file of calls that are not in the database yet.  embedding_model: a
    model's name, auto or none."""

    bounds: Bounds
    longest: int
    reserve_output: int
    redis_url: str | None
    journal: Path
    embedding_model: str


@dataclass(frozen=True, slots=True)
class Planes:
    """The gateway, what embeds texts, what runs beside them, which servers are in trouble, and their end."""

    gateway: Gateway
    embedder: Embedder
    meter: Meter
    metrics: GatewayMetrics
    troubled: Callable[[], dict[str, State]]
    close: Callable[[], Awaitable[None]]


def offer_embedded(tx: Tx, kind: Kind) -> None:
    """List an embedded model where it is not listed yet; who removes it has it back at the next start."""
    if upstreams.model(tx, kind.name) is None:
        details = {"name": kind.title, "provider": "embedded", "description": kind.description}
        upstreams.put_model(tx, kind.name, json.dumps(details))
        upstreams.put(tx, f"up-{kind.url.strip(':').replace(':', '-')}", kind.name, kind.url, kind.name, None, 100)


def assemble(given: Outside, sizes: Sizes) -> Planes:
    """Build every part."""
    catalogue = Catalogue(given.database, given.keyring, given.clock)
    scopes = ScopeLimits(given.database, given.clock)
    given.directory.watch(catalogue.changed)
    given.directory.watch(scopes.changed)
    pool = Pool(sizes.bounds, embedded={each.kind.url: each.address for each in given.embedded})
    meter = Meter(given.database, given.clock, sizes.journal)

    async def seed(counter: Counter) -> int:
        def read() -> int:
            limit = counter.limit
            with given.database.reading(given.clock(), counter.account_id) as tx:
                since = (counter.seed_from or 0) * 1000
                return usage.total(
                    tx, counter.account_id, limit.scope, limit.scope_id, limit.model, limit.measure, since
                )

        await meter.flush()
        return await asyncio.wrap_future(given.database.submit(read, writes=False))

    windows = _windows(sizes.redis_url, seed)
    metrics = GatewayMetrics(pool, catalogue.last, lambda: len(meter))
    limiter = Limiter(windows, reserve_output=sizes.reserve_output, longest=sizes.longest, refused=metrics.refused)
    calls = Calls(catalogue, pool, limiter, meter, metrics, given.audit, given.clock, sizes.longest)

    def refused(visit: Visit, visitor: Visitor, fault: Fault) -> None:
        given.audit(audit_event(visit, visitor, fault.code, {}))

    arrivals = Arrivals(given.directory, given.keyring, given.authentication, scopes, given.once, refused)

    async def close() -> None:
        await pool.close()
        for each in given.embedded:
            await each.close()
        await meter.close()
        await windows.close()

    embedder = Embedder(
        default=_default(sizes.embedding_model, given.embedded),
        catalogue=catalogue,
        pool=pool,
        limiter=limiter,
        scopes=scopes,
        meter=meter,
        directory=given.directory,
        clock=given.clock,
        longest=sizes.longest,
    )
    runner = given.runner(embedder)
    gateway = Gateway(
        arrivals, calls, given.keyring, runner, Files(given.files, audit_event), given.check, given.clock, given.help_at
    )
    return Planes(gateway, embedder, meter, metrics, pool.troubled, close)


def _default(setting: str, embedded: Sequence[Embedded]) -> str:
    """The embedding model of knowledge bases that name none: as the setting says, "auto" being the embedded one."""
    if setting != "auto":
        return "" if setting == "none" else setting
    return EMBEDDINGS.name if any(each.kind is EMBEDDINGS for each in embedded) else ""


def _windows(redis_url: str | None, seed: Seed) -> Windows:
    """Where limits are counted: in Redis where one is named, else in this process."""
    if redis_url is None:
        return LocalWindows(seed)
    from keystead.gateway.shared_windows import SharedWindows  # the client is slow to import; most nodes have none

    return SharedWindows(redis_url, seed)
