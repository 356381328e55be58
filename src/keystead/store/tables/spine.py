"""Accounts, identities, policies, AccessKey pairs, and what the server keeps beside them.

Times are whole seconds since 1970 (64 bits).  `name_key` is the lower-case name: names are unique per account without
regard to case and kept as given (reference/ram-behaviour.md section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def account_column() -> Column[str]:
    """The account that a row belongs to."""
    return Column("account_id", String(16), ForeignKey("accounts.id"), nullable=False)


def active_from(column: str) -> Callable[[DefaultExecutionContext], int]:
    """The default of `active_at`: the value of another column where there is one, else when the row was made.

    It is exact to `ACTIVE_STEP` seconds, so that a busy pair does not write to an index at every flush.
    """

    def value(context: DefaultExecutionContext) -> int:
        given: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
        return int(given.get(column) or given["created_at"])

    return value


ACTIVE_STEP = 60


def some_rows(name: str, *columns: str, where: str) -> Index:
    """An index of some rows only, on either database."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


accounts = Table(
    "accounts",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("alias", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("setup_token", LargeBinary, nullable=True),  # digest of the one-time token, empty once used
    # How many rows of these the account has, under its lock: see `store.accounts.Counted`.
    Column("users_count", Integer, nullable=False, default=0),
    Column("access_keys_count", Integer, nullable=False, default=0),
    Column("api_keys_count", Integer, nullable=False, default=0),
)

users = Table(
    "users",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(64), nullable=False),
    Column("name_key", String(64), nullable=False),
    Column("display_name", String(128), nullable=False),
    Column("mobile_phone", String(64), nullable=False),
    Column("email", String(256), nullable=False),
    Column("comments", String(128), nullable=False),
    Column("status", String(6), nullable=False, default="active"),  # active, freeze
    Column("provision_type", String(8), nullable=False, default="Manual"),  # Manual, SCIM, CloudSSO
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("last_login_at", BigInteger, nullable=True),
    Column("active_at", BigInteger, nullable=False, default=active_from("last_login_at")),  # last logon or call
    # How the user gets in: what `store.user_access` reckons of profile, device and pairs.
    Column("console_access", Boolean, nullable=False, default=False),
    Column("mfa_bound", Boolean, nullable=False, default=False),
    Column("pairs_until", BigInteger, nullable=False, default=0),  # seconds; until then a pair of it can be used
    UniqueConstraint("account_id", "name_key"),
    Index(None, "account_id", "display_name", "id"),
    Index(None, "account_id", "created_at", "id"),
    Index(None, "account_id", "active_at", "id"),
    # What lists filter by, so that a scan reads no rows; by ID, as what hangs on users is sorted.
    Index(
        "ix_users_list",
        *("account_id", "id", "name_key", "status", "active_at", "created_at"),
        *("console_access", "mfa_bound", "pairs_until", "display_name"),
    ),
)

groups = Table(
    "groups",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(64), nullable=False),
    Column("name_key", String(64), nullable=False),
    Column("display_name", String(128), nullable=False, default=""),
    Column("comments", String(128), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name_key"),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", String(18), ForeignKey("groups.id"), primary_key=True),
    Column("user_id", String(18), ForeignKey("users.id"), primary_key=True),
    Column("joined_at", BigInteger, nullable=False),
    Index(None, "user_id"),
)

roles = Table(
    "roles",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(64), nullable=False),
    Column("name_key", String(64), nullable=False),
    Column("description", String(1024), nullable=False),
    Column("trust_policy", Text, nullable=False),
    Column("max_session_duration", Integer, nullable=False),
    Column("allow_console_login", Boolean, nullable=False),
    Column("sessions_until", BigInteger, nullable=False, default=0),  # seconds; those given out until then are over
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name_key"),
)

policies = Table(
    "policies",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(128), nullable=False),
    Column("name_key", String(128), nullable=False),
    Column("description", String(1024), nullable=False),
    Column("default_version", Integer, nullable=False),
    Column("last_version", Integer, nullable=False),  # numbers are never reused
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name_key"),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("policy_id", String(18), ForeignKey("policies.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(256), nullable=False, default=""),  # ARN
    Column("reason", String(256), nullable=False, default=""),
)

