"""The recycle bin: users and AccessKey pairs that were deleted and may still come back.

What is in the bin stands in tables of its own, so that no statement over live users and pairs can see it.
Source: reference/ram-behaviour.md 5.6.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from keystead.store.tables.spine import account_column, metadata

recycled_users = Table(
    "recycled_users",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(64), nullable=False),
    Column("name_key", String(64), nullable=False),  # not unique: the name is free for others
    Column("display_name", String(128), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("recycled_at", BigInteger, nullable=False, index=True),
    Column("recycled_by", String(256), nullable=False, default=""),  # ARN
    Column("kept", Text, nullable=False),  # JSON: the row of the user, its groups, policies and tags
    Index(None, "account_id", "recycled_at"),
)

recycled_keys = Table(
    "recycled_keys",
    metadata,
    Column("id", String(128), primary_key=True),
    account_column(),
    Column("user_id", String(18), nullable=False, index=True),  # of a live user or of one in the bin
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("status_reason", String(8), nullable=False, default=""),  # comes back with the pair: leaked stays leaked
    Column("network_policy", Text, nullable=True),  # comes back with the pair
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=True),
    Column("used_service", String(64), nullable=True),
    Column("used_address", String(64), nullable=True),
    Column("note", String(128), nullable=False, default=""),
    Column("expires_at", BigInteger, nullable=True),
    Column("recycled_at", BigInteger, nullable=False, index=True),
    Column("recycled_by", String(256), nullable=False, default=""),  # ARN
    Index(None, "account_id", "recycled_at"),
)
