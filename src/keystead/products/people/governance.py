"""What the account's owner should look at: the items of a governance report, and the security score.

Source: reference/ram-behaviour.md 5.1 and 5.13; of the vendor's item names only two are published, the others, the 90
days and the weights of the score are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from keystead.clock import iso
from keystead.identity.passwords import PasswordPolicy
from keystead.identity.transaction import Tx
from keystead.products.people import password_policy
from keystead.store import accounts, credential_reports, documents, governance

LOOK_BACK_DAYS = 90
_DAY = 86_400
_SSO = "user-sso"

Value = str | int | bool
Metrics = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its name, which selection it counts, and the columns that list it as (name, type, cell)."""

    name: str
    selection: str
    columns: tuple[tuple[str, str, Callable[[Any, str], Value]], ...]

    @property
    def type(self) -> str:
        """Number or Boolean."""
        return "Number" if self.selection else "Boolean"


def _principal(row: Any, domain: str) -> str:
    return str(row.name) if row.name.startswith("<") else row.name + domain


def _moment(column: str) -> Callable[[Any, str], str]:
    return lambda row, _domain: "-" if getattr(row, column) is None else iso(getattr(row, column))


_NAME = ("UserPrincipalName", "String", _principal)
_KEY: tuple[tuple[str, str, Callable[[Any, str], Value]], ...] = (
    _NAME,
    ("AccessKeyId", "String", lambda row, _domain: str(row.id)),
    ("Status", "String", lambda row, _domain: str(row.status)),
    ("CreateDate", "String", _moment("created_at")),
    ("LastUsedDate", "String", _moment("used_at")),
)

ITEMS: dict[str, Item] = {
    item.name: item
    for item in (
        Item(
            "RecentAccountLoginTimes",
            "account calls",
            (
                ("EventTime", "String", lambda row, _domain: iso(row.at // 1000)),
                ("EventName", "String", lambda row, _domain: f"{row.product}:{row.action}"),
                ("SourceIpAddress", "String", lambda row, _domain: str(row.address)),
            ),
        ),
        Item("SSOLoginEnabled", "", ()),
        Item("AccountAccessKeys", "account keys", _KEY),
        Item("UsersWithoutMFA", "users without MFA", (_NAME,)),
        Item("IdleUsers", "idle users", (_NAME, ("LastLoginDate", "String", _moment("last_login_at")))),
        Item("OldAccessKeys", "old keys", _KEY),
        Item("UnusedAccessKeys", "unused keys", _KEY),
        Item("UsersWithAdministratorAccess", "administrators", (_NAME,)),
        Item("UsersWithAttachedPolicies", "users with policies", (_NAME,)),
    )
}


def measure(tx: Tx) -> Metrics:
    """The value of every item now."""
    since = tx.now - LOOK_BACK_DAYS * _DAY
    return {
        item.name: governance.count(tx, item.selection, since) if item.selection else _sso_enabled(tx)
        for item in ITEMS.values()
    }


def rows(tx: Tx, item: Item, after: str, most: int) -> list[sa.Row[Any]]:
    """What an item counts, after a sort key; nothing for an item that is only true or false."""
    if not item.selection:
        return []
    return governance.page(tx, item.selection, tx.now - LOOK_BACK_DAYS * _DAY, after, most)


def cells(tx: Tx, item: Item, found: list[sa.Row[Any]]) -> list[list[Value]]:
    """The rows as the item's columns show them."""
    domain = f"@{accounts.alias(tx)}.onaliyun.com"
    return [[cell(row, domain) for _, _, cell in item.columns] for row in found]


def _sso_enabled(tx: Tx) -> bool:
    text = documents.get(tx, _SSO)
    settings = msgspec.json.decode(text) if text else {}
    return bool(settings.get("sso_enabled", settings.get("SsoEnabled", False)))


class Practice(msgspec.Struct, frozen=True):
    """The counts of GetAccountSecurityPracticeReport."""

    bind_mfa: bool
    root_keys: int
    root_old_keys: int
    root_unused_keys: int
    users: int
    users_with_mfa: int
    users_with_old_keys: int
    users_with_unused_keys: int
    password_level: str

    def score(self) -> int:
        """0 to 100: 20 for no AccessKey pair of the account, 20 for its MFA device, and of the rest 60 as users have
        MFA (20), no old pairs (15), no unused pairs (10), and the password policy is strong (15)."""
        share = 1 / self.users if self.users else 0.0
        points = 20.0 * (self.root_keys == 0) + 20.0 * self.bind_mfa
        points += 20 * (self.users_with_mfa * share if self.users else 1)
        points += 15 * (1 - self.users_with_old_keys * share) + 10 * (1 - self.users_with_unused_keys * share)
        points += {"low": 0, "mid": 8, "high": 15}[self.password_level]
        return max(0, min(100, round(points)))


def practice(tx: Tx) -> Practice:
    """Count what GetAccountSecurityPracticeReport answers."""
    since = tx.now - LOOK_BACK_DAYS * _DAY

    def many(what: str) -> int:
        return governance.count(tx, what, since)

    return Practice(
        bind_mfa=credential_reports.account_row(tx)[1],
        root_keys=many("account keys"),
        root_old_keys=many("account's old keys"),
        root_unused_keys=many("account's unused keys"),
        users=many("users"),
        users_with_mfa=many("users with MFA"),
        users_with_old_keys=many("users with old keys"),
        users_with_unused_keys=many("users with unused keys"),
        password_level=password_level(password_policy.get(tx)),
    )


def password_level(policy: PasswordPolicy) -> str:
    """How strong passwords must be: high asks for 12 characters of three kinds, mid for 10 or of two kinds."""
    kinds = sum(
        (
            policy.require_lowercase_characters,
            policy.require_uppercase_characters,
            policy.require_numbers,
            policy.require_symbols,
        )
    )
    if policy.minimum_password_length >= 12 and kinds >= 3:
        return "high"
    return "mid" if policy.minimum_password_length >= 10 or kinds >= 2 else "low"


def stored(text: str) -> Metrics:
    """Figures as they stand in the database."""
    found: Metrics = msgspec.json.decode(text, type=dict[str, bool | int | str])
    return found
