"""The security preference as RAM shows it.  Source: reference/ram-behaviour.md 5.12."""

from __future__ import annotations

import msgspec

from keystead.identity import preferences
from keystead.identity.callers import Caller
from keystead.identity.preferences import SecurityPreference
from keystead.identity.transaction import Tx
from keystead.products.people import preferences as rules
from keystead.products.ram.accounts import ACCOUNT
from keystead.products.ram.product import RAM
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Nothing


class LoginProfilePreference(Output, frozen=True):
    allow_user_to_change_password: bool
    enable_save_mfa_ticket: bool = msgspec.field(name="EnableSaveMFATicket")
    login_network_masks: str
    login_session_duration: int


class AccessKeyPreference(Output, frozen=True):
    allow_user_to_manage_access_keys: bool


class PublicKeyPreference(Output, frozen=True):
    allow_user_to_manage_public_keys: bool


class MFAPreference(Output, frozen=True):
    allow_user_to_manage_mfa_devices: bool = msgspec.field(name="AllowUserToManageMFADevices")


class Preference(Output, frozen=True):
    login_profile_preference: LoginProfilePreference
    access_key_preference: AccessKeyPreference
    public_key_preference: PublicKeyPreference
    mfa_preference: MFAPreference = msgspec.field(name="MFAPreference")


class PreferenceAnswer(Output, frozen=True):
    security_preference: Preference


class SetSecurityPreferenceInput(Input, frozen=True):
    allow_user_to_change_password: bool | None = None
    allow_user_to_manage_access_keys: bool | None = None
    allow_user_to_manage_mfa_devices: bool | None = msgspec.field(name="AllowUserToManageMFADevices", default=None)
    allow_user_to_manage_public_keys: bool | None = None
    enable_save_mfa_ticket: bool | None = msgspec.field(name="EnableSaveMFATicket", default=None)
    login_network_masks: rules.Masks | None = None
    login_session_duration: rules.Hours | None = None


def _show(found: SecurityPreference) -> PreferenceAnswer:
    return PreferenceAnswer(
        security_preference=Preference(
            login_profile_preference=LoginProfilePreference(
                allow_user_to_change_password=found.allow_user_to_change_password,
                enable_save_mfa_ticket=found.enable_save_mfa_ticket,
                login_network_masks=found.login_network_masks,
                login_session_duration=found.login_session_duration,
            ),
            access_key_preference=AccessKeyPreference(
                allow_user_to_manage_access_keys=found.allow_user_to_manage_access_keys
            ),
            public_key_preference=PublicKeyPreference(
                allow_user_to_manage_public_keys=found.allow_user_to_manage_public_keys
            ),
            mfa_preference=MFAPreference(allow_user_to_manage_mfa_devices=found.allow_user_to_manage_mfa_devices),
        )
    )


@RAM.action("SetSecurityPreference", resource=ACCOUNT, writes=True, faults=(rules.MASKS_INVALID,))
def set_security_preference(tx: Tx, _caller: Caller, wanted: SetSecurityPreferenceInput) -> PreferenceAnswer:
    """Say how users log on and what they may do to themselves; what is left out stays."""
    return _show(rules.change(tx, msgspec.structs.asdict(wanted)))


@RAM.action("GetSecurityPreference", resource=ACCOUNT)
def get_security_preference(tx: Tx, _caller: Caller, _wanted: Nothing) -> PreferenceAnswer:
    """Show how users log on and what they may do to themselves."""
    return _show(preferences.get(tx))
