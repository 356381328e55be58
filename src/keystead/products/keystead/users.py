"""Disabling a user as a whole, for which the vendor has a status but no action; bringing a deleted one back disabled.

Judged as `ram:UpdateUser`, and as the vendor's restoring.
"""

from __future__ import annotations

from typing import Annotated

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.keystead.members import UserName
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.people.principals import named
from keystead.products.people.recycle_bin import restore_user
from keystead.products.people.tagging import of_resource
from keystead.products.people.users import TOO_MANY_USERS, USER_EXISTS
from keystead.store import users
from keystead.wire.answers import Done
from keystead.wire.parameters import Choice, Input, Text

USER = "acs:ram:*:{account}:user/{user_name}"


class SetUserStatusInput(Input, frozen=True):
    user_name: UserName
    status: Annotated[str, Choice(("active", "freeze"), doc="freeze: nothing of the user works")]


class RestoreDisabledUserInput(Input, frozen=True):
    user_id: Annotated[str, Text(1, 64, r"[0-9]+", doc="the ID of a deleted user")]


@KEYSTEAD.action(
    "SetUserStatus",
    permission="ram:UpdateUser",
    resource=USER,
    target_tags=of_resource,
    writes=True,
    faults=(USER_NOT_FOUND,),
)
def set_user_status(tx: Tx, _caller: Caller, wanted: SetUserStatusInput) -> Done:
    """Disable a user, or enable it again.

    While it is disabled its AccessKey pairs, API keys and console logons are refused; nothing of it is lost.
    """
    users.update(tx, named(tx, wanted.user_name).id, {"status": wanted.status})
    return Done()


@KEYSTEAD.action(
    "RestoreDisabledUser",
    permission="ram:RestoreUserFromRecycleBin",
    resource="*",
    writes=True,
    faults=(USER_NOT_FOUND, USER_EXISTS, TOO_MANY_USERS),
)
def restore_disabled_user(tx: Tx, _caller: Caller, wanted: RestoreDisabledUserInput) -> Done:
    """Bring a deleted user back, disabled: at no moment anything of it works until SetUserStatus enables it."""
    restore_user(tx, wanted.user_id)
    users.update(tx, wanted.user_id, {"status": "freeze"})
    return Done()
