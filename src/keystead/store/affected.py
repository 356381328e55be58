"""Statements that find whom a stricter setting of the account would concern: users by how they sign in, and pairs."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys, login_profiles, users

_SIGNS_IN = (users.c.account_id == sa.bindparam("account"), users.c.status == "active", users.c.console_access)
_NAMES = sa.select(users.c.name).where(*_SIGNS_IN).order_by(users.c.name_key).limit(sa.bindparam("most"))
_WITHOUT_MFA = _NAMES.where(~users.c.mfa_bound)
_PROFILES = users.join(login_profiles, login_profiles.c.user_id == users.c.id)
_OLD_PASSWORDS = _NAMES.select_from(_PROFILES).where(
    login_profiles.c.password_hash != "",
    login_profiles.c.password_set_at <= sa.bindparam("before", type_=sa.BigInteger),
)
_SIGNED_IN_FROM = sa.select(login_profiles.c.last_login_address).select_from(_PROFILES).where(*_SIGNS_IN).distinct()
_BY_SIGN_IN = _NAMES.select_from(_PROFILES).where(
    login_profiles.c.last_login_address.in_(sa.bindparam("addresses", expanding=True))
)
_K = access_keys.c
# The account's list is for pairs without one of their own in force: the rule of `network_policy.effective`.
_CALLS = (
    _K.account_id == sa.bindparam("account"),
    _K.status == "Active",
    _K.expires_at.is_(None) | (_K.expires_at > sa.bindparam("now", type_=sa.BigInteger)),
    _K.active_at >= sa.bindparam("since", type_=sa.BigInteger),
    _K.used_address.is_not(None),
    _K.network_policy.is_(None) | _K.network_policy.contains('"Status":"Inactive"'),
)
_CALLED_FROM = sa.select(_K.used_address).where(*_CALLS).distinct()
_BY_CALL = (
    sa.select(_K.id)
    .where(*_CALLS, _K.used_address.in_(sa.bindparam("addresses", expanding=True)))
    .order_by(_K.id)
    .limit(sa.bindparam("most"))
)
_MOST_ADDRESSES = 500
"""Addresses that one statement names."""


def without_mfa(tx: Tx, most: int) -> list[str]:
    """Names of users who sign in and have no MFA device, at most `most`."""
    return [row.name for row in tx.rows(_WITHOUT_MFA, account=tx.account_id, most=most)]


def with_old_passwords(tx: Tx, before: int, most: int) -> list[str]:
    """Names of users whose password was set at `before` (seconds) or earlier."""
    return [row.name for row in tx.rows(_OLD_PASSWORDS, account=tx.account_id, before=before, most=most)]


def signed_in_from(tx: Tx, is_outside: Callable[[str], bool], most: int) -> list[str]:
    """Names of users whose last sign-in was from an address that `is_outside`."""
    found = [str(row[0]) for row in tx.rows(_SIGNED_IN_FROM, account=tx.account_id)]
    outside = [each for each in found if each and is_outside(each)][:_MOST_ADDRESSES]
    rows = tx.rows(_BY_SIGN_IN, account=tx.account_id, addresses=outside, most=most) if outside else []
    return [str(row.name) for row in rows]


def called_from(tx: Tx, is_outside: Callable[[str], bool], since: int, most: int) -> list[str]:
    """IDs of live pairs with no list in force of their own whose last call, after `since`, was from such an address."""
    given = {"account": tx.account_id, "now": tx.now, "since": since}
    outside = [each for row in tx.rows(_CALLED_FROM, **given) if is_outside(each := str(row[0]))][:_MOST_ADDRESSES]
    return [str(row.id) for row in tx.rows(_BY_CALL, **given, addresses=outside, most=most)] if outside else []
