"""The replay window: a nonce is accepted once, also across `kill -9`.

Nonces are kept in memory and in a memory-mapped journal beside the data: the kernel keeps the pages of a killed
process, so a restart knows what was accepted.  A nonce is remembered until its request's time has left the window,
after which the time check refuses it.  Writes put theirs into the database too, for the other nodes.
Source: reference/request-signing.md section 9.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from collections import OrderedDict
from pathlib import Path

from keystead.faults import FaultKind

NONCE_USED = FaultKind(
    "SignatureNonceUsed",
    400,
    "Specified signature nonce was used already.",
    "Make a new nonce, time and signature for every attempt, also for a retry.",
)
WINDOW_FULL = FaultKind(
    "Throttling",
    400,
    "Request was denied due to user flow control. The replay window holds its limit of {limit} nonces.",
    "Wait and try again, or ask the operator to raise the setting nonce_limit.",
)

_RECORD = struct.Struct("<16sI")
_SEGMENT_RECORDS = 65_536
_BUCKET_SECONDS = 60


_NOTHING = hashlib.blake2b(digest_size=16)  # to copy it takes half as long as to make one


def digest(access_key_id: str, nonce: str) -> bytes:
    """16 bytes that stand for one nonce of one AccessKey ID."""
    hashed = _NOTHING.copy()
    hashed.update(f"{access_key_id}\n{nonce}".encode("utf-8", "surrogatepass"))
    return hashed.digest()


class ReplayWindow:
    """Digests of accepted nonces in buckets by the minute in which they may be forgotten; at most `limit` of them."""

    def __init__(self, folder: Path | None, limit: int, now: float) -> None:
        """`folder` holds the journal; None keeps the window in memory only."""
        self._limit = limit
        self._seen: dict[bytes, int] = {}
        self._buckets: OrderedDict[int, list[bytes]] = OrderedDict()
        self._journal = _Journal(folder, now) if folder is not None else None
        if self._journal is not None:
            for mark, until in self._journal.recovered:
                if until > now:
                    self._remember(mark, until)

    def __len__(self) -> int:
        return len(self._seen)

    def accept(self, mark: bytes, until: float, now: float) -> None:
        """Remember `mark` until the given time.  Raises `SignatureNonceUsed`, or `Throttling` when full."""
        seen_until = self._seen.get(mark)
        if seen_until is not None and seen_until >= now:
            raise NONCE_USED()
        if len(self._seen) >= self._limit:
            self.forget(now)
            if len(self._seen) >= self._limit:
                raise WINDOW_FULL(limit=self._limit)
        end = int(until) + 1
        self._remember(mark, end)
        if self._journal is not None:
            self._journal.append(mark, end, now)

    def seen(self, mark: bytes, now: float) -> bool:
        """Whether `mark` was accepted here and still counts."""
        return self._seen.get(mark, now) > now

    def _remember(self, mark: bytes, until: int) -> None:
        self._seen[mark] = until
        number = until // _BUCKET_SECONDS
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = self._buckets[number] = []
        bucket.append(mark)

    def forget(self, now: float) -> None:
        """Drop what may be forgotten; called once a second and when the window is full."""
        current = int(now) // _BUCKET_SECONDS
        for bucket in [bucket for bucket in self._buckets if bucket < current]:
            for mark in self._buckets.pop(bucket):
                if self._seen.get(mark, now) < now:
                    del self._seen[mark]
        if self._journal is not None:
            self._journal.drop_old(now)

    def close(self) -> None:
        """Release the journal's files."""
        if self._journal is not None:
            self._journal.close()


class UnsignedNonces:
    """Nonces of calls that nobody signed; the oldest give way when there are too many.

    Nothing proves such a nonce: whoever replays the call can write another one.  So it must not take room from the
    window above, which anybody could fill, and refusing when full would let one caller stop all the others.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def accept(self, mark: bytes, until: float, now: float) -> None:
        """Remember `mark` until the given time, or until `limit` others came.  Raises `SignatureNonceUsed`."""
        if self._seen.get(mark, now) > now:
            raise NONCE_USED()
        self._seen.pop(mark, None)
        self._seen[mark] = until
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)


class _Journal:
    """Segments of fixed size, each a memory map of records (digest, forget-after); a zero record ends a segment."""

    def __init__(self, folder: Path, now: float) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self.recovered: list[tuple[bytes, int]] = []
        self._old: dict[Path, int] = {}
        number = 0
        for path in sorted(folder.glob("*.nonces")):
            records = [record for record in _RECORD.iter_unpack(_whole_records(path)) if record[1]]
            self.recovered += records
            self._old[path] = max((until for _, until in records), default=0)
            number = int(path.stem) + 1
        self._number = number
        self._latest = 0
        self._open_segment()
        self.drop_old(now)

    def _open_segment(self) -> None:
        self._path = self._folder / f"{self._number:012d}.nonces"
        self._number += 1
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(handle, _SEGMENT_RECORDS * _RECORD.size)
            self._map = mmap.mmap(handle, _SEGMENT_RECORDS * _RECORD.size)
        finally:
            os.close(handle)
        self._position = 0

    def append(self, mark: bytes, until: int, now: float) -> None:
        if self._position == _SEGMENT_RECORDS:
            self._old[self._path] = self._latest
            self._map.close()
            self._open_segment()
            self.drop_old(now)
        _RECORD.pack_into(self._map, self._position * _RECORD.size, mark, until)
        self._position += 1
        if until > self._latest:
            self._latest = until

    def drop_old(self, now: float) -> None:
        for path in [path for path, until in self._old.items() if until < now]:
            path.unlink(missing_ok=True)
            del self._old[path]

    def close(self) -> None:
        self._map.close()


def _whole_records(path: Path) -> bytes:
    content = path.read_bytes()
    return content[: len(content) // _RECORD.size * _RECORD.size]
