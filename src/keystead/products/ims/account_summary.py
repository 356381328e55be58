"""What the account has and may have.  Source: reference/ram-behaviour.md sections 4 and 5.1."""

from __future__ import annotations

from typing import Any

import msgspec

from keystead.identity.callers import Caller
from keystead.identity.transaction import Quotas, Tx
from keystead.products.ims.product import IMS
from keystead.store import accounts, groups, mfa_devices, policies, roles
from keystead.wire.answers import Output
from keystead.wire.parameters import Nothing

_EVERY = 2**31 - 1


class SummaryMap(Output, frozen=True):
    """Counts and quotas of an account.  OAuth clients authorized by a user are not served: their quota is 0."""

    users: int
    groups: int
    roles: int
    policies: int
    mfa_devices: int = msgspec.field(name="MFADevices")
    mfa_devices_in_use: int = msgspec.field(name="MFADevicesInUse")
    users_quota: int
    groups_quota: int
    roles_quota: int
    policies_quota: int
    policy_size_quota: int
    versions_per_policy_quota: int
    groups_per_user_quota: int
    access_keys_per_user_quota: int
    account_access_keys_per_account_quota: int
    attached_policies_per_user_quota: int
    attached_policies_per_group_quota: int
    attached_policies_per_role_quota: int
    attached_system_policies_per_user_quota: int
    attached_system_policies_per_group_quota: int
    attached_system_policies_per_role_quota: int
    virtual_mfa_devices_quota: int = msgspec.field(name="VirtualMFADevicesQuota")
    conditions_per_ak_policy_quota: int = msgspec.field(name="ConditionsPerAKPolicyQuota")
    ip_items_per_ak_policy_quota: int = msgspec.field(name="IPItemsPerAKPolicyQuota")
    service_credentials_per_user_per_service_quota: int
    authorized_client_per_user_quota: int = 0


class Summary(Output, frozen=True):
    summary_map: SummaryMap


def _allowed(quotas: Quotas) -> dict[str, Any]:
    """The quotas, by field of `SummaryMap`."""
    custom, system = quotas.attached_custom, quotas.attached_system
    return {
        "users_quota": quotas.users,
        "groups_quota": quotas.groups,
        "roles_quota": quotas.roles,
        "policies_quota": quotas.policies,
        "policy_size_quota": quotas.policy_size,
        "versions_per_policy_quota": quotas.policy_versions,
        "groups_per_user_quota": quotas.groups_per_user,
        "access_keys_per_user_quota": quotas.access_keys_per_user,
        "account_access_keys_per_account_quota": quotas.account_access_keys,
        "attached_policies_per_user_quota": custom[0],
        "attached_policies_per_group_quota": custom[1],
        "attached_policies_per_role_quota": custom[2],
        "attached_system_policies_per_user_quota": system[0],
        "attached_system_policies_per_group_quota": system[1],
        "attached_system_policies_per_role_quota": system[2],
        "virtual_mfa_devices_quota": quotas.virtual_mfa_devices,
        "conditions_per_ak_policy_quota": quotas.network_policy_statements,
        "ip_items_per_ak_policy_quota": quotas.network_policy_addresses,
        "service_credentials_per_user_per_service_quota": quotas.service_credentials_per_service,
    }


@IMS.action("GetAccountSummary", resource="acs:ram:*:{account}:*")
def get_account_summary(tx: Tx, _caller: Caller, _wanted: Nothing) -> Summary:
    """Show how many users, groups, roles, policies and MFA devices there are, and how many there may be."""
    counts = {
        "users": accounts.count(tx, "users"),
        "groups": groups.count(tx, _EVERY),
        "roles": roles.count(tx, _EVERY),
        "policies": policies.count(tx, _EVERY),
        "mfa_devices": mfa_devices.count(tx),
        "mfa_devices_in_use": mfa_devices.count_in_use(tx),
    }
    return Summary(summary_map=SummaryMap(**counts, **_allowed(tx.quotas)))
