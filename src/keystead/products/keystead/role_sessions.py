"""Ending a role's sessions.  Source: reference/console.md 3.10 ("Revoke sessions older than now").

A session is sealed inside its token and stored nowhere, so the role itself says until when what was given out is over.
"""

from __future__ import annotations

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import ROLE_NOT_FOUND
from keystead.products.keystead.members import RoleName
from keystead.products.keystead.product import KEYSTEAD
from keystead.store import roles
from keystead.wire.answers import Output
from keystead.wire.parameters import Input


class RevokeRoleSessionsInput(Input, frozen=True):
    role_name: RoleName


class RevokeRoleSessionsOutput(Output, frozen=True):
    """`revoked_until`: sessions that were given out in that second or before are over."""

    revoked_until: str


@KEYSTEAD.action(
    "RevokeRoleSessions",
    permission="ram:UpdateRole",
    resource="acs:ram:*:{account}:role/{role_name}",
    writes=True,
    faults=(ROLE_NOT_FOUND,),
)
def revoke_role_sessions(tx: Tx, _caller: Caller, wanted: RevokeRoleSessionsInput) -> RevokeRoleSessionsOutput:
    """End every session of a role that was given out until now, and the temporary model keys made by them.

    Who is trusted can take on the role again from the next second on: change its trust policy first where that is not
    wanted.
    """
    role = roles.get(tx, wanted.role_name)
    if role is None:
        raise ROLE_NOT_FOUND(name=wanted.role_name)
    roles.update(tx, role.id, {"sessions_until": tx.now})
    return RevokeRoleSessionsOutput(revoked_until=iso(tx.now))
