"""Credential reports, written a piece at a time, and the figures of governance reports."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text

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