attachments = Table(
    "attachments",
    metadata,
    Column("entity_id", String(18), primary_key=True),  # of a user, group or role
    Column("policy_type", String(6), primary_key=True),  # System or Custom
    Column("policy_id", String(128), primary_key=True),  # policies.id, or the name of a system policy
    Column("resource_group_id", String(64), primary_key=True),  # empty: the whole account
    Column("entity_kind", String(5), nullable=False),  # user, group, role
    account_column(),
    Column("attached_at", BigInteger, nullable=False),
    Column("attached_by", String(256), nullable=False, default=""),  # ARN
    Index(None, "account_id", "policy_type", "policy_id"),
    Index(
        "ix_attachments_list", *("account_id", "attached_at", "entity_id", "policy_type", "policy_id", "entity_kind")
    ),
)

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(128), primary_key=True),
    account_column(),
    Column("user_id", String(18), ForeignKey("users.id"), nullable=True),  # none: the account's own pair
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("status", String(8), nullable=False),
    Column("status_reason", String(8), nullable=False, default=""),  # Leaked, Idle, Old; disabled by hand: ""
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=True),
    Column("used_service", String(64), nullable=True),
    Column("used_address", String(64), nullable=True),
    Column("used_action", String(64), nullable=True),
    Column("network_policy", Text, nullable=True),  # JSON as set; none: the account's applies
    Column("note", String(128), nullable=False, default=""),
    Column("expires_at", BigInteger, nullable=True),
    Column("active_at", BigInteger, nullable=False, default=active_from("used_at")),  # last use
    Column("warned_days", Integer, nullable=True),  # the last warning before this expiry; none: no warning yet
    Index(None, "account_id", "user_id"),
    Index(None, "user_id", "status", "expires_at"),
    Index(None, "account_id", "active_at", "id", "status", "expires_at"),
    # What lists filter by, so that a scan reads no rows.
    Index(
        "ix_access_keys_list",
        *("account_id", "created_at", "id", "status", "status_reason", "expires_at", "active_at", "user_id", "note"),
    ),
    # The few that are not in use, so that the many that are need not be counted.
    some_rows("ix_access_keys_inactive", "account_id", "status", "status_reason", where="status = 'Inactive'"),
    some_rows("ix_access_keys_expiring", "account_id", "expires_at", "status", where="expires_at IS NOT NULL"),
    # Of all accounts: what has not been warned of yet stands together, however many were.
    some_rows(
        "ix_access_keys_warned",
        *("status", "warned_days", "expires_at"),
        where="expires_at IS NOT NULL",
    ),
)

tags = Table(
    "tags",
    metadata,
    Column("entity_id", String(18), primary_key=True),  # of a user, role or policy
    Column("tag_key", String(128), primary_key=True),
    Column("entity_kind", String(6), nullable=False),
    account_column(),
    Column("tag_value", String(256), nullable=False),
    Index(None, "account_id", "entity_kind", "tag_key"),
)

account_documents = Table(
    "account_documents",
    metadata,
    Column("account_id", String(16), ForeignKey("accounts.id"), primary_key=True),
    Column("kind", String(32), primary_key=True),  # password-policy, security-preference, …
    Column("document", Text, nullable=False),  # JSON
    Column("updated_at", BigInteger, nullable=False),
)

nonces = Table(
    "nonces",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

change_counter = Table(
    "change_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row
    Column("last", BigInteger, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("entity_id", String(128), primary_key=True),
    Column("account_id", String(16), nullable=False),
    Column("made_at", BigInteger, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("account_id", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),  # milliseconds
    Column("request_id", String(36), nullable=False, index=True),
    Column("product", String(16), nullable=False),
    Column("action", String(64), nullable=False),
    Column("kind", String(5), nullable=False),  # read or write
    Column("identity_type", String(16), nullable=False),
    Column("principal", String(256), nullable=False),
    Column("access_key_id", String(128), nullable=False),
    Column("resource", String(512), nullable=False),
    Column("outcome", String(128), nullable=False),  # Success or the error code
    Column("address", String(64), nullable=False),
    Column("agent", String(256), nullable=False),
    Column("parameters", Text, nullable=False),  # JSON, without secrets
    Column("diagnostic", Text, nullable=True),  # of a refusal by policy: what was evaluated, sealed
    Index(None, "account_id", "at"),
    Index(None, "account_id", "access_key_id", "at"),
    Index(None, "account_id", "action", "at"),
    Index("ix_audit_principal", "account_id", text("lower(principal)"), "at"),  # names differ in case only by mistake
    Index("ix_audit_resource", "account_id", text("lower(resource)"), "at"),
)

audit_blocks = Table(
    "audit_blocks",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("account_id", String(16), nullable=False),
    Column("first_at", BigInteger, nullable=False),  # milliseconds
    Column("last_at", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),  # how many
    Column("body", LargeBinary, nullable=False),  # zlib of MessagePack: see `store.audit`
    Index(None, "account_id", "last_at"),
)

instance = Table(
    "instance",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
