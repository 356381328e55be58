"""Statements over virtual MFA devices, bound to a user, to the account itself, or to nobody."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store import user_access
from keystead.store.database import Tx
from keystead.store.tables import mfa_devices, users

_MINE = mfa_devices.c.account_id == sa.bindparam("account")
_DEVICE = mfa_devices.c.id == sa.bindparam("device")
_GET = sa.select(mfa_devices).where(_MINE, mfa_devices.c.name_key == sa.bindparam("name_key"))
_OF_USER = sa.select(mfa_devices).where(_MINE, mfa_devices.c.user_id == sa.bindparam("user"))
_OF_ACCOUNT = sa.select(mfa_devices).where(_MINE, mfa_devices.c.of_account)
_COUNT = sa.select(sa.func.count()).select_from(mfa_devices).where(_MINE)
_IN_USE = _COUNT.where(mfa_devices.c.user_id.is_not(None) | mfa_devices.c.of_account)
_IDLE_OF = _COUNT.where(
    mfa_devices.c.user_id.is_(None),
    mfa_devices.c.of_account.is_(False),
    mfa_devices.c.created_by == sa.bindparam("user"),
)
_PAGE = (
    sa.select(
        mfa_devices.c.name,
        mfa_devices.c.name_key,
        mfa_devices.c.bound_at,
        mfa_devices.c.user_id,
        users.c.name.label("user_name"),
        users.c.display_name,
    )
    .select_from(mfa_devices.outerjoin(users, users.c.id == mfa_devices.c.user_id))
    .where(_MINE, mfa_devices.c.name_key > sa.bindparam("after"))
    .order_by(mfa_devices.c.name_key)
    .limit(sa.bindparam("most"))
)
_BOUND_TO = sa.select(mfa_devices.c.user_id).where(_DEVICE)
_INSERT = sa.insert(mfa_devices)
_DELETE = sa.delete(mfa_devices).where(_MINE, _DEVICE)
_UNBOUND = {"user_id": None, "of_account": False, "bound_at": None}


def get(tx: Tx, name: str) -> sa.Row[Any] | None:
    """The account's device of that name, without regard to case."""
    return tx.row(_GET, account=tx.account_id, name_key=name.lower())


def of_user(tx: Tx, user_id: str) -> sa.Row[Any] | None:
    """The device that is bound to a user."""
    return tx.row(_OF_USER, account=tx.account_id, user=user_id)


def of_account(tx: Tx) -> sa.Row[Any] | None:
    """The device that is bound to the account itself."""
    return tx.row(_OF_ACCOUNT, account=tx.account_id)


def page(tx: Tx, after: str, most: int) -> list[sa.Row[Any]]:
    """Devices in order of name, after the name key `after`, at most `most`, with the user each is bound to."""
    return tx.rows(_PAGE, account=tx.account_id, after=after, most=most)


def count(tx: Tx) -> int:
    """How many devices the account has."""
    return int(tx.connection.execute(_COUNT, {"account": tx.account_id}).scalar_one())


def count_in_use(tx: Tx) -> int:
    """How many of the account's devices are bound."""
    return int(tx.connection.execute(_IN_USE, {"account": tx.account_id}).scalar_one())


def count_unbound(tx: Tx, created_by: str) -> int:
    """How many devices that a user made are bound to nobody."""
    return int(tx.connection.execute(_IDLE_OF, {"account": tx.account_id, "user": created_by}).scalar_one())


def insert(tx: Tx, device_id: str, name: str, sealed_seed: bytes, created_by: str) -> None:
    """Add a device that is bound to nobody; `created_by` is the ID of the user that made it, else ""."""
    tx.run(
        _INSERT,
        id=device_id,
        account_id=tx.account_id,
        name=name,
        name_key=name.lower(),
        sealed_seed=sealed_seed,
        created_by=created_by,
        created_at=tx.now,
        last_counter=0,
        drift=0,
        **_UNBOUND,
    )


def bind(tx: Tx, device_id: str, user_id: str | None) -> None:
    """Bind a device to a user; None is the account itself."""
    bound = {"user_id": user_id, "of_account": user_id is None, "bound_at": tx.now}
    tx.run(sa.update(mfa_devices).where(mfa_devices.c.id == device_id).values(**bound))
    user_access.refresh(tx, user_id)


def unbind(tx: Tx, device_id: str) -> None:
    """Let a device be bound to nobody."""
    user_id = _user_of(tx, device_id)
    tx.run(sa.update(mfa_devices).where(mfa_devices.c.id == device_id).values(**_UNBOUND))
    user_access.refresh(tx, user_id)


def accepted(tx: Tx, device_id: str, counter: int, drift: int) -> None:
    """Note the counter of an accepted code, and the drift of the device's clock."""
    tx.run(sa.update(mfa_devices).where(mfa_devices.c.id == device_id).values(last_counter=counter, drift=drift))


def delete(tx: Tx, device_id: str) -> None:
    """Remove a device."""
    user_id = _user_of(tx, device_id)
    tx.run(_DELETE, account=tx.account_id, device=device_id)
    user_access.refresh(tx, user_id)


def _user_of(tx: Tx, device_id: str) -> str | None:
    row = tx.row(_BOUND_TO, device=device_id)
    return row.user_id if row is not None else None
