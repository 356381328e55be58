"""Warnings before a key expires that wait for their delivery."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from keystead.store.tables.spine import account_column, metadata

# A row is written in the transaction that marks the key as warned of, and deleted when its message was taken.
expiry_warnings = Table(
    "expiry_warnings",
    metadata,
    Column("id", String(36), primary_key=True),  # of the warning, in both channels
    Column("channel", String(7), primary_key=True),  # mail, webhook
    account_column(),
    Column("kind", String(9), nullable=False),  # AccessKey, ApiKey
    Column("key_id", String(128), nullable=False),
    Column("owner_id", String(18), nullable=True),  # of the user or role; none: the account itself
    Column("expires_at", BigInteger, nullable=False),
    Column("days", Integer, nullable=False),  # of the setting expiry_warning_days: the one that was reached
    Column(
        "due_at", BigInteger, nullable=False, index=True
    ),  # of the next try; while one is under way: when it is lost
    Column("tries", Integer, nullable=False),
    Index(None, "account_id", "channel", "due_at"),
)
