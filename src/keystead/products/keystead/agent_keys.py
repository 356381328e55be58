"""Who still exchanges AgentKeys for tokens, so that they can be moved before the flow ends.  Source: issue 4."""

from __future__ import annotations

from typing import Annotated

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.store import audit
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Whole

MOST = 1000
"""How many are listed; `TotalCount` above it says that there are more."""


class ListAgentKeyUsersInput(Input, frozen=True):
    days: Annotated[int, Whole(1, 366, doc="how far to look back")] = 30


class AgentKeyUser(Output, frozen=True):
    principal: str
    access_key_id: str
    calls: int
    last_date: str


class AgentKeyUserList(Output, frozen=True):
    agent_key_user: list[AgentKeyUser]


class ListAgentKeyUsersOutput(Output, frozen=True):
    agent_key_users: AgentKeyUserList
    total_count: int


@KEYSTEAD.action("ListAgentKeyUsers", resource="acs:keystead:*:{account}:event/*")
def list_agent_key_users(tx: Tx, _caller: Caller, wanted: ListAgentKeyUsersInput) -> ListAgentKeyUsersOutput:
    """List who called CreateToken in the last days, the latest first, from the audit trail."""
    rows = audit.callers_of(tx, "CreateToken", (tx.now - wanted.days * 86_400) * 1000, MOST + 1)
    shown = [
        AgentKeyUser(
            principal=row.principal,
            access_key_id=row.access_key_id,
            calls=row.calls,
            last_date=iso(row.last / 1000),
        )
        for row in rows[:MOST]
    ]
    return ListAgentKeyUsersOutput(agent_key_users=AgentKeyUserList(agent_key_user=shown), total_count=len(rows))
