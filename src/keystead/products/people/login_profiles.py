"""Login profiles: whether a user may use the console, and its password.  Source: reference/ram-behaviour.md 5.3, 5.4.

argon2 takes tens of milliseconds for each text, and a password history holds up to 24: `hashing` does that work in a
reading transaction before the write begins (`Action.first`).  The rules take its result from `tx.prepared` when it
speaks of the texts that are stored now, and compute it themselves otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import passwords, preferences
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.passwords import PasswordPolicy
from keystead.identity.transaction import Tx
from keystead.products.faults import absent, exists
from keystead.products.people import attempts, password_policy
from keystead.store import console_sessions, login_profiles, users
from keystead.wire.parameters import Text

PROFILE_NOT_FOUND = absent("User.LoginProfile", "login profile of the user")
PROFILE_EXISTS = exists("User.LoginProfile", "login profile of the user")
TOO_WEAK = FaultKind(
    "InvalidParameter.Password.TooWeak",
    400,
    "The password is too weak: {reason}.",
    "Choose another password that meets the account's password policy.",
)
NEW_TOO_WEAK = FaultKind(
    "InvalidParameter.NewPassword.TooWeak",
    400,
    "The new password is too weak: {reason}.",
    "Choose another password that meets the account's password policy.",
)
NEW_REUSED = FaultKind(
    "InvalidParameter.NewPassword.ReusePrevention",
    400,
    "The new password is one of the last {count}, which the account's password policy forbids.",
    "Choose a password that was not used before.",
)
OLD_WRONG = FaultKind(
    "InvalidParameter.OldPassword.Incorrect",
    400,
    "The old password is refused: {reason}.",
    "Send the password that is valid now, or ask an administrator for a new one.",
)
NOT_FOR_ACCOUNT = FaultKind(
    "NotSupport.Account",
    400,
    "ChangePassword is for RAM users; the call was made by {who}.",
    "Call it with the AccessKey pair of the RAM user whose password is to change.",
)
MAY_NOT_CHANGE = FaultKind(
    "NoPermission",
    403,
    "You may not change your password: the account's security preference AllowUserToChangePassword is false.",
    "Ask an administrator for a new password, or to set AllowUserToChangePassword.",
)

CHANGE_FAULTS = (NOT_FOR_ACCOUNT, MAY_NOT_CHANGE, OLD_WRONG, NEW_TOO_WEAK, NEW_REUSED)
"""What ChangePassword may refuse with."""

Password = Annotated[str, Text(0, 256, fault=TOO_WEAK.code, secret=True, doc="a password")]
OldPassword = Annotated[str, Text(0, 256, fault=OLD_WRONG.code, secret=True, doc="the password so far")]
NewPassword = Annotated[str, Text(0, 256, fault=NEW_TOO_WEAK.code, secret=True, doc="a password")]


@dataclass(frozen=True, slots=True)
class Hashed:
    """What argon2 said.  digest: of the new password.  against: the stored texts that were compared; same: those that
    the new password is behind.  proven: the stored text that the old password is behind, or ""."""

    digest: str
    against: frozenset[str]
    same: frozenset[str]
    proven: str = ""


def hashing(tx: Tx, user: sa.Row[Any] | None, new: str | None, old: str | None = None) -> Hashed | None:
    """The slow part of setting `new` for `user`, proving `old` first where one is given; None where nothing is due."""
    policy = password_policy.get(tx)
    if user is None or new is None or passwords.weakness(new, user.name, policy):
        return None
    if old is not None and attempts.locked_until(tx, user.id):
        return None
    return _hash(_present(tx, user.id), _used(tx, user.id, policy), new, old)


def hashing_own(tx: Tx, caller: Caller, wanted: Any) -> Hashed | None:
    """The slow part of ChangePassword, in either product."""
    return hashing(tx, users.get(tx, caller.user_name), wanted.new_password, wanted.old_password)


def always(_wanted: Any, _caller: Caller) -> bool:
    """ChangePassword is always about the caller itself."""
    return True


def _hash(present: str, used: list[str], new: str, old: str | None) -> Hashed:
    against = frozenset((*used, present))
    proven = present if old is not None and passwords.matches(present, old) else ""
    if old is not None and not proven:
        return Hashed("", against, frozenset())
    same = frozenset(text for text in used if passwords.matches(text, new))
    return Hashed("" if same else passwords.digest(new), against, same, proven)


def _hashed(tx: Tx, user_id: str, policy: PasswordPolicy, new: str, old: str | None = None) -> Hashed:
    """The prepared result, unless a stored text has changed since: then the work is done here, under the lock."""
    present, used = _present(tx, user_id), _used(tx, user_id, policy)
    done = tx.prepared
    if isinstance(done, Hashed) and done.against >= {present, *used}:
        return done
    return _hash(present, used, new, old)


def _present(tx: Tx, user_id: str) -> str:
    row = login_profiles.get(tx, user_id)
    return str(row.password_hash) if row is not None else ""


def _used(tx: Tx, user_id: str, policy: PasswordPolicy) -> list[str]:
    """The stored texts of the last passwords that may not be used again, the present one first."""
    every = [_present(tx, user_id), *login_profiles.history(tx, user_id)]
    return [text for text in every if text][: policy.password_reuse_prevention]


def find(tx: Tx, user: sa.Row[Any]) -> sa.Row[Any]:
    """The login profile of a user.  Raises `EntityNotExist.User.LoginProfile`."""
    row = login_profiles.get(tx, user.id)
    if row is None:
        raise PROFILE_NOT_FOUND(name=user.name)
    return row


def create(
    tx: Tx, user: sa.Row[Any], password: str | None, *, reset: bool, bind_mfa: bool, status: str = "Active"
) -> sa.Row[Any]:
    """Let a user use the console; without a password only by other means.  Raises the faults of a weak password."""
    if login_profiles.get(tx, user.id) is not None:
        raise PROFILE_EXISTS(name=user.name)
    values: dict[str, object] = {
        "status": status,
        "password_hash": _accepted(tx, user, password) if password is not None else "",
        "password_set_at": tx.now,
        "password_initial": password is not None,
        "password_reset_required": reset,
        "mfa_bind_required": bind_mfa,
    }
    login_profiles.insert(tx, user.id, values)
    attempts.clear(tx, user.id)
    return find(tx, user)


def update(
    tx: Tx,
    user: sa.Row[Any],
    password: str | None,
    *,
    reset: bool | None,
    bind_mfa: bool | None,
    status: str | None = None,
) -> sa.Row[Any]:
    """Change a profile; what is None stays.  A new password ends a lock; with the console re-enabled it is initial."""
    row = find(tx, user)
    values: dict[str, object] = {}
    if password is not None:
        digest = _accepted(tx, user, password)
        _keep_old(tx, user.id, row.password_hash)
        initial = status == "Active" and row.status == "Inactive"
        values = {"password_hash": digest, "password_set_at": tx.now, "password_initial": initial}
        attempts.clear(tx, user.id)
        console_sessions.end_of(tx, user.id)
    for name, value in (("password_reset_required", reset), ("mfa_bind_required", bind_mfa), ("status", status)):
        if value is not None:
            values[name] = value
    login_profiles.update(tx, user.id, values)
    return find(tx, user)


def delete(tx: Tx, user: sa.Row[Any]) -> None:
    """Take the console away; the password stays among those that may not be used again."""
    _keep_old(tx, user.id, find(tx, user).password_hash)
    login_profiles.delete(tx, user.id)
    console_sessions.end_of(tx, user.id)


def change_password(tx: Tx, caller: Caller, old: str, new: str) -> None:
    """A user changes its own password.  A wrong old one counts towards the lock."""
    if caller.kind is not IdentityType.USER:
        raise NOT_FOR_ACCOUNT(who="the account" if caller.is_account else "a role session, which has no password")
    if not preferences.get(tx).allow_user_to_change_password:
        raise MAY_NOT_CHANGE()
    user = users.get(tx, caller.user_name)
    row = login_profiles.get(tx, user.id) if user is not None else None
    if user is None or row is None or not row.password_hash:
        raise OLD_WRONG(reason="the user has no password")
    until = attempts.locked_until(tx, user.id)
    if until:
        raise OLD_WRONG(reason=f"too many were wrong; no other is tried before {iso(until)}")
    policy = password_policy.get(tx)
    weak = passwords.weakness(new, user.name, policy)
    if weak:
        raise NEW_TOO_WEAK(reason=weak)
    hashed = _hashed(tx, user.id, policy, new, old)
    if hashed.proven != row.password_hash:
        raise OLD_WRONG(reason=_counted(tx, user.id, policy)).keeping()
    if expiry(row, policy, tx.now) in (EXPIRED, INITIAL_EXPIRED):
        raise OLD_WRONG(reason="it has expired, and only an administrator can set another one")
    _replace(tx, user, row, policy, hashed)


def replace(tx: Tx, user: sa.Row[Any], new: str) -> None:
    """Set a user's own new password once the console knows who it is: the forced change at log-on."""
    policy = password_policy.get(tx)
    weak = passwords.weakness(new, user.name, policy)
    if weak:
        raise NEW_TOO_WEAK(reason=weak)
    _replace(tx, user, find(tx, user), policy, _hashed(tx, user.id, policy, new))


