"""Statements over prompt templates, memories and their nodes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import memories, memory_nodes, prompt_templates


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    return (table.c.account_id == sa.bindparam("account")) & (table.c.workspace_id == sa.bindparam("workspace"))


_TEMPLATES = sa.select(prompt_templates).where(_of(prompt_templates)).order_by(prompt_templates.c.id)
_TEMPLATE = sa.select(prompt_templates).where(_of(prompt_templates), prompt_templates.c.id == sa.bindparam("which"))
_MEMORIES = (
    sa.select(memories)
    .where(_of(memories), memories.c.id > sa.bindparam("after"))
    .order_by(memories.c.id)
    .limit(sa.bindparam("most"))
)
_MEMORY = sa.select(memories).where(_of(memories), memories.c.id == sa.bindparam("which"))
_COUNT_MEMORIES = sa.select(sa.func.count()).select_from(memories).where(_of(memories))
_NODES = (
    sa.select(memory_nodes)
    .where(memory_nodes.c.memory_id == sa.bindparam("memory"), memory_nodes.c.id > sa.bindparam("after"))
    .order_by(memory_nodes.c.id)
    .limit(sa.bindparam("most"))
)
_OLDEST_NODES = (
    sa.select(memory_nodes.c.content)
    .where(memory_nodes.c.memory_id == sa.bindparam("memory"))
    .order_by(memory_nodes.c.created_at, memory_nodes.c.id)
    .limit(sa.bindparam("most"))
)
_NODE = sa.select(memory_nodes).where(
    memory_nodes.c.memory_id == sa.bindparam("memory"), memory_nodes.c.id == sa.bindparam("which")
)
_COUNT_NODES = (
    sa.select(sa.func.count()).select_from(memory_nodes).where(memory_nodes.c.memory_id == sa.bindparam("memory"))
)
_DELETE_NODES = sa.delete(memory_nodes).where(memory_nodes.c.memory_id == sa.bindparam("memory"))


def templates(tx: Tx, workspace_id: str) -> list[sa.Row[Any]]:
    """The prompt templates of a workspace by ID."""
    return tx.rows(_TEMPLATES, account=tx.account_id, workspace=workspace_id)


def template(tx: Tx, workspace_id: str, template_id: str) -> sa.Row[Any] | None:
    """The prompt template of that ID."""
    return tx.row(_TEMPLATE, account=tx.account_id, workspace=workspace_id, which=template_id)


def add_template(tx: Tx, workspace_id: str, template_id: str, name: str, content: str) -> None:
    """Add a prompt template."""
    place = {"id": template_id, "account_id": tx.account_id, "workspace_id": workspace_id}
    values = {"name": name, "content": content, "created_at": tx.now, "updated_at": tx.now}
    tx.run(sa.insert(prompt_templates), **place, **values)


def update_template(tx: Tx, template_id: str, **values: object) -> None:
    """Change columns of a prompt template."""
    tx.run(sa.update(prompt_templates).where(prompt_templates.c.id == template_id).values(updated_at=tx.now, **values))


def delete_template(tx: Tx, template_id: str) -> None:
    """Remove a prompt template."""
    tx.run(sa.delete(prompt_templates).where(prompt_templates.c.id == template_id))


def page_of_memories(tx: Tx, workspace_id: str, after: str, most: int) -> list[sa.Row[Any]]:
    """The memories of a workspace in order of ID, behind `after`."""
    return tx.rows(_MEMORIES, account=tx.account_id, workspace=workspace_id, after=after, most=most)


def count_memories(tx: Tx, workspace_id: str) -> int:
    """How many memories a workspace has."""
    found = tx.connection.execute(_COUNT_MEMORIES, {"account": tx.account_id, "workspace": workspace_id})
    return int(found.scalar_one())


def memory(tx: Tx, workspace_id: str, memory_id: str) -> sa.Row[Any] | None:
    """The memory of that ID."""
    return tx.row(_MEMORY, account=tx.account_id, workspace=workspace_id, which=memory_id)


def add_memory(tx: Tx, workspace_id: str, memory_id: str, description: str) -> None:
    """Add a memory."""
    place = {"id": memory_id, "account_id": tx.account_id, "workspace_id": workspace_id}
    tx.run(sa.insert(memories), **place, description=description, created_at=tx.now, updated_at=tx.now)


def update_memory(tx: Tx, memory_id: str, description: str) -> None:
    """Change a memory's description."""
    changed = sa.update(memories).where(memories.c.id == memory_id)
    tx.run(changed.values(description=description, updated_at=tx.now))


def delete_memory(tx: Tx, memory_id: str) -> None:
    """Remove a memory with its nodes."""
    tx.run(_DELETE_NODES, memory=memory_id)
    tx.run(sa.delete(memories).where(memories.c.id == memory_id))


def page_of_nodes(tx: Tx, memory_id: str, after: str, most: int) -> list[sa.Row[Any]]:
    """The nodes of a memory in order of ID, behind `after`."""
    return tx.rows(_NODES, memory=memory_id, after=after, most=most)


def node_contents(tx: Tx, memory_id: str, most: int) -> list[str]:
    """What the nodes of a memory say, the oldest first."""
    return [row.content for row in tx.rows(_OLDEST_NODES, memory=memory_id, most=most)]


def count_nodes(tx: Tx, memory_id: str) -> int:
    """How many nodes a memory has."""
    return int(tx.connection.execute(_COUNT_NODES, {"memory": memory_id}).scalar_one())


def node(tx: Tx, memory_id: str, node_id: str) -> sa.Row[Any] | None:
    """The node of that ID."""
    return tx.row(_NODE, memory=memory_id, which=node_id)


def add_node(tx: Tx, memory_id: str, node_id: str, content: str) -> None:
    """Add a node to a memory."""
    tx.run(
        sa.insert(memory_nodes),
        id=node_id,
        memory_id=memory_id,
        content=content,
        created_at=tx.now,
        updated_at=tx.now,
    )


def update_node(tx: Tx, node_id: str, content: str) -> None:
    """Change what a node says."""
    tx.run(sa.update(memory_nodes).where(memory_nodes.c.id == node_id).values(content=content, updated_at=tx.now))


def delete_node(tx: Tx, node_id: str) -> None:
    """Remove a node."""
    tx.run(sa.delete(memory_nodes).where(memory_nodes.c.id == node_id))
