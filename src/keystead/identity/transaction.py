"""The transaction that a rule works in: the store's, with sealing and quotas at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from keystead.identity.expiry_warnings import NO_WARNINGS, WarningSettings
from keystead.identity.keyring import Keyring
from keystead.identity.mail import Mailer
from keystead.store import database


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many of each thing there may be.  Source of the defaults: reference/ram-behaviour.md section 4."""

    users: int = 5000
    groups: int = 300
    roles: int = 1000
    groups_per_user: int = 10
    access_keys_per_user: int = 2
    account_access_keys: int = 2
    policies: int = 1500
    policy_versions: int = 5
    policy_size: int = 6144
    trust_policy_size: int = 4096
    session_policy_size: int = 2048
    network_policy_statements: int = 8
    network_policy_addresses: int = 50
    virtual_mfa_devices: int = 1000
    service_credentials_per_service: int = 2
    applications: int = 100
    application_secrets: int = 2
    credential_report_hours: int = 4
    identity_providers: int = 100  # of each kind
    client_ids_per_provider: int = 50
    fingerprints_per_provider: int = 5
    attached_custom: tuple[int, int, int] = (10, 10, 10)  # per user, group, role
    attached_system: tuple[int, int, int] = (20, 20, 20)
    recycled_users: int = 1000
    recycled_access_keys: int = 3  # per user
    access_key_max_age_days: int = 0  # 0: pairs never grow too old
    api_key_max_age_days: int = 0  # 0: API keys need not expire
    api_key_max_idle_days: int = 0  # 0: API keys may lie unused
    workspaces: int = 20
    api_keys: int = 50


class Rights(Protocol):
    """What a caller's policies allow, each judged as a call of its own would be at this moment."""

    def may(self, permission: str, resource: str) -> bool:
        """Whether they allow the permission on the resource."""
        ...

    def must(self, permission: str, resource: str) -> None:
        """Raise `NoPermission` unless they do."""
        ...


class Nobodys:
    """The rights where the server itself works and no caller is: none."""

    def may(self, _permission: str, _resource: str) -> bool:
        """Never."""
        return False

    def must(self, permission: str, resource: str) -> None:
        """Raise PermissionError: such an action is not for the server itself."""
        raise PermissionError(f"{permission} on {resource}")


class Tx(database.Tx):
    """A store transaction plus the keyring, the quotas and the switch for undocumented policy operators.

    prepared: what the action's `first` found out before a write began, or None.  loopback_issuers: OIDC issuers on this
    machine may be asked over plain HTTP.  public_url: where clients reach this instance, "" where nobody said it.
    listens_at: the address of this node's own port, "" where that is none that a client could use.
    rights: what else the caller may do, for what an action does beyond its own permission.
    warnings: who is told before a key expires.
    """

    __slots__ = (
        *("keyring", "listens_at", "loopback_issuers", "mailer", "policy_extensions", "prepared", "public_url"),
        *("quotas", "rights", "warnings"),
    )

    def __init__(
        self,
        connection: sa.Connection,
        now: float,
        account_id: str,
        *,
        keyring: Keyring,
        quotas: Quotas,
        policy_extensions: bool,
        loopback_issuers: bool = False,
        mailer: Mailer | None = None,
        public_url: str = "",
        listens_at: str = "",
        warnings: WarningSettings = NO_WARNINGS,
    ) -> None:
        super().__init__(connection, now, account_id)
        self.keyring = keyring
        self.quotas = quotas
        self.policy_extensions = policy_extensions
        self.loopback_issuers = loopback_issuers
        self.mailer = mailer
        self.public_url = public_url
        self.listens_at = listens_at
        self.warnings = warnings
        self.prepared: Any = None
        self.rights: Rights = Nobodys()
