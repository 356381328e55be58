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

from sqlalchemy.exc import SQLAlchemyError

from keystead.identity.transaction import Tx
from keystead.store import audit, keys
from keystead.store.audit import Event
from keystead.store.database import Database
from keystead.store.keys import Use

FLUSH_SECONDS = 0.5
BATCH = 2000
_log = logging.getLogger("keystead.audit")


class Auditor:
    """Collects audit rows and the last use of AccessKey pairs, and writes both from its own thread."""

    def __init__(self, database: Database[Tx], clock: Callable[[], float], size: int) -> None:
        """`size` bounds the queue of reads and that of denials, each."""
        self._database = database
        self._clock = clock
        self._size = size
        self._reads: deque[Event] = deque()
        self._denials: deque[Event] = deque()
        self._used: dict[str, Use] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._reads) + len(self._denials)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, event: Event) -> None:
        """Queue the event of a read or a refusal."""
        queue = self._reads if event.outcome == "Success" else self._denials
        if len(queue) >= self._size:
            self.dropped += 1
            return
        queue.append(event)

    def used(self, access_key_id: str, use: Use) -> None:
        """Note that a pair was used; written at the next flush."""
        self._used[access_key_id] = use

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

    def flush(self) -> None:
        """Write everything queued now; on a failing database it stays queued, within the bound."""
        while self._denials or self._reads or self._used:
            queue = self._denials or self._reads
            events = [queue[index] for index in range(min(BATCH, len(queue)))]
            used, self._used = self._used, {}
            try:
                with self._database.writing(self._clock(), "") as tx:
                    if events:
                        audit.insert_compactly(tx, events)
                    if used:
                        keys.note_use(tx, used)
            except SQLAlchemyError as error:
                self._used = {**used, **self._used}
                _log.warning("audit events wait: the database does not take them (%s)", type(error).__name__)
                return
            for _ in events:
                queue.popleft()
            time.sleep(0)
