"""The password policy as IMS shows it: all 13 fields.  Source: reference/ram-behaviour.md 5.4."""

from __future__ import annotations

import msgspec

from keystead.identity.callers import Caller
from keystead.identity.passwords import PasswordPolicy
from keystead.identity.transaction import Tx
from keystead.products.ims.product import IMS
from keystead.products.people import password_policy as rules
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Nothing

ACCOUNT = "acs:ram:*:{account}:*"


class Policy(Output, frozen=True):
    """The password policy as IMS answers it."""

    minimum_password_length: int
    require_lowercase_characters: bool
    require_uppercase_characters: bool
    require_numbers: bool
    require_symbols: bool
    max_password_age: int
    hard_expire: bool
    password_reuse_prevention: int
    max_login_attemps: int
    minimum_password_different_character: int
    password_not_contain_user_name: bool
    initial_password_age: int
    intercept_risk_password_on_api: bool


class PolicyAnswer(Output, frozen=True):
    password_policy: Policy


class SetPasswordPolicyInput(Input, frozen=True):
    minimum_password_length: rules.Length | None = None
    require_lowercase_characters: bool | None = None
    require_uppercase_characters: bool | None = None
    require_numbers: bool | None = None
    require_symbols: bool | None = None
    max_password_age: rules.Age | None = None
    hard_expire: bool | None = None
    password_reuse_prevention: rules.Reuse | None = None
    max_login_attemps: rules.Attempts | None = None
    minimum_password_different_character: rules.Different | None = None
    password_not_contain_user_name: bool | None = None
    initial_password_age: rules.InitialAge | None = None
    intercept_risk_password_on_api: bool | None = None


def _show(policy: PasswordPolicy) -> PolicyAnswer:
    return PolicyAnswer(password_policy=Policy(**msgspec.structs.asdict(policy)))


@IMS.action("SetPasswordPolicy", resource=ACCOUNT, writes=True)
def set_password_policy(tx: Tx, _caller: Caller, wanted: SetPasswordPolicyInput) -> PolicyAnswer:
    """Say what passwords must be like; what is left out stays."""
    return _show(rules.change(tx, msgspec.structs.asdict(wanted)))


@IMS.action("GetPasswordPolicy", resource=ACCOUNT)
def get_password_policy(tx: Tx, _caller: Caller, _wanted: Nothing) -> PolicyAnswer:
    """Show what passwords must be like."""
    return _show(rules.get(tx))
