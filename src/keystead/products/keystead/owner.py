"""What the account does about its own log-on; nobody else can, whatever a policy says.

The vendor keeps this in its console only.  Source: reference/console.md 3.1, 3.2 (account MFA); ram-behaviour.md 5.5.
"""

from __future__ import annotations

from typing import Annotated

from keystead.faults import FaultKind
from keystead.identity import passwords
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.people import mfa, owner_logon
from keystead.store import accounts, console_sessions, mfa_devices, owner_logons
from keystead.wire.answers import Done
from keystead.wire.parameters import Input, Nothing, Text

ONLY_THE_ACCOUNT = FaultKind(
    "NoPermission.AccountOnly",
    403,
    "Only the account itself may do this; the call was made by {who}.",
    "Sign in to the console as the account.",
)
OLD_WRONG = FaultKind(
    "InvalidParameter.OldPassword.Incorrect",
    400,
    "The old password is wrong, or the account has none yet.",
    "Send the password that is valid now; `keystead account setup-token` helps where it is lost.",
)
NOT_BOUND = FaultKind(
    "EntityNotExist.Account.MFADevice", 404, "No MFA device is bound to the account.", "Bind one first."
)

Password = Annotated[str, Text(1, 256, secret=True, doc="a password")]


class ChangeInput(Input, frozen=True):
    old_password: Password
    new_password: Password


class BindInput(Input, frozen=True):
    serial_number: mfa.Serial
    authentication_code1: mfa.Code
    authentication_code2: mfa.Code


def _must_be_account(caller: Caller) -> None:
    if not caller.is_account:
        raise ONLY_THE_ACCOUNT(who=caller.arn)


def _hash(tx: Tx, caller: Caller, wanted: ChangeInput) -> tuple[str, str] | None:
    """The stored text that the old password is behind, and that of the new one; None where nothing is due."""
    if not caller.is_account:
        return None
    compared = owner_logon.compare(tx, wanted.old_password)
    return (compared.stored, passwords.digest(wanted.new_password)) if compared.matches else None


@KEYSTEAD.action(
    "ChangeAccountPassword",
    permission=None,
    writes=True,
    first=_hash,
    faults=(ONLY_THE_ACCOUNT, OLD_WRONG, owner_logon.PASSWORD_WEAK),
)
def change_account_password(tx: Tx, caller: Caller, wanted: ChangeInput) -> Done:
    """Change the account's own console password; its console sessions end."""
    _must_be_account(caller)
    owner_logon.check_password(wanted.new_password, accounts.alias(tx))
    row = owner_logons.get(tx)
    if tx.prepared is None or row is None or tx.prepared[0] != row.password_hash:
        raise OLD_WRONG()
    owner_logons.put(tx, tx.prepared[1])
    console_sessions.end_of(tx, None)
    return Done()


@KEYSTEAD.action("BindAccountMFADevice", permission=None, writes=True, faults=(ONLY_THE_ACCOUNT, *mfa.BIND_FAULTS))
def bind_account_mfa_device(tx: Tx, caller: Caller, wanted: BindInput) -> Done:
    """Bind a virtual MFA device to the account itself, proven by two consecutive codes."""
    _must_be_account(caller)
    mfa.bind(tx, None, wanted.serial_number, wanted.authentication_code1, wanted.authentication_code2)
    return Done()


@KEYSTEAD.action("UnbindAccountMFADevice", permission=None, writes=True, faults=(ONLY_THE_ACCOUNT, NOT_BOUND))
def unbind_account_mfa_device(tx: Tx, caller: Caller, _wanted: Nothing) -> Done:
    """Take the account's MFA device away and delete it."""
    _must_be_account(caller)
    row = mfa_devices.of_account(tx)
    if row is None:
        raise NOT_BOUND()
    mfa_devices.delete(tx, row.id)
    return Done()
