"""Statements over credential reports: what they are made of, and the lines of the finished ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import (
    access_keys,
    accounts,
    credential_report_lines,
    credential_reports,
    login_profiles,
    mfa_devices,
    users,
)

_MINE = credential_reports.c.account_id == sa.bindparam("account")
_STATE = sa.select(credential_reports).where(_MINE)
_UNFINISHED = sa.select(credential_reports.c.account_id).where(credential_reports.c.state != "COMPLETED")
_INSERT = sa.insert(credential_reports)
_ADD_LINES = sa.insert(credential_report_lines)
_MY_LINES = credential_report_lines.c.account_id == sa.bindparam("account")
_LINES = (
    sa.select(credential_report_lines.c.number, credential_report_lines.c.line)
    .where(
        _MY_LINES,
        credential_report_lines.c.edition == sa.bindparam("edition"),
        credential_report_lines.c.number >= sa.bindparam("first"),
    )
    .order_by(credential_report_lines.c.number)
    .limit(sa.bindparam("most"))
)
_DROP_OTHERS = sa.delete(credential_report_lines).where(
    _MY_LINES, credential_report_lines.c.edition.notin_(sa.bindparam("kept", expanding=True))
)

_ACCOUNT = sa.select(accounts.c.created_at).where(accounts.c.id == sa.bindparam("account"))
_ACCOUNT_MFA = sa.select(mfa_devices.c.id).where(
    mfa_devices.c.account_id == sa.bindparam("account"), mfa_devices.c.of_account.is_(True)
)
_USERS = (
    sa.select(
        users.c.id,
        users.c.name,
        users.c.name_key,
        users.c.created_at,
        users.c.last_login_at,
        login_profiles.c.status.label("profile"),
        (login_profiles.c.password_hash != "").label("has_password"),
        login_profiles.c.password_set_at,
        mfa_devices.c.id.label("device"),
    )
    .select_from(
        users.outerjoin(login_profiles, login_profiles.c.user_id == users.c.id).outerjoin(
            mfa_devices, mfa_devices.c.user_id == users.c.id
        )
    )
    .where(users.c.account_id == sa.bindparam("account"), users.c.name_key > sa.bindparam("after"))
    .order_by(users.c.name_key)
    .limit(sa.bindparam("most"))
)
_KEY_COLUMNS = (
    access_keys.c.user_id,
    access_keys.c.status,
    access_keys.c.created_at,
    access_keys.c.used_at,
    access_keys.c.expires_at,
)
_IN_ORDER = (access_keys.c.created_at, access_keys.c.id)
_KEYS = (
    sa.select(*_KEY_COLUMNS)
    .where(access_keys.c.user_id.in_(sa.bindparam("owners", expanding=True)))
    .order_by(*_IN_ORDER)
)
_ACCOUNT_KEYS = (
    sa.select(*_KEY_COLUMNS)
    .where(access_keys.c.account_id == sa.bindparam("account"), access_keys.c.user_id.is_(None))
    .order_by(*_IN_ORDER)
)


def state(tx: Tx) -> sa.Row[Any] | None:
    """The account's report: its state, its editions, and how far the newest has come."""
    return tx.row(_STATE, account=tx.account_id)


def unfinished(tx: Tx) -> list[str]:
    """The accounts whose newest report is not whole yet."""
    return [str(row.account_id) for row in tx.rows(_UNFINISHED)]


def begin(tx: Tx, edition: int) -> None:
    """Start a new edition; the finished one before stays readable meanwhile."""
    fresh = {"state": "STARTED", "edition": edition, "after_name": "", "lines": 0, "started_at": tx.now}
    if edition == 1:
        tx.run(_INSERT, account_id=tx.account_id, finished_edition=0, finished_at=None, **fresh)
        return
    row = state(tx)
    tx.run(_DROP_OTHERS, account=tx.account_id, kept=[row.finished_edition if row else 0])
    _set(tx, fresh)


def add(tx: Tx, edition: int, first: int, lines: Sequence[str], after_name: str) -> None:
    """Append lines to an edition; `after_name` is the name key of the last user among them."""
    rows = [
        {"account_id": tx.account_id, "edition": edition, "number": number, "line": line}
        for number, line in enumerate(lines, first)
    ]
    if rows:
        tx.connection.execute(_ADD_LINES, rows)
    _set(tx, {"state": "INPROGRESS", "after_name": after_name, "lines": first + len(rows)})


def finish(tx: Tx, edition: int) -> None:
    """Make an edition the one that is read; the one before goes away."""
    _set(tx, {"state": "COMPLETED", "finished_edition": edition, "finished_at": tx.now})
    tx.run(_DROP_OTHERS, account=tx.account_id, kept=[edition])


def _set(tx: Tx, values: dict[str, object]) -> None:
    tx.run(sa.update(credential_reports).where(credential_reports.c.account_id == tx.account_id).values(**values))


def lines(tx: Tx, edition: int, first: int, most: int) -> list[sa.Row[Any]]:
    """Lines of an edition as (number, line) from `first` on, at most `most`."""
    return tx.rows(_LINES, account=tx.account_id, edition=edition, first=first, most=most)


def account_row(tx: Tx) -> tuple[int, bool]:
    """When the account was made, and whether an MFA device is bound to it."""
    made = tx.connection.execute(_ACCOUNT, {"account": tx.account_id}).scalar_one()
    return int(made), tx.row(_ACCOUNT_MFA, account=tx.account_id) is not None


def page(tx: Tx, after: str, most: int) -> list[sa.Row[Any]]:
    """Users after the name key `after`, at most `most`, with profile, has_password, password_set_at and device."""
    return tx.rows(_USERS, account=tx.account_id, after=after, most=most)


def keys_of(tx: Tx, user_ids: Sequence[str]) -> dict[str, list[sa.Row[Any]]]:
    """The AccessKey pairs of each of these users, oldest first."""
    found: dict[str, list[sa.Row[Any]]] = {}
    for start in range(0, len(user_ids), 500):  # SQLite bounds the variables of one statement
        for row in tx.rows(_KEYS, owners=list(user_ids[start : start + 500])):
            found.setdefault(row.user_id, []).append(row)
    return found


def keys_of_account(tx: Tx) -> list[sa.Row[Any]]:
    """The account's own AccessKey pairs, oldest first."""
    return tx.rows(_ACCOUNT_KEYS, account=tx.account_id)