def _replace(tx: Tx, user: sa.Row[Any], row: sa.Row[Any], policy: PasswordPolicy, hashed: Hashed) -> None:
    if hashed.same:
        raise NEW_REUSED(count=policy.password_reuse_prevention)
    _keep_old(tx, user.id, row.password_hash)
    values: dict[str, object] = {
        "password_hash": hashed.digest,
        "password_set_at": tx.now,
        "password_initial": False,
        "password_reset_required": False,
    }
    login_profiles.update(tx, user.id, values)
    attempts.clear(tx, user.id)
    console_sessions.end_of(tx, user.id)  # whoever knew the old password is out


def _accepted(tx: Tx, user: sa.Row[Any], password: str) -> str:
    """The text to store for a password that an administrator sets.  Raises `InvalidParameter.Password.TooWeak`."""
    policy = password_policy.get(tx)
    weak = passwords.weakness(password, user.name, policy)
    if weak:
        raise TOO_WEAK(reason=weak)
    hashed = _hashed(tx, user.id, policy, password)
    if hashed.same:
        raise TOO_WEAK(reason=f"it is one of the user's last {policy.password_reuse_prevention}, which may not return")
    return hashed.digest


def _keep_old(tx: Tx, user_id: str, password_hash: str) -> None:
    """Remember a password that ends now, as long as the policy looks back."""
    keep = password_policy.get(tx).password_reuse_prevention
    if password_hash:
        login_profiles.remember(tx, user_id, password_hash, keep)


