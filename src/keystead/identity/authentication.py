"""Is the request genuine, fresh and new?  The pure checks of `signing`, with the keys, the clock and the window.

Order: time window, key, security token, signature, network policy, nonce (reference/request-signing.md 10.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from keystead import signing
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import replay, sessions
from keystead.identity.callers import Caller, IdentityType, Key, Role
from keystead.identity.directory import Directory
from keystead.identity.keyring import Keyring
from keystead.identity.replay import ReplayWindow
from keystead.identity.sessions import Session
from keystead.percent import Pairs
from keystead.policy import Attached, Layer, LayerKind, compile_policy
from keystead.signing import Claim, Message

KEY_UNKNOWN = FaultKind(
    "InvalidAccessKeyId.NotFound",
    404,
    "Specified access key is not found.",
    "Check the AccessKey ID and the endpoint: it may belong to another server, or be deleted.",
)
KEY_INACTIVE = FaultKind(
    "InvalidAccessKeyId.Inactive",
    400,
    "Specified access key is disabled.",
    "Enable the pair with UpdateAccessKey, or use another one.",
)
KEY_EXPIRED = FaultKind(
    "InvalidAccessKeyId.Expired",
    400,
    "Specified access key has expired: it counted until {until}.",
    "Create a new pair, or let an administrator give this one more time with UpdateAccessKeyPair.",
)
WRONG_NETWORK = FaultKind(
    "NoPermission.AccessKeyPolicy",
    403,
    "The AccessKey pair {id} may not be used from {address}: no statement of the network policy of the {level} names "
    "this address.",
    "Call from an address that the policy names, or ask an administrator to add yours with SetAccessKeyPolicy or "
    "SetAccessKeyPolicyForAccount.",
)
BEARER_UNKNOWN = FaultKind(
    "InvalidBearerToken.Malformed",
    400,
    "Specified bearer token is malformed.",
    "Sign the request with an AccessKey pair: no bearer token opens this API.",
)
SCHEME_OFF = FaultKind(
    "InvalidSignatureMethod",
    400,
    "Specified signature method is not valid. Signature version 1.0 ({scheme}) is switched off here.",
    "Sign with ACS3-HMAC-SHA256, or ask the operator to set sign_v1.",
)


_MOST_BORROWED = 4096


@dataclass(frozen=True, slots=True)
class Authentication:
    """Checks claims.  window_seconds: how far a request's time may be off.  sign_v1: whether V1 schemes count.

    borrowed: the pairs of role sessions, each with the session and the record of the role that it was made from.
    """

    directory: Directory
    keyring: Keyring
    window: ReplayWindow
    window_seconds: int
    sign_v1: bool
    borrowed: dict[str, tuple[Session, Role, Key]] = field(default_factory=dict, compare=False, repr=False)

    async def check(self, request: Message, claim: Claim, now: float, address: str) -> tuple[Key, Pairs]:
        """The key behind a request and the parameters its signature covers.  Raises the authentication faults.

        address: where the call came from; a network policy is told only to who holds the secret.
        """
        self._check_claim(claim, now)
        key = await self._key(claim, now)
        return key, self._check_proof(request, claim, key, address)

    def check_held(self, request: Message, claim: Claim, now: float, address: str) -> tuple[Key, Pairs] | None:
        """What `check` returns or raises, where that takes no waiting; None where it does."""
        self._check_claim(claim, now)
        key = self._held(claim, now)
        return (key, self._check_proof(request, claim, key, address)) if key is not None else None

    def _check_claim(self, claim: Claim, now: float) -> None:
        if claim.bearer is not None:
            raise BEARER_UNKNOWN()
        if not self.sign_v1 and "-V1-" in claim.scheme:
            raise SCHEME_OFF(scheme=claim.scheme)
        signing.check_window(claim, now, self.window_seconds)

    def _check_proof(self, request: Message, claim: Claim, key: Key, address: str) -> Pairs:
        pairs = signing.verify(claim, request, key.secret)
        if key.network is not None and not key.network.permits(address):
            raise WRONG_NETWORK(id=key.id, address=address or "(unknown)", level=key.network.level)
        return pairs

    def remember(self, request: Message, claim: Claim, now: float, *, writes: bool) -> tuple[bytes, int]:
        """Accept a verified request's nonce once; returns its digest and until when it counts.

        A request without a nonce is protected by the time window alone; a write by its signature as well.
        Raises `SignatureNonceUsed`.
        """
        nonce = claim.nonce or (claim.signature.hex() if writes or request.method != "GET" else "")
        if not nonce:
            return b"", 0
        mark = replay.digest(claim.access_key_id, nonce)
        until = int((claim.timestamp or now) + self.window_seconds) + 1
        self.window.accept(mark, until, now)
        return mark, until

    def _held(self, claim: Claim, now: float) -> Key | None:
        """The pair of the claim where it is in memory and good; whatever else there is to say, `_key` says."""
        if claim.security_token is not None:
            return self._held_session(claim.access_key_id, claim.security_token, now)
        loaded = self.directory.key(claim.access_key_id)
        key = loaded.value if loaded is not None else None
        return key if key is not None and key.active and not key.has_expired(now) else None

    def _held_session(self, access_key_id: str, token: str, now: float) -> Key | None:
        """The pair of a role session that was used before, as long as the directory's record of its role is the same.

        One that came by an identity provider is asked about each time.
        """
        known = self.borrowed.get(access_key_id)
        if known is None:
            return None
        session, role, key = known
        if session.provider_id or sessions.read(self.keyring, token, access_key_id, now) is not session:
            return None
        loaded = self.directory.role(session.role_id)
        return key if loaded is not None and loaded.value is role else None

    async def _key(self, claim: Claim, now: float) -> Key:
        if claim.access_key_id.startswith("STS."):
            if not claim.security_token:
                raise sessions.TOKEN_MISSING()
            return await self.session_key(claim.access_key_id, claim.security_token, now)
        if claim.security_token:
            raise sessions.TOKEN_MISMATCH()
        if not (claim.access_key_id.isascii() and claim.access_key_id.isprintable()):
            raise KEY_UNKNOWN()  # no pair has such an ID, and PostgreSQL takes no NUL
        loaded = self.directory.key(claim.access_key_id)
        key = loaded.value if loaded is not None else await self.directory.load_key(claim.access_key_id)
        if key is None:
            raise KEY_UNKNOWN()
        if not key.active:
            raise KEY_INACTIVE()
        if key.has_expired(now):
            raise KEY_EXPIRED(until=iso(key.expires_at or 0))
        return key

    async def session_key(self, access_key_id: str, token: str, now: float) -> Key:
        """The pair and the caller behind a security token.  Raises `InvalidSecurityToken.…`."""
        session = sessions.read(self.keyring, token, access_key_id, now)
        if session.user_id:
            return await self._user_session(session)
        loaded = self.directory.role(session.role_id)
        role = loaded.value if loaded is not None else await self.directory.load_role(session.role_id)
        if role is None:
            raise sessions.TOKEN_EXPIRED(why="The role was deleted.")
        if session.issued_at <= role.sessions_until:
            raise sessions.TOKEN_EXPIRED(why="The role's sessions until then were revoked.")
        if session.provider_id and not await self._provider_lives(session.provider_id):
            raise sessions.TOKEN_EXPIRED(why="The identity provider was deleted.")
        # As long as the directory's own record of the role is the same, nothing has changed.
        known = self.borrowed.get(access_key_id)
        if known is not None and known[0] is session and known[1] is role:
            return known[2]
        key = _borrowed(session, role)
        if len(self.borrowed) >= _MOST_BORROWED:
            self.borrowed.clear()
        self.borrowed[access_key_id] = (session, role, key)
        return key

    async def _user_session(self, session: Session) -> Key:
        """Temporary credentials of a RAM user: they may what the user may now, and end with it."""
        user = await self.directory.user(session.user_id)
        if user is None:
            raise sessions.TOKEN_EXPIRED(why="The user was deleted or disabled.")
        caller = replace(user, access_key_id=session.access_key_id, mfa=session.mfa, expires_at=session.expires_at)
        return Key(session.access_key_id, session.secret, True, caller)

    async def _provider_lives(self, provider_id: str) -> bool:
        loaded = self.directory.provider(provider_id)
        found = loaded.value if loaded is not None else await self.directory.load_provider(provider_id)
        return found is not None


def _borrowed(session: Session, role: Role) -> Key:
    """The pair of a role session, with the caller behind it."""
    layers: tuple[Layer, ...] = (role.layer,)
    if session.policy:
        narrowing = Attached("SessionPolicy", "Custom", "v1", "RamRole", "Account", compile_policy(session.policy))
        layers = (Layer.of(LayerKind.SESSION, [narrowing]), role.layer)
    caller = Caller(
        kind=IdentityType.SESSION,
        account_id=role.account_id,
        arn=f"acs:ram::{role.account_id}:assumed-role/{role.name}/{session.session_name}",
        access_key_id=session.access_key_id,
        role_id=role.id,
        role_name=role.name,
        session_name=session.session_name,
        source_identity=session.source_identity,
        layers=layers,
        session_policy=session.policy,
        expires_at=session.expires_at,
    )
    return Key(session.access_key_id, session.secret, True, caller)
