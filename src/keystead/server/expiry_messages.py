"""What a warning says: the letter to a key's owner, and the body of the call to the operator's webhook.

No secret is in either: a key is named by its ID.
"""

from __future__ import annotations

import hashlib
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from keystead.clock import iso
from keystead.identity.mail import Letter
from keystead.store.expiry_warnings import Kind

_DAY = 86_400
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a key is.  kind: Account, User or Role; name: "" for the account."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning that is being delivered.  id: of the warning.  workspace_id: of an API key, else "".

    days: the threshold that was reached.  tries: this one included.  address: the owner's verified one, or "".
    """

    id: str
    account_id: str
    kind: Kind
    key_id: str
    workspace_id: str
    owner: Owner
    address: str
    expires_at: int
    days: int
    tries: int

    def page(self, console: str, *, own: bool) -> str:
        """Where the key is replaced, in the console of its owner or of an administrator; "" without a console."""
        if not console:
            return ""
        key = quote(self.key_id, safe="")
        if self.kind == "ApiKey":
            return f"{console}/workspaces/{quote(self.workspace_id, safe='')}/api-keys/{key}"
        base = "access-keys/own"
        if self.owner.kind == "User" and not own:
            base = f"users/{quote(self.owner.name, safe='')}/access-keys"
        return f"{console}/{base}/{key}/rotate"

    @property
    def called(self) -> str:
        """What people call the key."""
        return f"AccessKey {self.key_id}" if self.kind == "AccessKey" else f"API key {self.key_id}"


_ADVICE: dict[Kind, str] = {
    "AccessKey": "Create a second pair, give it to the programs that use this one, and delete this one when nothing "
    "uses it any more.",
    "ApiKey": "Give the key a later expiry, or create another one and give it to the programs that use this one.",
}


def message_id(warnings: Sequence[Warned]) -> str:
    """The name of a message with these warnings: the same when it is sent again."""
    together = "\n".join(sorted(each.id for each in warnings))
    return "expiry-" + hashlib.sha256(together.encode()).hexdigest()[:32]


def letter(warnings: Sequence[Warned], console: str, now: float) -> Letter:
    """The letter to the owner of these keys."""
    first = warnings[0]
    if len(warnings) == 1:
        subject = f"{first.called} expires in {_left(first, now)}"
    else:
        subject = f"{len(warnings)} keys expire soon, the first in {_left(first, now)}"
    parts = [_paragraph(each, console, now) for each in warnings]
    parts += [_ADVICE[kind] for kind in _ADVICE if any(each.kind == kind for each in warnings)]
    parts.append("For a key that nothing needs any more you need do nothing.")
    ids = ", ".join(each.id for each in warnings)
    parts.append(f"Warning {ids} of the Keystead account {first.account_id}. This message holds no secret.")
    text = "\n\n".join("\n".join(map(_wrapped, part.splitlines())) for part in parts) + "\n"
    return Letter(first.address, subject, text, message_id(warnings))


def _wrapped(line: str) -> str:
    """Short lines, so that a letter travels as it is written; an address stays in one piece."""
    return textwrap.fill(line, 72, break_long_words=False, break_on_hyphens=False)


def _left(warning: Warned, now: float) -> str:
    """How long the key still counts, rounded up."""
    seconds = warning.expires_at - now
    days = math.ceil(seconds / _DAY)
    return "less than a day" if seconds < _DAY else "a day" if days == 1 else f"{days} days"


def _paragraph(warning: Warned, console: str, now: float) -> str:
    page = warning.page(console, own=True)
    said = (
        f"The {warning.called} of {warning.owner.name} expires at {iso(warning.expires_at)}, in {_left(warning, now)}. "
        "From then on every call with it is refused."
    )
    return f"{said}\n{page}" if page else said


def body(warnings: Sequence[Warned], console: str, now: float) -> bytes:
    """The body of one call about these keys of one account, in JSON."""
    return _encode(
        {
            "type": "keystead.key.expiring",
            "timestamp": iso(now),
            "data": {"AccountId": warnings[0].account_id, "Warnings": [_entry(each, console) for each in warnings]},
        }
    )


def _entry(warning: Warned, console: str) -> dict[str, Any]:
    owner = {"Type": warning.owner.kind, "Id": warning.owner.id}
    if warning.owner.name:
        owner["Name"] = warning.owner.name
    found: dict[str, Any] = {
        "WarningId": warning.id,
        "KeyType": warning.kind,
        "KeyId": warning.key_id,
        "Owner": owner,
        "ExpireDate": iso(warning.expires_at),
        "WarningDays": warning.days,
        "Recommend": _ADVICE[warning.kind],
    }
    if warning.workspace_id:
        found["WorkspaceId"] = warning.workspace_id
    page = warning.page(console, own=False)
    return {**found, "Page": page} if page else found
