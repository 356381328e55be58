"""Tells people before a key expires: who is to be told is found and kept under the account's lock, once for each key
and threshold; messages go out behind it, as often as it takes, from whichever node comes first.

A message that was taken by its receiver just before a node died is sent again by another: at least once, and the ID in
it tells.  Source: reference/console.md 3.13.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import smtplib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from keystead import ids
from keystead.clock import Clock, iso
from keystead.identity.expiry_warnings import WarningSettings
from keystead.identity.mail import Mailer
from keystead.identity.transaction import Tx
from keystead.identity.webhook import NotDeliveredError, Webhook
from keystead.server import expiry_messages
from keystead.server.expiry_messages import Owner, Warned
from keystead.server.rows import own_event
from keystead.store import audit, expiry_warnings
from keystead.store.database import Database
from keystead.store.expiry_warnings import KEYS, Kind, Span

LOOK_SECONDS = 300
"""How often keys that end soon are looked for."""
POLL_SECONDS = 15
"""How often it is asked whether a delivery is due."""
MAIL_SECONDS = 60
"""How long one message may wait for the mail server."""
LEASE_SECONDS = 300
"""How long a try belongs to the node that began it."""
FIRST_PAUSE, LONGEST_PAUSE = 60, 6 * 3600
"""Seconds after the first failure; each further one doubles it up to the second."""
MOST_AT_ONCE = 100
"""Warnings in one message."""
MOST_LOOKED_AT = 500
"""Keys that are marked in one transaction, so that other writes need not wait."""

_DAY = 86_400
_TAKES_NO_MORE = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError)

Result = TypeVar("Result")
_log = logging.getLogger("keystead.warnings")


class WarningCounts(Collector):
    """What `/metrics` says of warnings.  Every label is a word of this program."""

    def __init__(self) -> None:
        self.waiting = 0
        every = itertools.product(("mail", "webhook"), ("delivered", "failed", "expired"))
        self._counted: dict[tuple[str, str], int] = dict.fromkeys(every, 0)

    def add(self, channel: str, outcome: str, number: int) -> None:
        """Count tries by their outcome; expired: the key ended before its warning could be delivered."""
        self._counted[channel, outcome] += number

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        counted = CounterMetricFamily(
            "keystead_expiry_warnings", "Warnings before the expiry of a key", labels=["channel", "outcome"]
        )
        for labels, number in self._counted.items():
            counted.add_metric(list(labels), number)
        yield counted
        yield GaugeMetricFamily(
            "keystead_expiry_warnings_waiting", "Warnings that no receiver has taken yet", self.waiting
        )


@dataclass(slots=True)
class ExpiryWarner:
    """`run` works for as long as the node does."""

    database: Database[Tx]
    clock: Clock
    settings: WarningSettings
    counts: WarningCounts = field(default_factory=WarningCounts)

    async def run(self) -> None:
        """Look and deliver, again and again; ends by cancellation, or at once where nobody is to be told."""
        if not self.settings.active:
            return
        looked = float("-inf")
        while True:
            try:
                if not 0 <= self.clock() - looked < LOOK_SECONDS:
                    looked = self.clock()
                    await self.look()
                await self.deliver()
            except SQLAlchemyError as error:
                _log.warning("warnings before keys expire wait: %s", type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    # -- who is to be told -----------------------------------------------------------------------------------------

    async def look(self) -> int:
        """Keep a warning for every key that has come within a threshold since; returns for how many."""
        total = 0
        while (found := await self._read("", lambda tx: next(_ending(tx, self.settings.days), None))) is not None:
            by_account: dict[str, list[str]] = {}
            for account, key in found.keys:
                by_account.setdefault(account, []).append(key)
            for account, keys in by_account.items():
                total += await self._write(account, partial(_keep, settings=self.settings, found=found, key_ids=keys))
        return total

    # -- telling ---------------------------------------------------------------------------------------------------

    async def deliver(self) -> None:
        """Deliver everything that is due now."""
        while (due := await self._read("", expiry_warnings.due)) is not None:
            account, channel = due
            tell = self._way(channel)
            if tell is None:
                await self._write(account, partial(_drop, channel=channel))
            elif warnings := await self._write(account, partial(self._claim, channel=channel)):
                await tell(warnings)
        self.counts.waiting = await self._read("", expiry_warnings.waiting)

    def _way(self, channel: str) -> Callable[[Sequence[Warned]], Awaitable[None]] | None:
        """How to tell by a channel; None where the operator took it away."""
        webhook, mailer = self.settings.webhook, self.settings.mailer
        if channel == "webhook":
            return partial(self._call, webhook) if webhook is not None else None
        return partial(self._mail, mailer) if mailer is not None else None

    def _claim(self, tx: Tx, channel: str) -> list[Warned]:
        """Take what is due to the account by that channel, for a while; forget what nobody needs to hear any more."""
        rows = expiry_warnings.due_of(tx, channel, MOST_AT_ONCE)
        fit = _still_true(tx, rows, channel)
        late = [each for each in fit if each.expires_at <= tx.now]
        if late:
            self.counts.add(channel, "expired", len(late))
            named = ", ".join(each.key_id for each in late)
            _log.error("nobody could be told by %s before these keys expired: %s", channel, named)
        kept = [each for each in fit if each.expires_at > tx.now]
        expiry_warnings.delete(tx, channel, sorted({row.id for row in rows} - {each.id for each in kept}))
        expiry_warnings.lease(tx, channel, [each.id for each in kept], tx.now + LEASE_SECONDS)
        return kept

    async def _call(self, webhook: Webhook, warnings: Sequence[Warned]) -> None:
        now = self.clock()
        text = expiry_messages.body(warnings, self.settings.console, now)
        try:
            await webhook.post(expiry_messages.message_id(warnings), now, text)
        except NotDeliveredError as error:
            await self._failed("webhook", warnings, f"{webhook.host}: {error}")
            return
        await self._delivered("webhook", warnings)

    async def _mail(self, mailer: Mailer, warnings: Sequence[Warned]) -> None:
        """One letter to each owner; where the mail server itself fails, the rest is not tried."""
        ordered = sorted(warnings, key=lambda each: (each.owner.id, each.expires_at, each.key_id))
        groups = [list(group) for _, group in itertools.groupby(ordered, lambda each: each.owner.id)]
        for number, group in enumerate(groups):
            try:
                await self._send(mailer, group)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                alone = isinstance(error, _TAKES_NO_MORE)
                rest = group if alone else [each for others in groups[number:] for each in others]
                await self._failed("mail", rest, type(error).__name__)
                if not alone:
                    return
            else:
                await self._delivered("mail", group)

    async def _send(self, mailer: Mailer, warnings: Sequence[Warned]) -> None:
        letter = expiry_messages.letter(warnings, self.settings.console, self.clock())
        if not mailer.post(letter):
            raise TimeoutError
        async with asyncio.timeout(MAIL_SECONDS):
            await asyncio.wrap_future(letter.sent)

    async def _delivered(self, channel: str, warnings: Sequence[Warned]) -> None:
        self.counts.add(channel, "delivered", len(warnings))
        which = [each.id for each in warnings]
        await self._write(warnings[0].account_id, lambda tx: expiry_warnings.delete(tx, channel, which))

    async def _failed(self, channel: str, warnings: Sequence[Warned], why: str) -> None:
        self.counts.add(channel, "failed", len(warnings))
        tries = max(each.tries for each in warnings)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 20))
        _log.warning(
            "%d warning(s) before expiry were not taken by %s, try %d: %s; the next one is in %d seconds",
            *(len(warnings), channel, tries, why, pause),
        )
        which = [each.id for each in warnings]
        await self._write(
            warnings[0].account_id, lambda tx: expiry_warnings.postpone(tx, channel, which, tx.now + pause)
        )

    # -- the database ----------------------------------------------------------------------------------------------

    async def _read(self, account: str, work: Callable[[Tx], Result]) -> Result:
        def run() -> Result:
            with self.database.reading(self.clock(), account) as tx:
                return work(tx)

        return await asyncio.wrap_future(self.database.submit(run, writes=False))

    async def _write(self, account: str, work: Callable[[Tx], Result]) -> Result:
        """Under the account's lock.  A cancellation does not cut it off."""

        def run() -> Result:
            with self.database.writing(self.clock(), account) as tx:
                return work(tx)

        return await asyncio.shield(asyncio.wrap_future(self.database.submit(run, writes=True)))


