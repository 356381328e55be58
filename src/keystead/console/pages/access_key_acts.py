"""What is done with one AccessKey pair: disable, enable, delete, report as leaked.  Source: reference/console.md 3.7.

Each act is a page that says what stops working, and a form.  What was used lately is named by typing its ID, and the
server checks what was typed.
"""

from __future__ import annotations

import math
from typing import Any

from starlette.responses import Response

from keystead.clock import iso
from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pages.access_keys import found
from keystead.console.pairs import Owner, check_typed
from keystead.console.routing import Pages
from keystead.console.visit import Visit
from keystead.faults import Fault, FaultKind

PAGES = Pages()

BIN_HOLDS = 3
"""Pairs of one user in the recycle bin.  Source: console.md 3.8."""

STILL_ACTIVE = FaultKind(
    "AccessKeyActive",
    409,
    "The AccessKey pair {name} is active; it was not deleted.",
    "Disable it first, see that nothing misses it, then delete it.",
)


@PAGES.get("/users/{name}/access-keys/{key}/disable")
@PAGES.get("/access-keys/own/{key}/disable")
async def disable(visit: Visit) -> Response:
    """Asks, and shows who called in the last hour."""
    return await _disable(visit, None)


async def _disable(visit: Visit, refusal: Refusal | None) -> Response:
    owner, pair = await found(visit)
    return await _ask(
        visit,
        owner,
        pair,
        refusal,
        title=visit.text("Disable {id}", id=pair["AccessKeyId"]),
        says=[
            visit.text("Every call signed with it is refused: on this node at once, on every other within one second."),
            visit.text("Nothing is deleted; it can be enabled again."),
        ],
        submit=visit.text("Disable"),
        right=("ram", "UpdateAccessKey"),
        typed=pair["UsedLately"],
        hour=True,
    )


@PAGES.post("/users/{name}/access-keys/{key}/disable")
@PAGES.post("/access-keys/own/{key}/disable")
async def disabling(visit: Visit) -> Response:
    """Disable the pair."""
    owner, pair = await found(visit)
    try:
        if pair["UsedLately"]:
            check_typed(visit, pair["AccessKeyId"])
        await set_status(visit, owner, pair, "Inactive")
    except Fault as fault:
        return await _disable(visit, refusal_of(fault))
    except RefusedError as refused:
        return await _disable(visit, refused.refusal)
    said = visit.text(
        "The AccessKey is disabled. Every node refuses it from {time} UTC on.", time=everywhere(visit.now)
    )
    return visit.redirect(owner.page(pair["AccessKeyId"]), said)


def everywhere(now: float) -> str:
    """The time of day, UTC, from which every node knows what was done now: within a second of it, on whole seconds."""
    return iso(math.ceil(now) + 1)[11:19]


async def set_status(visit: Visit, owner: Owner, pair: dict[str, Any], status: str) -> None:
    """Enable or disable a pair.  Raises `RefusedError`."""
    await visit.ask("ram", "UpdateAccessKey", **owner.given, UserAccessKeyId=pair["AccessKeyId"], Status=status)


@PAGES.get("/users/{name}/access-keys/{key}/enable")
@PAGES.get("/access-keys/own/{key}/enable")
async def enable(visit: Visit) -> Response:
    """Asks."""
    return await _enable(visit, None)


async def _enable(visit: Visit, refusal: Refusal | None) -> Response:
    owner, pair = await found(visit)
    return await _ask(
        visit,
        owner,
        pair,
        refusal,
        title=visit.text("Enable {id}", id=pair["AccessKeyId"]),
        says=[visit.text("Whoever holds its secret can call with it again, at once.")],
        submit=visit.text("Enable"),
        right=("ram", "UpdateAccessKey"),
        danger=False,
    )


@PAGES.post("/users/{name}/access-keys/{key}/enable")
@PAGES.post("/access-keys/own/{key}/enable")
async def enabling(visit: Visit) -> Response:
    """Enable the pair."""
    owner, pair = await found(visit)
    try:
        await set_status(visit, owner, pair, "Active")
    except RefusedError as refused:
        return await _enable(visit, refused.refusal)
    return visit.redirect(owner.page(pair["AccessKeyId"]), visit.text("The AccessKey is enabled."))


@PAGES.get("/users/{name}/access-keys/{key}/delete")
@PAGES.get("/access-keys/own/{key}/delete")
async def delete(visit: Visit) -> Response:
    """Asks for the ID."""
    return await _delete(visit, None)


