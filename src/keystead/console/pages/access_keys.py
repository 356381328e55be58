"""One AccessKey pair, and the page of one's own pairs.  Source: reference/console.md 3.7, 3.14."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console import charts
from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.expiry import end_of_day
from keystead.console.pairs import MOST_PAIRS, Owner, owner_of
from keystead.console.routing import Pages
from keystead.console.stale import Value, meanwhile
from keystead.console.texts import mark
from keystead.console.visit import Visit, quoted
from keystead.faults import Fault
from keystead.products.people.access_keys import KEY_NOT_FOUND

PAGES = Pages()

_MOST_HISTORY = 500
"""Events on the owner that are looked through for those on one pair."""


@PAGES.get("/access-keys/own")
async def own_pairs(visit: Visit) -> Response:
    """The account's pairs behind their warning; a user's own where the setting allows it."""
    owner = owner_of(visit)
    if owner is None:
        return visit.render("access_keys_own.html", owner=None, pairs=[], closed=True, full=True)
    try:
        pairs = await owner.pairs(visit)
    except RefusedError as refused:
        if not refused.refusal.denied:
            raise
        return visit.render("access_keys_own.html", owner=owner, pairs=[], closed=True, full=True)
    if not owner.name and not pairs and visit.query.get("understood") != "1":
        return visit.render("access_keys_warning.html")
    full = len(pairs) >= MOST_PAIRS
    return visit.render("access_keys_own.html", owner=owner, pairs=pairs, closed=False, full=full)


@PAGES.get("/access-keys/{key}")
async def pair_by_id(visit: Visit) -> Response:
    """The page of a pair, wherever it stands: searching by its ID leads here."""
    key = visit.path["key"]
    if visit.me.caller.is_account and await Owner("", "/access-keys/own").pair(visit, key):
        return visit.redirect(f"/access-keys/own/{quoted(key)}")
    user = (await visit.ask("ims", "GetUser", UserAccessKeyId=key))["User"]
    return visit.redirect(f"/users/{quoted(user['UserName'])}/access-keys/{quoted(key)}")


async def found(visit: Visit) -> tuple[Owner, dict[str, Any]]:
    """The pair in the address, and whose it is.  Raises `EntityNotExist.User.AccessKey`, `RefusedError`."""
    owner, key = owner_of(visit), visit.path["key"]
    pair = await owner.pair(visit, key) if owner else None
    if owner is None or pair is None:
        raise KEY_NOT_FOUND(name=key)
    return owner, pair


@PAGES.get("/users/{name}/access-keys/{key}")
@PAGES.get("/access-keys/own/{key}")
async def details(visit: Visit) -> Response:
    """What a pair is, what it was used for, and what was done to it."""
    return await _details(visit, None)


async def _details(visit: Visit, refusal: Refusal | None) -> Response:
    owner, pair = await found(visit)
    key = pair["AccessKeyId"]
    activity = await visit.try_ask("keystead", "GetAccessKeyActivity", **owner.given, UserAccessKeyId=key)
    return visit.render(
        "access_key.html",
        refusal.fault.status if refusal else 200,
        owner=owner,
        pair=pair,
        edited=_edited(pair),
        activity=activity,
        chart=charts.by_day(activity["Days"]["Day"], visit.now) if activity else None,
        history=await _history(visit, owner, key),
        refusal=refusal,
    )


def _edited(pair: dict[str, Any]) -> list[Value]:
    """What the form that edits a pair changes."""
    return [
        Value("Note", mark("Note"), pair["Note"]),
        Value("day", mark("Last day (UTC)"), pair.get("ExpireDate", "")[:10]),
    ]


async def _history(visit: Visit, owner: Owner, key: str) -> list[dict[str, Any]] | None:
    """What was done to the pair, newest first; None for who may not read the audit trail."""
    asked: dict[str, Any] = {"Kind": "write", "MaxItems": _MOST_HISTORY}
    if owner.name:
        asked["EventResource"] = f"acs:ram:*:{visit.me.caller.account_id}:user/{owner.name}"
    answer = await visit.try_ask("keystead", "LookupEvents", **asked)
    if answer is None:
        return None
    return [event for event in answer["Events"]["Event"] if key in event["Parameters"].values()][:50]


@PAGES.post("/users/{name}/access-keys/{key}")
@PAGES.post("/access-keys/own/{key}")
async def changing(visit: Visit) -> Response:
    """Change a pair's note and its last day; an empty day means that it does not expire by itself."""
    owner, pair = await found(visit)
    stale = meanwhile(visit, _edited(pair), pair["AccessKeyId"], owner.page(pair["AccessKeyId"]))
    if stale is not None:
        return stale
    day, until = visit.form.get("day", ""), None
    try:
        if day:
            until = end_of_day(day)
        elif pair.get("ExpireDate"):
            until = ""
    except Fault as fault:
        return await _details(visit, refusal_of(fault))
    note = visit.form.get("Note", "")
    if until is not None and day and pair.get("ExpireDate", "")[:10] == day:
        until = None  # the same day: what it was made with stays to the second
    given = {"UserAccessKeyId": pair["AccessKeyId"], "Note": note, "ExpireDate": until}
    try:
        await visit.ask("keystead", "UpdateAccessKeyPair", **owner.given, **given)
    except RefusedError as refused:
        return await _details(visit, refused.refusal)
    return visit.redirect(owner.page(pair["AccessKeyId"]), visit.text("The AccessKey is changed."))
