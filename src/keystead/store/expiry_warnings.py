"""Statements over keys that end soon, and over the warnings of it that wait for their delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import access_keys, api_keys, expiry_warnings, roles, users, verified_addresses
from keystead.store.tables.studio import NEVER

Kind = Literal["AccessKey", "ApiKey"]

_NOW: sa.BindParameter[int] = sa.bindparam("now", type_=sa.BigInteger)
_MOST: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer)

_W = expiry_warnings.c
_ADDRESS = sa.and_(verified_addresses.c.kind == "email", verified_addresses.c.status == "active")


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one kind.  usable: that they can be used and end some day.  owner: of a user or role, else null.

    INVARIANT: `usable` and the columns warned_days and expires_at are what an index over all accounts is made of.  No
    account is named beside them, so that no other index fits: it would be read from end to end where nearly every key
    was warned of already.
    """

    table: sa.Table
    usable: tuple[sa.ColumnElement[bool], ...]
    owner: sa.ColumnElement[str | None]
    workspace: sa.ColumnElement[str]


_PAIR, _API_KEY = access_keys.c, api_keys.c
_ENDS = _API_KEY.expires_at < sa.bindparam(None, NEVER, sa.BigInteger, literal_execute=True)  # as the index is declared
KEYS: dict[Kind, Keys] = {
    "AccessKey": Keys(
        access_keys, (_PAIR.status == "Active", _PAIR.expires_at.is_not(None)), _PAIR.user_id, sa.literal("")
    ),
    "ApiKey": Keys(
        api_keys,
        (_API_KEY.disabled == sa.false(), _ENDS),
        sa.case((_API_KEY.owner_kind == "account", None), else_=_API_KEY.owner_id),
        _API_KEY.workspace_id,
    ),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Keys that end later than `after` and not later than `until` (seconds), warned of `told` days before, or never."""

    told: int | None
    after: int
    until: int

    def where(self, keys: Keys) -> tuple[sa.ColumnElement[bool], ...]:
        """The conditions of it."""
        columns = keys.table.c
        told = columns.warned_days.is_(None) if self.told is None else columns.warned_days == self.told
        return (*keys.usable, told, columns.expires_at > self.after, columns.expires_at <= self.until)


_INSERT = sa.insert(expiry_warnings)
_DUE = (
    sa.select(_W.account_id, _W.channel)
    .where(_W.due_at <= _NOW)
    .order_by(_W.due_at, _W.account_id, _W.channel)
    .limit(1)
)
_DUE_OF = (
    sa.select(
        expiry_warnings,
        users.c.name.label("user_name"),
        roles.c.name.label("role_name"),
        verified_addresses.c.address,
    )
    .join(users, users.c.id == _W.owner_id, isouter=True)
    .join(roles, roles.c.id == _W.owner_id, isouter=True)
    .join(verified_addresses, sa.and_(verified_addresses.c.user_id == _W.owner_id, _ADDRESS), isouter=True)
    .where(
        _W.account_id == sa.bindparam("account", type_=sa.String), _W.channel == sa.bindparam("way"), _W.due_at <= _NOW
    )
    .order_by(_W.due_at, _W.id)
    .limit(_MOST)
)
_WAITING = sa.select(sa.func.count()).select_from(expiry_warnings)


def levels(tx: Tx, kind: Kind) -> list[int | None]:
    """Of how many days usable keys were warned last; None, for those that were not, stands first.

    One step along the index for each: there are as many as the setting ever had values.
    """
    keys = KEYS[kind]
    level = keys.table.c.warned_days
    found: list[int | None] = [None]
    while (
        row := tx.row(sa.select(level).where(*keys.usable, level > (found[-1] or 0)).order_by(level).limit(1))
    ) is not None:
        found.append(int(row.warned_days))
    return found


def ending(tx: Tx, kind: Kind, span: Span, most: int) -> list[tuple[str, str]]:
    """The account and the ID of usable keys in the span, of all accounts, those that end first."""
    keys = KEYS[kind]
    columns = keys.table.c
    found = sa.select(columns.account_id, columns.id).where(*span.where(keys)).order_by(columns.expires_at).limit(most)
    return [(str(row.account_id), str(row.id)) for row in tx.rows(found)]


def mark(tx: Tx, kind: Kind, span: Span, key_ids: Sequence[str], days: int) -> list[sa.Row[Any]]:
    """Keep that the account's keys with these IDs are warned of, unless they have left the span meanwhile.

    Returns them with id, workspace_id, owner_id (None: the account's own), expires_at and the owner's verified mail
    address or None.  No caller depends on it, so none is loaded again.
    """
    keys = KEYS[kind]
    columns = keys.table.c
    address = sa.and_(verified_addresses.c.user_id == keys.owner, _ADDRESS)
    rows = tx.rows(
        sa.select(
            columns.id,
            keys.workspace.label("workspace_id"),
            keys.owner.label("owner_id"),
            columns.expires_at,
            verified_addresses.c.address,
        )
        .join(verified_addresses, address, isouter=True)
        .where(_among(tx, keys, key_ids), *span.where(keys))
        .order_by(columns.expires_at)
    )
    marked = _among(tx, keys, [str(row.id) for row in rows])
    tx.run(sa.update(keys.table).where(marked).values(warned_days=days))
    return rows


def _among(tx: Tx, keys: Keys, key_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    kind: type[str | int] = keys.table.c.id.type.python_type
    return sa.and_(keys.table.c.account_id == tx.account_id, keys.table.c.id.in_([kind(each) for each in key_ids]))


def queue(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Add warnings to deliver: id, channel, kind, key_id, owner_id, expires_at and days of each."""
    if rows:
        whole = [{**row, "account_id": tx.account_id, "due_at": tx.now, "tries": 0} for row in rows]
        tx.connection.execute(_INSERT, whole)


def due(tx: Tx) -> tuple[str, str] | None:
    """The account and the channel of the delivery that waits longest, None when there is nothing to do now."""
    row = tx.row(_DUE, now=tx.now)
    return (str(row.account_id), str(row.channel)) if row is not None else None


def due_of(tx: Tx, channel: str, most: int) -> list[sa.Row[Any]]:
    """What is to be delivered now to the account, with the owner's name and verified address as they are now.

    user_name or role_name says what the owner is; neither: the account, or somebody who is gone.
    """
    return tx.rows(_DUE_OF, account=tx.account_id, way=channel, now=tx.now, most=most)


def usable(tx: Tx, kind: Kind, key_ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
    """expires_at and workspace_id of each of those keys that there still are and that can be used."""
    keys = KEYS[kind]
    found = sa.select(keys.table.c.id, keys.table.c.expires_at, keys.workspace.label("workspace_id"))
    return {str(row.id): row for row in tx.rows(found.where(_among(tx, keys, key_ids), *keys.usable))}


def _these(tx: Tx, channel: str, warning_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(_W.account_id == tx.account_id, _W.channel == channel, _W.id.in_(warning_ids))


def lease(tx: Tx, channel: str, warning_ids: Sequence[str], until: int) -> None:
    """Begin a try: nobody else makes one until that time (seconds)."""
    values = {"due_at": until, "tries": _W.tries + 1}
    tx.run(sa.update(expiry_warnings).where(_these(tx, channel, warning_ids)).values(values))


def postpone(tx: Tx, channel: str, warning_ids: Sequence[str], until: int) -> None:
    """Try again at that time (seconds)."""
    tx.run(sa.update(expiry_warnings).where(_these(tx, channel, warning_ids)).values(due_at=until))


def delete(tx: Tx, channel: str, warning_ids: Sequence[str]) -> None:
    """Forget warnings: they were delivered, or nobody needs them any more."""
    tx.run(sa.delete(expiry_warnings).where(_these(tx, channel, warning_ids)))


def waiting(tx: Tx) -> int:
    """How many deliveries wait, of all accounts."""
    return int(tx.connection.execute(_WAITING).scalar_one())
