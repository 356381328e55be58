"""Every permission that a policy can name here, from the declared actions: what the policy editor knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from keystead.identity.model_keys import (
    FILES,
    INVOKE_APPLICATION,
    INVOKE_MODEL,
    application_arn,
    model_arn,
    workspace_arn,
)
from keystead.policy import fold
from keystead.products.action import Action

_VARIABLE = re.compile(r"\{(\w+)\}")
_LISTS = ("List", "Search", "Query", "Lookup")
_ALIASES = {"bailiancontrol": ("modelstudio",), "modelstudio": ("bailiancontrol", "sfm"), "ram": ("ims",)}
"""Other names that a policy may call a service by."""


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission.  level: List, Read, Write or Permissions.  resources: how what it is asked on is named, `*` in
    place of what differs, `{account}` for the account.
    """

    name: str
    service: str
    level: str
    summary: str
    resources: tuple[str, ...]


_CALLS = (
    Permission(INVOKE_MODEL, "modelstudio", "Write", "Call a model.", (model_arn("{account}", "*"),)),
    Permission(
        INVOKE_APPLICATION, "modelstudio", "Write", "Call an application.", (application_arn("{account}", "*"),)
    ),
    Permission(
        "modelstudio:AdministerAllWorkspaces",
        "modelstudio",
        "Permissions",
        "Be an administrator in every workspace.",
        ("*",),
    ),
    *(
        Permission(name, "modelstudio", level, summary, (workspace_arn("{account}", "*"),))
        for name, level, summary in zip(
            FILES,
            ("Write", "List", "Read", "Write"),
            (
                "Upload a file for model calls.",
                "List the files of model calls.",
                "Read a file of model calls, also by naming it in a call.",
                "Delete a file of model calls.",
            ),
            strict=True,
        )
    ),
)
"""What is asked without an action of that name."""


@cache
def known() -> tuple[Permission, ...]:
    """Every permission, by name."""
    from keystead.products.catalogue import PRODUCTS  # declares every action, so it cannot come first

    found: dict[str, Permission] = {}
    for product in PRODUCTS:
        for action in product.actions.values():
            name = action.permission
            if not name or "{" in name:  # a template becomes permissions that the vendor's actions declare
                continue
            # Where several actions ask for one permission, the one that is called like it describes it.
            if name not in found or name.endswith(":" + action.name):
                found[name] = _permission(action, name)
    found |= {each.name: each for each in _CALLS}
    return tuple(found[name] for name in sorted(found))


@cache
def _by_action() -> dict[tuple[str, str], tuple[str, str | None]]:
    from keystead.products.catalogue import PRODUCTS  # declares every action, so it cannot come first

    return {
        (product.name, action.name): (action.permission, f"ims:{action.name}" if product.name == "Ims" else None)
        for product in PRODUCTS
        for action in product.actions.values()
        if action.permission and "{" not in action.permission
    }


def of_action(product: str, action: str) -> tuple[str, str | None] | None:
    """The permission that an action asks for, and its name in another product; by the names that the audit has.

    None where it asks for none, or for one that depends on its parameters.
    """
    return _by_action().get((product, action))


@cache
def services() -> dict[str, frozenset[str]]:
    """Every permission in small letters, under each of its names, and the services of its resources."""
    found: dict[str, frozenset[str]] = {}
    for each in known():
        named = frozenset("*" if pattern == "*" else pattern.split(":")[1] for pattern in each.resources)
        called = fold(each.name.split(":", 1)[1])
        for service in (each.service, *_ALIASES.get(each.service, ())):
            found[f"{service}:{called}"] = named
    return found


def _permission(action: Action, name: str) -> Permission:
    written = [one for entry in action.resources for one in ((entry,) if isinstance(entry, str) else entry)]
    return Permission(
        name=name,
        service=name.split(":", 1)[0],
        level=_level(action, name.split(":", 1)[1]),
        summary=action.summary,
        resources=tuple(dict.fromkeys(_pattern(each) for each in written)),
    )


def _pattern(template: str) -> str:
    """A resource's template as a pattern; only the account stays a variable."""
    kept = template.replace("{policy_account}", "*")
    return _VARIABLE.sub(lambda found: found[0] if found[1] == "account" else "*", kept)


def _level(action: Action, name: str) -> str:
    if not action.writes and not name.startswith(("Create", "Assume", "Add", "Delete", "Update", "Revoke")):
        return "List" if name.startswith(_LISTS) or name.endswith("List") else "Read"
    gives = ("Policy" in name and "Password" not in name) or name in ("AddUserToGroup", "AssumeRole")
    return "Permissions" if gives else "Write"
