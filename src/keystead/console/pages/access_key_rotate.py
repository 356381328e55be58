"""Rotating an AccessKey pair as a checklist that stands as long as both pairs do.  Source: reference/console.md 3.7.

Which step is next follows from the pairs themselves, so leaving the page loses nothing.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pages.access_key_acts import set_status
from keystead.console.pages.access_keys import found
from keystead.console.pairs import check_typed, seconds
from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import Fault

PAGES = Pages()

QUIET = (("1", mark("one hour")), ("24", mark("one day")), ("168", mark("seven days")))
"""How long the old pair must have been unused before it is disabled: hours, and the words."""


def hours_of(visit: Visit) -> int:
    """The chosen time, one day unless another is asked for."""
    asked = visit.form.get("hours") or visit.query.get("hours", "")
    return int(asked) if asked in dict(QUIET) else 24


def is_unused(pair: dict[str, Any], hours: int, now: float) -> bool:
    """Whether nothing was signed with the pair for so long."""
    used = pair.get("LastUsedDate")
    return not used or now - seconds(used) >= hours * 3600


@PAGES.get("/users/{name}/access-keys/{key}/rotate")
@PAGES.get("/access-keys/own/{key}/rotate")
async def rotate(visit: Visit) -> Response:
    """The checklist."""
    return await _checklist(visit, None)


async def _checklist(visit: Visit, refusal: Refusal | None) -> Response:
    owner, pair = await found(visit)
    hours = hours_of(visit)
    others = [each for each in await owner.pairs(visit) if each["AccessKeyId"] != pair["AccessKeyId"]]
    given = {**owner.given, "UserAccessKeyId": pair["AccessKeyId"]}
    activity = await visit.try_ask("keystead", "GetAccessKeyActivity", **given, Hours=hours)
    other = next((each for each in others if each["Status"] == "Active"), None)
    unused = is_unused(pair, hours, visit.now)
    if other is None:
        now = 1
    elif pair["Status"] == "Active":
        now = 3 if unused else 2
    else:
        now = 4
    return visit.render(
        "access_key_rotate.html",
        refusal.fault.status if refusal else 200,
        owner=owner,
        pair=pair,
        other=other,
        full=len(others) > 0 and other is None,
        hours=hours,
        quiet=QUIET,
        activity=activity,
        unused=unused,
        now=now,
        refusal=refusal,
    )


@PAGES.post("/users/{name}/access-keys/{key}/rotate")
@PAGES.post("/access-keys/own/{key}/rotate")
async def rotating(visit: Visit) -> Response:
    """Disable the old pair, or roll back: enable it again."""
    owner, pair = await found(visit)
    back = visit.form.get("act") == "back"
    try:
        if not back and not is_unused(pair, hours_of(visit), visit.now):
            check_typed(visit, pair["AccessKeyId"])
        await set_status(visit, owner, pair, "Active" if back else "Inactive")
    except Fault as fault:
        return await _checklist(visit, refusal_of(fault))
    except RefusedError as refused:
        return await _checklist(visit, refused.refusal)
    said = visit.text("The old pair is enabled again.") if back else visit.text("The old pair is disabled.")
    return visit.redirect(owner.page(pair["AccessKeyId"], "rotate"), said)
