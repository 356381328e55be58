"""Console sessions: who is signed in, and ending that.  Source: reference/console.md 3.5 (card "Sessions").

One's own need no permission; another user's are judged as `ram:GetLoginProfile` and `ram:UpdateLoginProfile`, by which
the vendor lets an administrator look at a log-on and take it away.
"""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import sessions
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.transaction import Tx
from keystead.products.desk import Desk
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


ONLY_ON_THE_CONSOLE = FaultKind(
    "NotSupport.Caller",
    400,
    "Temporary credentials are given to a RAM user who is signed in to the console; the call was made by {who}.",
    "Use AssumeRole for a program, or type `export` in the console's Cloud Shell.",
)
CREDENTIAL_SECONDS = 3600
"""How long the credentials of the Cloud Shell last; they end earlier with the user."""


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


class SessionCredentials(Output, frozen=True):
    """Temporary credentials: the three values belong together."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expiration: str


class CredentialsAnswer(Output, frozen=True):
    credentials: SessionCredentials


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


@KEYSTEAD.action("CreateConsoleCredentials", permission=None, memory=True, faults=(ONLY_ON_THE_CONSOLE,))
def create_console_credentials(desk: Desk, caller: Caller, _wanted: Nothing) -> CredentialsAnswer:
    """Answer temporary credentials of the RAM user who is signed in to the console, for use elsewhere.

    Whoever signs with a pair gets none: they would outlive it.
    """
    if caller.kind is not IdentityType.USER or caller.access_key_id:
        raise ONLY_ON_THE_CONSOLE(who=caller.arn)
    session, token = sessions.issue_for_user(
        desk.keyring,
        account_id=caller.account_id,
        user_id=caller.user_id,
        mfa=caller.mfa,
        now=desk.now,
        seconds=CREDENTIAL_SECONDS,
    )
    return CredentialsAnswer(
        credentials=SessionCredentials(
            access_key_id=session.access_key_id,
            access_key_secret=session.secret,
            security_token=token,
            expiration=iso(session.expires_at),
        )
    )
