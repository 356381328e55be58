"""By which ways a user gets in, kept in the user's own row, so that lists filter by it without looking at every pair.

Whatever changes a login profile, the binding of an MFA device or a pair ends with `refresh` in the same transaction.
"""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys, login_profiles, mfa_devices, users

FOREVER = 2**62
"""`pairs_until` of a user that has an active pair without an expiry."""

_ID = users.c.id
_PAIRS_UNTIL = (
    sa.select(sa.func.coalesce(sa.func.max(sa.func.coalesce(access_keys.c.expires_at, FOREVER)), 0))
    .where(access_keys.c.user_id == _ID, access_keys.c.status == "Active")
    .scalar_subquery()
)
REFRESH = sa.update(users).values(
    console_access=sa.exists(1).where(login_profiles.c.user_id == _ID, login_profiles.c.status == "Active"),
    mfa_bound=sa.exists(1).where(mfa_devices.c.user_id == _ID),
    pairs_until=_PAIRS_UNTIL,
)
"""Reckons the columns of every user from what they stand for."""

_ONE = REFRESH.where(sa.bindparam("user") == _ID)
_OWNER = sa.select(access_keys.c.user_id).where(access_keys.c.id == sa.bindparam("key"))


def refresh(tx: Tx, user_id: str | None) -> None:
    """Reckon the columns of a user anew; None, the account itself, has none."""
    if user_id is not None:
        tx.run(_ONE, user=user_id)


def refresh_owner(tx: Tx, access_key_id: str) -> None:
    """The same for the user of a pair, if it is a user's."""
    row = tx.row(_OWNER, key=access_key_id)
    refresh(tx, row.user_id if row is not None else None)


def has_pair(now: int) -> sa.ColumnElement[bool]:
    """The condition that a user has an AccessKey pair that can be used: active and not expired."""
    return users.c.pairs_until > now
