"""Who a request turns out to come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from keystead.identity.network_policy import NetworkPolicy
from keystead.policy import Layer


class IdentityType(Enum):
    """The words of GetCallerIdentity (reference/ram-behaviour.md 8.3)."""

    ACCOUNT = "Account"
    USER = "RAMUser"
    SESSION = "AssumedRoleUser"
    FEDERATED = "Federated"  # proven by an identity provider, on the way to a role session
    NOBODY = "Anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """One authenticated identity: the account itself, a RAM user, or a role session.

    `layers` are the policies that must all allow; the account needs none.  `self_service` names the security
    preferences of its account that grant a user calls on itself.  `mfa` is true for a session that did MFA.
    `arn` is the text of GetCallerIdentity.
    """

    kind: IdentityType
    account_id: str
    arn: str
    access_key_id: str = ""
    user_id: str = ""
    user_name: str = ""
    role_id: str = ""
    role_name: str = ""
    session_name: str = ""
    source_identity: str = ""
    layers: tuple[Layer, ...] = ()
    self_service: frozenset[str] = frozenset()
    mfa: bool = False
    session_policy: str = ""  # the text of a role session's own policy
    expires_at: int | None = None  # seconds; of a role session

    @property
    def is_account(self) -> bool:
        """The account owner, to whom no policy applies."""
        return self.kind is IdentityType.ACCOUNT

    @property
    def principal_id(self) -> str:
        """Account ID, user ID, or `<RoleId>:<session>`."""
        if self.kind is IdentityType.SESSION:
            return f"{self.role_id}:{self.session_name}"
        if self.kind is IdentityType.FEDERATED:
            return self.session_name or self.arn
        return self.user_id or self.account_id

    @property
    def principal_arn(self) -> str:
        """The user or role that policies name: for a session its role."""
        if self.kind is IdentityType.SESSION:
            return f"acs:ram::{self.account_id}:role/{self.role_name}"
        return self.arn


ANONYMOUS = Caller(kind=IdentityType.NOBODY, account_id="", arn="")


@dataclass(frozen=True, slots=True)
class Role:
    """A role as the directory keeps it.

    sessions_until: seconds since 1970; sessions that were given out in that second or before are over.
    """

    id: str
    account_id: str
    name: str
    trust: Layer
    max_session_duration: int
    layer: Layer
    sessions_until: int = 0

    @property
    def arn(self) -> str:
        """`acs:ram::<account>:role/<name>`."""
        return f"acs:ram::{self.account_id}:role/{self.name}"


@dataclass(frozen=True, slots=True)
class Key:
    """An AccessKey pair as the directory keeps it: the opened secret, whether it is active, and whose it is.

    network: the network policy that applies to it; never to the pair of a session.  expires_at: seconds, None: never.
    """

    id: str
    secret: str
    active: bool
    caller: Caller
    network: NetworkPolicy | None = None
    expires_at: int | None = None

    def has_expired(self, now: float) -> bool:
        """Whether its time is over; nothing has to happen for that, on any node."""
        return self.expires_at is not None and self.expires_at <= now

    def __repr__(self) -> str:
        return f"Key(id={self.id!r}, active={self.active})"  # never the secret
