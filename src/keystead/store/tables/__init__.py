"""The tables, as SQLAlchemy Core sees them; a file per area, all in one `metadata`.

`migrations/` creates them; a contract test holds the two together.
"""

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
    login_profiles,
    metadata,
    nonces,
    policies,
    policy_versions,
    roles,
    tags,
    users,
)

__all__ = [
    "access_keys",
    "account_documents",
    "accounts",
    "attachments",
    "audit",
    "change_counter",
    "changes",
    "group_members",
    "groups",
    "instance",
    "login_profiles",
    "metadata",
    "nonces",
    "policies",
    "policy_versions",
    "roles",
    "tags",
    "users",
]
