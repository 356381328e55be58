"""POST /api/v1/tokens: a temporary key from a permanent one.  Source: reference/model-studio.md d.4."""

from __future__ import annotations

from keystead.gateway import faults
from keystead.gateway.values import Visit, Visitor
from keystead.gateway.writers import encode
from keystead.identity import model_tokens
from keystead.identity.keyring import Keyring

LONGEST = 1800
_DEFAULT = 60


def make(visit: Visit, visitor: Visitor, keyring: Keyring) -> bytes:
    """The answer with the token.  Raises `InvalidParameter`, and `AccessDenied` for who brings no permanent key."""
    key = visitor.key
    if key is None or key.kind != "key":
        raise faults.UNSUPPORTED(
            what="Making a temporary key from anything but an API key", next="Send a permanent API key as Bearer."
        )
    given = dict(visit.request.query).get("expire_in_seconds", str(_DEFAULT))
    if not given.isdecimal() or len(given) > 5 or not 1 <= int(given) <= LONGEST:
        raise faults.PARAMETER(problem=f"'expire_in_seconds' must be 1 to {LONGEST}, it is {given[:20]!r}.")
    now = int(visit.now)
    token = model_tokens.Token(
        prefix=model_tokens.TEMPORARY,
        account_id=key.account_id,
        workspace_id=key.workspace_id,
        issued_at=now,
        expires_at=now + int(given),
        api_key_id=key.id,
        generation=key.generation,
        person=visitor.caller.arn,
    )
    return encode({"token": model_tokens.seal(keyring, token), "expires_at": token.expires_at})
