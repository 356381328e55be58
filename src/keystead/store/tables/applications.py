"""OAuth applications, their secrets, where they are installed; and service credentials of users."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from keystead.store.tables.spine import account_column, metadata

applications = Table(
    "applications",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(64), nullable=False),
    Column("name_key", String(64), nullable=False),
    Column("display_name", String(24), nullable=False),
    Column("type", String(9), nullable=False),  # WebApp, NativeApp, ServerApp
    Column("protocol_version", String(3), nullable=False),
    Column("multi_tenant", Boolean, nullable=False),
    Column("secret_required", Boolean, nullable=False),
    Column("access_validity", Integer, nullable=False),  # seconds
    Column("refresh_validity", Integer, nullable=False),  # seconds
    Column("redirect_uris", Text, nullable=False),  # JSON list
    Column("scopes", Text, nullable=False),  # JSON list
    Column("required_scopes", Text, nullable=False),  # JSON list, a part of scopes
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name_key"),
)

application_secrets = Table(
    "application_secrets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("application_id", String(18), ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("tail", String(4), nullable=False),  # the end of the secret, to tell one from another
    Column("created_at", BigInteger, nullable=False),
    Index(None, "application_id"),
)

installations = Table(
    "installations",
    metadata,
    Column("account_id", String(16), ForeignKey("accounts.id"), primary_key=True),  # where it is installed
    Column("application_id", String(18), ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True),
    Column("scopes", Text, nullable=False),  # JSON list: what was granted
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "application_id"),
)

service_credentials = Table(
    "service_credentials",
    metadata,
    Column("id", String(24), primary_key=True),
    account_column(),
    Column("user_id", String(18), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("service", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("status", String(8), nullable=False),  # Active, Inactive; Expired follows from expires_at
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=True),
    Index(None, "account_id", "id"),
    Index(None, "user_id", "service"),
)
