"""Console sessions: who is signed in, and ending that.  Source: reference/console.md 3.5 (card "Sessions").

One's own need no permission; another user's are judged as `ram:GetLoginProfile` and `ram:UpdateLoginProfile`, by which
the vendor lets an administrator look at a log-on and take it away.
"""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.keystead.members import UserName
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.people.principals import named
from keystead.store import console_sessions
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Nothing, Text

USER = "acs:ram:*:{account}:user/{user_name}"
MOST = 100
"""Sessions that one answer lists, the newest first."""

SESSION_NOT_FOUND = FaultKind(
    "EntityNotExist.ConsoleSession",
    404,
    "The console session does not exist: {name}. It may have ended.",
    "List the sessions again.",
)
NO_CONSOLE = FaultKind(
    "NotSupport.RoleSession",
    400,
    "A role session has no console sessions of its own.",
    "Call it as the RAM user or as the account.",
)

SessionId = Annotated[str, Text(16, 16, r"[0-9a-f]+", wrong="Format", doc="the ID of a console session")]


class OfUser(Input, frozen=True):
    user_name: UserName


class OneOfUser(Input, frozen=True):
    user_name: UserName
    session_id: SessionId


class OneOfMine(Input, frozen=True):
    session_id: SessionId


class ConsoleSession(Output, frozen=True):
    """A session that is open, or waits for a new password or an MFA device (state)."""

    session_id: str
    state: str
    mfa: bool
    create_date: str
    last_seen_date: str
    expire_date: str
    source_ip_address: str
    user_agent: str


class ConsoleSessionList(Output, frozen=True):
    console_session: list[ConsoleSession]


class ConsoleSessions(Output, frozen=True):
    console_sessions: ConsoleSessionList


def _shown(row: sa.Row[Any]) -> ConsoleSession:
    return ConsoleSession(
        session_id=row.id,
        state=row.state,
        mfa=row.mfa,
        create_date=iso(row.created_at),
        last_seen_date=iso(row.seen_at),
        expire_date=iso(row.expires_at),
        source_ip_address=row.address,
        user_agent=row.agent,
    )


def _answer(tx: Tx, user_id: str | None) -> ConsoleSessions:
    rows = console_sessions.listed(tx, user_id, MOST)
    return ConsoleSessions(console_sessions=ConsoleSessionList(console_session=[_shown(row) for row in rows]))


def _end(tx: Tx, user_id: str | None, session_id: str) -> Done:
    row = console_sessions.by_id(tx, session_id)
    if row is None or row.user_id != user_id:
        raise SESSION_NOT_FOUND(name=session_id)
    console_sessions.end(tx, row.digest)
    return Done()


def _own(caller: Caller) -> str | None:
    """Whose sessions are the caller's own; None for the account.  Raises `NotSupport.RoleSession`."""
    if caller.kind not in (IdentityType.USER, IdentityType.ACCOUNT):
        raise NO_CONSOLE()
    return caller.user_id or None


@KEYSTEAD.action("ListConsoleSessions", permission="ram:GetLoginProfile", resource=USER, faults=(USER_NOT_FOUND,))
def list_console_sessions(tx: Tx, _caller: Caller, wanted: OfUser) -> ConsoleSessions:
    """List where a user is signed in to the console, the newest first."""
    return _answer(tx, named(tx, wanted.user_name).id)


@KEYSTEAD.action(
    "EndConsoleSession",
    permission="ram:UpdateLoginProfile",
    resource=USER,
    writes=True,
    faults=(USER_NOT_FOUND, SESSION_NOT_FOUND),
)
def end_console_session(tx: Tx, _caller: Caller, wanted: OneOfUser) -> Done:
    """End one of a user's console sessions at once, on every node."""
    return _end(tx, named(tx, wanted.user_name).id, wanted.session_id)


@KEYSTEAD.action("ListOwnConsoleSessions", permission=None, faults=(NO_CONSOLE,))
def list_own_console_sessions(tx: Tx, caller: Caller, _wanted: Nothing) -> ConsoleSessions:
    """List where the caller, a RAM user or the account, is signed in to the console, the newest first."""
    return _answer(tx, _own(caller))


@KEYSTEAD.action("EndOwnConsoleSession", permission=None, writes=True, faults=(NO_CONSOLE, SESSION_NOT_FOUND))
def end_own_console_session(tx: Tx, caller: Caller, wanted: OneOfMine) -> Done:
    """End one of the caller's own console sessions at once, on every node."""
    return _end(tx, _own(caller), wanted.session_id)
