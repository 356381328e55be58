"""What is in a knowledge base, and what is found in it.  Source: reference/model-studio.md c.3."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.identity.callers import Caller
from keystead.identity.embedding import Embedded
from keystead.identity.transaction import Tx
from keystead.products.applications import indexing, meaning, retrieval
from keystead.products.applications.categories import KINDS
from keystead.products.applications.index_shapes import (
    ListChunksInput,
    ListChunksOutput,
    Node,
    NodePage,
    Nodes,
    RetrieveInput,
    RetrieveOutput,
    refuse_unbuilt,
)
from keystead.products.applications.indexing import INDEX_NOT_FOUND
from keystead.products.applications.product import BAILIAN, NOT_BUILT, enter
from keystead.products.applications.retrieval import MOST_CANDIDATES, Bounds
from keystead.products.desk import Desk
from keystead.products.workspaces.access import WORKSPACE
from keystead.store import knowledge


@BAILIAN.action(
    "ListChunks",
    method="POST",
    path="/{WorkspaceId}/index/list_chunks",
    permission="sfm:ChunkList",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=(*KINDS, INDEX_NOT_FOUND),
)
def list_chunks(tx: Tx, caller: Caller, wanted: ListChunksInput) -> ListChunksOutput:
    """List the chunks of a knowledge base, or of one file in it."""
    enter(tx, caller, wanted, "knowledge", "view")
    index = indexing.find(tx, wanted.workspace_id, wanted.index_id)
    file_id = wanted.file_id or wanted.filed
    skip = (wanted.page_num - 1) * wanted.page_size
    nodes = [
        Node(
            text=tx.keyring.open(row.sealed_text, retrieval.purpose(row.id)).decode(),
            score=0.0,
            metadata=_metadata(wanted.workspace_id, index.id, row.id, row.file_id, row.file_name),
        )
        for row in knowledge.page_of_chunks(tx, index.id, file_id, skip, wanted.page_size)
    ]
    return ListChunksOutput(data=NodePage(nodes=nodes, total=knowledge.count_chunks(tx, index.id, file_id)))


def _base(tx: Tx, caller: Caller, wanted: RetrieveInput) -> sa.Row[Any]:
    enter(tx, caller, wanted, "knowledge", "view")
    refuse_unbuilt(wanted)
    return indexing.find(tx, wanted.workspace_id, wanted.index_id)


async def _understand(desk: Desk, wanted: RetrieveInput, caller: Caller) -> dict[str, Embedded]:
    payer = meaning.payer_of(caller, wanted.workspace_id)
    wants = wanted.query if wanted.dense_similarity_top_k != 0 else ""
    return await meaning.understood(desk.embedding, payer, [desk.prepared], wants)


@BAILIAN.action(
    "Retrieve",
    method="POST",
    path="/{WorkspaceId}/index/retrieve",
    resource=WORKSPACE,
    first=_base,
    prepare=_understand,
    request_id="RequestId",
    faults=(*KINDS, INDEX_NOT_FOUND, NOT_BUILT),
)
def retrieve(tx: Tx, caller: Caller, wanted: RetrieveInput) -> RetrieveOutput:
    """Look something up in a knowledge base, by its words and by its meaning where it has an embedding model.

    Scores lie between 0 and 1; greater is better.
    """
    index = _base(tx, caller, wanted)
    dense, sparse = wanted.dense_similarity_top_k, wanted.sparse_similarity_top_k
    given = [each for each in (dense, sparse) if each is not None]
    bounds = Bounds(MOST_CANDIDATES if dense is None else dense, MOST_CANDIDATES if sparse is None else sparse)
    most = min(wanted.rerank_top_n, sum(given)) if given else wanted.rerank_top_n
    nodes = [
        Node(
            text=each.text,
            score=round(each.score, 6),
            metadata=_metadata(wanted.workspace_id, index.id, each.chunk_id, each.file_id, each.file_name),
        )
        for each in retrieval.search(tx, [index], wanted.query, most, meanings=tx.prepared, bounds=bounds)
    ]
    return RetrieveOutput(data=Nodes(nodes=nodes))


def _metadata(workspace_id: str, index_id: str, chunk_id: str, file_id: str, name: str) -> dict[str, Any]:
    """The members that clients of the vendor read."""
    return {
        "workspace_id": workspace_id,
        "pipeline_id": index_id,
        "_id": chunk_id,
        "doc_id": file_id,
        "doc_name": name,
        "title": name,
    }
