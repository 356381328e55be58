"""Login profiles of users.  Source: reference/ram-behaviour.md 5.3."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import passwords
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND, absent, exists
from keystead.products.ram import users
from keystead.products.ram.product import RAM, UserName
from keystead.products.ram.users import USER, UserNameInput
from keystead.store import login_profiles
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

PROFILE_NOT_FOUND = absent("User.LoginProfile", "login profile of the user")
PROFILE_EXISTS = exists("User.LoginProfile", "login profile of the user")
TOO_WEAK = FaultKind(
    "InvalidParameter.Password.TooWeak",
    400,
    "The password is too weak: {reason}.",
    "Choose another password that meets the account's password policy.",
)

Password = Annotated[str, Text(0, 256, fault="InvalidParameter.Password.TooWeak", secret=True, doc="a password")]


class LoginProfile(Output, frozen=True):
    """A login profile as RAM answers it: never the password."""

    user_name: str
    password_reset_required: bool
    mfa_bind_required: bool = msgspec.field(name="MFABindRequired")
    create_date: str


class LoginProfileAnswer(Output, frozen=True):
    login_profile: LoginProfile


class CreateLoginProfileInput(Input, frozen=True):
    user_name: UserName
    password: Password
    password_reset_required: bool = False
    mfa_bind_required: bool = msgspec.field(name="MFABindRequired", default=False)


class UpdateLoginProfileInput(Input, frozen=True):
    user_name: UserName
    password: Password | None = None
    password_reset_required: bool | None = None
    mfa_bind_required: bool | None = msgspec.field(name="MFABindRequired", default=None)


def find(tx: Tx, user: sa.Row[Any]) -> sa.Row[Any]:
    """The login profile of a user.  Raises `EntityNotExist.User.LoginProfile`."""
    row = login_profiles.get(tx, user.id)
    if row is None:
        raise PROFILE_NOT_FOUND(name=user.name)
    return row


def check_password(password: str, user_name: str) -> None:
    """Raise `InvalidParameter.Password.TooWeak` with the reason."""
    reason = passwords.weakness(password, user_name)
    if reason:
        raise TOO_WEAK(reason=reason)


def _answer(tx: Tx, user: sa.Row[Any]) -> LoginProfileAnswer:
    row = find(tx, user)
    return LoginProfileAnswer(
        login_profile=LoginProfile(
            user_name=user.name,
            password_reset_required=row.password_reset_required,
            mfa_bind_required=row.mfa_bind_required,
            create_date=iso(row.created_at),
        )
    )


@RAM.action(
    "CreateLoginProfile",
    resource=USER,
    writes=True,
    faults=(USER_NOT_FOUND, PROFILE_EXISTS, TOO_WEAK),
)
def create_login_profile(tx: Tx, _caller: Caller, wanted: CreateLoginProfileInput) -> LoginProfileAnswer:
    """Give a user a password for the console."""
    check_password(wanted.password, wanted.user_name)
    user = users.find(tx, wanted.user_name)
    if login_profiles.get(tx, user.id) is not None:
        raise PROFILE_EXISTS(name=user.name)
    values: dict[str, object] = {
        "password_hash": passwords.digest(wanted.password),
        "password_reset_required": wanted.password_reset_required,
        "mfa_bind_required": wanted.mfa_bind_required,
    }
    login_profiles.insert(tx, user.id, values)
    return _answer(tx, user)


@RAM.action("GetLoginProfile", resource=USER, faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND))
def get_login_profile(tx: Tx, _caller: Caller, wanted: UserNameInput) -> LoginProfileAnswer:
    """Show a user's login profile; a user who may not use the console has none."""
    return _answer(tx, users.find(tx, wanted.user_name))


@RAM.action(
    "UpdateLoginProfile",
    resource=USER,
    writes=True,
    faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND, TOO_WEAK),
)
def update_login_profile(tx: Tx, _caller: Caller, wanted: UpdateLoginProfileInput) -> Done:
    """Change a user's password or what it must do at the next login; what is left out stays."""
    if wanted.password is not None:
        check_password(wanted.password, wanted.user_name)
    user = users.find(tx, wanted.user_name)
    find(tx, user)
    values: dict[str, object] = {}
    if wanted.password is not None:
        values["password_hash"] = passwords.digest(wanted.password)
    if wanted.password_reset_required is not None:
        values["password_reset_required"] = wanted.password_reset_required
    if wanted.mfa_bind_required is not None:
        values["mfa_bind_required"] = wanted.mfa_bind_required
    login_profiles.update(tx, user.id, values)
    return Done()


@RAM.action("DeleteLoginProfile", resource=USER, writes=True, faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND))
def delete_login_profile(tx: Tx, _caller: Caller, wanted: UserNameInput) -> Done:
    """Take the console away from a user."""
    user = users.find(tx, wanted.user_name)
    find(tx, user)
    login_profiles.delete(tx, user.id)
    return Done()
