"""Lets the gateway call applications: its protocol `ApplicationRunner` over the rules in `products.applications`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from keystead.clock import Clock
from keystead.gateway.values import ApplicationCall, Composed
from keystead.identity import model_keys
from keystead.identity.embedding import Embedding, Payer
from keystead.identity.transaction import Tx
from keystead.products.applications import meaning, running
from keystead.products.applications.compose import Composition, Question, query_of
from keystead.store.database import Database


@dataclass(frozen=True, slots=True)
class Applications:
    """Composes in a reading transaction, remembers in a writing one, both in worker threads.

    embedding: understands questions where the application's knowledge bases have vectors.
    """

    database: Database[Tx]
    clock: Clock
    embedding: Embedding | None = None

    async def compose(self, account_id: str, workspace_id: str, application_id: str, call: ApplicationCall) -> Composed:
        """The model call that an application answers by; see `running.prepare` for what it raises."""
        question = Question(call.prompt, call.messages, call.session_id, call.variables, call.parameters, call.given)

        def look() -> list[sa.Row[Any]]:
            with self.database.reading(self.clock(), account_id) as tx:
                return running.bases(tx, workspace_id, application_id, question)

        bases = await asyncio.wrap_future(self.database.submit(look, writes=False)) if self.embedding else []
        arn = model_keys.application_arn(account_id, application_id)
        payer = Payer(account_id, workspace_id, arn, account_id, application_id)
        meanings = await meaning.understood(self.embedding, payer, bases, query_of(question))

        def read() -> tuple[Composition, str]:
            with self.database.reading(self.clock(), account_id) as tx:
                return running.prepare(tx, workspace_id, application_id, question, meanings)

        found, session_id = await asyncio.wrap_future(self.database.submit(read, writes=False))
        keep = None if found.asked is None else partial(self._remember, application_id, session_id, found.asked)
        return Composed(
            model=found.model,
            messages=found.messages,
            parameters=found.parameters,
            session_id=session_id,
            references=found.references,
            remember=keep,
        )

    async def _remember(self, application_id: str, session_id: str, asked: str, answer: str) -> None:
        """Keep a round.  Without an account's lock: the session's own row is what two answers could meet at."""

        def write() -> None:
            with self.database.writing(self.clock(), "") as tx:
                running.remember(tx, application_id, session_id, asked, answer)

        await asyncio.wrap_future(self.database.submit(write, writes=True))
