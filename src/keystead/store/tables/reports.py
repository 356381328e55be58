"""Credential reports, written a piece at a time, the figures of governance reports, and what identities used."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from keystead.store.tables.spine import metadata

credential_reports = Table(
    "credential_reports",
    metadata,
    Column("account_id", String(16), ForeignKey("accounts.id"), primary_key=True),
    Column("state", String(10), nullable=False),  # of the newest: STARTED, INPROGRESS, COMPLETED
    Column("edition", Integer, nullable=False),  # number of the newest
    Column("after_name", String(64), nullable=False),  # name key of the last user that is in the newest
    Column("lines", Integer, nullable=False),  # of the newest, so far
    Column("finished_edition", Integer, nullable=False),  # number of the newest whole one; 0: none
    Column("finished_at", BigInteger, nullable=True),
    Column("started_at", BigInteger, nullable=False),  # of the newest
)

credential_report_lines = Table(
    "credential_report_lines",
    metadata,
    Column("account_id", String(16), ForeignKey("accounts.id"), primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),  # 0 is the header
    Column("line", Text, nullable=False),
)

governance_reports = Table(
    "governance_reports",
    metadata,
    Column("account_id", String(16), ForeignKey("accounts.id"), primary_key=True),
    Column("generated_at", BigInteger, nullable=False),
    Column("metrics", Text, nullable=False),  # JSON: item → value
)

# One row for each permission that a user or role used on a day (UTC); summed from what is audited.
action_uses = Table(
    "action_uses",
    metadata,
    Column("account_id", String(16), primary_key=True),
    Column("entity_id", String(64), primary_key=True),  # of a user or role
    Column("action", String(128), primary_key=True),  # the permission, for instance ram:ListUsers
    Column("day", Integer, primary_key=True),  # since 1970
    Column("calls", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),  # milliseconds
    Index(None, "day"),
)