@dataclass(frozen=True, slots=True)
class Ending:
    """Keys that have come within a threshold.  keys: the account and the ID of each."""

    kind: Kind
    days: int
    span: Span
    keys: list[tuple[str, str]]


def _ending(tx: Tx, days: Iterable[int]) -> Iterator[Ending]:
    """Keys that have come within a threshold and were not warned at it, some hundred of each at most.

    A key that several thresholds hold for is warned at the nearest only.
    """
    for kind in KEYS:
        levels = expiry_warnings.levels(tx, kind)
        nearer = 0
        for limit in sorted(days):
            for told in levels:
                span = Span(told, tx.now + nearer * _DAY, tx.now + limit * _DAY)
                if told is not None and told <= limit:
                    continue
                if keys := expiry_warnings.ending(tx, kind, span, MOST_LOOKED_AT):
                    yield Ending(kind, limit, span, keys)
            nearer = limit


def _keep(tx: Tx, settings: WarningSettings, found: Ending, key_ids: Sequence[str]) -> int:
    """Keep one warning for each of the account's keys, in every channel that there is for it; returns how many."""
    rows = expiry_warnings.mark(tx, found.kind, found.span, key_ids, found.days)
    queued, events = [], []
    for row in rows:
        channels = _channels(settings, row)
        warning = ids.request_id()
        told = {"id": warning, "kind": found.kind, "key_id": str(row.id), "owner_id": row.owner_id}
        told |= {"expires_at": row.expires_at, "days": found.days}
        queued += [{**told, "channel": channel} for channel in channels]
        given = {"WarningId": warning, "ExpireDate": iso(row.expires_at), "WarningDays": found.days}
        resource = f"acs:ram:*:{tx.account_id}:accesskey/{row.id}"
        if found.kind == "ApiKey":
            resource, given["ApiKeyId"] = f"acs:modelstudio:*:{tx.account_id}:workspace/{row.workspace_id}", str(row.id)
        events.append(own_event(tx, f"WarnOfExpiring{found.kind}", resource, {**given, "Channels": channels}))
    expiry_warnings.queue(tx, queued)
    audit.insert(tx, events)
    return len(rows)


