"""The transaction that a rule works in: the store's, with sealing and quotas at hand."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from keystead.identity.keyring import Keyring
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
    attached_custom: tuple[int, int, int] = (10, 10, 10)  # per user, group, role
    attached_system: tuple[int, int, int] = (20, 20, 20)


class Tx(database.Tx):
    """A store transaction plus the keyring, the quotas and the switch for undocumented policy operators."""

    __slots__ = ("keyring", "policy_extensions", "quotas")

    def __init__(
        self,
        connection: sa.Connection,
        now: float,
        account_id: str,
        *,
        keyring: Keyring,
        quotas: Quotas,
        policy_extensions: bool,
    ) -> None:
        super().__init__(connection, now, account_id)
        self.keyring = keyring
        self.quotas = quotas
        self.policy_extensions = policy_extensions
