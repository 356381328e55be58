"""The security preference as IMS shows it.  Source: reference/ram-behaviour.md 5.12."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from keystead.identity import preferences
from keystead.identity.callers import Caller
from keystead.identity.preferences import SecurityPreference
from keystead.identity.transaction import Tx
from keystead.products.ims.product import IMS
from keystead.products.people import preferences as rules
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Items, Nothing, Whole

ACCOUNT = "acs:ram:*:{account}:*"

Part = TypeVar("Part", bound=Output)

IdleDays = Annotated[int, Whole(90, 730, doc="90, 180, 365 or 730 days without use after which access ends")]
RiskOperation = Annotated[str, Choice(("autonomous", "enforceVerify"), doc="when adaptive: without a device")]


class LoginProfilePreference(Output, frozen=True):
    allow_user_to_change_password: bool
    allow_user_to_login_with_passkey: bool
    enable_save_mfa_ticket: bool = msgspec.field(name="EnableSaveMFATicket")
    login_network_masks: str
    login_session_duration: int
    mfa_operation_for_login: str = msgspec.field(name="MFAOperationForLogin")
    operation_for_risk_login: str


class AccessKeyPreference(Output, frozen=True):
    allow_user_to_manage_access_keys: bool
    allow_user_to_manage_service_credentials: bool


class MFAPreference(Output, frozen=True):
    allow_user_to_manage_mfa_devices: bool = msgspec.field(name="AllowUserToManageMFADevices")


class PersonalInfoPreference(Output, frozen=True):
    allow_user_to_manage_personal_ding_talk: bool


class VerificationPreference(Output, frozen=True):
    verification_types: tuple[str, ...]


class MaxIdleDays(Output, frozen=True):
    max_idle_days_for_access_keys: int
    max_idle_days_for_users: int


class Preference(Output, frozen=True):
    login_profile_preference: LoginProfilePreference
    access_key_preference: AccessKeyPreference
    mfa_preference: MFAPreference = msgspec.field(name="MFAPreference")
    personal_info_preference: PersonalInfoPreference
    verification_preference: VerificationPreference
    max_idle_days: MaxIdleDays


class PreferenceAnswer(Output, frozen=True):
    security_preference: Preference


class SetSecurityPreferenceInput(Input, frozen=True):
    allow_user_to_change_password: bool | None = None
    allow_user_to_login_with_passkey: bool | None = None
    allow_user_to_manage_access_keys: bool | None = None
    allow_user_to_manage_mfa_devices: bool | None = msgspec.field(name="AllowUserToManageMFADevices", default=None)
    allow_user_to_manage_personal_ding_talk: bool | None = None
    allow_user_to_manage_service_credentials: bool | None = None
    enable_save_mfa_ticket: bool | None = msgspec.field(name="EnableSaveMFATicket", default=None)
    login_network_masks: rules.Masks | None = None
    login_session_duration: rules.Hours | None = None
    mfa_operation_for_login: rules.MFAOperation | None = msgspec.field(name="MFAOperationForLogin", default=None)
    max_idle_days_for_access_keys: IdleDays | None = None
    max_idle_days_for_users: IdleDays | None = None
    operation_for_risk_login: RiskOperation | None = None
    verification_types: Annotated[tuple[str, ...] | None, Items(2, doc="sms, email; neither can be enforced")] = None


def _show(found: SecurityPreference) -> PreferenceAnswer:
    return PreferenceAnswer(
        security_preference=Preference(
            login_profile_preference=_part(LoginProfilePreference, found),
            access_key_preference=_part(AccessKeyPreference, found),
            mfa_preference=_part(MFAPreference, found),
            personal_info_preference=_part(PersonalInfoPreference, found),
            verification_preference=_part(VerificationPreference, found),
            max_idle_days=_part(MaxIdleDays, found),
        )
    )


def _part(shape: type[Part], found: SecurityPreference) -> Part:
    """The leaves of one container: they have the names of the document's."""
    return shape(**{name: getattr(found, name) for name in shape.__struct_fields__})


@IMS.action(
    "SetSecurityPreference",
    resource=ACCOUNT,
    writes=True,
    faults=(rules.MASKS_INVALID, rules.NOT_SENT, rules.USERS_DAYS_INVALID, rules.KEYS_DAYS_INVALID),
)
def set_security_preference(tx: Tx, _caller: Caller, wanted: SetSecurityPreferenceInput) -> PreferenceAnswer:
    """Say how users log on and what they may do to themselves; what is left out stays."""
    return _show(rules.change(tx, msgspec.structs.asdict(wanted)))


@IMS.action("GetSecurityPreference", resource=ACCOUNT)
def get_security_preference(tx: Tx, _caller: Caller, _wanted: Nothing) -> PreferenceAnswer:
    """Show how users log on and what they may do to themselves."""
    return _show(preferences.get(tx))
