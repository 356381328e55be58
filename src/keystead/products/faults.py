"""Faults that several products share.  Source: reference/ram-behaviour.md section 6, one line per entity."""

from __future__ import annotations

from keystead.faults import FaultKind


def absent(entity: str, thing: str) -> FaultKind:
    """`EntityNotExist.<entity>`, 404."""
    return FaultKind(
        f"EntityNotExist.{entity}",
        404,
        f"The {thing} does not exist: {{name}}.",
        "Check the name; the matching List action shows what there is.",
    )


def exists(entity: str, thing: str) -> FaultKind:
    """`EntityAlreadyExists.<entity>`, 409."""
    return FaultKind(
        f"EntityAlreadyExists.{entity}",
        409,
        f"The {thing} already exists: {{name}}.",
        "Choose another name, or use the one that exists. Names are compared without regard to case.",
    )


def in_use(entity: str, thing: str, what: str, remedy: str) -> FaultKind:
    """`DeleteConflict.<entity>`, 409; `{count}` says how many stand in the way."""
    return FaultKind(
        f"DeleteConflict.{entity}",
        409,
        f"The {thing} {{name}} may not be deleted while it has {what}; it has {{count}}.",
        remedy,
    )


def too_many(entity: str, what: str) -> FaultKind:
    """`LimitExceeded.<entity>`, 409; `{limit}` is the quota that binds."""
    return FaultKind(
        f"LimitExceeded.{entity}",
        409,
        f"The number of {what} is beyond the current limit of {{limit}}.",
        "Delete what is no longer needed, or ask the operator to raise the quota.",
    )


EXPIRY_INVALID = FaultKind(
    "InvalidParameter.ExpireDate",
    400,
    "The parameter ExpireDate is {date}, which {why}.",
    "Send a time in the future such as 2030-01-02T03:04:05Z, or leave it out.",
)

USER_NOT_FOUND = absent("User", "user")
GROUP_NOT_FOUND = absent("Group", "group")
ROLE_NOT_FOUND = absent("Role", "role")
POLICY_NOT_FOUND = absent("Policy", "policy")