def _counted(tx: Tx, user_id: str, policy: PasswordPolicy) -> str:
    limit = policy.max_login_attemps
    until = attempts.wrong_password(tx, user_id, limit)
    if until:
        return f"it is wrong, and {limit} wrong ones within an hour lock the user until {iso(until)}"
    return f"it is wrong; {attempts.left(tx, user_id, limit)} more may be" if limit else "it is wrong"


VALID, AGED, EXPIRED, INITIAL_EXPIRED = "valid", "aged", "expired", "initial expired"


def expiry(row: sa.Row[Any], policy: PasswordPolicy, now: int) -> str:
    """Whether a password is valid, must be changed at the next log-on (aged), or is of no use any more (the others)."""
    age = now - row.password_set_at
    if row.password_initial and policy.initial_password_age and age >= policy.initial_password_age * passwords.DAY:
        return INITIAL_EXPIRED
    if policy.max_password_age and age >= policy.max_password_age * passwords.DAY:
        return EXPIRED if policy.hard_expire else AGED
    return VALID


def password_status(tx: Tx, row: sa.Row[Any]) -> str:
    """`NotInitial`, `InitialValid` or `InitialExpired`: an initial password came with the profile."""
    if not row.password_initial:
        return "NotInitial"
    expired = expiry(row, password_policy.get(tx), tx.now) == INITIAL_EXPIRED
    return "InitialExpired" if expired else "InitialValid"
