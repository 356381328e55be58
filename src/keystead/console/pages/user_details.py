"""One user: what it is, and the tabs below.  Source: reference/console.md 3.5."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.pairs import MOST_PAIRS, Owner
from keystead.console.routing import Pages
from keystead.console.visit import Visit, quoted

PAGES = Pages()


async def user_of(visit: Visit) -> dict[str, Any]:
    """The user in the address: GetUser, with what the list knows besides.  Raises `RefusedError`."""
    name = visit.path["name"]
    user = (await visit.ask("ims", "GetUser", UserPrincipalName=name))["User"]
    listed = await visit.try_ask("keystead", "SearchUsers", Query=user["UserId"])
    more: dict[str, Any] = (
        next((row for row in listed["Users"]["User"] if row["UserId"] == user["UserId"]), {}) if listed else {}
    )
    return {**more, **user}


def tab(name: str, part: str) -> str:
    """The address of a tab of a user."""
    return f"/users/{quoted(name)}/{part}"


@PAGES.get("/users/{name}")
async def user(visit: Visit) -> Response:
    """The first tab."""
    return visit.redirect(tab(visit.path["name"], "authentication"))


@PAGES.get("/users/{name}/authentication")
async def authentication(visit: Visit) -> Response:
    """How the user signs in: console logon, MFA, pairs, sessions."""
    found = await user_of(visit)
    name = found["UserName"]
    owner = Owner(name, f"/users/{quoted(name)}/access-keys")
    profile = await visit.try_ask("ims", "GetLoginProfile", UserPrincipalName=name)
    mfa = await visit.try_ask("ims", "GetUserMFAInfo", UserPrincipalName=name)
    bin_ = await visit.try_ask("ims", "ListAccessKeysInRecycleBin", UserId=found["UserId"])
    pairs = await owner.pairs(visit)
    return visit.render(
        "user_authentication.html",
        user=found,
        tab="authentication",
        owner=owner,
        pairs=pairs,
        full=len(pairs) >= MOST_PAIRS,
        profile=profile["LoginProfile"] if profile else None,
        mfa=mfa,
        recycled=bin_["AccessKeys"]["AccessKey"] if bin_ else None,
    )
