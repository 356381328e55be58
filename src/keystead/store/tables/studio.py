"""Model Studio: workspaces, their members, API keys, what each may call, and the models that there are.

Source: reference/model-studio.md b.  Usage and upstreams stand in `gateway`.
"""

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

from keystead.store.tables.spine import account_column, metadata, some_rows

NEVER = 2**62
"""`expires_at` of an API key that has no expiry: so that what ends first sorts first, and what never ends last."""

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(64), primary_key=True),  # llm- and 16 characters; never changes
    account_column(),
    Column("name", String(128), nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("all_models", Boolean, nullable=False),  # accessAllEntities
    Column("agent_key_digest", LargeBinary(32), nullable=False, unique=True),
    Column("sealed_agent_key", LargeBinary, nullable=False),  # may be shown again, so not a digest only
    Column("generation", Integer, nullable=False),  # tokens of an earlier one are dead
    Column("service_site", String(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "account_id", "created_at", "id"),
)

workspace_members = Table(
    "workspace_members",
    metadata,
    Column("workspace_id", String(64), ForeignKey("workspaces.id"), primary_key=True),
    Column("principal_id", String(18), primary_key=True),  # of a user or role
    Column("principal_kind", String(4), nullable=False),  # user, role
    account_column(),
    Column("level", String(16), nullable=False),  # administrator, member, custom
    Column("pages", Text, nullable=False),  # JSON: page to view or operate; of a custom member
    Column("display_name", String(128), nullable=False),
    Column("generation", BigInteger, nullable=False),  # temporary keys of an earlier one are dead
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "account_id", "principal_id"),
    Index(None, "workspace_id", "created_at", "principal_id"),
    Index(None, "workspace_id", "display_name", "principal_id"),
)

workspace_models = Table(
    "workspace_models",
    metadata,
    Column("workspace_id", String(64), ForeignKey("workspaces.id"), primary_key=True),
    Column("model", String(128), primary_key=True),
    Column("inference", Boolean, nullable=False),
    Column("fine_tune", Boolean, nullable=False),
    Column("deploy", Boolean, nullable=False),
)

_FILTERED = ("disabled", "expires_at", "old_until", "owner_id", "last_four", "description")

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # random: a count would tell of others
    account_column(),
    Column("workspace_id", String(64), ForeignKey("workspaces.id"), nullable=False),
    Column("owner_kind", String(7), nullable=False),  # account, user, role
    Column("owner_id", String(18), nullable=False),
    Column("description", String(512), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("prefix", String(8), nullable=False),
    Column("last_four", String(4), nullable=False),
    Column("old_digest", LargeBinary(32), nullable=True, unique=True),  # valid until old_until, after a rotation
    Column("old_until", BigInteger, nullable=True),
    Column("scope", Text, nullable=False),  # JSON: addresses, models, applications
    Column("disabled", Boolean, nullable=False),
    Column("disabled_reason", String(8), nullable=False, default=""),  # Idle; by hand: ""
    Column("expires_at", BigInteger, nullable=False, default=NEVER),
    Column("warned_days", Integer, nullable=True),  # the last warning before this expiry; none: no warning yet
    Column("generation", Integer, nullable=False),  # temporary keys of an earlier one are dead
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # What lists filter by, so that a scan reads no rows; in the whole account, and in one workspace.
    Index("ix_api_keys_list", "account_id", "created_at", "id", "workspace_id", *_FILTERED),
    Index("ix_api_keys_workspace_list", "workspace_id", "created_at", "id", *_FILTERED),
    Index(None, "workspace_id", "description", "id"),
    Index(None, "owner_id", "workspace_id"),
    Index(None, "account_id", "description"),  # to count them, and to find one anywhere by its name
    # By their end, with what tells the states apart, so that those are counted in it.
    Index("ix_api_keys_expiring", "account_id", "expires_at", "id", "disabled", "old_until"),
    Index("ix_api_keys_workspace_expiring", "workspace_id", "expires_at", "id", "disabled", "old_until"),
    # The few that are not in use, so that the many that are need not be counted.
    some_rows("ix_api_keys_disabled", "account_id", "disabled", "expires_at", where="disabled"),
    # Of all accounts, as those of pairs.
    some_rows("ix_api_keys_warned", "disabled", "warned_days", "expires_at", where=f"expires_at < {NEVER}"),
)

# One row per limit that binds; they all do.  An empty model means every model.
usage_limits = Table(
    "usage_limits",
    metadata,
    Column("id", String(32), primary_key=True),
    account_column(),
    Column("scope", String(16), nullable=False),  # account, workspace, application, owner, key
    Column("scope_id", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("measure", String(16), nullable=False),  # requests, tokens, concurrent, money
    Column("period", String(8), nullable=False),  # seconds as digits; day, week, month; empty for concurrent
    Column("amount", BigInteger, nullable=False),  # money in millionths
    Column("time_zone", String(64), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "scope", "scope_id", "model", "measure", "period"),
)

models = Table(
    "models",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("details", Text, nullable=False),  # JSON: display name, provider, capabilities, context, prices, …
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
