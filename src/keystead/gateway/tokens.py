"""POST /api/v1/tokens: a temporary key from a permanent one.  Source: reference/model-studio.md d.4.

The vendor's clients send no body.  Ours may be a JSON object: `models` and `applications` narrow the key, `person` says
for whom it is.
"""

from __future__ import annotations

import re

import msgspec

from keystead.gateway import faults
from keystead.gateway.values import Visit, Visitor
from keystead.gateway.writers import encode
from keystead.identity import model_tokens
from keystead.identity.keyring import Keyring
from keystead.identity.model_keys import MODEL_NAME, Scope

LONGEST = 1800
MOST_NAMED = 200
_DEFAULT = 60
_APPLICATION = r"[A-Za-z0-9_-]{1,64}"


class _Narrowing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body.  An absent list narrows nothing, an empty one leaves nothing."""

    models: tuple[str, ...] | None = None
    applications: tuple[str, ...] | None = None
    person: str = ""


_decode = msgspec.json.Decoder(_Narrowing).decode


def make(visit: Visit, visitor: Visitor, keyring: Keyring) -> tuple[bytes, str]:
    """The answer with the token, and for whom it is.

    Raises `InvalidParameter`, and `UnsupportedOperation` for who brings no permanent key.
    """
    key = visitor.key
    if key is None or key.kind != "key":
        raise faults.UNSUPPORTED(
            what="Making a temporary key from anything but an API key", next="Send a permanent API key as Bearer."
        )
    given = dict(visit.request.query).get("expire_in_seconds", str(_DEFAULT))
    if not given.isdecimal() or len(given) > 5 or not 1 <= int(given) <= LONGEST:
        raise faults.PARAMETER(problem=f"'expire_in_seconds' must be 1 to {LONGEST}, it is {given[:20]!r}.")
    narrowing = _narrowing(visit.request.body)
    person = narrowing.person or visitor.caller.arn
    token, expires_at = model_tokens.issue_from_key(
        keyring,
        key,
        now=visit.now,
        seconds=int(given),
        narrowed=Scope(models=narrowing.models, applications=narrowing.applications),
        person=person,
    )
    return encode({"token": token, "expires_at": expires_at}), person


def _narrowing(body: bytes) -> _Narrowing:
    """What the body says.  Raises `InvalidParameter`."""
    if not body.strip():
        return _Narrowing()
    try:
        found = _decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise faults.PARAMETER(problem=f"The body is wrong: {str(error)[:200]}.") from None
    for name, given, shape in (
        ("models", found.models, MODEL_NAME),
        ("applications", found.applications, _APPLICATION),
    ):
        if len(given or ()) > MOST_NAMED:
            raise faults.PARAMETER(problem=f"{name!r} names {len(given or ())}, the limit is {MOST_NAMED}.")
        for each in given or ():
            if not re.fullmatch(shape, each):
                raise faults.PARAMETER(problem=f"{name!r} names {each[:60]!r}, which is none.")
    if len(found.person) > 128 or not found.person.isprintable():
        raise faults.PARAMETER(problem="'person' must be at most 128 printable characters.")
    return found
