"""Addresses of users that are proven by a code: mail, where the operator names a mail server.

No short messages are sent, and there is no setting that would.  A code is good for ten minutes and five tries, and the
console asks for it.  Source: reference/ram-behaviour.md 5.5.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.mail import Letter
from keystead.identity.transaction import Tx
from keystead.products.faults import absent
from keystead.store import verified_addresses

NOT_SENT = FaultKind(
    "InvalidParameter.VerifyType",
    400,
    "The address cannot be verified: {reason}.",
    "Set the user's e-mail address or phone number with UpdateUser, which needs no code.",
)
WHICH = FaultKind(
    "InvalidParameter.VerifyType",
    400,
    "The parameter VerifyType is {kind}, and {problem}.",
    "Send VerifyType email with Email, or VerifyType sms with MobilePhone.",
)
NOT_FOUND = absent("User.Verification", "verified address of the user")
TOO_SOON = FaultKind(
    "Throttling.User",
    400,
    "A code was sent to this user {seconds} seconds ago; one a minute is sent.",
    "Wait a minute and send the request again.",
)

CODE_SECONDS = 600
TRIES = 5
PAUSE_SECONDS = 60


def kind_of(verify_type: str | None, email: str | None, phone: str | None) -> str:
    """`sms` or `email`: as it is said, or by which address is given.  Raises `InvalidParameter.VerifyType`."""
    kind = verify_type or ("email" if email else "sms" if phone else "")
    if not kind:
        raise WHICH(kind="missing", problem="neither Email nor MobilePhone says what is meant")
    return kind


def begin(tx: Tx, user: sa.Row[Any], kind: str, address: str | None) -> None:
    """Send a code to an address, which counts as the user's once `confirm` has it.

    Raises `InvalidParameter.VerifyType` where nothing can be sent, `Throttling.User`.
    """
    if kind != "email":
        raise NOT_SENT(reason="this server sends no short messages")
    if tx.mailer is None:
        raise NOT_SENT(reason="this server sends no mail, because the setting smtp_url names no mail server")
    if not address:
        raise WHICH(kind="email", problem="Email is missing")
    before = verified_addresses.get(tx, user.id, kind)
    if before is not None and before.status == "pending":
        ago = tx.now - (before.expires_at - CODE_SECONDS)
        if ago < PAUSE_SECONDS:
            raise TOO_SOON(seconds=ago)
    code = f"{secrets.randbelow(1_000_000):06}"
    sealed = tx.keyring.seal(code.encode(), _purpose(user.id, kind, address))
    verified_addresses.put(tx, user.id, kind, address, sealed, TRIES, tx.now + CODE_SECONDS)
    text = f"The code that verifies this address for the user {user.name} is {code}. It is good for ten minutes.\n"
    if not tx.mailer.post(Letter(address, "Your verification code", text)):
        raise NOT_SENT(reason="too many messages are waiting for the mail server")


def confirm(tx: Tx, user_id: str, kind: str, code: str) -> bool:
    """Whether `code` is the one that was sent; then the address is the user's."""
    row = verified_addresses.get(tx, user_id, kind)
    if row is None or row.status != "pending" or row.expires_at <= tx.now or row.tries_left <= 0:
        return False
    wanted = tx.keyring.open(row.sealed_code, _purpose(user_id, kind, row.address))
    if not hmac.compare_digest(wanted, code.encode()):
        verified_addresses.tried(tx, user_id, kind)
        return False
    verified_addresses.activate(tx, user_id, kind)
    return True


def unbind(tx: Tx, user: sa.Row[Any], kind: str, address: str | None) -> None:
    """Take an address away.  Raises `EntityNotExist.User.Verification`, also where it is another one."""
    row = verified_addresses.get(tx, user.id, kind)
    if row is None or (address and address.lower() != row.address.lower()):
        raise NOT_FOUND(name=user.name)
    verified_addresses.delete(tx, user.id, kind)


def _purpose(user_id: str, kind: str, address: str) -> str:
    return f"verification-code:{user_id}:{kind}:{address}"
