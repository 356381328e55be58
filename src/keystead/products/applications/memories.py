"""Long-term memories and their nodes.  Source: reference/model-studio.md c.2.

An application whose `longTermMemory` is on takes the memory along that a call names by `memory_id`.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.applications.product import (
    BAILIAN,
    NOT_AUTHORIZED,
    BailianInput,
    Flat,
    Part,
    PathId,
    enter,
)
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE
from keystead.store import prompts
from keystead.wire.parameters import Text, Whole

MOST_MEMORIES = 10_000
MOST_NODES = 500
"""Of one memory: all of them go along with a call, at most 200 characters each."""

MEMORY_NOT_FOUND = FaultKind(
    "Memory.MemoryIdNotFound",
    404,
    "The memory {id} does not exist in the workspace {workspace}.",
    "ListMemories shows the memories of the workspace.",
)
NODE_NOT_FOUND = FaultKind(
    "Memory.MemoryNodeIdNotFound",
    404,
    "The memory {memory} has no node {id}.",
    "ListMemoryNodes shows its nodes.",
)
TOO_MANY = FaultKind(
    "LimitExceeded.Memory",
    409,
    "There are {limit} {what} in {where}, the most that there may be.",
    "Delete what is no longer needed.",
)
NEXT_TOKEN_INVALID = FaultKind(
    "InvalidParameter.nextToken",
    400,
    "The parameter nextToken was not answered by this server.",
    "Start again without nextToken, and pass on each answer's nextToken unchanged.",
)

_DESCRIPTION, _CONTENT = "Memory.DescriptionInvalid", "Memory.ContentInvalid"
Description = Annotated[str, Text(1, 50, fault=_DESCRIPTION, absent=_DESCRIPTION, doc="what is remembered in it")]
Content = Annotated[str, Text(1, 200, fault=_CONTENT, absent=_CONTENT, doc="one thing to remember")]
Results = Annotated[int, Whole(1, 50, fault="InvalidParameter.maxResults", doc="how many on a page")]
Token = Annotated[str, Text(0, 512, doc="what the page before answered")]

_KINDS = (NOT_AUTHORIZED, PAGE_NOT_YOURS)
_ONE_KINDS = (*_KINDS, MEMORY_NOT_FOUND)
_NODE_KINDS = (*_ONE_KINDS, NODE_NOT_FOUND)
_MEMORIES = "/{WorkspaceId}/memories"
_MEMORY = _MEMORIES + "/{MemoryId}"
_NODES = _MEMORY + "/memoryNodes"
_NODE = _NODES + "/{MemoryNodeId}"


class CreateMemoryInput(BailianInput, frozen=True):
    description: Description = ""


class MemoryInput(BailianInput, frozen=True):
    memory_id: PathId


class UpdateMemoryInput(BailianInput, frozen=True):
    memory_id: PathId
    description: Description


class ListMemoriesInput(BailianInput, frozen=True):
    max_results: Results = 10
    next_token: Token = ""


class ListNodesInput(ListMemoriesInput, frozen=True, kw_only=True):
    memory_id: PathId


class CreateNodeInput(BailianInput, frozen=True):
    memory_id: PathId
    content: Content


class NodeInput(BailianInput, frozen=True):
    memory_id: PathId
    memory_node_id: PathId


class UpdateNodeInput(BailianInput, frozen=True):
    memory_id: PathId
    memory_node_id: PathId
    content: Content


class MemoryIdOutput(Flat, frozen=True, kw_only=True):
    memory_id: str


class MemoryOutput(Flat, frozen=True, kw_only=True):
    description: str
    memory_id: str
    workspace_id: str


class Memory(Part, frozen=True):
    memory_id: str
    description: str


class ListMemoriesOutput(Flat, frozen=True, kw_only=True):
    memories: list[Memory]
    workspace_id: str
    total_count: int
    max_results: int
    next_token: str


class NodeIdOutput(Flat, frozen=True, kw_only=True):
    memory_node_id: str


class NodeOutput(Flat, frozen=True, kw_only=True):
    content: str
    memory_id: str
    memory_node_id: str
    workspace_id: str


class Node(Part, frozen=True):
    memory_node_id: str
    content: str


class ListNodesOutput(Flat, frozen=True, kw_only=True):
    memory_nodes: list[Node]
    total_count: int
    max_results: int
    next_token: str


def find(tx: Tx, workspace_id: str, memory_id: str) -> sa.Row[Any]:
    """The memory of that ID.  Raises `Memory.MemoryIdNotFound`."""
    row = prompts.memory(tx, workspace_id, memory_id)
    if row is None:
        raise MEMORY_NOT_FOUND(id=memory_id, workspace=workspace_id)
    return row


def _node(tx: Tx, caller: Caller, wanted: NodeInput | UpdateNodeInput, operation: str) -> sa.Row[Any]:
    enter(tx, caller, wanted, "memory", operation)
    row = prompts.node(tx, find(tx, wanted.workspace_id, wanted.memory_id).id, wanted.memory_node_id)
    if row is None:
        raise NODE_NOT_FOUND(id=wanted.memory_node_id, memory=wanted.memory_id)
    return row


@BAILIAN.action(
    "CreateMemory", method="POST", path=_MEMORIES, resource=WORKSPACE, writes=True, faults=(*_KINDS, TOO_MANY)
)
def create_memory(tx: Tx, caller: Caller, wanted: CreateMemoryInput) -> MemoryIdOutput:
    """Create an empty memory."""
    enter(tx, caller, wanted, "memory", "operate")
    if prompts.count_memories(tx, wanted.workspace_id) >= MOST_MEMORIES:
        raise TOO_MANY(limit=MOST_MEMORIES, what="memories", where=f"the workspace {wanted.workspace_id}")
    memory_id = secrets.token_hex(16)
    prompts.add_memory(tx, wanted.workspace_id, memory_id, wanted.description)
    return MemoryIdOutput(memory_id=memory_id)


@BAILIAN.action("ListMemories", method="GET", path=_MEMORIES, resource=WORKSPACE, faults=(*_KINDS, NEXT_TOKEN_INVALID))
def list_memories(tx: Tx, caller: Caller, wanted: ListMemoriesInput) -> ListMemoriesOutput:
    """List the memories of a workspace."""
    enter(tx, caller, wanted, "memory", "view")
    after = pages.after(wanted.next_token, NEXT_TOKEN_INVALID)
    rows = prompts.page_of_memories(tx, wanted.workspace_id, after, wanted.max_results + 1)
    page, token = pages.cut(rows, wanted.max_results, "id")
    return ListMemoriesOutput(
        memories=[Memory(memory_id=row.id, description=row.description) for row in page],
        workspace_id=wanted.workspace_id,
        total_count=prompts.count_memories(tx, wanted.workspace_id),
        max_results=wanted.max_results,
        next_token=token or "",
    )


@BAILIAN.action("GetMemory", method="GET", path=_MEMORY, resource=WORKSPACE, faults=_ONE_KINDS)
def get_memory(tx: Tx, caller: Caller, wanted: MemoryInput) -> MemoryOutput:
    """Show a memory."""
    enter(tx, caller, wanted, "memory", "view")
    row = find(tx, wanted.workspace_id, wanted.memory_id)
    return MemoryOutput(description=row.description, memory_id=row.id, workspace_id=row.workspace_id)


@BAILIAN.action("UpdateMemory", method="PUT", path=_MEMORY, resource=WORKSPACE, writes=True, faults=_ONE_KINDS)
def update_memory(tx: Tx, caller: Caller, wanted: UpdateMemoryInput) -> Flat:
    """Change a memory's description."""
    enter(tx, caller, wanted, "memory", "operate")
    prompts.update_memory(tx, find(tx, wanted.workspace_id, wanted.memory_id).id, wanted.description)
    return Flat()


