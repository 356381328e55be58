"""The only place where the parts meet: builds each one and passes it on as an argument."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from keystead import bootstrap
from keystead.application_runner import Applications
from keystead.clock import Clock
from keystead.console.entrance import Entrance, Fittings
from keystead.console.help.library import PREFIX as HELP
from keystead.embedding_jobs import EmbeddingJobs
from keystead.gateway.assembly import Outside, Planes, Sizes, assemble, offer_embedded
from keystead.gateway.embedded import KINDS, Embedded, Kind
from keystead.gateway.pool import Bounds
from keystead.identity.authentication import Authentication
from keystead.identity.directory import Directory
from keystead.identity.federation import Federation, recipients_of
from keystead.identity.issuers import Issuers
from keystead.identity.refused_signatures import RefusedSignatures
from keystead.identity.replay import ReplayWindow, UnsignedNonces
from keystead.identity.transaction import Tx
from keystead.instance import Instance, database_url, opened, own_address, quotas_of
from keystead.model_files import ModelFiles
from keystead.products.applications import running
from keystead.products.catalogue import PRODUCTS
from keystead.server import logs, tls, upkeep
from keystead.server.audit import Auditor
from keystead.server.dispatch import Dispatcher
from keystead.server.edge import Edge
from keystead.server.expiry_warnings import ExpiryWarner
from keystead.server.feed import Follower
from keystead.server.limits import RateLimits
from keystead.server.listen import Listener, bind
from keystead.server.listen import serve as listen
from keystead.server.lock import AlreadyRunningError, DataLock
from keystead.server.metrics import Metrics
from keystead.server.peers import Networks, Proxies
from keystead.server.routes import Routes
from keystead.server.uploads import Uploads
from keystead.settings import OperatorError, Settings
from keystead.store import action_uses, console_sessions, feed, files, nonces, recycle_bin, schema
from keystead.store.database import Database

if TYPE_CHECKING:
    from keystead.server.shared import SharedWindows

HOUSEKEEPING_SECONDS = 60

_log = logging.getLogger("keystead")


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `initialise` found or made.  The secrets are there only when `created`."""

    account_id: str
    alias: str
    data_dir: Path
    database_url: str
    created: bool
    admin_access_key_id: str = ""
    admin_access_key_secret: str = ""
    setup_token: str = ""


def initialise(settings: Settings) -> Initialised:
    """Make the account and its administrator if there is none; otherwise say what there is.  Raises `OperatorError`."""
    with opened(settings) as instance, instance.database.writing(instance.clock(), "") as tx:
        made = bootstrap.ensure_account(tx, settings.account_alias)
    return Initialised(
        account_id=made.account_id,
        alias=made.alias,
        data_dir=settings.data_dir,
        database_url=database_url(settings),
        created=made.created,
        admin_access_key_id=made.access_key_id,
        admin_access_key_secret=made.access_key_secret,
        setup_token=made.setup_token,
    )


def create_account(settings: Settings, alias: str | None) -> Initialised:
    """Make one more account with its administrator.  Raises `OperatorError` when the alias is taken."""
    with opened(settings) as instance, instance.database.writing(instance.clock(), "") as tx:
        made = bootstrap.create_account(tx, alias)
    return Initialised(
        account_id=made.account_id,
        alias=made.alias,
        data_dir=settings.data_dir,
        database_url=database_url(settings),
        created=True,
        admin_access_key_id=made.access_key_id,
        admin_access_key_secret=made.access_key_secret,
        setup_token=made.setup_token,
    )


def create_account_access_key(settings: Settings, account_id: str | None = None) -> tuple[str, str]:
    """An AccessKey pair of the account itself, with full permissions.  Raises `Fault` beyond the quota."""
    with opened(settings, migrate=False) as instance:
        now = instance.clock()
        with instance.database.reading(now) as tx:
            account = bootstrap.find_account(tx, account_id)
        with instance.database.writing(now, account.id) as tx:
            return bootstrap.create_account_access_key(tx)


def new_setup_token(settings: Settings, account_id: str | None = None) -> str:
    """A new one-time token that gives the account its console password, in place of every one before it."""
    with opened(settings, migrate=False) as instance:
        now = instance.clock()
        with instance.database.reading(now) as tx:
            account = bootstrap.find_account(tx, account_id)
        with instance.database.writing(now, account.id) as tx:
            return bootstrap.new_setup_token(tx)


def describe(settings: Settings) -> dict[str, object]:
    """What this instance holds: the default account and all of them, the schema revision, and counts."""
    with opened(settings, migrate=False) as instance, instance.database.reading(instance.clock()) as tx:
        return {**bootstrap.describe(tx), "schema": schema.HEAD, "data_dir": str(settings.data_dir)}


