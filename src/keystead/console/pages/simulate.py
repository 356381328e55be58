"""Simulate: what would be decided for a user, a group's policies or a role; one question or a set of them.

Source: reference/console.md 5.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keystead.console.asking import Given, RefusedError
from keystead.console.decisions import WORDS
from keystead.console.routing import Pages
from keystead.console.visit import Visit

PAGES = Pages()

MOST = 100
_PARAMETERS = {"user": "UserName", "group": "GroupName", "role": "RoleName"}


@PAGES.get("/simulate")
async def ask(visit: Visit) -> Response:
    """The form, filled in from the address."""
    return visit.render("simulate.html", refusal=None, answer=None, words=WORDS, given=_given(visit.query, visit))


@PAGES.post("/simulate")
async def simulate(visit: Visit) -> Response:
    """The decisions."""
    given = _given(visit.form, visit)
    answer, refusal = None, None
    asked: dict[str, Given] = {_PARAMETERS.get(given["kind"], "UserName"): given["name"]}
    if given["policy"].strip():
        asked["AdditionalPolicy"] = given["policy"]
    queries = _set(given["set"]) if given["set"].strip() else [_query(given)]
    try:
        answer = await visit.ask("keystead", "SimulateAccess", Queries=queries, **asked)
    except RefusedError as refused:
        refusal = refused.refusal
    status = refusal.fault.status if refusal else 200
    return visit.render("simulate.html", status, refusal=refusal, answer=answer, words=WORDS, given=given)


def _given(values: dict[str, str], visit: Visit) -> dict[str, str]:
    names = ("kind", "name", "action", "resource", "context", "set", "policy")
    found = {name: values.get(name, "") for name in names}
    found["kind"] = found["kind"] or "user"
    if not values:
        found["name"] = visit.me.caller.user_name
    return found


def _query(given: dict[str, str]) -> dict[str, Any]:
    return {
        "Action": given["action"].strip(),
        "Resource": given["resource"].strip() or "*",
        "Context": given["context"],
    }


def _set(text: str) -> list[dict[str, Any]]:
    """Lines of action, resource and context, apart by blanks or tabs; the server refuses what is not one."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        action, *rest = line.split(None, 2)[:3] if line.strip() else ("",)
        if action:
            found.append({
                "Action": action,
                "Resource": rest[0] if rest else "*",
                "Context": rest[1] if len(rest) > 1 else "",
            })  # fmt: skip
    return found[: MOST + 1]
