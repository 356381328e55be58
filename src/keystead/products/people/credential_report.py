"""The credential report: a CSV line for the account and for each user.  Source: reference/ram-behaviour.md 5.13.

A report is written a piece at a time, each in a transaction of its own, so that 100,000 users neither fill the memory
nor keep other writes waiting: every call that asks for it, and housekeeping, carries it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keystead.clock import iso
from keystead.identity.transaction import Tx
from keystead.products.people import access_keys, password_policy
from keystead.store import accounts, credential_reports

STARTED, INPROGRESS, COMPLETED = "STARTED", "INPROGRESS", "COMPLETED"

PIECE = 2000
"""Users that one transaction adds."""

_STALLED_SECONDS = 3600
_DAY = 86_400
_HOUR = 3600
_KEYS = (
    "access_key_1",
    "access_key_2",
    "additional_access_key_1",
    "additional_access_key_2",
    "additional_access_key_3",
)
_KEY_PARTS = ("exist", "active", "last_rotated", "last_used")

HEADER = ",".join(
    (
        "user,user_creation_time,user_last_logon,password_exist,password_active,password_last_changed",
        "password_next_rotation,mfa_active",
        *(f"{key}_{part}" for key in _KEYS for part in _KEY_PARTS),
    )
)


def advance(tx: Tx, *, begin: bool) -> str:
    """Carry the account's report on by a piece; returns its state.

    begin: start a new one where there is none or the last is older than the quota `credential_report_hours`.
    """
    row = credential_reports.state(tx)
    if row is None:
        return _begin(tx, 1) if begin else COMPLETED
    if row.state == COMPLETED:
        fresh = row.finished_at + tx.quotas.credential_report_hours * _HOUR > tx.now
        return COMPLETED if fresh or not begin else _begin(tx, row.edition + 1)
    if row.started_at + _STALLED_SECONDS <= tx.now:
        return _begin(tx, row.edition + 1)
    return COMPLETED if _piece(tx, row.edition, row.after_name, row.lines) else INPROGRESS


def _begin(tx: Tx, edition: int) -> str:
    credential_reports.begin(tx, edition)
    made, has_mfa = credential_reports.account_row(tx)
    root = ["<root>", iso(made), "-", "N/A", "N/A", "N/A", "N/A", _flag(has_mfa)]
    keys = credential_reports.keys_of_account(tx)
    credential_reports.add(tx, edition, 0, [HEADER, ",".join(root + _key_cells(tx, keys))], "")
    _piece(tx, edition, "", 2)
    return STARTED


def _piece(tx: Tx, edition: int, after: str, number: int) -> bool:
    """Add the next users; returns whether these were the last."""
    rows = credential_reports.page(tx, after, PIECE)
    keys = credential_reports.keys_of(tx, [row.id for row in rows])
    domain = f"@{accounts.alias(tx)}.onaliyun.com"
    age = password_policy.get(tx).max_password_age * _DAY
    lines = [",".join(_user_cells(row, domain, age) + _key_cells(tx, keys.get(row.id, ()))) for row in rows]
    credential_reports.add(tx, edition, number, lines, rows[-1].name_key if rows else after)
    if len(rows) < PIECE:
        credential_reports.finish(tx, edition)
        return True
    return False


def _user_cells(row: sa.Row[Any], domain: str, age: int) -> list[str]:
    exists = bool(row.has_password)
    changed = rotation = "N/A"
    if exists:
        changed = iso(row.password_set_at)
        rotation = iso(row.password_set_at + age) if age else "-"
    return [
        row.name + domain,
        iso(row.created_at),
        "-" if row.last_login_at is None else iso(row.last_login_at),
        _flag(exists),
        _flag(row.profile == "Active") if exists else "N/A",
        changed,
        rotation,
        _flag(row.device is not None),
    ]


def _key_cells(tx: Tx, keys: Sequence[sa.Row[Any]]) -> list[str]:
    cells: list[str] = []
    for number in range(len(_KEYS)):
        if number >= len(keys):
            cells += ["FALSE", "N/A", "N/A", "N/A"]
            continue
        key = keys[number]
        used = "-" if key.used_at is None else iso(key.used_at)
        cells += ["TRUE", _flag(access_keys.status(tx, key) == "Active"), iso(key.created_at), used]
    return cells


def _flag(value: bool) -> str:
    return "TRUE" if value else "FALSE"
