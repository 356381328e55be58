"""Role sessions live in their token: issuing one writes nothing.

A security token is `CAIS` and base64 of a sealed record; the record holds the session's own secret, so a request can be
checked without a look-up.  What must stay live is asked of the directory: the role still exists, and so does the
identity provider that the session came by.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from functools import lru_cache

import msgspec

from keystead import ids
from keystead.faults import Fault, FaultKind
from keystead.identity.keyring import Keyring, SealBrokenError
from keystead.signing import Claim

# Base64 of these three bytes is "CAIS", the beginning that clients know.
_PREFIX = b"\x08\x02\x12"
_PURPOSE = "sts-session"
MAX_TOKEN = 8192

TOKEN_MALFORMED = FaultKind(
    "InvalidSecurityToken.Malformed",
    400,
    "Specified SecurityToken is malformed.",
    "Call AssumeRole again and use the three values of its answer together.",
)
TOKEN_EXPIRED = FaultKind(
    "InvalidSecurityToken.Expired",
    400,
    "Specified SecurityToken is expired. {why}",
    "Call AssumeRole again.",
)
TOKEN_MISMATCH = FaultKind(
    "InvalidSecurityToken.MismatchWithAccessKey",
    400,
    "Specified SecurityToken mismatch with the AccessKey.",
    "Use the AccessKey ID, the secret and the token of one and the same answer.",
)
TOKEN_MISSING = FaultKind(
    "MissingSecurityToken",
    400,
    "SecurityToken is mandatory for this action.",
    "An AccessKey ID that begins with STS. is temporary: send its security token with every request.",
)


class Session(msgspec.Struct, frozen=True, array_like=True):
    """What a token carries.  Times are seconds since 1970; `policy` is the session policy's text or empty.

    A session is a role's, or with `user_id` and without a role that of a RAM user itself; mfa: it had a second factor.
    """

    access_key_id: str
    secret: str
    account_id: str
    role_id: str
    session_name: str
    issued_at: int
    expires_at: int
    policy: str = ""
    source_identity: str = ""
    provider_id: str = ""
    user_id: str = ""
    mfa: bool = False

    def __repr__(self) -> str:
        return f"Session({self.access_key_id!r}, role_id={self.role_id!r})"  # never the secret


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Session)


def issue(
    keyring: Keyring,
    *,
    account_id: str,
    role_id: str,
    session_name: str,
    now: float,
    seconds: int,
    policy: str,
    source_identity: str,
    provider_id: str = "",
) -> tuple[Session, str]:
    """Make a session that lasts `seconds`, and its security token.

    provider_id: the identity provider that proved who it is for; the session ends with it.
    """
    session = Session(
        ids.session_key_id(),
        ids.session_key_secret(),
        account_id,
        role_id,
        session_name,
        int(now),
        int(now) + seconds,
        policy,
        source_identity,
        provider_id,
    )
    return session, _token(keyring, session)


def _token(keyring: Keyring, session: Session) -> str:
    sealed = keyring.seal(zlib.compress(_encode(session), 6), _PURPOSE)
    return base64.b64encode(_PREFIX + sealed).decode()


def issue_for_user(
    keyring: Keyring, *, account_id: str, user_id: str, mfa: bool, now: float, seconds: int
) -> tuple[Session, str]:
    """Make temporary credentials of a RAM user that last `seconds`, and their security token."""
    session = Session(
        ids.session_key_id(),
        ids.session_key_secret(),
        account_id,
        "",
        "",
        int(now),
        int(now) + seconds,
        user_id=user_id,
        mfa=mfa,
    )
    return session, _token(keyring, session)


def read(keyring: Keyring, token: str, access_key_id: str, now: float) -> Session:
    """Open a token and check that it belongs to `access_key_id` and still holds.

    Raises `InvalidSecurityToken.Malformed`, `.MismatchWithAccessKey` or `.Expired`.
    """
    session = _open(keyring, token)
    if session.access_key_id != access_key_id:
        raise TOKEN_MISMATCH()
    if now >= session.expires_at:
        raise TOKEN_EXPIRED(why=f"It ended {int(now - session.expires_at)} seconds ago.")
    return session


def is_ours(keyring: Keyring, claim: Claim) -> bool:
    """Whether a claim names a session that was issued here, over or not."""
    if not claim.security_token:
        return False
    try:
        return _open(keyring, claim.security_token).access_key_id == claim.access_key_id
    except Fault:
        return False


def _open(keyring: Keyring, token: str) -> Session:
    if len(token) > MAX_TOKEN:
        raise TOKEN_MALFORMED()
    return _unsealed(keyring, token)


@lru_cache(
    maxsize=1024
)  # a session comes back with the same token; what it says does not change, and its end is checked
def _unsealed(keyring: Keyring, token: str) -> Session:
    try:
        raw = base64.b64decode(token, validate=True)
        if raw[:3] != _PREFIX:
            raise TOKEN_MALFORMED()
        # The seal proves that we compressed this, so its size is bounded by what AssumeRole accepts.
        return _decoder.decode(zlib.decompress(keyring.open(raw[3:], _PURPOSE)))
    except (binascii.Error, ValueError, SealBrokenError, zlib.error, msgspec.DecodeError):
        raise TOKEN_MALFORMED() from None