@BAILIAN.action("DeleteMemory", method="DELETE", path=_MEMORY, resource=WORKSPACE, writes=True, faults=_ONE_KINDS)
def delete_memory(tx: Tx, caller: Caller, wanted: MemoryInput) -> Flat:
    """Delete a memory with its nodes."""
    enter(tx, caller, wanted, "memory", "operate")
    prompts.delete_memory(tx, find(tx, wanted.workspace_id, wanted.memory_id).id)
    return Flat()


@BAILIAN.action(
    "CreateMemoryNode", method="POST", path=_NODES, resource=WORKSPACE, writes=True, faults=(*_ONE_KINDS, TOO_MANY)
)
def create_node(tx: Tx, caller: Caller, wanted: CreateNodeInput) -> NodeIdOutput:
    """Add a node to a memory."""
    enter(tx, caller, wanted, "memory", "operate")
    row = find(tx, wanted.workspace_id, wanted.memory_id)
    if prompts.count_nodes(tx, row.id) >= MOST_NODES:
        raise TOO_MANY(limit=MOST_NODES, what="nodes", where=f"the memory {row.id}")
    node_id = secrets.token_hex(16)
    prompts.add_node(tx, row.id, node_id, wanted.content)
    return NodeIdOutput(memory_node_id=node_id)


@BAILIAN.action(
    "ListMemoryNodes", method="GET", path=_NODES, resource=WORKSPACE, faults=(*_ONE_KINDS, NEXT_TOKEN_INVALID)
)
def list_nodes(tx: Tx, caller: Caller, wanted: ListNodesInput) -> ListNodesOutput:
    """List the nodes of a memory."""
    enter(tx, caller, wanted, "memory", "view")
    memory = find(tx, wanted.workspace_id, wanted.memory_id)
    after = pages.after(wanted.next_token, NEXT_TOKEN_INVALID)
    rows = prompts.page_of_nodes(tx, memory.id, after, wanted.max_results + 1)
    page, token = pages.cut(rows, wanted.max_results, "id")
    return ListNodesOutput(
        memory_nodes=[Node(memory_node_id=row.id, content=row.content) for row in page],
        total_count=prompts.count_nodes(tx, memory.id),
        max_results=wanted.max_results,
        next_token=token or "",
    )


@BAILIAN.action("GetMemoryNode", method="GET", path=_NODE, resource=WORKSPACE, faults=_NODE_KINDS)
def get_node(tx: Tx, caller: Caller, wanted: NodeInput) -> NodeOutput:
    """Show a node of a memory."""
    row = _node(tx, caller, wanted, "view")
    return NodeOutput(
        content=row.content, memory_id=row.memory_id, memory_node_id=row.id, workspace_id=wanted.workspace_id
    )


@BAILIAN.action("UpdateMemoryNode", method="PUT", path=_NODE, resource=WORKSPACE, writes=True, faults=_NODE_KINDS)
def update_node(tx: Tx, caller: Caller, wanted: UpdateNodeInput) -> Flat:
    """Change what a node says."""
    prompts.update_node(tx, _node(tx, caller, wanted, "operate").id, wanted.content)
    return Flat()


@BAILIAN.action("DeleteMemoryNode", method="DELETE", path=_NODE, resource=WORKSPACE, writes=True, faults=_NODE_KINDS)
def delete_node(tx: Tx, caller: Caller, wanted: NodeInput) -> Flat:
    """Delete a node of a memory."""
    prompts.delete_node(tx, _node(tx, caller, wanted, "operate").id)
    return Flat()
