"""What needs the person who is signed in: own AccessKey pairs and API keys, and the checks of the account.

Source: reference/console.md 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from keystead.console.asking import RefusedError
from keystead.console.pages.overview import checks_of
from keystead.console.pairs import DAY, Owner, owner_of, seconds
from keystead.console.routing import Pages
from keystead.console.visit import Visit, quoted

PAGES = Pages()
SOON_DAYS = 30
LONG_DAYS = 90
"""Told of is a pair that ends within the first, and one that is older or unused for longer than the second."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice.  kind: bad or warning.  said: what is the matter.  path: where it is set right."""

    kind: str
    said: str
    path: str


@PAGES.get("/notices")
async def notices(visit: Visit) -> Response:
    """One's own first; of the account only what the person may read."""
    account = await visit.try_ask("keystead", "GetAccountOverview")
    checks = [each for each in checks_of(visit, account) if each["State"] != "ok"]
    return visit.render("notices.html", own=await _of_pairs(visit) + await _of_api_keys(visit), checks=checks)


async def _of_pairs(visit: Visit) -> list[Notice]:
    """What is the matter with the person's own pairs; nothing where it may not be read."""
    owner = owner_of(visit)
    try:
        pairs = await owner.pairs(visit) if owner else []
    except RefusedError:
        return []
    return [notice for pair in pairs if owner and (notice := _of_pair(visit, owner, pair)) is not None]


def _of_pair(visit: Visit, owner: Owner, pair: dict[str, Any]) -> Notice | None:
    key, path = pair["AccessKeyId"], owner.page(pair["AccessKeyId"])
    if pair["Status"] == "Expired":
        return Notice(
            "bad", visit.text("Your AccessKey {id} has expired: every call with it is refused.", id=key), path
        )
    if pair["Status"] != "Active":
        return None
    left = (seconds(pair["ExpireDate"]) - visit.now) / DAY if pair.get("ExpireDate") else None
    if left is not None and left < SOON_DAYS:
        said = visit.text("Your AccessKey {id} expires in less than {n} days.", id=key, n=int(left) + 1)
        return Notice("warning", said, owner.page(key, "rotate"))
    idle = (visit.now - seconds(pair.get("LastUsedDate") or pair["CreateDate"])) / DAY
    if idle > LONG_DAYS:
        said = visit.text(
            "Your AccessKey {id} was not used for {n} days. Delete it if nothing needs it.", id=key, n=int(idle)
        )
        return Notice("warning", said, path)
    if pair["AgeDays"] > LONG_DAYS:
        said = visit.text("Your AccessKey {id} is {n} days old.", id=key, n=pair["AgeDays"])
        return Notice("warning", said, owner.page(key, "rotate"))
    return None


async def _of_api_keys(visit: Visit) -> list[Notice]:
    """What of the person's own API keys has expired or soon will, the first to end first."""
    found: list[Notice] = []
    for state in ("Expired", "Expiring"):
        answer = await visit.try_ask("keystead", "SearchApiKeys", Mine=True, Status=state, Sort="Expires")
        found += [_of_api_key(visit, key) for key in (answer["ApiKeys"]["ApiKey"] if answer else ())]
    return found


def _of_api_key(visit: Visit, key: dict[str, Any]) -> Notice:
    name = key["Name"] or str(key["ApiKeyId"])
    path = f"/workspaces/{quoted(key['WorkspaceId'])}/api-keys/{key['ApiKeyId']}"
    if key["Status"] == "Expired":
        return Notice("bad", visit.text("Your API key {id} has expired: every call with it is refused.", id=name), path)
    left = int((seconds(key["ExpireDate"]) - visit.now) / DAY) + 1
    return Notice("warning", visit.text("Your API key {id} expires in less than {n} days.", id=name, n=left), path)
