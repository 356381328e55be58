"""What the console itself writes into the audit trail: how people came in.  All else is audited by `invoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keystead import arn, ids
from keystead.identity.transaction import Tx
from keystead.products.people.logon import Logon, Outcome
from keystead.store import audit

if TYPE_CHECKING:
    from keystead.console.visit import Visit

_CODES = {
    Outcome.OK: "Success",
    Outcome.WRONG: "SignInFailed",
    Outcome.LOCKED: "SignInLocked",
    Outcome.MASKED: "SignInMasked",
    Outcome.INACTIVE: "SignInInactive",
    Outcome.EXPIRED: "SignInPasswordExpired",
    Outcome.NEEDS_CODE: "SignInNeedsCode",
    Outcome.WRONG_CODE: "SignInWrongCode",
    Outcome.MUST_RESET: "SignInMustReset",
    Outcome.MUST_BIND_MFA: "SignInMustBindMFA",
}


def signed_in(tx: Tx, visit: Visit, kind: str, name: str, found: Logon) -> None:
    """A sign-in, or that it failed and why; the name is kept where it is a user's of this account."""
    principal = arn.ram(tx.account_id, "root" if kind == "account" else f"user/{name.partition('@')[0][:64]}")
    _write(tx, visit, "ConsoleSignin", principal, "Account" if kind == "account" else "RAMUser", _CODES[found.outcome])


def was_set_up(tx: Tx, visit: Visit) -> None:
    """The set-up token was used."""
    _write(tx, visit, "SetUpAccount", arn.ram(tx.account_id, "root"), "Account", "Success")


def noted(tx: Tx, visit: Visit, action: str) -> None:
    """Something that a session did about itself, such as changing a password that had to be changed."""
    person = visit.me.person
    _write(tx, visit, action, person.arn, person.kind.value, "Success")


def _write(tx: Tx, visit: Visit, action: str, principal: str, kind: str, outcome: str) -> None:
    event = audit.Event(
        account_id=tx.account_id,
        at=tx.now * 1000,
        request_id=ids.request_id(),
        product="Keystead",
        action=action,
        kind="write",
        identity_type=kind,
        principal=principal[:256],
        access_key_id="",
        resource=principal[:512],
        outcome=outcome,
        address=visit.request.peer[:64],
        agent=("console " + visit.request.headers.get("user-agent", ""))[:256],
        parameters="{}",
    )
    audit.insert(tx, [event])
