"""Who may do what in a workspace.  Source: reference/model-studio.md b.10 and b.11.

A call needs two things, and both are asked, always:

1. a RAM policy that allows its action on `acs:modelstudio:*:<account>:workspace/<id>`: the right to call;
2. standing in that workspace: how far the call reaches.  The account and super administrators stand in every one; a
   workspace administrator may do everything in his, but what may be called there and how much is set from above; a
   member everything but its members; a custom member what his pages say.  An outsider is answered as if the workspace
   did not exist.

Membership never replaces a policy ("granting OpenAPI rights stays with RAM"), and a policy never makes a member.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity import model_keys
from keystead.identity.callers import Caller
from keystead.identity.studio import is_super_administrator
from keystead.identity.transaction import Tx
from keystead.store import workspaces
from keystead.wire.parameters import Input, Text

WORKSPACE = "acs:modelstudio:*:{account}:workspace/{workspace_id}"
WORKSPACES = "acs:modelstudio:*:{account}:workspace/*"

REGION = "cn-beijing"
"""What workspaces are said to be in; clients ask for one, and nothing here depends on it."""

DEFAULT_NAME = "Default Workspace"

PAGES = ("models", "applications", "knowledge", "prompts", "memory", "api-keys", "usage", "limits", "members")
"""The pages that a custom member is given, each to view or to operate."""

VIEW_ONLY = ("members", "limits")
"""Pages that a custom member is given to view only."""

WORKSPACE_NOT_FOUND = FaultKind(
    "WorkSpaceNotFound",
    404,
    "The workspace {workspace} does not exist, or you are not in it.",
    "ListWorkspaces shows the workspaces that you are in; an administrator adds you to one with AddWorkspaceMember.",
)
PAGE_NOT_YOURS = FaultKind(
    "NoPermission.WorkspaceRole",
    403,
    "In the workspace {workspace} you are {level}; to {operation} its {page} is not part of that.",
    "Ask an administrator of the workspace to do it, or to give you the page with UpdateWorkspaceMember.",
)
ONLY_SUPER = FaultKind(
    "NoPermission.WorkspaceRole",
    403,
    "Only the account and its super administrators may {what}. You are {level} in the workspace {workspace}.",
    "Ask the account, or a user whom a policy allows modelstudio:* on *, such as AliyunBailianFullAccess.",
)

WorkspaceId = Annotated[
    str, Text(0, 64, r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", wrong="Format", doc="a workspace ID; none: the default one")
]
RequiredWorkspaceId = Annotated[
    str, Text(1, 64, r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", wrong="Format", doc="a workspace ID")
]

InputT = TypeVar("InputT", bound=Input)


class Standing(IntEnum):
    """How a caller stands in a workspace."""

    OUTSIDER = 0
    CUSTOM = 1
    MEMBER = 2
    ADMINISTRATOR = 3
    SUPER = 4


LEVELS = {"custom": Standing.CUSTOM, "member": Standing.MEMBER, "administrator": Standing.ADMINISTRATOR}

_WORDS = {
    Standing.CUSTOM: "a custom member",
    Standing.MEMBER: "a member",
    Standing.ADMINISTRATOR: "an administrator",
    Standing.SUPER: "a super administrator",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace, and how the caller stands in it."""

    row: sa.Row[Any]
    standing: Standing
    pages: Mapping[str, str]

    def may(self, page: str, operation: str) -> bool:
        """Whether the caller may view or operate a page."""
        if self.standing >= Standing.ADMINISTRATOR:
            return True
        if self.standing is Standing.MEMBER:
            return page != "members"
        given = self.pages.get(page, "")
        return given == "operate" or (given == "view" and operation == "view")

    def must(self, page: str, operation: str) -> None:
        """Raise `NoPermission.WorkspaceRole` unless the caller may."""
        if not self.may(page, operation):
            raise PAGE_NOT_YOURS(
                workspace=self.row.id, level=_WORDS[self.standing], operation=operation, page=page.replace("-", " ")
            )

    def must_be_super(self, what: str) -> None:
        """Raise `NoPermission.WorkspaceRole` unless the caller stands in every workspace."""
        if self.standing is not Standing.SUPER:
            raise ONLY_SUPER(what=what, level=_WORDS[self.standing], workspace=self.row.id)


def principal_of(caller: Caller) -> tuple[str, str]:
    """What members and owners are known by: the kind (account, user, role) and the ID."""
    if caller.is_account:
        return "account", caller.account_id
    return ("user", caller.user_id) if caller.user_id else ("role", caller.role_id)


def enter(tx: Tx, caller: Caller, workspace_id: str) -> Place:
    """The workspace of that ID, the default one for "", and the caller's standing there.

    Raises `WorkSpaceNotFound`, alike for what does not exist and for what the caller is not in.
    """
    row = workspaces.get(tx, workspace_id) if workspace_id else workspaces.default(tx)
    if row is not None:
        if is_super_administrator(caller):
            return Place(row, Standing.SUPER, {})
        member = workspaces.member(tx, row.id, principal_of(caller)[1])
        if member is not None:
            return Place(row, LEVELS[member.level], json.loads(member.pages))
    raise WORKSPACE_NOT_FOUND(workspace=workspace_id or "(default)")


def visible(tx: Tx, caller: Caller) -> list[str] | None:
    """The IDs of the workspaces that a caller may know of; None for all of the account."""
    return None if is_super_administrator(caller) else workspaces.joined(tx, principal_of(caller)[1])


def in_default(tx: Tx, wanted: InputT) -> InputT:
    """The input with the default workspace in the place of none: for `resolve`, before authorization."""
    if getattr(wanted, "workspace_id", "") != "":
        return wanted
    row = workspaces.default(tx)
    return wanted if row is None else msgspec.structs.replace(wanted, workspace_id=row.id)


def create(tx: Tx, name: str, *, is_default: bool = False, site: str = "") -> str:
    """Make a workspace with its AgentKey; returns its ID."""
    workspace_id = model_keys.make_workspace_id()
    workspaces.insert(
        tx, workspace_id, name, is_default=is_default, service_site=site, **new_agent_key(tx, workspace_id)
    )
    return workspace_id


def new_agent_key(tx: Tx, workspace_id: str) -> dict[str, bytes]:
    """The columns of a new AgentKey: sealed, because the console shows it again, and a digest to find it by."""
    value = model_keys.make_agent_key()
    return {
        "agent_key_digest": model_keys.digest(value),
        "sealed_agent_key": tx.keyring.seal(value.encode(), f"agent-key:{workspace_id}"),
    }


def ensure_default(tx: Tx) -> None:
    """Give the transaction's account its default workspace if it has none."""
    if workspaces.default(tx) is None:
        create(tx, DEFAULT_NAME, is_default=True)


def ensure_defaults(tx: Tx) -> None:
    """Give every account that has none its default workspace: those from before there were any."""
    for account_id in workspaces.accounts_without(tx):
        tx.account_id = account_id
        ensure_default(tx)


def api_host(tx: Tx) -> str:
    """The host that models are called at; empty where the operator has not said it (`public_url`)."""
    return urlsplit(tx.public_url).netloc
