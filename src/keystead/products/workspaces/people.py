"""Members of a workspace: who may be one, and what is said of them.  Source: reference/model-studio.md b.10."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.products.faults import ROLE_NOT_FOUND, USER_NOT_FOUND
from keystead.products.workspaces.access import PAGES, VIEW_ONLY
from keystead.store import roles, users, workspaces

MEMBER_NOT_FOUND = FaultKind(
    "EntityNotExist.WorkspaceMember",
    404,
    "{name} is not a member of the workspace {workspace}.",
    "ListWorkspaceMembers shows who is; AddWorkspaceMember adds a user or role.",
)
MEMBER_EXISTS = FaultKind(
    "EntityAlreadyExists.WorkspaceMember",
    409,
    "{name} is a member of the workspace {workspace} already, as {level}.",
    "Change what the member may do with UpdateWorkspaceMember.",
)
ONE_PRINCIPAL = FaultKind(
    "InvalidParameter.UserName",
    400,
    "{count} of the parameters UserName and RoleName are there; a member is one of both.",
    "Send UserName for a RAM user, or RoleName for a role.",
)
WRONG_PAGES = FaultKind(
    "InvalidParameter.Pages",
    400,
    "The parameter Pages is wrong: {why}.",
    "Send Pages with the Level custom only, each of {pages} once, with view or operate; make who manages members an "
    "administrator.",
)


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or role of the account."""

    kind: str
    id: str
    name: str


def principal(tx: Tx, user_name: str | None, role_name: str | None) -> Principal:
    """The user or the role of that name.

    Raises `InvalidParameter.UserName` unless exactly one is named, `EntityNotExist.User` or `EntityNotExist.Role`.
    """
    if (user_name is None) is (role_name is None):
        raise ONE_PRINCIPAL(count=0 if user_name is None else 2)
    if user_name is not None:
        row = users.get(tx, user_name)
        if row is None:
            raise USER_NOT_FOUND(name=user_name)
        return Principal("user", row.id, row.name)
    row = roles.get(tx, role_name or "")
    if row is None:
        raise ROLE_NOT_FOUND(name=role_name)
    return Principal("role", row.id, row.name)


def found(tx: Tx, workspace_id: str, who: Principal) -> sa.Row[Any]:
    """The membership.  Raises `EntityNotExist.WorkspaceMember`."""
    row = workspaces.member(tx, workspace_id, who.id)
    if row is None:
        raise MEMBER_NOT_FOUND(name=who.name, workspace=workspace_id)
    return row


def pages_text(level: str, pages: dict[str, str], count: int) -> str:
    """The pages of a custom member as they are stored.  `count`: how many were named, to find one named twice.

    Nobody is given members to operate: who manages members could make himself an administrator.  Limits are set by
    super administrators.
    Raises `InvalidParameter.Pages`.
    """
    unknown = [page for page in pages if page not in PAGES]
    why = ""
    if unknown:
        why = f"{unknown[0][:40]!r} is not a page"
    elif count != len(pages):
        why = "a page is named twice"
    elif pages and level != "custom":
        why = f"the level {level} has pages of its own"
    elif any(pages.get(page) == "operate" for page in VIEW_ONLY):
        why = " and ".join(VIEW_ONLY) + " can only be given to view"
    if why:
        raise WRONG_PAGES(why=why, pages=", ".join(PAGES))
    return json.dumps(pages)
