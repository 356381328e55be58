"""The first schema.  Made by scripts/first_migration.py."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("alias", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("setup_token", sa.LargeBinary(), nullable=True),
        sa.Column("users_count", sa.Integer(), nullable=False),
        sa.Column("access_keys_count", sa.Integer(), nullable=False),
        sa.Column("api_keys_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("alias", name=op.f("uq_accounts_alias")),
    )
    op.create_table(
        "action_uses",
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=128), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entity_id", "action", "day", name=op.f("pk_action_uses")),
    )
    op.create_index(op.f("ix_action_uses_day"), "action_uses", ["day"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("product", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("identity_type", sa.String(length=16), nullable=False),
        sa.Column("principal", sa.String(length=256), nullable=False),
        sa.Column("access_key_id", sa.String(length=128), nullable=False),
        sa.Column("resource", sa.String(length=512), nullable=False),
        sa.Column("outcome", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=256), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(
        op.f("ix_audit_account_id_access_key_id_at"), "audit", ["account_id", "access_key_id", "at"], unique=False
    )
    op.create_index(op.f("ix_audit_account_id_action_at"), "audit", ["account_id", "action", "at"], unique=False)
    op.create_index(op.f("ix_audit_account_id_at"), "audit", ["account_id", "at"], unique=False)
    op.create_index(op.f("ix_audit_request_id"), "audit", ["request_id"], unique=False)
    op.create_table(
        "audit_blocks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_blocks")),
    )
    op.create_index(op.f("ix_audit_blocks_account_id_last_at"), "audit_blocks", ["account_id", "last_at"], unique=False)
    op.create_table(
        "change_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_counter")),
    )
    op.create_table(
        "changes",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n", "kind", "entity_id", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_made_at"), "changes", ["made_at"], unique=False)
    op.create_table(
        "instance",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_instance")),
    )
    op.create_table(
        "logon_attempts",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("passwords", sa.Integer(), nullable=False),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_logon_attempts")),
    )
    op.create_index(op.f("ix_logon_attempts_first_at"), "logon_attempts", ["first_at"], unique=False)
    op.create_table(
        "models",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_models")),
    )
    op.create_table(
        "nonces",
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_nonces")),
    )
    op.create_index(op.f("ix_nonces_expires_at"), "nonces", ["expires_at"], unique=False)
    op.create_table(
        "upstreams",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("url", sa.String(length=512), nullable=False),
        sa.Column("upstream_model", sa.String(length=256), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstreams")),
    )
    op.create_index(op.f("ix_upstreams_model"), "upstreams", ["model"], unique=False)
    op.create_table(
        "usage",
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("application_id", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=False),
        sa.Column("principal", sa.String(length=256), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("upstream_id", sa.String(length=32), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_usage")),
    )
    op.create_index(op.f("ix_usage_account_id_at"), "usage", ["account_id", "at"], unique=False)
    op.create_index(op.f("ix_usage_account_id_key_id_at"), "usage", ["account_id", "key_id", "at"], unique=False)
    op.create_index(op.f("ix_usage_account_id_model_at"), "usage", ["account_id", "model", "at"], unique=False)
    op.create_index(
        op.f("ix_usage_account_id_workspace_id_at"), "usage", ["account_id", "workspace_id", "at"], unique=False
    )
    op.create_table(
        "account_documents",
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_documents_account_id")),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_account_documents")),
    )
    op.create_table(
        "applications",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=24), nullable=False),
        sa.Column("type", sa.String(length=9), nullable=False),
        sa.Column("protocol_version", sa.String(length=3), nullable=False),
        sa.Column("multi_tenant", sa.Boolean(), nullable=False),
        sa.Column("secret_required", sa.Boolean(), nullable=False),
        sa.Column("access_validity", sa.Integer(), nullable=False),
        sa.Column("refresh_validity", sa.Integer(), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("required_scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_applications_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_applications_account_id_name_key")),
    )
    op.create_table(
        "attachments",
        sa.Column("entity_id", sa.String(length=18), nullable=False),
        sa.Column("policy_type", sa.String(length=6), nullable=False),
        sa.Column("policy_id", sa.String(length=128), nullable=False),
        sa.Column("resource_group_id", sa.String(length=64), nullable=False),
        sa.Column("entity_kind", sa.String(length=5), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("attached_at", sa.BigInteger(), nullable=False),
        sa.Column("attached_by", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_attachments_account_id")),
        sa.PrimaryKeyConstraint(
            "entity_id", "policy_type", "policy_id", "resource_group_id", name=op.f("pk_attachments")
        ),
    )
    op.create_index(
        op.f("ix_attachments_account_id_policy_type_policy_id"),
        "attachments",
        ["account_id", "policy_type", "policy_id"],
        unique=False,
    )
    op.create_index(
        "ix_attachments_list",
        "attachments",
        ["account_id", "attached_at", "entity_id", "policy_type", "policy_id", "entity_kind"],
        unique=False,
    )
    op.create_table(
        "credential_report_lines",
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_credential_report_lines_account_id")),
        sa.PrimaryKeyConstraint("account_id", "edition", "number", name=op.f("pk_credential_report_lines")),
    )
    op.create_table(
        "credential_reports",
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("after_name", sa.String(length=64), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("finished_edition", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_credential_reports_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_credential_reports")),
    )
    op.create_table(
        "expiry_warnings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=7), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=9), nullable=False),
        sa.Column("key_id", sa.String(length=128), nullable=False),
        sa.Column("owner_id", sa.String(length=18), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_expiry_warnings_account_id")),
        sa.PrimaryKeyConstraint("id", "channel", name=op.f("pk_expiry_warnings")),
    )
    op.create_index(
        op.f("ix_expiry_warnings_account_id_channel_due_at"),
        "expiry_warnings",
        ["account_id", "channel", "due_at"],
        unique=False,
    )
    op.create_index(op.f("ix_expiry_warnings_due_at"), "expiry_warnings", ["due_at"], unique=False)
    op.create_table(
        "governance_reports",
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("generated_at", sa.BigInteger(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_governance_reports_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_governance_reports")),
    )
    op.create_table(
        "groups",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("comments", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_groups_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_groups_account_id_name_key")),
    )
    op.create_table(
        "oidc_providers",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("issuer_url", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=False),
        sa.Column("client_ids", sa.Text(), nullable=False),
        sa.Column("fingerprints", sa.Text(), nullable=False),
        sa.Column("issuance_limit_hours", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_oidc_providers_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oidc_providers")),
        sa.UniqueConstraint("account_id", "issuer_url", name=op.f("uq_oidc_providers_account_id_issuer_url")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_oidc_providers_account_id_name_key")),
    )
    op.create_table(
        "owner_logons",
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("password_set_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.Column("last_login_address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_owner_logons_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_owner_logons")),
    )
    op.create_table(
        "policies",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=1024), nullable=False),
        sa.Column("default_version", sa.Integer(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_policies_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_policies_account_id_name_key")),
    )
    op.create_table(
        "recycled_keys",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("status_reason", sa.String(length=8), nullable=False),
        sa.Column("network_policy", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("used_service", sa.String(length=64), nullable=True),
        sa.Column("used_address", sa.String(length=64), nullable=True),
        sa.Column("note", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("recycled_at", sa.BigInteger(), nullable=False),
        sa.Column("recycled_by", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recycled_keys_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recycled_keys")),
    )
    op.create_index(
        op.f("ix_recycled_keys_account_id_recycled_at"), "recycled_keys", ["account_id", "recycled_at"], unique=False
    )
    op.create_index(op.f("ix_recycled_keys_recycled_at"), "recycled_keys", ["recycled_at"], unique=False)
    op.create_index(op.f("ix_recycled_keys_user_id"), "recycled_keys", ["user_id"], unique=False)
    op.create_table(
        "recycled_users",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("recycled_at", sa.BigInteger(), nullable=False),
        sa.Column("recycled_by", sa.String(length=256), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recycled_users_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recycled_users")),
    )
    op.create_index(
        op.f("ix_recycled_users_account_id_recycled_at"), "recycled_users", ["account_id", "recycled_at"], unique=False
    )
    op.create_index(op.f("ix_recycled_users_recycled_at"), "recycled_users", ["recycled_at"], unique=False)
    op.create_table(
        "role_deletions",
        sa.Column("id", sa.String(length=256), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_role_deletions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_deletions")),
    )
    op.create_index(
        op.f("ix_role_deletions_account_id_name_key_created_at"),
        "role_deletions",
        ["account_id", "name_key", "created_at"],
        unique=False,
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=1024), nullable=False),
        sa.Column("trust_policy", sa.Text(), nullable=False),
        sa.Column("max_session_duration", sa.Integer(), nullable=False),
        sa.Column("allow_console_login", sa.Boolean(), nullable=False),
        sa.Column("sessions_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_roles_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_roles_account_id_name_key")),
    )
    op.create_table(
        "saml_providers",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("authn_sign_algo", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saml_providers_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saml_providers")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_saml_providers_account_id_name_key")),
    )
    op.create_table(
        "tags",
        sa.Column("entity_id", sa.String(length=18), nullable=False),
        sa.Column("tag_key", sa.String(length=128), nullable=False),
        sa.Column("entity_kind", sa.String(length=6), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("tag_value", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tags_account_id")),
        sa.PrimaryKeyConstraint("entity_id", "tag_key", name=op.f("pk_tags")),
    )
    op.create_index(
        op.f("ix_tags_account_id_entity_kind_tag_key"), "tags", ["account_id", "entity_kind", "tag_key"], unique=False
    )
    op.create_table(
        "usage_limits",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("scope_id", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("measure", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_usage_limits_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_limits")),
        sa.UniqueConstraint(
            "account_id",
            "scope",
            "scope_id",
            "model",
            "measure",
            "period",
            name=op.f("uq_usage_limits_account_id_scope_scope_id_model_measure_period"),
        ),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("mobile_phone", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=256), nullable=False),
        sa.Column("comments", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=6), nullable=False),
        sa.Column("provision_type", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("console_access", sa.Boolean(), nullable=False),
        sa.Column("mfa_bound", sa.Boolean(), nullable=False),
        sa.Column("pairs_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_users_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_users_account_id_name_key")),
    )
    op.create_index(op.f("ix_users_account_id_active_at_id"), "users", ["account_id", "active_at", "id"], unique=False)
    op.create_index(
        op.f("ix_users_account_id_created_at_id"), "users", ["account_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_users_account_id_display_name_id"), "users", ["account_id", "display_name", "id"], unique=False
    )
    op.create_index(
        "ix_users_list",
        "users",
        [
            "account_id",
            "id",
            "name_key",
            "status",
            "active_at",
            "created_at",
            "console_access",
            "mfa_bound",
            "pairs_until",
            "display_name",
        ],
        unique=False,
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("all_models", sa.Boolean(), nullable=False),
        sa.Column("agent_key_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_agent_key", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("service_site", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_workspaces_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("agent_key_digest", name=op.f("uq_workspaces_agent_key_digest")),
    )
    op.create_index(
        op.f("ix_workspaces_account_id_created_at_id"), "workspaces", ["account_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "access_keys",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=True),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("status_reason", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("used_service", sa.String(length=64), nullable=True),
        sa.Column("used_address", sa.String(length=64), nullable=True),
        sa.Column("used_action", sa.String(length=64), nullable=True),
        sa.Column("network_policy", sa.Text(), nullable=True),
        sa.Column("note", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("warned_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_access_keys_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_access_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_keys")),
    )
    op.create_index(
        op.f("ix_access_keys_account_id_active_at_id_status_expires_at"),
        "access_keys",
        ["account_id", "active_at", "id", "status", "expires_at"],
        unique=False,
    )
    op.create_index(op.f("ix_access_keys_account_id_user_id"), "access_keys", ["account_id", "user_id"], unique=False)
    op.create_index(
        "ix_access_keys_expiring",
        "access_keys",
        ["account_id", "expires_at", "status"],
        unique=False,
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_access_keys_inactive",
        "access_keys",
        ["account_id", "status", "status_reason"],
        unique=False,
        sqlite_where=sa.text("status = 'Inactive'"),
        postgresql_where=sa.text("status = 'Inactive'"),
    )
    op.create_index(
        "ix_access_keys_list",
        "access_keys",
        ["account_id", "created_at", "id", "status", "status_reason", "expires_at", "active_at", "user_id", "note"],
        unique=False,
    )
    op.create_index(
        op.f("ix_access_keys_user_id_status_expires_at"),
        "access_keys",
        ["user_id", "status", "expires_at"],
        unique=False,
    )
    op.create_index(
        "ix_access_keys_warned",
        "access_keys",
        ["status", "warned_days", "expires_at"],
        unique=False,
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("samples", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_agents_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_agents_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
    )
    op.create_index(
        op.f("ix_agents_workspace_id_created_at_id"), "agents", ["workspace_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("owner_kind", sa.String(length=7), nullable=False),
        sa.Column("owner_id", sa.String(length=18), nullable=False),
        sa.Column("description", sa.String(length=512), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("old_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("old_until", sa.BigInteger(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(length=8), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("warned_days", sa.Integer(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_api_keys_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
        sa.UniqueConstraint("old_digest", name=op.f("uq_api_keys_old_digest")),
    )
    op.create_index(op.f("ix_api_keys_account_id_description"), "api_keys", ["account_id", "description"], unique=False)
    op.create_index(
        "ix_api_keys_disabled",
        "api_keys",
        ["account_id", "disabled", "expires_at"],
        unique=False,
        sqlite_where=sa.text("disabled"),
        postgresql_where=sa.text("disabled"),
    )
    op.create_index(
        "ix_api_keys_expiring", "api_keys", ["account_id", "expires_at", "id", "disabled", "old_until"], unique=False
    )
    op.create_index(
        "ix_api_keys_list",
        "api_keys",
        [
            "account_id",
            "created_at",
            "id",
            "workspace_id",
            "disabled",
            "expires_at",
            "old_until",
            "owner_id",
            "last_four",
            "description",
        ],
        unique=False,
    )
    op.create_index(op.f("ix_api_keys_owner_id_workspace_id"), "api_keys", ["owner_id", "workspace_id"], unique=False)
    op.create_index(
        "ix_api_keys_warned",
        "api_keys",
        ["disabled", "warned_days", "expires_at"],
        unique=False,
        sqlite_where=sa.text("expires_at < 4611686018427387904"),
        postgresql_where=sa.text("expires_at < 4611686018427387904"),
    )
    op.create_index(
        "ix_api_keys_workspace_expiring",
        "api_keys",
        ["workspace_id", "expires_at", "id", "disabled", "old_until"],
        unique=False,
    )
    op.create_index(
        op.f("ix_api_keys_workspace_id_description_id"), "api_keys", ["workspace_id", "description", "id"], unique=False
    )
    op.create_index(
        "ix_api_keys_workspace_list",
        "api_keys",
        [
            "workspace_id",
            "created_at",
            "id",
            "disabled",
            "expires_at",
            "old_until",
            "owner_id",
            "last_four",
            "description",
        ],
        unique=False,
    )
    op.create_table(
        "application_secrets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("application_id", sa.String(length=18), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tail", sa.String(length=4), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_application_secrets_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_secrets")),
    )
    op.create_index(
        op.f("ix_application_secrets_application_id"), "application_secrets", ["application_id"], unique=False
    )
    op.create_table(
        "console_sessions",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=True),
        sa.Column("state", sa.String(length=5), nullable=False),
        sa.Column("mfa", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=256), nullable=False),
        sa.Column("sealed_role", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_console_sessions_account_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_console_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_console_sessions")),
        sa.UniqueConstraint("id", name=op.f("uq_console_sessions_id")),
    )
    op.create_index(
        op.f("ix_console_sessions_account_id_created_at"),
        "console_sessions",
        ["account_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_console_sessions_expires_at"), "console_sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_console_sessions_user_id"), "console_sessions", ["user_id"], unique=False)
    op.create_table(
        "file_categories",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("parent_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_file_categories_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_file_categories_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_categories")),
    )
    op.create_index(op.f("ix_file_categories_workspace_id_id"), "file_categories", ["workspace_id", "id"], unique=False)
    op.create_table(
        "files",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("category_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("parser", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("problem", sa.String(length=256), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_files_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_files_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index(op.f("ix_files_category_id"), "files", ["category_id"], unique=False)
    op.create_index(op.f("ix_files_workspace_id_id"), "files", ["workspace_id", "id"], unique=False)
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.String(length=18), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_group_members_user_id")),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_user_id"), "group_members", ["user_id"], unique=False)
    op.create_table(
        "indices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=1024), nullable=False),
        sa.Column("chunk_size", sa.Integer(), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=False),
        sa.Column("separator", sa.String(length=64), nullable=False),
        sa.Column("source_type", sa.String(length=32), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("embedding_model", sa.String(length=128), nullable=False),
        sa.Column("embedding_revision", sa.String(length=512), nullable=False),
        sa.Column("embedding_due", sa.Boolean(), nullable=False),
        sa.Column("embedding_lease", sa.BigInteger(), nullable=False),
        sa.Column("embedding_failures", sa.Integer(), nullable=False),
        sa.Column("embedding_problem", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_indices_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_indices_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indices")),
    )
    op.create_index(
        op.f("ix_indices_embedding_due_embedding_lease"), "indices", ["embedding_due", "embedding_lease"], unique=False
    )
    op.create_index(op.f("ix_indices_workspace_id_id"), "indices", ["workspace_id", "id"], unique=False)
    op.create_table(
        "installations",
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("application_id", sa.String(length=18), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_installations_account_id")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_installations_application_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "application_id", name=op.f("pk_installations")),
    )
    op.create_index(op.f("ix_installations_application_id"), "installations", ["application_id"], unique=False)
    op.create_table(
        "login_profiles",
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("password_set_at", sa.BigInteger(), nullable=False),
        sa.Column("password_initial", sa.Boolean(), nullable=False),
        sa.Column("password_reset_required", sa.Boolean(), nullable=False),
        sa.Column("mfa_bind_required", sa.Boolean(), nullable=False),
        sa.Column("last_login_address", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_profiles_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_login_profiles")),
    )
    op.create_table(
        "memories",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=50), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_memories_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_memories_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memories")),
    )
    op.create_index(op.f("ix_memories_workspace_id_id"), "memories", ["workspace_id", "id"], unique=False)
    op.create_table(
        "mfa_devices",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.String(length=18), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=True),
        sa.Column("of_account", sa.Boolean(), nullable=False),
        sa.Column("bound_at", sa.BigInteger(), nullable=True),
        sa.Column("last_counter", sa.BigInteger(), nullable=False),
        sa.Column("drift", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_mfa_devices_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mfa_devices_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mfa_devices")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_mfa_devices_account_id_name_key")),
        sa.UniqueConstraint("user_id", name=op.f("uq_mfa_devices_user_id")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=28), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_passkeys_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_user_id"), "passkeys", ["user_id"], unique=False)
    op.create_table(
        "password_history",
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_password_history_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "password_hash", name=op.f("pk_password_history")),
    )
    op.create_table(
        "policy_versions",
        sa.Column("policy_id", sa.String(length=18), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=256), nullable=False),
        sa.Column("reason", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("fk_policy_versions_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", "number", name=op.f("pk_policy_versions")),
    )
    op.create_table(
        "prompt_templates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_prompt_templates_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_prompt_templates_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_templates")),
    )
    op.create_index(
        op.f("ix_prompt_templates_workspace_id_id"), "prompt_templates", ["workspace_id", "id"], unique=False
    )
    op.create_table(
        "service_credentials",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_service_credentials_account_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_service_credentials_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_credentials")),
    )
    op.create_index(
        op.f("ix_service_credentials_account_id_id"), "service_credentials", ["account_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_service_credentials_user_id_service"), "service_credentials", ["user_id", "service"], unique=False
    )
    op.create_table(
        "service_linked_roles",
        sa.Column("role_id", sa.String(length=18), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("service_name", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_service_linked_roles_account_id")),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_service_linked_roles_role_id")),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_service_linked_roles")),
    )
    op.create_index(
        op.f("ix_service_linked_roles_account_id_service_name"),
        "service_linked_roles",
        ["account_id", "service_name"],
        unique=False,
    )
    op.create_table(
        "upload_leases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("category_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_upload_leases_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_upload_leases_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_leases")),
    )
    op.create_index(op.f("ix_upload_leases_expires_at"), "upload_leases", ["expires_at"], unique=False)
    op.create_index(op.f("ix_upload_leases_workspace_id"), "upload_leases", ["workspace_id"], unique=False)
    op.create_table(
        "verified_addresses",
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("address", sa.String(length=256), nullable=False),
        sa.Column("status", sa.String(length=7), nullable=False),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_verified_addresses_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_verified_addresses")),
    )
    op.create_table(
        "workspace_members",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("principal_id", sa.String(length=18), nullable=False),
        sa.Column("principal_kind", sa.String(length=4), nullable=False),
        sa.Column("account_id", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("pages", sa.Text(), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_workspace_members_account_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_workspace_members_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "principal_id", name=op.f("pk_workspace_members")),
    )
    op.create_index(
        op.f("ix_workspace_members_account_id_principal_id"),
        "workspace_members",
        ["account_id", "principal_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workspace_members_workspace_id_created_at_principal_id"),
        "workspace_members",
        ["workspace_id", "created_at", "principal_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workspace_members_workspace_id_display_name_principal_id"),
        "workspace_members",
        ["workspace_id", "display_name", "principal_id"],
        unique=False,
    )
    op.create_table(
        "workspace_models",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("inference", sa.Boolean(), nullable=False),
        sa.Column("fine_tune", sa.Boolean(), nullable=False),
        sa.Column("deploy", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_workspace_models_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "model", name=op.f("pk_workspace_models")),
    )
    op.create_table(
        "agent_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_rounds", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_sessions_agent_id")),
        sa.PrimaryKeyConstraint("id", "agent_id", name=op.f("pk_agent_sessions")),
    )
    op.create_index(op.f("ix_agent_sessions_agent_id"), "agent_sessions", ["agent_id"], unique=False)
    op.create_index(op.f("ix_agent_sessions_used_at"), "agent_sessions", ["used_at"], unique=False)
    op.create_table(
        "index_chunks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("index_id", sa.String(length=32), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_index_chunks_file_id")),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_chunks_index_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_chunks")),
    )
    op.create_index(op.f("ix_index_chunks_file_id"), "index_chunks", ["file_id"], unique=False)
    op.create_index(
        op.f("ix_index_chunks_index_id_file_id_position"),
        "index_chunks",
        ["index_id", "file_id", "position"],
        unique=False,
    )
    op.create_table(
        "index_jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("index_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_jobs_index_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_jobs")),
    )
    op.create_index(op.f("ix_index_jobs_index_id"), "index_jobs", ["index_id"], unique=False)
    op.create_table(
        "memory_nodes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("memory_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["memory_id"], ["memories.id"], name=op.f("fk_memory_nodes_memory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memory_nodes")),
    )
    op.create_index(op.f("ix_memory_nodes_memory_id_id"), "memory_nodes", ["memory_id", "id"], unique=False)
    op.create_table(
        "index_terms",
        sa.Column("index_id", sa.String(length=32), nullable=False),
        sa.Column("term", sa.String(length=64), nullable=False),
        sa.Column("chunk_id", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["index_chunks.id"], name=op.f("fk_index_terms_chunk_id")),
        sa.PrimaryKeyConstraint("index_id", "term", "chunk_id", name=op.f("pk_index_terms")),
    )
    op.create_index(op.f("ix_index_terms_chunk_id"), "index_terms", ["chunk_id"], unique=False)
    op.create_table(
        "index_vectors",
        sa.Column("chunk_id", sa.String(length=32), nullable=False),
        sa.Column("index_id", sa.String(length=32), nullable=False),
        sa.Column("vector", sa.LargeBinary().with_variant(sa.ARRAY(sa.REAL()), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["index_chunks.id"], name=op.f("fk_index_vectors_chunk_id")),
        sa.PrimaryKeyConstraint("chunk_id", name=op.f("pk_index_vectors")),
    )
    op.create_index(op.f("ix_index_vectors_index_id"), "index_vectors", ["index_id"], unique=False)
    op.create_index(
        "ix_audit_principal", "audit", ["account_id", sa.literal_column("lower(principal)"), "at"], unique=False
    )
    op.create_index(
        "ix_audit_resource", "audit", ["account_id", sa.literal_column("lower(resource)"), "at"], unique=False
    )
    op.execute("INSERT INTO change_counter (id, last) VALUES (1, 0)")
