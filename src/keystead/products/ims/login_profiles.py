"""Login profiles as IMS shows them.  Source: reference/ram-behaviour.md 5.3."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.owner import LogonName, bare
from keystead.products.ims.product import IMS
from keystead.products.people import login_profiles as rules
from keystead.products.people.login_profiles import PROFILE_EXISTS, PROFILE_NOT_FOUND, TOO_WEAK, Hashed, Password
from keystead.products.people.principals import found, principal_name
from keystead.store import users
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input

USER = "acs:ram:*:{account}:user/{user_name}"

Status = Annotated[str, Choice(("Active", "Inactive"), doc="whether the password opens the console")]


class LoginProfile(Output, frozen=True):
    """A login profile as IMS answers it: never the password."""

    user_principal_name: str
    status: str
    password_reset_required: bool
    mfa_bind_required: bool = msgspec.field(name="MFABindRequired")
    password_status: str
    update_date: str
    last_login_time: str | UnsetType = UNSET
    auto_disable_login_status: str | UnsetType = UNSET


class LoginProfileAnswer(Output, frozen=True):
    login_profile: LoginProfile


class ThisUser(Input, frozen=True):
    """Base of inputs that must name a user."""

    user_name: LogonName = msgspec.field(name="UserPrincipalName")


class CreateLoginProfileInput(ThisUser, frozen=True):
    password: Password | None = None
    password_reset_required: bool = False
    mfa_bind_required: bool = msgspec.field(name="MFABindRequired", default=False)
    status: Status = "Active"


class UpdateLoginProfileInput(ThisUser, frozen=True):
    password: Password | None = None
    password_reset_required: bool | None = None
    mfa_bind_required: bool | None = msgspec.field(name="MFABindRequired", default=None)
    status: Status | None = None


class ChangePasswordInput(Input, frozen=True):
    old_password: rules.OldPassword
    new_password: rules.NewPassword


def _show(tx: Tx, user: sa.Row[Any], row: sa.Row[Any]) -> LoginProfile:
    return LoginProfile(
        user_principal_name=principal_name(tx, user.name),
        status=row.status,
        password_reset_required=row.password_reset_required,
        mfa_bind_required=row.mfa_bind_required,
        password_status=rules.password_status(tx, row),
        update_date=iso(row.updated_at),
        # The vendor's field says that idle users are locked out of the console; that rule has no switch.
        auto_disable_login_status="true",
    )


def _hashing(tx: Tx, _caller: Caller, wanted: Any) -> Hashed | None:
    return rules.hashing(tx, users.get(tx, wanted.user_name), wanted.password)


@IMS.action(
    "CreateLoginProfile",
    resource=USER,
    writes=True,
    resolve=bare,
    first=_hashing,
    faults=(USER_NOT_FOUND, PROFILE_EXISTS, TOO_WEAK),
)
def create_login_profile(tx: Tx, _caller: Caller, wanted: CreateLoginProfileInput) -> LoginProfileAnswer:
    """Let a user use the console; without a password it can sign in by other means only."""
    user = found(tx, wanted.user_name)
    row = rules.create(
        tx,
        user,
        wanted.password,
        reset=wanted.password_reset_required,
        bind_mfa=wanted.mfa_bind_required,
        status=wanted.status,
    )
    shown = msgspec.structs.replace(_show(tx, user, row), auto_disable_login_status=UNSET)
    return LoginProfileAnswer(login_profile=shown)


@IMS.action("GetLoginProfile", resource=USER, resolve=bare, faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND))
def get_login_profile(tx: Tx, _caller: Caller, wanted: ThisUser) -> LoginProfileAnswer:
    """Show a user's login profile; a user who may not use the console has none."""
    user = found(tx, wanted.user_name)
    shown = _show(tx, user, rules.find(tx, user))
    if user.last_login_at is not None:
        shown = msgspec.structs.replace(shown, last_login_time=iso(user.last_login_at))
    return LoginProfileAnswer(login_profile=shown)


@IMS.action(
    "UpdateLoginProfile",
    resource=USER,
    writes=True,
    resolve=bare,
    first=_hashing,
    faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND, TOO_WEAK),
)
def update_login_profile(tx: Tx, _caller: Caller, wanted: UpdateLoginProfileInput) -> LoginProfileAnswer:
    """Change a user's password, what it must do at the next login, or switch the console off; the rest stays."""
    user = found(tx, wanted.user_name)
    row = rules.update(
        tx,
        user,
        wanted.password,
        reset=wanted.password_reset_required,
        bind_mfa=wanted.mfa_bind_required,
        status=wanted.status,
    )
    return LoginProfileAnswer(login_profile=_show(tx, user, row))


@IMS.action("DeleteLoginProfile", resource=USER, writes=True, resolve=bare, faults=(USER_NOT_FOUND, PROFILE_NOT_FOUND))
def delete_login_profile(tx: Tx, _caller: Caller, wanted: ThisUser) -> Done:
    """Take the console away from a user."""
    rules.delete(tx, found(tx, wanted.user_name))
    return Done()


@IMS.action(
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
