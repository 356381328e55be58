"""How people sign in: login profiles, old passwords, attempts, MFA devices, passkeys, verified addresses, sessions.

All of it hangs on the user and goes with it; a virtual MFA device stays, unbound.
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
    UniqueConstraint,
)

from keystead.store.tables.spine import account_column, metadata


def _user_key() -> Column[str]:
    return Column("user_id", String(18), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


login_profiles = Table(
    "login_profiles",
    metadata,
    _user_key(),
    Column("status", String(8), nullable=False),  # Active, Inactive
    Column("password_hash", String(256), nullable=False),  # argon2id; empty: no password
    Column("password_set_at", BigInteger, nullable=False),
    Column("password_initial", Boolean, nullable=False),  # set with the profile, not changed since
    Column("password_reset_required", Boolean, nullable=False),
    Column("mfa_bind_required", Boolean, nullable=False),
    Column("last_login_address", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

password_history = Table(
    "password_history",
    metadata,
    _user_key(),
    Column("password_hash", String(256), primary_key=True),
    Column("replaced_at", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),  # in order of replacement
)

logon_attempts = Table(
    "logon_attempts",
    metadata,
    Column("subject", String(64), primary_key=True),  # a user's ID, or the digest of a name that nobody has
    Column("first_at", BigInteger, nullable=False, index=True),  # of the failures that are counted together
    Column("passwords", Integer, nullable=False),  # wrong passwords since then
    Column("codes", Integer, nullable=False),  # wrong MFA codes since then
    Column("locked_until", BigInteger, nullable=False),
)

mfa_devices = Table(
    "mfa_devices",
    metadata,
    Column("id", String(18), primary_key=True),
    account_column(),
    Column("name", String(64), nullable=False),
    Column("name_key", String(64), nullable=False),
    Column("sealed_seed", LargeBinary, nullable=False),
    Column("created_by", String(18), nullable=False),  # ID of the user that made it, else empty
    Column("created_at", BigInteger, nullable=False),
    Column("user_id", String(18), ForeignKey("users.id", ondelete="SET NULL"), nullable=True, unique=True),
    Column("of_account", Boolean, nullable=False),  # bound to the account itself
    Column("bound_at", BigInteger, nullable=True),
    Column("last_counter", BigInteger, nullable=False),  # of the newest code that was accepted
    Column("drift", Integer, nullable=False),  # of the device's clock, in steps of 30 seconds
    UniqueConstraint("account_id", "name_key"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(28), primary_key=True),
    account_column(),
    Column("user_id", String(18), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=True),
    Index(None, "user_id"),
)

verified_addresses = Table(
    "verified_addresses",
    metadata,
    _user_key(),
    Column("kind", String(5), primary_key=True),  # sms, email
    Column("address", String(256), nullable=False),
    Column("status", String(7), nullable=False),  # pending, active
    Column("sealed_code", LargeBinary, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),  # of the code
)

owner_logons = Table(
    "owner_logons",
    metadata,
    Column("account_id", String(16), ForeignKey("accounts.id"), primary_key=True),
    Column("password_hash", String(256), nullable=False),  # argon2id
    Column("password_set_at", BigInteger, nullable=False),
    Column("last_login_at", BigInteger, nullable=True),
    Column("last_login_address", String(64), nullable=False),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of what the cookie holds
    Column("id", String(16), nullable=False, unique=True),  # what lists name it by
    account_column(),
    # None: of the account itself
    Column("user_id", String(18), ForeignKey("users.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("state", String(5), nullable=False),  # open, reset (password to be changed), bind (MFA to be bound)
    Column("mfa", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("verified_at", BigInteger, nullable=False),  # of the newest security verification, 0: none
    Column("wrong_codes", Integer, nullable=False),  # since then
    Column("address", String(64), nullable=False),
    Column("agent", String(256), nullable=False),
    Column("sealed_role", LargeBinary, nullable=True),  # credentials of the role that the session has switched to
    Index(None, "account_id", "created_at"),
)
