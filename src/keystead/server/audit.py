"""The audit queue: reads and denials are written behind the answer, by one thread, in batches.

The row of a write is not here: it commits in the write's own transaction.  The queue is bounded; what does not fit is
counted and said in the log, never silent.  Denials have a queue of their own, so a flood of reads cannot push them out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from keystead.identity.transaction import Tx
from keystead.server.call import Call
from keystead.server.rows import audit_event, parameters_of
from keystead.store import action_uses, audit, keys
from keystead.store.audit import Event
from keystead.store.database import Database
from keystead.store.keys import Use

FLUSH_SECONDS = 0.5
BATCH = 2000
USE_STEP = 300
"""Seconds to which a last use is exact where the same pair calls the same action from the same address again.

Each pair's row is on another page, so to write it for every call may cost as much as to answer the call; like this the
cost is bounded by the number of pairs.  The trail has every call.
"""
MOST_KEPT = 250_000
"""Pairs whose last written use is remembered; about 60 MB."""
_log = logging.getLogger("keystead.audit")


class Noted(msgspec.Struct, frozen=True, gc=False):
    """A call of which an event is to be made: the arguments of `audit_event`."""

    call: Call
    parameters: str
    resource: str
    outcome: str
    diagnostic: str | None
    permission: str = ""

    @property
    def use(self) -> action_uses.Use | None:
        """What it adds to the sums of its caller; nothing for the account, which needs no permission."""
        return _use_of(self.call, self.permission)


def _use_of(call: Call, permission: str) -> action_uses.Use | None:
    entity = call.caller.user_id or call.caller.role_id
    if not permission or not entity:
        return None
    return action_uses.Use(call.caller.account_id, entity, permission[:128], int(call.now * 1000))


def _event(noted: Event | Noted) -> Event:
    if isinstance(noted, Event):
        return noted
    return audit_event(noted.call, noted.parameters, noted.resource, noted.outcome, noted.diagnostic)


def _use(call: Call) -> Use:
    return Use(int(call.now), call.action.product, call.origin.address, call.action.name)


class Auditor:
    """Collects audit rows and the last use of AccessKey pairs, and writes both from its own thread."""

    def __init__(self, database: Database[Tx], clock: Callable[[], float], size: int) -> None:
        """`size` bounds the queue of reads and that of denials, each."""
        self._database = database
        self._clock = clock
        self._size = size
        self._reads: deque[Event | Noted] = deque()
        self._denials: deque[Event | Noted] = deque()
        self._used: dict[str, Call] = {}
        self._writes: deque[action_uses.Use] = deque()
        self._written: dict[str, Use] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._reads) + len(self._denials)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, event: Event) -> None:
        """Queue an event that somebody else has made."""
        queue = self._reads if event.outcome == "Success" else self._denials
        if len(queue) >= self._size:
            self.dropped += 1
            return
        queue.append(event)

    def note(
        self, call: Call, resource: str, outcome: str, diagnostic: str | None = None, permission: str = ""
    ) -> None:
        """Queue a call that read or was refused; this object's thread makes its event.  The rest as `audit_event`.

        permission: what policies allowed it by, "" where they did not.
        """
        queue = self._reads if outcome == "Success" else self._denials
        if len(queue) >= self._size:
            self.dropped += 1
            return
        parameters = parameters_of(call) if call.given else "{}"
        queue.append(Noted(call, parameters, resource, outcome, diagnostic, permission))

    def wrote(self, call: Call, permission: str) -> None:
        """Queue what a write made use of; its event is written already."""
        use = _use_of(call, permission)
        if use is not None and len(self._writes) < self._size:
            self._writes.append(use)

    def used(self, access_key_id: str, call: Call) -> None:
        """Note that a pair was used by a call; written at the next flush if that is news, see `USE_STEP`."""
        self._used[access_key_id] = call

    def close(self) -> None:
        """Write what is queued and stop."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        said = 0
        while not self._stop.wait(FLUSH_SECONDS):
            self.flush()
            if self.dropped > said:
                _log.warning("the audit queue was full: %d events of reads or denials are lost", self.dropped - said)
                said = self.dropped
        self.flush()

    def _news(self, used: dict[str, Call]) -> dict[str, Use]:
        """The uses that say more than those written before."""
        found = {}
        for key, call in used.items():
            use, last = _use(call), self._written.get(key)
            if last is None or not use.repeats(last, USE_STEP):
                found[key] = use
        return found

    def flush(self) -> None:
        """Write what is queued now; on a failing database it stays queued, within the bound.

        What comes meanwhile waits for the next time: a busy node would else write a handful of events after the other,
        each in a transaction of its own.
        """
        batches = [queue for queue in (self._denials, self._reads) for _ in range(0, len(queue), BATCH)]
        for queue in batches or ([self._reads] if self._used or self._writes else []):
            noted = [queue[index] for index in range(min(BATCH, len(queue)))]
            events = [_event(each) for each in noted]
            used, self._used = self._used, {}
            news = self._news(used)
            writes = [self._writes[index] for index in range(min(BATCH, len(self._writes)))]
            if not (events or news or writes):
                return
            try:
                with self._database.writing(self._clock(), "") as tx:
                    if events:
                        audit.insert_compactly(tx, events)
                    uses = [each.use for each in noted if isinstance(each, Noted)]
                    action_uses.note(tx, [*writes, *(each for each in uses if each is not None)])
                    if news:
                        keys.note_use(tx, news)
            except SQLAlchemyError as error:
                self._used = {**used, **self._used}
                _log.warning("audit events wait: the database does not take them (%s)", type(error).__name__)
                return
            if len(self._written) + len(news) > MOST_KEPT:
                self._written.clear()
            self._written.update(news)
            for _ in events:
                queue.popleft()
            for _ in writes:
                self._writes.popleft()
            time.sleep(0)
