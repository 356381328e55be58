"""What a person may be given: groups and policies to choose from, grants with their source, their statements."""

from __future__ import annotations

import json
from typing import Any

from keystead.console.visit import Visit

MOST = 100
"""Groups or policies that a form lists."""
MOST_POLICIES = 60
"""Policies whose statements are put together; a user may have 20 of its own and those of ten groups."""


async def groups(visit: Visit) -> list[str]:
    """Names of groups, for a form; none for who may not list them."""
    answer = await visit.try_ask("keystead", "SearchGroups", PageSize=MOST)
    return [row["GroupName"] for row in answer["Groups"]["Group"]] if answer else []


async def policies(visit: Visit) -> list[dict[str, Any]]:
    """Policies, for a form; none for who may not list them.  Custom ones come first."""
    found: list[dict[str, Any]] = []
    for kind in ("Custom", "System"):
        answer = await visit.try_ask("keystead", "SearchPolicies", PolicyType=kind, PageSize=MOST)
        found += answer["Policies"]["Policy"] if answer else []
    return found


async def of_user(visit: Visit, name: str) -> list[dict[str, Any]]:
    """The grants of a user and of its groups; `Group` says of which, "" for its own.  Raises `RefusedError`."""
    own = await visit.ask("keystead", "SearchGrants", PrincipalType="User", PrincipalName=name, PageSize=MOST)
    found = [{**grant, "Group": ""} for grant in own["Grants"]["Grant"]]
    joined = await visit.try_ask("ims", "ListGroupsForUser", UserPrincipalName=name)
    for group in joined["Groups"]["Group"] if joined else []:
        of_group = await visit.try_ask(
            "keystead", "SearchGrants", PrincipalType="Group", PrincipalName=group["GroupName"], PageSize=MOST
        )
        rows = of_group["Grants"]["Grant"] if of_group else []
        found += [{**grant, "Group": group["GroupName"]} for grant in rows]
    return found


async def statements(visit: Visit, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every statement that applies, what forbids first, each with the policy and the group it comes from."""
    found: list[dict[str, Any]] = []
    seen: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for grant in given[:MOST_POLICIES]:
        key = grant["PolicyType"], grant["PolicyName"]
        if key not in seen:
            answer = await visit.try_ask("ram", "GetPolicy", PolicyType=key[0], PolicyName=key[1])
            seen[key] = _read(answer["DefaultPolicyVersion"]["PolicyDocument"]) if answer else []
        found += [{**each, "Grant": grant} for each in seen[key]]
    return sorted(found, key=lambda each: bool(each["Effect"] == "Allow"))


def _read(document: str) -> list[dict[str, Any]]:
    listed = json.loads(document).get("Statement", [])
    shown = []
    for each in listed if isinstance(listed, list) else [listed]:
        condition = each.get("Condition")
        shown.append(
            {
                "Effect": each.get("Effect", ""),
                "Not": "NotAction" in each,
                "Actions": _texts(each.get("Action", each.get("NotAction", []))),
                "Resources": _texts(each.get("Resource", each.get("NotResource", []))),
                "Condition": json.dumps(condition, ensure_ascii=False) if condition else "",
            }
        )
    return shown


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
