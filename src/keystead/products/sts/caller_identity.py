"""Who is calling.  Source: reference/ram-behaviour.md 8.3."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from keystead.identity.callers import Caller, IdentityType
from keystead.products.desk import Desk
from keystead.products.sts.product import STS
from keystead.wire.answers import Output
from keystead.wire.parameters import Nothing


class CallerIdentity(Output, frozen=True):
    """The caller; a user has `UserId`, a role session `RoleId`, the account neither."""

    identity_type: str
    account_id: str
    principal_id: str
    arn: str
    user_id: str | UnsetType = UNSET
    role_id: str | UnsetType = UNSET


@STS.action("GetCallerIdentity", permission=None, memory=True)
def get_caller_identity(_desk: Desk, caller: Caller, _wanted: Nothing) -> CallerIdentity:
    """Show who the credentials belong to; needs no permission."""
    return CallerIdentity(
        identity_type=caller.kind.value,
        account_id=caller.account_id,
        principal_id=caller.principal_id,
        arn=caller.arn,
        user_id=caller.user_id if caller.kind is IdentityType.USER else UNSET,
        role_id=caller.role_id if caller.kind is IdentityType.SESSION else UNSET,
    )
