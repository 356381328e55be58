"""Statements over applications, and over the sessions of those who talk with them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import agent_sessions, agents, usage_limits

_IN = (agents.c.account_id == sa.bindparam("account")) & (agents.c.workspace_id == sa.bindparam("workspace"))
_GET = sa.select(agents).where(_IN, agents.c.id == sa.bindparam("agent"))
_PAGE = (
    sa.select(agents)
    .where(_IN)
    .order_by(agents.c.created_at.desc(), agents.c.id)
    .limit(sa.bindparam("most"))
    .offset(sa.bindparam("skip"))
)
_COUNT = sa.select(sa.func.count()).select_from(agents).where(_IN)
_INSERT = sa.insert(agents)
_DELETE = sa.delete(agents).where(_IN, agents.c.id == sa.bindparam("agent"))
_DELETE_LIMITS = sa.delete(usage_limits).where(
    usage_limits.c.account_id == sa.bindparam("account"),
    usage_limits.c.scope == "application",
    usage_limits.c.scope_id == sa.bindparam("agent"),
)
_TALK = (agent_sessions.c.id == sa.bindparam("session")) & (agent_sessions.c.agent_id == sa.bindparam("agent"))
_SESSION = sa.select(agent_sessions).where(_TALK, agent_sessions.c.used_at > sa.bindparam("since"))
_SET_SESSION = (
    sa.update(agent_sessions).where(_TALK).values(sealed_rounds=sa.bindparam("rounds"), used_at=sa.bindparam("now"))
)
_ADD_SESSION = sa.insert(agent_sessions)
_DELETE_SESSIONS = sa.delete(agent_sessions).where(agent_sessions.c.agent_id == sa.bindparam("agent"))
_FORGET = sa.delete(agent_sessions).where(agent_sessions.c.used_at <= sa.bindparam("since"))
_EXISTS = sa.select(agents.c.id).where(agents.c.id == sa.bindparam("agent"))


def get(tx: Tx, workspace_id: str, agent_id: str) -> sa.Row[Any] | None:
    """The application of that code, where it is in the workspace."""
    return tx.row(_GET, account=tx.account_id, workspace=workspace_id, agent=agent_id)


def page(tx: Tx, workspace_id: str, skip: int, most: int) -> list[sa.Row[Any]]:
    """The applications of a workspace, the newest first."""
    return tx.rows(_PAGE, account=tx.account_id, workspace=workspace_id, skip=skip, most=most)


def count(tx: Tx, workspace_id: str) -> int:
    """How many applications a workspace has."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id, "workspace": workspace_id}).scalar_one())


def insert(tx: Tx, workspace_id: str, agent_id: str, **values: object) -> None:
    """Add an application; `values` holds name, model, instructions, config and samples."""
    place = {"id": agent_id, "account_id": tx.account_id, "workspace_id": workspace_id}
    tx.run(_INSERT, **place, created_at=tx.now, updated_at=tx.now, **values)
    tx.touch("application", agent_id)


def update(tx: Tx, workspace_id: str, agent_id: str, **values: object) -> None:
    """Change columns of an application."""
    mine = (agents.c.account_id == tx.account_id) & (agents.c.workspace_id == workspace_id) & (agents.c.id == agent_id)
    tx.run(sa.update(agents).where(mine).values(updated_at=tx.now, **values))
    tx.touch("application", agent_id)


def delete(tx: Tx, workspace_id: str, agent_id: str) -> None:
    """Remove an application with its sessions and limits."""
    tx.run(_DELETE_SESSIONS, agent=agent_id)
    tx.run(_DELETE_LIMITS, account=tx.account_id, agent=agent_id)
    tx.run(_DELETE, account=tx.account_id, workspace=workspace_id, agent=agent_id)
    tx.touch("application", agent_id)


def session(tx: Tx, agent_id: str, session_id: str, since: int, *, lock: bool = False) -> sa.Row[Any] | None:
    """A session that was used after `since`; `lock` holds its row until the transaction ends."""
    statement = _SESSION.with_for_update() if lock else _SESSION
    return tx.row(statement, agent=agent_id, session=session_id, since=since)


def put_session(tx: Tx, agent_id: str, session_id: str, rounds: bytes) -> None:
    """Write the rounds of a session, used now; nothing where the application is gone."""
    if tx.run(_SET_SESSION, agent=agent_id, session=session_id, rounds=rounds, now=tx.now) == 0 and tx.row(
        _EXISTS, agent=agent_id
    ):
        tx.run(_ADD_SESSION, id=session_id, agent_id=agent_id, sealed_rounds=rounds, used_at=tx.now)


def forget_sessions(tx: Tx, since: int) -> int:
    """Remove the sessions that were last used at `since` or before; returns how many."""
    return tx.run(_FORGET, since=since)
