"""An account's security preference: what its users may do to themselves, and how they log on to the console."""

from __future__ import annotations

import msgspec

from keystead.identity.transaction import Tx
from keystead.store import documents

KIND = "security-preference"


class SecurityPreference(msgspec.Struct, frozen=True, kw_only=True):
    """Every leaf of both faces.  Source of fields and defaults: reference/ram-behaviour.md 5.12 and section 3."""

    enable_save_mfa_ticket: bool = False
    login_session_duration: int = 6  # hours
    login_network_masks: str = ""
    mfa_operation_for_login: str = "independent"
    operation_for_risk_login: str = "autonomous"
    verification_types: tuple[str, ...] = ()
    max_idle_days_for_users: int = 730
    max_idle_days_for_access_keys: int = 730
    allow_user_to_change_password: bool = True
    allow_user_to_login_with_passkey: bool = True
    allow_user_to_manage_access_keys: bool = False
    allow_user_to_manage_mfa_devices: bool = True
    allow_user_to_manage_personal_ding_talk: bool = True
    allow_user_to_manage_public_keys: bool = False
    allow_user_to_manage_service_credentials: bool = False


_GRANTS = {
    "allow_user_to_change_password": "AllowUserToChangePassword",
    "allow_user_to_login_with_passkey": "AllowUserToLoginWithPasskey",
    "allow_user_to_manage_access_keys": "AllowUserToManageAccessKeys",
    "allow_user_to_manage_mfa_devices": "AllowUserToManageMFADevices",
    "allow_user_to_manage_service_credentials": "AllowUserToManageServiceCredentials",
}

DEFAULT = SecurityPreference()
_decode = msgspec.json.Decoder(SecurityPreference).decode


def get(tx: Tx, account_id: str | None = None) -> SecurityPreference:
    """The preference of an account, by default the transaction's; the defaults where none was set."""
    text = documents.get(tx, KIND, account_id)
    return _decode(text) if text else DEFAULT


def granted(preference: SecurityPreference) -> frozenset[str]:
    """The names of the leaves that let a user do things to itself, as `Action.self_service` spells them."""
    return frozenset(name for field, name in _GRANTS.items() if getattr(preference, field))
