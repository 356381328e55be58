"""Identity providers, service-linked roles and their deletions.

`name_key` is the lower-case name, as in `spine`.  Source: reference/ram-behaviour.md 5.9 and 5.11.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from keystead.store.tables.spine import account_column, metadata

saml_providers = Table(
    "saml_providers",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(128), nullable=False),
    Column("name_key", String(128), nullable=False),
    Column("description", String(256), nullable=False),
    Column("metadata", Text, nullable=False),  # base64, as it was sent
    Column("authn_sign_algo", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name_key"),
)

oidc_providers = Table(
    "oidc_providers",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(128), nullable=False),
    Column("name_key", String(128), nullable=False),
    Column("issuer_url", String(255), nullable=False),
    Column("description", String(256), nullable=False),
    Column("client_ids", Text, nullable=False),  # with commas between them
    Column("fingerprints", Text, nullable=False),  # with commas between them
    Column("issuance_limit_hours", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name_key"),
    UniqueConstraint("account_id", "issuer_url"),
)

service_linked_roles = Table(
    "service_linked_roles",
    metadata,
    Column("role_id", String(18), ForeignKey("roles.id"), primary_key=True),
    account_column(),
    Column("service_name", String(128), nullable=False),
    Index(None, "account_id", "service_name"),
)

role_deletions = Table(
    "role_deletions",
    metadata,
    Column("id", String(256), primary_key=True),  # task/<service>/<role>/<uuid>
    account_column(),
    Column("name_key", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "account_id", "name_key", "created_at"),
)
