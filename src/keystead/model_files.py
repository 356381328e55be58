"""Lets the gateway keep files: its protocol `FileStore` over the files that knowledge bases are made of too."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keystead.clock import Clock
from keystead.gateway import faults
from keystead.gateway.files import Stored, Told
from keystead.identity.transaction import Tx
from keystead.products.applications import parsers, uploads
from keystead.products.applications.files import MOST_FILES, delete, purpose
from keystead.store import audit, files
from keystead.store.database import Database

CATEGORY = "model-calls"
"""Where these files are among the workspace's; no category of a knowledge base can be called so."""
MOST_TEXT = 4_000_000
"""Characters that the files of one call may have together."""
_NAME_LENGTH = 256

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Reads files in a reading transaction's thread, keeps them in a writing one, with the audit event."""

    database: Database[Tx]
    clock: Clock

    async def add(self, place: tuple[str, str], name: str, content: bytes, told: Told) -> Stored:
        """See `FileStore`."""
        name = name.rpartition("/")[2].rpartition("\\")[2]
        _check(name, content)
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(None, _read, name, content)

        def write(tx: Tx) -> Stored:
            if files.count(tx, place[1]) >= MOST_FILES:
                raise faults.TOO_MANY_FILES(workspace=place[1], limit=MOST_FILES)
            # In the order in which they came: `tx.now` is in whole seconds.
            file_id = f"file-fe-{int(self.clock() * 1000):011x}{secrets.token_hex(10)}"
            files.insert(
                tx,
                place[1],
                file_id,
                category_id=CATEGORY,
                name=name,
                parser="AUTO_SELECT",
                size=len(content),
                status="PARSE_SUCCESS",
                problem="",
                tags="[]",
                sealed_text=tx.keyring.seal(text.encode(), purpose(file_id)),
            )
            audit.insert(tx, [told(file_id)])
            return Stored(file_id, name, len(content), int(tx.now))

        return await self._write(place, write)

    async def page(self, place: tuple[str, str], after: str, skipped: int, most: int) -> tuple[list[Stored], int]:
        """See `FileStore`."""

        def look(tx: Tx) -> tuple[list[Stored], int]:
            rows = files.page(tx, place[1], CATEGORY, "", (), after, most, skipped)
            found = [Stored(row.id, row.name, row.size, int(row.created_at)) for row in rows]
            return found, files.total(tx, place[1], CATEGORY, "", ())

        return await self._look(place, look)

    async def find(self, place: tuple[str, str], file_id: str) -> Stored | None:
        """See `FileStore`."""
        return await self._look(place, lambda tx: _find(tx, place[1], file_id))

    async def remove(self, place: tuple[str, str], file_id: str, told: Told) -> bool:
        """See `FileStore`."""

        def write(tx: Tx) -> bool:
            if _find(tx, place[1], file_id) is None:
                return False
            delete(tx, file_id)
            audit.insert(tx, [told(file_id)])
            return True

        return await self._write(place, write)

    async def texts(self, place: tuple[str, str], file_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """See `FileStore`."""

        def look(tx: Tx) -> dict[str, tuple[str, str]]:
            found, size = {}, 0
            for file_id in file_ids:
                for row in files.texts(tx, place[1], [file_id]):
                    text = tx.keyring.open(row.sealed_text, purpose(row.id)).decode()
                    size += len(text)
                    if size > MOST_TEXT:
                        raise faults.PARAMETER(problem=f"The files have more than {MOST_TEXT} characters together.")
                    found[row.id] = (row.name, text)
            return found

        return await self._look(place, look)

    async def _look(self, place: tuple[str, str], work: Callable[[Tx], Result]) -> Result:
        def run() -> Result:
            with self.database.reading(self.clock(), place[0]) as tx:
                return work(tx)

        return await asyncio.wrap_future(self.database.submit(run, writes=False))

    async def _write(self, place: tuple[str, str], work: Callable[[Tx], Result]) -> Result:
        def run() -> Result:
            with self.database.writing(self.clock(), place[0]) as tx:
                return work(tx)

        return await asyncio.shield(asyncio.wrap_future(self.database.submit(run, writes=True)))


def _find(tx: Tx, workspace_id: str, file_id: str) -> Stored | None:
    row = files.get(tx, workspace_id, file_id)
    if row is None or row.category_id != CATEGORY:
        return None
    return Stored(row.id, row.name, row.size, int(row.created_at))


def _check(name: str, content: bytes) -> None:
    """Refuse what is not read here before anything is read."""
    kind = parsers.type_of(name)
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        raise faults.PARAMETER(problem=f"The file's name must have 1 to {_NAME_LENGTH} printable characters.")
    if kind not in parsers.readable():
        known = ", ".join(parsers.readable())
        raise faults.PARAMETER(problem=f"The file {name[:80]!r} is of no type that is read here; these are: {known}.")
    if not 1 <= len(content) <= uploads.MOST_BYTES:
        raise faults.PARAMETER(problem=f"The file has {len(content)} bytes; 1 to {uploads.MOST_BYTES} are allowed.")


def _read(name: str, content: bytes) -> str:
    try:
        return parsers.read(name, content)
    except parsers.UnreadableError as error:
        raise faults.PARAMETER(problem=f"The file {name[:80]!r} cannot be read: {error}.") from None
