"""Files that are sent under a lease: `PUT /uploads/<lease>`.  What they are for stands in `products.applications`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from keystead import ids
from keystead.clock import Clock
from keystead.faults import Fault, FaultKind
from keystead.identity.transaction import Tx
from keystead.products.applications import uploads
from keystead.store.database import Database
from keystead.wire import answers
from keystead.wire.answers import Answer, Done
from keystead.wire.request import WireRequest

METHOD = FaultKind(
    "UnsupportedHTTPMethod", 400, "This http method is not supported. A file is sent with PUT.", "Send it with PUT."
)
UNAVAILABLE = FaultKind("ServiceUnavailable", 503, "The database did not answer.", "Send the file again in a moment.")

_log = logging.getLogger("keystead.server")


@dataclass(frozen=True, slots=True)
class Uploads:
    """Takes files.  The lease's token is the only proof that is asked for, and it is good for that one file.

    check: raises when this node cannot follow changes.  help_at: where the pages of the error codes are.
    """

    database: Database[Tx]
    clock: Clock
    check: Callable[[], None]
    help_at: str

    def serves(self, path: str) -> bool:
        """Whether an address is one that files are sent to."""
        return path.startswith(uploads.PATH)

    async def answer(self, request: WireRequest) -> Answer:
        """Take a file; never raises."""
        request_id, host = ids.request_id(), request.headers.get("host", "")
        try:
            if request.method not in ("PUT", "POST"):
                raise METHOD()
            self.check()
            lease_id = request.raw_path.removeprefix(uploads.PATH)
            token = request.headers.get(uploads.TOKEN_HEADER, "")

            def check() -> None:
                with self.database.reading(self.clock(), "") as tx:
                    uploads.check(tx, lease_id[:64], token)

            def write() -> None:
                with self.database.writing(self.clock(), "") as tx:
                    uploads.take(tx, lease_id[:64], token, request.body)

            # Who holds no lease never waits for the write lock, and nobody waits for them.
            await asyncio.wrap_future(self.database.submit(check, writes=False))
            await asyncio.shield(asyncio.wrap_future(self.database.submit(write, writes=True)))
        except Fault as fault:
            return answers.failure(fault, host, request_id, xml=False, help_at=self.help_at)
        except SQLAlchemyError as error:
            _log.warning("%s: the database failed: %s", request_id, type(error).__name__)
            return answers.failure(UNAVAILABLE(), host, request_id, xml=False, help_at=self.help_at)
        return answers.success(Done(), "Upload", request_id, xml=False)