def check_addresses(settings: Settings) -> None:
    """Raise `OperatorError` when an address to listen on is taken, before a first start makes anything."""
    for host, port in [
        (settings.host, settings.port),
        (settings.host, settings.tls_port if settings.tls != "off" else 0),
    ]:
        try:
            bind(Listener(host, port)).close()
        except OSError as error:
            raise _cannot_listen(host, port, error) from None


def _cannot_listen(host: str, port: int, error: OSError) -> OperatorError:
    return OperatorError(
        f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}.",
        "Name a free port with --port or --tls-port, or stop what uses this one.",
    )


def serve(settings: Settings, on_ready: Callable[..., None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` gets the addresses.  Raises `OperatorError`."""
    logs.configure(settings.log_format, settings.log_level)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with DataLock(settings.data_dir / "serve.lock"), opened(settings) as instance:
            uvloop.run(_serve(instance, on_ready))
    except AlreadyRunningError as error:
        raise OperatorError(
            f"Another server is running: {error}.",
            "Stop it first, or name another --data-dir; many nodes share one PostgreSQL, each with its own data_dir.",
        ) from None
    except OSError as error:
        raise _cannot_listen(settings.host, settings.port, error) from None


@dataclass(frozen=True, slots=True)
class Node:
    """One node, put together: the ASGI application, and what must run beside it."""

    edge: Edge
    background: list[Callable[[], Awaitable[None]]]


async def _serve(instance: Instance, on_ready: Callable[..., None]) -> None:
    async with assembled(instance) as node:
        _settle_memory()
        await listen(node.edge, _listeners(instance.settings), node.background, on_ready)


def _settle_memory() -> None:
    """Take what a start has made out of the garbage collector's way, and let it look less often.

    A request leaves no cycles behind, so reference counts free it; looking for cycles took a fifth of its time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@contextlib.asynccontextmanager
async def assembled(instance: Instance) -> AsyncIterator[Node]:
    """Put a node together for the length of the block; at its end the audit queue is written."""
    settings, database, clock = instance.settings, instance.database, instance.clock
    directory = Directory(database, instance.keyring, clock, settings.directory_size)
    follower = Follower(database, directory, clock)
    follower.start()
    auditor = Auditor(database, clock, settings.audit_queue)
    auditor.start()
    window = ReplayWindow(settings.data_dir / "nonces", settings.nonce_limit, clock())
    dispatcher = _dispatcher(instance, directory, follower, auditor, window)
    planes = _planes(instance, dispatcher)
    warner = ExpiryWarner(database, clock, instance.warnings)
    metrics = Metrics(
        {
            "callers": ("Callers and roles in memory", lambda: len(directory)),
            "nonces": ("Nonces in the replay window", lambda: len(window)),
            "audit_queued": ("Audit events waiting to be written", lambda: len(auditor)),
            "audit_dropped": ("Audit events lost because the queue was full", lambda: auditor.dropped),
        },
        planes.metrics,
        warner.counts,
    )
    dispatcher = replace(dispatcher, embedding=planes.embedder, troubled=planes.troubled)
    jobs = EmbeddingJobs(database, planes.embedder, clock)
    directory.watch(jobs.changed)
    for kind in _embedded(settings):
        with database.writing(clock(), "") as tx:
            offer_embedded(tx, kind)
    edge = Edge(
        dispatcher,
        metrics,
        gateway=planes.gateway,
        uploads=Uploads(database, clock, follower.check, dispatcher.help_at),
        console=_console(settings, dispatcher),
        ready=follower.blind,
        max_body=settings.max_body_bytes,
        max_headers=settings.max_headers,
        max_parameters=settings.max_parameters,
        proxies=Proxies(settings.trusted_proxies, settings.proxy_header),
        watchers=Networks(settings.metrics_from),
        require_tls=settings.require_tls,
    )
    try:
        housekeeping = partial(_housekeeping, database, window, clock)
        yield Node(edge, [follower.run, planes.meter.run, jobs.run, warner.run, housekeeping])
    finally:
        await planes.close()
        auditor.close()
        follower.close()
        window.close()
        if dispatcher.shared is not None:
            await dispatcher.shared.close()


def _console(settings: Settings, dispatcher: Dispatcher) -> Entrance | None:
    if not settings.console:
        return None
    fittings = Fittings(
        settings.public_url or "",
        settings.environment_label or "",
        settings.environment_colour,
        settings.console_idle_minutes * 60,
    )
    return Entrance(dispatcher, fittings)


def _dispatcher(
    instance: Instance, directory: Directory, follower: Follower, auditor: Auditor, window: ReplayWindow
) -> Dispatcher:
    settings = instance.settings
    limits = {
        "read": settings.reads_per_second,
        "write": settings.writes_per_second,
        "sts": settings.sts_per_second,
    }
    return Dispatcher(
        routes=Routes(PRODUCTS),
        directory=directory,
        federation=Federation(
            issuers=Issuers(loopback_http=settings.oidc_loopback_http),
            recipients=recipients_of(settings.saml_recipients, settings.public_url),
            audiences=settings.saml_audiences,
        ),
        database=instance.database,
        authentication=Authentication(
            directory, instance.keyring, window, settings.replay_window, sign_v1=settings.sign_v1
        ),
        refused=RefusedSignatures(instance.keyring),
        keyring=instance.keyring,
        quotas=quotas_of(settings),
        policy_extensions=settings.policy_extensions,
        follower=follower,
        auditor=auditor,
        unsigned=UnsignedNonces(),
        limits=RateLimits(limits),
        shared=_shared(settings.redis_url, limits) if settings.redis_url else None,
        clock=instance.clock,
        help_at=_help_at(settings),
    )


def _help_at(settings: Settings) -> str:
    """Where every error code has its page, for what a refusal recommends; "" where no client could be told.

    Never the Host that a client sent: that would let one caller write addresses into what another one is told.
    """
    address = settings.public_url or ("" if settings.trusted_proxies else own_address(settings))
    return f"{address.rstrip('/')}{HELP}/errors/" if address and settings.console else ""


def _embedded(settings: Settings) -> list[Kind]:
    """The embedded models that this node offers."""
    return [kind for kind in KINDS if kind.is_installed()] if settings.embedded_model else []


def _planes(instance: Instance, dispatcher: Dispatcher) -> Planes:
    """The gateway, with what it needs of the other parts."""
    settings = instance.settings
    outside = Outside(
        directory=dispatcher.directory,
        database=instance.database,
        keyring=instance.keyring,
        authentication=dispatcher.authentication,
        clock=instance.clock,
        audit=dispatcher.auditor.add,
        once=dispatcher.shared.accept if dispatcher.shared is not None else None,
        check=dispatcher.follower.check,
        help_at=dispatcher.help_at,
        runner=partial(Applications, instance.database, instance.clock),
        files=ModelFiles(instance.database, instance.clock),
        embedded=[Embedded(kind) for kind in _embedded(settings)],
    )
    bounds = Bounds(
        settings.upstream_connect_seconds,
        settings.upstream_idle_seconds,
        settings.upstream_line_bytes,
        settings.upstream_body_bytes,
    )
    sizes = Sizes(
        bounds,
        settings.model_call_seconds,
        settings.reserve_output_tokens,
        settings.redis_url,
        settings.data_dir / "usage.journal",
        settings.embedding_model,
    )
    return assemble(outside, sizes)


def _shared(url: str, limits: dict[str, int]) -> SharedWindows:
    from keystead.server.shared import SharedWindows  # the client is slow to import, and most nodes have no Redis

    return SharedWindows(url, limits)


def _listeners(settings: Settings) -> list[Listener]:
    proxies = Networks(settings.trusted_proxies) if settings.proxy_protocol else None
    found = [Listener(settings.host, settings.port, proxies=proxies)]
    if settings.tls == "auto":
        files = tls.ensure(settings.data_dir, settings.tls_names, time.time())
        found.append(Listener(settings.host, settings.tls_port, tls.server_context(files)))
    elif settings.tls == "files" and settings.tls_cert and settings.tls_key:
        files = tls.provided(settings.tls_cert, settings.tls_key, time.time())
        found.append(Listener(settings.host, settings.tls_port, tls.server_context(files)))
    return found


async def _housekeeping(database: Database[Tx], window: ReplayWindow, clock: Clock) -> None:
    """Forget nonces, change rows, talks and the recycle bin's oldest, each in its time; disable what is idle."""

    def forget() -> None:
        with database.writing(clock(), "") as tx:
            nonces.forget(tx)
            feed.forget(tx)
            recycle_bin.forget(tx)
            running.forget(tx)
            files.forget_leases(tx)
            console_sessions.forget(tx)
            action_uses.forget(tx)

    looked = clock() - upkeep.IDLE_SECONDS
    while True:
        await asyncio.sleep(HOUSEKEEPING_SECONDS)
        window.forget(clock())
        try:
            await asyncio.wrap_future(database.submit(forget, writes=True))
            await asyncio.to_thread(upkeep.finish_reports, database, clock())
            if clock() - looked >= upkeep.IDLE_SECONDS:
                looked = clock()
                await asyncio.to_thread(upkeep.disable_idle, database, looked)
        except SQLAlchemyError as error:
            _log.warning("old nonces and change rows stay for now: %s", type(error).__name__)