async def _delete(visit: Visit, refusal: Refusal | None) -> Response:
    owner, pair = await found(visit)
    says = [visit.text("Its secret is of no use any more, whoever has it.")]
    if owner.name:
        says.append(visit.text("It goes to the recycle bin, where it can be restored for 30 days."))
        says += await _pushed_out(visit, owner)
    else:
        says.append(visit.text("A pair of the account is deleted for good: it has no recycle bin."))
    if pair["Status"] == "Active":
        says.insert(0, visit.text("It is active. Disable it first, see that nothing misses it, then delete it."))
    return await _ask(
        visit,
        owner,
        pair,
        refusal,
        title=visit.text("Delete {id}", id=pair["AccessKeyId"]),
        says=says,
        submit=visit.text("Delete"),
        right=("ram", "DeleteAccessKey"),
        typed=True,
        why=visit.text("Disable it first.") if pair["Status"] == "Active" else "",
    )


async def _pushed_out(visit: Visit, owner: Owner) -> list[str]:
    """What the full bin of the user loses, as a sentence; nothing where there is room or no right to look."""
    user = await visit.try_ask("ims", "GetUser", UserPrincipalName=owner.name)
    listed = await visit.try_ask("ims", "ListAccessKeysInRecycleBin", UserId=user["User"]["UserId"]) if user else None
    held = listed["AccessKeys"]["AccessKey"] if listed else []
    if len(held) < BIN_HOLDS:
        return []
    oldest = held[0]["AccessKeyId"]
    return [
        visit.text("The bin holds three pairs of a user: {id}, the oldest there, is then gone for good.", id=oldest)
    ]


@PAGES.post("/users/{name}/access-keys/{key}/delete")
@PAGES.post("/access-keys/own/{key}/delete")
async def deleting(visit: Visit) -> Response:
    """Move the pair to the bin."""
    owner, pair = await found(visit)
    key = pair["AccessKeyId"]
    try:
        check_typed(visit, key)
        if pair["Status"] == "Active":
            raise STILL_ACTIVE(name=key)
        await visit.ask("ram", "DeleteAccessKey", **owner.given, UserAccessKeyId=key)
    except Fault as fault:
        return await _delete(visit, refusal_of(fault))
    except RefusedError as refused:
        return await _delete(visit, refused.refusal)
    return visit.redirect(owner.back, visit.text("The AccessKey {id} is deleted.", id=key))


@PAGES.get("/users/{name}/access-keys/{key}/leaked")
@PAGES.get("/access-keys/own/{key}/leaked")
async def leaked(visit: Visit) -> Response:
    """Asks, and says what happens next."""
    return await _leaked(visit, None)


async def _leaked(visit: Visit, refusal: Refusal | None) -> Response:
    owner, pair = await found(visit)
    return await _ask(
        visit,
        owner,
        pair,
        refusal,
        title=visit.text("Report {id} as leaked", id=pair["AccessKeyId"]),
        says=[
            visit.text("It is disabled at once, on every node within one second; programs that use it stop working."),
            visit.text("It cannot be enabled again, nor when it comes back from the recycle bin."),
            visit.text("Then comes its rotation, and below it who called with it."),
        ],
        submit=visit.text("Report as Leaked"),
        right=("keystead", "ReportAccessKeyLeaked"),
        typed=pair["UsedLately"],
        hour=True,
    )


@PAGES.post("/users/{name}/access-keys/{key}/leaked")
@PAGES.post("/access-keys/own/{key}/leaked")
async def reporting(visit: Visit) -> Response:
    """Disable the pair for good, and go on with its rotation."""
    owner, pair = await found(visit)
    key = pair["AccessKeyId"]
    try:
        if pair["UsedLately"]:
            check_typed(visit, key)
        await visit.ask("keystead", "ReportAccessKeyLeaked", **owner.given, UserAccessKeyId=key)
    except Fault as fault:
        return await _leaked(visit, refusal_of(fault))
    except RefusedError as refused:
        return await _leaked(visit, refused.refusal)
    said = visit.text("The AccessKey {id} is disabled for good. Look through its callers.", id=key)
    return visit.redirect(owner.page(key, "rotate"), said)


async def _ask(
    visit: Visit,
    owner: Owner,
    pair: dict[str, Any],
    refusal: Refusal | None,
    *,
    title: str,
    says: list[str],
    submit: str,
    right: tuple[str, str],
    typed: bool = False,
    danger: bool = True,
    hour: bool = False,
    why: str = "",
) -> Response:
    """The page of an act.  typed: the ID must be typed.  hour: who called in the last hour is shown."""
    given = {**owner.given, "UserAccessKeyId": pair["AccessKeyId"]}
    activity = await visit.try_ask("keystead", "GetAccessKeyActivity", **given, Hours=1) if hour else None
    return visit.render(
        "access_key_act.html",
        refusal.fault.status if refusal else 200,
        owner=owner,
        pair=pair,
        refusal=refusal,
        title=title,
        says=says,
        submit=submit,
        lacking=visit.lacks(*right, **owner.given_of(right[0])),
        typed=pair["AccessKeyId"] if typed else "",
        danger=danger,
        activity=activity,
        why=why,
    )
