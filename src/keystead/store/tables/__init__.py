"""The tables, as SQLAlchemy Core sees them; a file per area, all in one `metadata`.

`migrations/` creates them; a contract test holds the two together.
"""

from keystead.store.tables.applications import application_secrets, applications, installations, service_credentials
from keystead.store.tables.federation import oidc_providers, role_deletions, saml_providers, service_linked_roles
from keystead.store.tables.gateway import upstreams, usage
from keystead.store.tables.recycle_bin import recycled_keys, recycled_users
from keystead.store.tables.reports import credential_report_lines, credential_reports, governance_reports
from keystead.store.tables.sign_in import (
    login_profiles,
    logon_attempts,
    mfa_devices,
    passkeys,
    password_history,
    verified_addresses,
)
from keystead.store.tables.spine import (
    access_keys,
    account_documents,
    accounts,
    attachments,
    audit,
    change_counter,
    changes,
    group_members,
    groups,
    instance,
    metadata,
    nonces,
    policies,
    policy_versions,
    roles,
    tags,
    users,
)
from keystead.store.tables.studio import (
    api_keys,
    models,
    usage_limits,
    workspace_members,
    workspace_models,
    workspaces,
)

__all__ = [
    "access_keys",
    "account_documents",
    "accounts",
    "api_keys",
    "application_secrets",
    "applications",
    "attachments",
    "audit",
    "change_counter",
    "changes",
    "credential_report_lines",
    "credential_reports",
    "governance_reports",
    "group_members",
    "groups",
    "installations",
    "instance",
    "login_profiles",
    "logon_attempts",
    "metadata",
    "mfa_devices",
    "models",
    "nonces",
    "oidc_providers",
    "passkeys",
    "password_history",
    "policies",
    "policy_versions",
    "recycled_keys",
    "recycled_users",
    "role_deletions",
    "roles",
    "saml_providers",
    "service_credentials",
    "service_linked_roles",
    "tags",
    "upstreams",
    "usage",
    "usage_limits",
    "users",
    "verified_addresses",
    "workspace_members",
    "workspace_models",
    "workspaces",
]
