"""The account's password policy: one object that RAM and IMS show.  Source: reference/ram-behaviour.md 5.4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from keystead.identity.passwords import DEFAULT, PasswordPolicy
from keystead.identity.transaction import Tx
from keystead.store import documents
from keystead.wire.parameters import Whole

KIND = "password-policy"

Length = Annotated[int, Whole(8, 32, doc="characters that a password has at least")]
Age = Annotated[int, Whole(0, 1095, doc="days that a password is valid; 0 is for ever")]
Reuse = Annotated[int, Whole(0, 24, doc="passwords, the present one counted, that may not be used again; 0 is off")]
Attempts = Annotated[int, Whole(0, 32, doc="wrong passwords within an hour that lock for an hour; 0 is off")]
Different = Annotated[int, Whole(0, 8, doc="different characters that a password has at least")]
InitialAge = Annotated[int, Whole(0, 90, doc="days that a password set with the profile is valid; 0 is for ever")]

_decode = msgspec.json.Decoder(PasswordPolicy).decode


def get(tx: Tx) -> PasswordPolicy:
    """The account's policy; the defaults where none was set."""
    text = documents.get(tx, KIND)
    return _decode(text) if text else DEFAULT


def change(tx: Tx, given: Mapping[str, int | bool | None]) -> PasswordPolicy:
    """Set the fields of `PasswordPolicy` that are given; what is None stays.  Returns the whole policy."""
    wanted = {name: value for name, value in given.items() if value is not None}
    policy = msgspec.structs.replace(get(tx), **wanted)
    documents.put(tx, KIND, msgspec.json.encode(policy).decode())
    return policy
