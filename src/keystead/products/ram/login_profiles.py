"""Login profiles as RAM shows them.  Source: reference/ram-behaviour.md 5.3."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.people import login_profiles as rules
from keystead.products.people.login_profiles import PROFILE_EXISTS, PROFILE_NOT_FOUND, TOO_WEAK, Hashed, Password
from keystead.products.people.principals import named
from keystead.products.ram.product import RAM, UserName
from keystead.products.ram.users import USER, UserNameInput
from keystead.store import users
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input


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


class ChangePasswordInput(Input, frozen=True):
    old_password: rules.OldPassword
    new_password: rules.NewPassword


def _answer(user: sa.Row[Any], row: sa.Row[Any]) -> LoginProfileAnswer:
    return LoginProfileAnswer(
        login_profile=LoginProfile(
            user_name=user.name,
            password_reset_required=row.password_reset_required,
            mfa_bind_required=row.mfa_bind_required,
            create_date=iso(row.created_at),
        )
    )


def _hashing(tx: Tx, _caller: Caller, wanted: Any) -> Hashed | None:
    return rules.hashing(tx, users.get(tx, wanted.user_name), wanted.password)


@RAM.action(
    "CreateLoginProfile",
    resource=USER,
    writes=True,
    first=_hashing,
    faults=(USER_NOT_FOUND, PROFILE_EXISTS, TOO_WEAK),
)
def create_login_profile(tx: Tx, _caller: Caller, wanted: CreateLoginProfileInput) -> LoginProfileAnswer:
    """Give a user a password for the console."""
    user = named(tx, wanted.user_name)
    row = rules.create(
        tx, user, wanted.password, reset=wanted.password_reset_required, bind_mfa=wanted.mfa_bind_required
    )
    return _answer(user, row)


@RAM.action("GetLoginProfile", resource=USER, faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND))
def get_login_profile(tx: Tx, _caller: Caller, wanted: UserNameInput) -> LoginProfileAnswer:
    """Show a user's login profile; a user who may not use the console has none."""
    user = named(tx, wanted.user_name)
    return _answer(user, rules.find(tx, user))


@RAM.action(
    "UpdateLoginProfile",
    resource=USER,
    writes=True,
    first=_hashing,
    faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND, TOO_WEAK),
)
def update_login_profile(tx: Tx, _caller: Caller, wanted: UpdateLoginProfileInput) -> Done:
    """Change a user's password or what it must do at the next login; what is left out stays."""
    user = named(tx, wanted.user_name)
    rules.update(tx, user, wanted.password, reset=wanted.password_reset_required, bind_mfa=wanted.mfa_bind_required)
    return Done()


@RAM.action("DeleteLoginProfile", resource=USER, writes=True, faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND))
def delete_login_profile(tx: Tx, _caller: Caller, wanted: UserNameInput) -> Done:
    """Take the console away from a user."""
    rules.delete(tx, named(tx, wanted.user_name))
    return Done()


@RAM.action(
    "ChangePassword",
    resource="acs:ram:*:{account}:user/{caller}",
    writes=True,
    first=rules.hashing_own,
    self_service="AllowUserToChangePassword",
    on_itself=rules.always,
    faults=rules.CHANGE_FAULTS,
)
def change_password(tx: Tx, caller: Caller, wanted: ChangePasswordInput) -> Done:
    """Change the calling user's own password."""
    rules.change_password(tx, caller, wanted.old_password, wanted.new_password)
    return Done()
