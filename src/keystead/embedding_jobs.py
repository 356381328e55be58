"""Gives the chunks of knowledge bases their vectors, behind the answers; many nodes share the work by leases."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from keystead.clock import Clock
from keystead.faults import Fault
from keystead.gateway.embedder import Embedder
from keystead.identity import model_keys
from keystead.identity.embedding import Payer
from keystead.identity.transaction import Tx
from keystead.products.applications import meaning
from keystead.store import vectors
from keystead.store.database import Database

POLL_SECONDS = 0.5
_AFTER_TROUBLE = 5.0

Result = TypeVar("Result")
_log = logging.getLogger("keystead.knowledge")


@dataclass(slots=True)
class EmbeddingJobs:
    """`run` works for as long as the node does.  models_changed: set by the change feed when a model was changed, and
    at the start: then vectors that another revision of a model made are made anew."""

    database: Database[Tx]
    embedder: Embedder
    clock: Clock
    models_changed: bool = True

    def changed(self, kind: str) -> None:
        """Called for every subject of the change feed, "" for all of them."""
        if kind in ("model", ""):
            self.models_changed = True

    async def run(self) -> None:
        """Look for work, again and again; ends by cancellation only."""
        while True:
            pause = POLL_SECONDS
            try:
                await self.round()
            except SQLAlchemyError as error:
                _log.warning("knowledge bases wait for their vectors: %s", type(error).__name__)
                pause = _AFTER_TROUBLE
            await asyncio.sleep(pause)

    async def round(self) -> None:
        """Do all the work that there is now."""
        if self.models_changed:
            self.models_changed = False
            revisions = await self.embedder.revisions()
            again = await self._write(lambda tx: meaning.outdated(tx, revisions))
            if again:
                _log.info("%d knowledge base(s) get new vectors: their embedding model has changed", again)
        for row in await self._read(vectors.due):
            if await self._write(partial(meaning.claim, row=row)):
                await self._fill(row)

    async def _fill(self, row: sa.Row[Any]) -> None:
        """Embed what waits in one knowledge base, a batch at a time."""
        while texts := await self._read(partial(meaning.batch, row=row)):
            try:
                made = await self.embedder.embed(_payer(row), row.embedding_model, list(texts.values()), query=False)
            except Fault as fault:
                _log.warning("the knowledge base %s gets no vectors: %s: %s", row.id, fault.code, fault.message)
                await self._write(partial(meaning.failed, row=row, fault=fault))
                return
            if not await self._write(partial(meaning.keep, row=row, ids=list(texts), made=made)):
                return
        await self._write(partial(meaning.finish, row=row))

    async def _read(self, work: Callable[[Tx], Result]) -> Result:
        def run() -> Result:
            with self.database.reading(self.clock()) as tx:
                return work(tx)

        return await asyncio.wrap_future(self.database.submit(run, writes=False))

    async def _write(self, work: Callable[[Tx], Result]) -> Result:
        """Without an account's lock: the lease keeps others away, and a chunk that goes meanwhile is looked for."""

        def run() -> Result:
            with self.database.writing(self.clock(), "") as tx:
                return work(tx)

        return await asyncio.shield(asyncio.wrap_future(self.database.submit(run, writes=True)))


def _payer(row: sa.Row[Any]) -> Payer:
    """Whose usage it is: the workspace's, nobody's in it."""
    arn = model_keys.workspace_arn(row.account_id, row.workspace_id)
    return Payer(row.account_id, row.workspace_id, arn, row.account_id)
