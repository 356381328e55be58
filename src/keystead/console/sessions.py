"""The cookie and the row behind it: who is signed in, what a form must carry, and what was proven again.

Source: reference/console.md 2.5, 3.1; design.md law 4 (session ids are kept as digests).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from starlette.responses import Response

from keystead import arn
from keystead.console.asking import ShownError
from keystead.faults import Fault
from keystead.identity import replay
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.keyring import SealBrokenError
from keystead.identity.transaction import Tx
from keystead.products.people import console_sessions as rules
from keystead.server.dispatch import Dispatcher
from keystead.store import accounts, console_sessions, nonces
from keystead.wire.request import WireRequest

Result = TypeVar("Result")

FORM_SECONDS = 3600
_ROLE = "console-role"


class SwitchedRole(msgspec.Struct, frozen=True, array_like=True):
    """The credentials of a role that a session has switched to, as AssumeRole answered them."""

    access_key_id: str
    token: str
    role_name: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session: its row, the cookie's value, whose it is, and as whom it acts.

    person: who signed in.  caller: who calls are made as, the role where the session has switched to one.
    """

    row: sa.Row[Any]
    cookie: str
    alias: str
    person: Caller
    caller: Caller
    role: SwitchedRole | None = None

    @property
    def form_token(self) -> str:
        """What every form of the session carries, and nobody else knows."""
        return hmac.new(self.cookie.encode(), b"form", hashlib.sha256).hexdigest()

    def is_verified(self, now: float) -> bool:
        """Whether it was proven again within ten minutes."""
        return rules.is_verified(self.row, now)


def cookie_name(request: WireRequest) -> str:
    """The cookie's name; over TLS one that browsers keep to this host, path `/` and TLS (RFC 6265bis 4.1.3)."""
    return "__Host-keystead" if request.secure else "keystead-session"


def set_cookie(response: Response, request: WireRequest, value: str) -> None:
    """Give the browser its session; it ends with the browser, and earlier by the server's own times."""
    response.set_cookie(cookie_name(request), value, path="/", secure=request.secure, httponly=True, samesite="lax")


def clear_cookie(response: Response, request: WireRequest) -> None:
    """Take the session from the browser."""
    response.delete_cookie(cookie_name(request), path="/", secure=request.secure, httponly=True, samesite="lax")


@dataclass(frozen=True, slots=True)
class Keeper:
    """Finds and changes sessions.  idle_seconds: after which one that nobody uses is over.

    shows: nothing may be changed, because what a form does is only to be shown.
    """

    dispatcher: Dispatcher
    idle_seconds: int
    shows: bool = False

    async def read(self, work: Callable[[Tx], Result], account_id: str = "") -> Result:
        """Run `work` in a reading transaction, in a worker thread."""
        dispatcher = self.dispatcher

        def run() -> Result:
            with dispatcher.database.reading(dispatcher.clock(), account_id) as tx:
                return work(tx)

        return await asyncio.wrap_future(dispatcher.database.submit(run, writes=False))

    async def write(self, work: Callable[[Tx], Result], account_id: str = "") -> Result:
        """Run `work` in a writing transaction, in a worker thread; what it touched leaves memory before it answers."""
        if self.shows:
            raise ShownError
        dispatcher, loop = self.dispatcher, asyncio.get_running_loop()

        def run() -> Result:
            with dispatcher.database.writing(dispatcher.clock(), account_id) as tx:
                result = work(tx)
            loop.call_soon_threadsafe(dispatcher.directory.apply, tx.touched)
            return result

        return await asyncio.shield(asyncio.wrap_future(dispatcher.database.submit(run, writes=True)))

    async def find(self, cookie: str) -> SignedIn | None:
        """The live session of a cookie and its caller, or None."""
        if not cookie:
            return None

        def look(tx: Tx) -> tuple[sa.Row[Any], str] | None:
            row = rules.find(tx, cookie, self.idle_seconds)
            if row is None:
                return None
            tx.account_id = row.account_id
            return row, accounts.alias(tx)

        found = await self.read(look)
        if found is None:
            return None
        row, alias = found
        person = await self._person(row)
        if person is None:
            return None
        if rules.is_stale(row, self.dispatcher.clock()):
            await self.write(lambda tx: console_sessions.change(tx, row.digest, seen_at=tx.now))
        role = self._role(row)
        acting = await self._as_role(role) if role is not None else None
        if acting is None:  # not switched, or the role's time is over
            role, acting = None, person
        return SignedIn(row, cookie, alias, person, acting, role)

    async def _person(self, row: sa.Row[Any]) -> Caller | None:
        if row.user_id is None:
            root = arn.ram(row.account_id, "root")
            return Caller(kind=IdentityType.ACCOUNT, account_id=row.account_id, arn=root, mfa=row.mfa)
        caller = await self.dispatcher.directory.user(row.user_id)
        return None if caller is None else replace(caller, mfa=row.mfa)

    def _role(self, row: sa.Row[Any]) -> SwitchedRole | None:
        if row.sealed_role is None:
            return None
        try:
            return msgspec.msgpack.decode(self.dispatcher.keyring.open(row.sealed_role, _ROLE), type=SwitchedRole)
        except (SealBrokenError, msgspec.DecodeError):
            return None

    async def _as_role(self, role: SwitchedRole) -> Caller | None:
        """The caller behind the role's credentials; None once they are over or the role is gone."""
        try:
            now = self.dispatcher.clock()
            return (await self.dispatcher.authentication.session_key(role.access_key_id, role.token, now)).caller
        except Fault:
            return None

    async def switch(self, signed_in: SignedIn, role: SwitchedRole | None) -> None:
        """Have the session act as a role, or as its person again."""
        sealed = None if role is None else self.dispatcher.keyring.seal(msgspec.msgpack.encode(role), _ROLE)
        await self.write(lambda tx: console_sessions.change(tx, signed_in.row.digest, sealed_role=sealed))

    async def verify(self, signed_in: SignedIn, proof: str) -> bool:
        """Judge a security verification; a right one counts for ten minutes, the fifth wrong one ends the session."""
        row, account = signed_in.row, signed_in.person.account_id
        given = await self.read(lambda tx: rules.compare(tx, row, proof), account)

        def judge(tx: Tx) -> bool:
            fresh = console_sessions.find(tx, row.digest)
            return fresh is not None and rules.verify(tx, fresh, proof, given)

        return await self.write(judge, account)

    def form_mark(self) -> str:
        """A mark for a form that may be sent once."""
        until = int(self.dispatcher.clock()) + FORM_SECONDS
        sealed = self.dispatcher.keyring.seal(f"{until}:{time.monotonic_ns()}".encode(), "console-form")
        return base64.urlsafe_b64encode(sealed).decode()

    async def spend(self, mark: str) -> bool:
        """Accept the mark of a form once, within an hour of when it was made."""
        try:
            opened = self.dispatcher.keyring.open(base64.urlsafe_b64decode(mark.encode()), "console-form")
            until = int(opened.split(b":", 1)[0])
        except (ValueError, SealBrokenError):
            return False
        if until <= self.dispatcher.clock():
            return False
        digest = replay.digest("console-form", mark)
        return await self.write(lambda tx: nonces.accept(tx, digest, until))
