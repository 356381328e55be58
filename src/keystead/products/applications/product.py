"""The product Bailian 2023-12-29 and the shapes that its resources share.

Every action needs two things: a policy that allows `sfm:<Action>`, and standing in the workspace that the path names.
Envelopes differ by family and are kept apart: agents answer in `AgentEnvelope`, prompts and memories flat, files and
knowledge bases in `DataEnvelope`.  Source: reference/model-studio.md 0.1, b.10, b.11, c.
"""

from __future__ import annotations

from typing import Annotated, Any

from keystead.faults import Fault, FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.action import Product
from keystead.products.workspaces import access
from keystead.products.workspaces.access import Place
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text

BAILIAN = Product("Bailian", "2023-12-29", "sfm", roa=True, request_id="requestId")

APPLICATION = "acs:modelstudio:*:{account}:application/{app_code}"

NOT_AUTHORIZED = FaultKind(
    "NOT AUTHORIZED",
    401,
    "You are not authorized for the workspace {workspace}, or it does not exist.",
    "ListWorkspaces shows the workspaces that you are in; a policy alone makes nobody a member, an administrator of "
    "the workspace does, with AddWorkspaceMember.",
)
NOT_BUILT = FaultKind(
    "UnsupportedOperation",
    400,
    "{what} is not supported here: {why}.",
    "{next}",
)

_IN_PATH = {
    "workspace_id": "WorkspaceId",
    "app_code": "AppCode",
    "prompt_template_id": "PromptTemplateId",
    "memory_id": "MemoryId",
    "memory_node_id": "MemoryNodeId",
}


def _wire_name(field: str) -> str:
    """What stands in a path is PascalCase, everything else camelCase."""
    first, *others = field.split("_")
    return _IN_PATH.get(field) or first + "".join(each.capitalize() for each in others)


PathId = Annotated[str, Text(1, 64, r"[A-Za-z0-9_-]{1,64}", wrong="Format", doc="an ID")]


class BailianInput(Input, frozen=True, rename=_wire_name):
    """Base of the inputs of agents, prompts and memories."""

    workspace_id: access.RequiredWorkspaceId


class DataInput(Input, frozen=True):
    """Base of the inputs of files and knowledge bases: wire names in PascalCase."""

    workspace_id: access.RequiredWorkspaceId


class Part(Output, frozen=True, rename="camel"):
    """Base of what stands inside the answers of agents, prompts and memories."""


class Flat(Output, frozen=True, rename="camel"):
    """What prompts and memories answer: no flag of success beside it."""


class AgentEnvelope(Output, frozen=True, rename="camel"):
    """What answers about agents carry."""

    success: bool = True
    code: str = "200"
    message: str = "success"
    http_status_code: int = 200


class DataEnvelope(Output, frozen=True):
    """What answers about files and knowledge bases carry."""

    success: bool = True
    code: str = "Success"
    message: str = "success"
    status: str = "200"


def enter(tx: Tx, caller: Caller, wanted: Any, page: str, operation: str) -> Place:
    """The workspace that `wanted` names, where the caller may view or operate `page`.

    Raises `NOT AUTHORIZED`, 401, alike for an unknown workspace and one that the caller is not in, and
    `NoPermission.WorkspaceRole` for a custom member without the page.
    """
    try:
        place = access.enter(tx, caller, wanted.workspace_id)
    except Fault as fault:
        if fault.code != access.WORKSPACE_NOT_FOUND.code:
            raise
        raise NOT_AUTHORIZED(workspace=wanted.workspace_id) from None
    place.must(page, operation)
    return place