def _channels(settings: WarningSettings, row: sa.Row[Any]) -> list[str]:
    """How the warning is told; nobody can be written to without an address that was proven to be theirs."""
    found = ["mail"] if settings.mailer is not None and row.address else []
    return [*found, "webhook"] if settings.webhook is not None else found


def _drop(tx: Tx, channel: str) -> None:
    """Forget what is due to the account by a channel that there is no more."""
    rows = expiry_warnings.due_of(tx, channel, MOST_AT_ONCE)
    expiry_warnings.delete(tx, channel, [row.id for row in rows])
    _log.warning("%d warning(s) are dropped: there is no %s any more", len(rows), channel)


def _still_true(tx: Tx, rows: Sequence[sa.Row[Any]], channel: str) -> list[Warned]:
    """Without those whose key is gone, disabled or ends at another time by now, and letters that have no address."""
    found = []
    for kind in KEYS:
        mine = [row for row in rows if row.kind == kind and (channel != "mail" or row.address)]
        keys = expiry_warnings.usable(tx, kind, [row.key_id for row in mine])
        found += [
            _warned(row, keys[row.key_id].workspace_id)
            for row in mine
            if row.key_id in keys and keys[row.key_id].expires_at == row.expires_at
        ]
    return found


def _warned(row: sa.Row[Any], workspace_id: str) -> Warned:
    owner_kind = "Account" if row.owner_id is None else "Role" if row.role_name else "User"
    return Warned(
        id=row.id,
        account_id=row.account_id,
        kind=row.kind,
        key_id=row.key_id,
        workspace_id=workspace_id,
        owner=Owner(owner_kind, row.owner_id or row.account_id, row.user_name or row.role_name or ""),
        address=row.address or "",
        expires_at=row.expires_at,
        days=row.days,
        tries=row.tries + 1,
    )
