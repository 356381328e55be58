"""What every call used, and its audit event, written behind the answers; a crash loses nothing and doubles nothing.

A call is noted in a journal when it begins, with what it reserves, and when it ends, with what it used.  Rows go to
the database in batches under the call's own ID, each with its event in the same transaction, so what is written again
changes nothing.  At start the journal of the run before is read: what ended is written, what did not is written with
its estimate and marked so.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from keystead.identity.transaction import Tx
from keystead.store import action_uses, audit, usage
from keystead.store.audit import Event
from keystead.store.database import Database

FLUSH_SECONDS = 0.5
BATCH = 500
_REWRITE_BYTES = 4_194_304
_MOST_WAITING = 200_000
_encode = msgspec.json.Encoder().encode
INTERRUPTED = "Interrupted"
"""The outcome of a call whose end was never seen: it was begun, and this is what stands for it until it ends."""

_log = logging.getLogger("keystead.usage")

Row = dict[str, object]


class Note(msgspec.Struct, frozen=True, array_like=True):
    """A call's usage row and, where the call is audited by itself, its event."""

    row: Row
    event: Event | None = None


_decode = msgspec.json.Decoder(Note).decode


def _use(note: Note) -> action_uses.Use | None:
    """The permission that a call's signer made use of; a key's call asks no policies of its owner."""
    row, event = note.row, note.event
    owner = str(row.get("owner_id") or "")
    if row.get("key_id") or owner in ("", row.get("account_id")) or event is None:
        return None
    return action_uses.Use(event.account_id, owner, f"modelstudio:{event.action}", event.at)


class Meter:
    """Collects what calls used; `run` writes it.  Used from the event loop."""

    def __init__(self, database: Database[Tx], clock: Callable[[], float], path: Path) -> None:
        """`path` is the journal's file; it is readable by this user only."""
        self._database = database
        self._clock = clock
        self._path = path
        self._open: dict[str, Note] = {}
        self._done: dict[str, Note] = {}
        self._size = 0
        self._file = -1
        self._flushing = asyncio.Lock()
        self._again: set[str] = set()  # calls that may be in the database: of the run before, or whose commit failed
        self.dropped = 0
        self._recover()
        self._rewrite()

    def __len__(self) -> int:
        return len(self._done)

    def begin(self, row: Row, event: Event | None = None) -> None:
        """A call begins; `row` and `event` are complete, as they stand if its end is never seen."""
        note = Note(row, event)
        self._write(b"b", note)
        self._open[str(row["call_id"])] = note

    def end(self, row: Row, event: Event | None = None) -> None:
        """A call has ended, however it ended."""
        call_id, note = str(row["call_id"]), Note(row, event)
        self._open.pop(call_id, None)
        try:
            self._write(b"e", note)
        except OSError as error:
            _log.error("%s: the usage journal cannot be written (%s); the row is kept in memory", call_id, error)
            self._done[call_id] = note
            return
        if len(self._done) >= _MOST_WAITING:
            self.dropped += 1  # the journal has it still: the next start writes it
        else:
            self._done[call_id] = note

    async def run(self) -> None:
        """Write what has ended, twice a second, for ever."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write everything that has ended; on a failing database it waits."""
        async with self._flushing:
            await self._flush()

    async def _flush(self) -> None:
        while self._done:
            notes = [note for _, note in zip(range(BATCH), self._done.values(), strict=False)]
            writing = asyncio.wrap_future(self._database.submit(partial(self._insert, notes), writes=True))
            try:
                await asyncio.shield(writing)
            except SQLAlchemyError as error:
                _log.warning("usage rows wait: the database does not take them (%s)", type(error).__name__)
                self._again.update(str(note.row["call_id"]) for note in notes)
                return
            except asyncio.CancelledError:  # this node stops; what is being written may be there when it is done
                self._again.update(str(note.row["call_id"]) for note in notes)
                await asyncio.wait((writing,))
                raise
            for note in notes:
                call_id = str(note.row["call_id"])
                self._done.pop(call_id, None)
                self._again.discard(call_id)
        if self._size > _REWRITE_BYTES:
            self._rewrite()

    async def close(self) -> None:
        """Write what is left and close the journal."""
        await self.flush()
        if not self._done and not self._open:
            os.ftruncate(self._file, 0)
        os.close(self._file)

    def _insert(self, notes: list[Note]) -> None:
        with self._database.writing(self._clock(), "") as tx:
            again = [call_id for each in notes if (call_id := str(each.row["call_id"])) in self._again]
            known = usage.known(tx, again) if again else ()
            usage.insert(tx, [note.row for note in notes])
            fresh = [each for each in notes if each.row["call_id"] not in known]
            audit.insert_compactly(tx, [each.event for each in fresh if each.event])
            action_uses.note(tx, [use for each in fresh if (use := _use(each)) is not None])

    def _write(self, mark: bytes, note: Note) -> None:
        line = mark + _encode(note) + b"\n"
        written = os.write(self._file, line)
        if written < len(line):  # a full disk takes a part, which would swallow the next line
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _rewrite(self) -> None:
        """Begin the journal anew with what is not in the database yet."""
        lines = [b"b" + _encode(note) + b"\n" for note in self._open.values()]
        lines += [b"e" + _encode(note) + b"\n" for note in self._done.values()]
        text = b"".join(lines)
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.write(handle, text)
        fresh.replace(self._path)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = handle, len(text)

    def _recover(self) -> None:
        if not self._path.exists():
            return
        for line in self._path.read_bytes().split(b"\n"):
            try:
                note = _decode(line[1:])
            except msgspec.DecodeError:
                continue  # the line that a crash cut
            call_id = str(note.row.get("call_id"))
            if line[:1] == b"e":
                self._open.pop(call_id, None)
                self._done[call_id] = note
            else:
                self._open[call_id] = note
        if self._open or self._done:
            _log.info("usage of the run before: %d calls ended, %d did not", len(self._done), len(self._open))
        for call_id, note in self._open.items():
            self._done[call_id] = Note({**note.row, "outcome": INTERRUPTED, "estimated": True}, note.event)
        self._open = {}
        self._again.update(self._done)
