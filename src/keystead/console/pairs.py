"""AccessKey pairs as pages show them: whose they are, where their pages stand, what state each is in.

Source: reference/console.md 3.7.  A pair belongs to a user or to the account itself, whose calls name no user.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keystead.console.asking import Given
from keystead.console.texts import mark
from keystead.console.visit import Visit, quoted
from keystead.faults import FaultKind

DAY = 86_400
LATELY_DAYS = 30
"""What was used within so many days is deleted or disabled only by typing its ID.  Source: console.md 1.6."""

MOST_PAIRS = 2
"""Pairs that a user or the account may have.  Source: reference/ram-behaviour.md section 4."""

NOT_TYPED = FaultKind(
    "NotConfirmed",
    400,
    "What was typed is not {name}; nothing was changed.",
    "Type {name} exactly as it is shown, if that is what you mean.",
)

_STATES = {
    "Active": (mark("Active"), "good"),
    "Inactive": (mark("Inactive"), "warning"),
    "Expired": (mark("Expired"), "bad"),
    "Restricted": (mark("Restricted (leaked)"), "bad"),
    "IdleDisabled": (mark("Idle, disabled"), "warning"),
    "TooOld": (mark("Too old, disabled"), "warning"),
}


_DISABLE = (mark("Disable"), "disable", ("ram", "UpdateAccessKey"))
_ENABLE = (mark("Enable"), "enable", ("ram", "UpdateAccessKey"))
_ROTATE = (mark("Rotate"), "rotate", ("keystead", "CreateAccessKeyPair"))
_NETWORK = (mark("Network Restriction"), "network", ("ims", "SetAccessKeyPolicy"))
_DELETE = (mark("Delete"), "delete", ("ram", "DeleteAccessKey"))
_ACTS = {
    "Active": (_DISABLE, _ROTATE, _NETWORK),
    "Inactive": (_ENABLE, _DELETE, _NETWORK),
    "Expired": (_DELETE,),
    "Restricted": (_ROTATE, _DELETE),
    "IdleDisabled": (_ENABLE, _DELETE, _NETWORK),
    "TooOld": (_ROTATE, _DELETE),
}
"""What can be done with a pair in each state: label, page, and the action that it takes."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose pairs a page is about.  name: of the user, "" for the account.  base: the address above theirs."""

    name: str
    base: str

    @property
    def given(self) -> dict[str, Given]:
        """The parameter of our own and RAM's actions that names the owner."""
        return {"UserName": self.name} if self.name else {}

    @property
    def given_ims(self) -> dict[str, Given]:
        """The same for IMS."""
        return {"UserPrincipalName": self.name} if self.name else {}

    def given_of(self, product: str) -> dict[str, Given]:
        """The same for either."""
        return self.given_ims if product == "ims" else self.given

    @property
    def back(self) -> str:
        """The page that lists the pairs."""
        return "/access-keys/own" if self.base == "/access-keys/own" else f"/users/{quoted(self.name)}/authentication"

    def page(self, access_key_id: str, part: str = "") -> str:
        """The address of one pair's page, or of an act on it."""
        return f"{self.base}/{quoted(access_key_id)}" + (f"/{part}" if part else "")

    async def pairs(self, visit: Visit) -> list[dict[str, Any]]:
        """The owner's pairs as they are shown.  Raises `RefusedError`."""
        whose: dict[str, Given] = self.given or {"Owner": "account"}
        answer = await visit.ask("keystead", "SearchAccessKeys", **whose, Sort="CreateDate", PageSize=100)
        return [shown(row, visit.now) for row in answer["AccessKeys"]["AccessKey"]]

    async def pair(self, visit: Visit, access_key_id: str) -> dict[str, Any] | None:
        """One of them, None where the owner has no such pair."""
        return next((row for row in await self.pairs(visit) if row["AccessKeyId"] == access_key_id), None)


def owner_of(visit: Visit) -> Owner | None:
    """Whose pairs the address is about: the user in it, else the person's own.  None for a role, which has none."""
    name = visit.path.get("name")
    if name is not None:
        return Owner(name, f"/users/{quoted(name)}/access-keys")
    caller = visit.me.caller
    if caller.is_account:
        return Owner("", "/access-keys/own")
    return Owner(caller.user_name, "/access-keys/own") if caller.user_id else None


def shown(row: dict[str, Any], now: float) -> dict[str, Any]:
    """A row of SearchAccessKeys with its state, its age in days, and whether it was used lately."""
    word, kind = _STATES[row["Status"]]
    age = int((now - seconds(row["CreateDate"])) // DAY)
    lately = is_lately(row.get("LastUsedDate"), now)
    return {
        **row,
        "State": word,
        "Kind": kind,
        "AgeDays": max(0, age),
        "UsedLately": lately,
        "Acts": _ACTS[row["Status"]],
    }


def is_lately(used: str | None, now: float) -> bool:
    """Whether a time of use is less than 30 days ago: what was used so lately is named by typing it."""
    return bool(used) and now - seconds(str(used)) < LATELY_DAYS * DAY


def seconds(text: str) -> int:
    """A time of the wire in seconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp())


def check_typed(visit: Visit, name: str) -> None:
    """Raise `NotConfirmed` unless the name of what is to be changed was typed."""
    if visit.form.get("_typed", "").strip() != name and not visit.asking.shows:
        raise NOT_TYPED(name=name)
