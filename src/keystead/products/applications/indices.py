"""Knowledge bases: made from files, filled by jobs.  Source: reference/model-studio.md c.3."""

from __future__ import annotations

import json
import secrets
from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.applications import indexing, meaning
from keystead.products.applications.categories import CATEGORY_NOT_FOUND, KINDS
from keystead.products.applications.files import FILE_NOT_FOUND
from keystead.products.applications.index_shapes import (
    AddDocumentsInput,
    CreateIndexInput,
    DeletedDocuments,
    DeleteDocumentInput,
    DeleteDocumentOutput,
    Document,
    DocumentPage,
    IdKey,
    IdOutput,
    Index,
    IndexInput,
    IndexPage,
    Job,
    JobDocument,
    JobKey,
    JobOutput,
    JobStatusInput,
    JobStatusOutput,
    ListDocumentsInput,
    ListDocumentsOutput,
    ListIndicesInput,
    ListIndicesOutput,
    UpdateIndexInput,
    refuse_unbuilt,
)
from keystead.products.applications.indexing import INDEX_NOT_FOUND, NOTHING_TO_TAKE, TOO_MUCH, Cut
from keystead.products.applications.meaning import Choice
from keystead.products.applications.parsers import type_of
from keystead.products.applications.product import BAILIAN, NOT_BUILT, DataEnvelope, enter
from keystead.products.desk import Desk
from keystead.products.workspaces.access import WORKSPACE
from keystead.store import knowledge

MOST_INDICES = 200

OVERLAP_INVALID = FaultKind(
    "Index.InvalidParameter",
    400,
    "OverlapSize is {overlap} and ChunkSize {size}: a chunk would repeat more than half of the one before.",
    "Choose an OverlapSize of at most half of ChunkSize.",
)
JOB_NOT_FOUND = FaultKind(
    "Index.JobNotFound",
    404,
    "The knowledge base {index} has no job {id}.",
    "SubmitIndexJob answers the ID of its job.",
)
TOO_MANY_INDICES = FaultKind(
    "LimitExceeded.Index",
    409,
    "The workspace {workspace} has {limit} knowledge bases, the most that there may be.",
    "Delete knowledge bases that are no longer needed.",
)
_ONE = (*KINDS, INDEX_NOT_FOUND)
_NAMED = (FILE_NOT_FOUND, CATEGORY_NOT_FOUND)


def _choose_first(tx: Tx, caller: Caller, wanted: CreateIndexInput) -> Choice:
    place = enter(tx, caller, wanted, "knowledge", "operate")
    return meaning.chosen(tx, caller, place, wanted.embedding_model_name)


async def _settle_first(desk: Desk, _wanted: CreateIndexInput, _caller: Caller) -> str:
    return await meaning.settled(desk, desk.prepared)


@BAILIAN.action(
    "CreateIndex",
    method="POST",
    path="/{WorkspaceId}/index/create",
    resource=WORKSPACE,
    writes=True,
    first=_choose_first,
    prepare=_settle_first,
    request_id="RequestId",
    faults=(*KINDS, NOT_BUILT, *_NAMED, TOO_MANY_INDICES, OVERLAP_INVALID),
)
def create_index(tx: Tx, caller: Caller, wanted: CreateIndexInput) -> IdOutput:
    """Create a knowledge base of files; SubmitIndexJob fills it."""
    enter(tx, caller, wanted, "knowledge", "operate")
    refuse_unbuilt(wanted)
    for what, given, there in (
        ("StructureType", wanted.structure_type, ("", "unstructured")),
        ("SinkType", wanted.sink_type, ("", "BUILT_IN", "DEFAULT")),
        ("SourceType", wanted.source_type, ("", "DATA_CENTER_FILE", "DATA_CENTER_CATEGORY")),
        ("chunkMode", wanted.chunk_mode, ("", "length")),
        ("SinkInstanceId", wanted.sink_instance_id, ("",)),
    ):
        if given not in there:
            why = "knowledge is kept in Keystead's own database"
            raise NOT_BUILT(what=f"{what} {given}", why=why, next=f"There is {' or '.join(filter(None, there))}.")
    _check_overlap(wanted.chunk_size, wanted.overlap_size)
    if len(knowledge.every(tx, wanted.workspace_id)) >= MOST_INDICES:
        raise TOO_MANY_INDICES(workspace=wanted.workspace_id, limit=MOST_INDICES)
    indexing.named(tx, wanted.workspace_id, wanted.document_ids, wanted.category_ids)
    index_id = secrets.token_hex(5)
    knowledge.insert(
        tx,
        wanted.workspace_id,
        index_id,
        name=wanted.name,
        description=wanted.description,
        chunk_size=wanted.chunk_size,
        overlap=wanted.overlap_size,
        separator=wanted.separator,
        source_type=wanted.source_type or "DATA_CENTER_FILE",
        wanted=json.dumps({"files": wanted.document_ids, "categories": wanted.category_ids}),
        embedding_model=tx.prepared,
    )
    return IdOutput(data=IdKey(id=index_id))


def _choose_again(tx: Tx, caller: Caller, wanted: UpdateIndexInput) -> Choice:
    place = enter(tx, caller, wanted, "knowledge", "operate")
    indexing.find(tx, wanted.workspace_id, wanted.id)
    return meaning.chosen(tx, caller, place, wanted.embedding_model_name)


async def _settle_again(desk: Desk, _wanted: UpdateIndexInput, _caller: Caller) -> str:
    return await meaning.settled(desk, desk.prepared)


@BAILIAN.action(
    "UpdateIndex",
    method="POST",
    path="/{WorkspaceId}/index/update",
    resource=WORKSPACE,
    writes=True,
    first=_choose_again,
    prepare=_settle_again,
    request_id="RequestId",
    faults=(*_ONE, NOT_BUILT),
)
def update_index(tx: Tx, caller: Caller, wanted: UpdateIndexInput) -> IdOutput:
    """Change the name, description or embedding model of a knowledge base; another model makes all vectors anew."""
    enter(tx, caller, wanted, "knowledge", "operate")
    refuse_unbuilt(wanted)
    row = indexing.find(tx, wanted.workspace_id, wanted.id)
    given = {"name": wanted.name, "description": wanted.description}
    knowledge.update(tx, row.id, **{name: value for name, value in given.items() if value is not None})
    if wanted.embedding_model_name is not None:
        meaning.change(tx, row, tx.prepared)
    return IdOutput(data=IdKey(id=row.id))


@BAILIAN.action(
    "DeleteIndex",
    method="POST",
    path="/{WorkspaceId}/index/delete",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=_ONE,
)
def delete_index(tx: Tx, caller: Caller, wanted: IndexInput) -> DataEnvelope:
    """Delete a knowledge base; its files stay.  Applications that search in it refuse calls until they are changed."""
    enter(tx, caller, wanted, "knowledge", "operate")
    knowledge.delete(tx, indexing.find(tx, wanted.workspace_id, wanted.index_id).id)
    return DataEnvelope()


@BAILIAN.action(
    "ListIndices",
    method="GET",
    path="/{WorkspaceId}/index/list_indices",
    permission="sfm:ListIndex",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=KINDS,
)
def list_indices(tx: Tx, caller: Caller, wanted: ListIndicesInput) -> ListIndicesOutput:
    """List the knowledge bases of a workspace, the newest first."""
    enter(tx, caller, wanted, "knowledge", "view")
    rows = [row for row in knowledge.every(tx, wanted.workspace_id) if wanted.index_name.lower() in row.name.lower()]
    skip = (wanted.page_number - 1) * wanted.page_size
    return ListIndicesOutput(
        data=IndexPage(
            indices=[_shown(tx, row) for row in rows[skip : skip + wanted.page_size]],
            page_number=wanted.page_number,
            page_size=wanted.page_size,
            total_count=len(rows),
        )
    )


def _cut_index(tx: Tx, caller: Caller, wanted: IndexInput) -> Cut | None:
    enter(tx, caller, wanted, "knowledge", "operate")
    row = knowledge.get(tx, wanted.workspace_id, wanted.index_id)
    if row is None:
        return None
    asked = json.loads(row.wanted)
    found = indexing.named(tx, row.workspace_id, asked["files"], asked["categories"])
    return indexing.cut(tx, row, found, row.chunk_size, row.overlap, row.separator)


@BAILIAN.action(
    "SubmitIndexJob",
    method="POST",
    path="/{WorkspaceId}/index/submit_index_job",
    resource=WORKSPACE,
    writes=True,
    first=_cut_index,
    request_id="RequestId",
    faults=(*_ONE, *_NAMED, NOTHING_TO_TAKE, TOO_MUCH),
)
def submit_job(tx: Tx, caller: Caller, wanted: IndexInput) -> JobOutput:
    """Take the knowledge base's files in.  Their words are found when the answer comes; where there is an embedding
    model, the job runs until every chunk has its vector."""
    enter(tx, caller, wanted, "knowledge", "operate")
    row = indexing.find(tx, wanted.workspace_id, wanted.index_id)
    if tx.prepared is None or not tx.prepared.outcomes:
        raise NOTHING_TO_TAKE(id=row.id)
    return JobOutput(data=JobKey(id=indexing.write(tx, row, tx.prepared), index_id=row.id))


def _cut_documents(tx: Tx, caller: Caller, wanted: AddDocumentsInput) -> Cut | None:
    enter(tx, caller, wanted, "knowledge", "operate")
    row = knowledge.get(tx, wanted.workspace_id, wanted.index_id)
    if row is None:
        return None
    found = indexing.named(tx, row.workspace_id, wanted.document_ids, wanted.category_ids)
    size = row.chunk_size if wanted.chunk_size is None else wanted.chunk_size
    overlap = row.overlap if wanted.overlap_size is None else wanted.overlap_size
    _check_overlap(size, overlap)
    separator = row.separator if wanted.separator is None else wanted.separator
    return indexing.cut(tx, row, found, size, overlap, separator)


@BAILIAN.action(
    "SubmitIndexAddDocumentsJob",
    method="POST",
    path="/{WorkspaceId}/index/add_documents_to_index",
    resource=WORKSPACE,
    writes=True,
    first=_cut_documents,
    request_id="RequestId",
    faults=(*_ONE, *_NAMED, NOT_BUILT, NOTHING_TO_TAKE, TOO_MUCH, OVERLAP_INVALID),
)
def add_documents(tx: Tx, caller: Caller, wanted: AddDocumentsInput) -> IdOutput:
    """Take more files into a knowledge base, as SubmitIndexJob does."""
    enter(tx, caller, wanted, "knowledge", "operate")
    refuse_unbuilt(wanted)
    row = indexing.find(tx, wanted.workspace_id, wanted.index_id)
    if tx.prepared is None or not tx.prepared.outcomes:
        raise NOTHING_TO_TAKE(id=row.id)
    return IdOutput(data=IdKey(id=indexing.write(tx, row, tx.prepared)))


@BAILIAN.action(
    "GetIndexJobStatus",
    method="GET",
    path="/{WorkspaceId}/index/job/status",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=(*_ONE, JOB_NOT_FOUND),
)
def get_job_status(tx: Tx, caller: Caller, wanted: JobStatusInput) -> JobStatusOutput:
    """Show what a job did with each file."""
    enter(tx, caller, wanted, "knowledge", "view")
    index = indexing.find(tx, wanted.workspace_id, wanted.index_id)
    row = knowledge.job(tx, index.id, wanted.job_id)
    if row is None:
        raise JOB_NOT_FOUND(id=wanted.job_id, index=wanted.index_id)
    skip = (wanted.page_number - 1) * wanted.page_size
    taken = json.loads(row.documents)
    waiting = meaning.pending(tx, index) & {each["id"] for each in taken}
    documents = [_of_job(row, index, each, waiting) for each in taken[skip : skip + wanted.page_size]]
    status = row.status
    if waiting:
        status = "FAILED" if index.embedding_problem else "RUNNING"
    return JobStatusOutput(data=Job(documents=documents, job_id=row.id, status=status))


def _of_job(row: sa.Row[Any], index: sa.Row[Any], taken: dict[str, str], waiting: set[str]) -> JobDocument:
    """What became of one file.  A file whose vectors cannot be made is tried again: its failure may pass."""
    code, status, message = "FINISH", "FINISH", "success"
    if taken["problem"]:
        code, status, message = "InvalidFile", "INSERT_ERROR", taken["problem"]
    elif taken["id"] in waiting and index.embedding_problem:
        code, status = "EmbeddingFailed", "INSERT_ERROR"
        message = f"no vectors yet, it is tried again; {index.embedding_problem}"
    elif taken["id"] in waiting:
        code, status, message = (
            "RUNNING",
            "RUNNING",
            "found by its words; vectors are being made",
        )
    return JobDocument(
        code=code,
        doc_id=taken["id"],
        doc_name=taken["name"],
        gmt_modified=row.created_at * 1000,
        message=message,
        status=status,
    )


@BAILIAN.action(
    "ListIndexDocuments",
    method="GET",
    path="/{WorkspaceId}/index/list_index_documents",
    permission="sfm:ListIndexFiles",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=_ONE,
)
def list_documents(tx: Tx, caller: Caller, wanted: ListDocumentsInput) -> ListDocumentsOutput:
    """List the files that are in a knowledge base."""
    enter(tx, caller, wanted, "knowledge", "view")
    index = indexing.find(tx, wanted.workspace_id, wanted.index_id)
    name, like = wanted.document_name, wanted.enable_name_like.lower() == "true"
    rows = [
        row
        for row in (knowledge.documents(tx, index.id) if wanted.document_status in ("", "FINISH") else [])
        if not name or row.name == name or (like and name.lower() in row.name.lower())
    ]
    skip = (wanted.page_number - 1) * wanted.page_size
    return ListDocumentsOutput(
        data=DocumentPage(
            documents=[_document(row) for row in rows[skip : skip + wanted.page_size]],
            index_id=index.id,
            page_number=wanted.page_number,
            page_size=wanted.page_size,
            total_count=len(rows),
        )
    )


@BAILIAN.action(
    "DeleteIndexDocument",
    method="POST",
    path="/{WorkspaceId}/index/delete_index_document",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=_ONE,
)
def delete_documents(tx: Tx, caller: Caller, wanted: DeleteDocumentInput) -> DeleteDocumentOutput:
    """Take files out of a knowledge base; the answer names those that were in it."""
    enter(tx, caller, wanted, "knowledge", "operate")
    index = indexing.find(tx, wanted.workspace_id, wanted.index_id)
    gone = [each for each in dict.fromkeys(wanted.document_ids) if knowledge.drop_file(tx, each, index.id)]
    return DeleteDocumentOutput(data=DeletedDocuments(deleted_document=gone))


def _check_overlap(size: int, overlap: int) -> None:
    if overlap * 2 > size:
        raise OVERLAP_INVALID(overlap=overlap, size=size)


def _shown(tx: Tx, row: sa.Row[Any]) -> Index:
    return Index(
        id=row.id,
        name=row.name,
        description=row.description,
        chunk_size=row.chunk_size,
        overlap_size=row.overlap,
        separator=row.separator,
        source_type=row.source_type,
        embedding_model_name=row.embedding_model,
        document_ids=[each.id for each in knowledge.documents(tx, row.id)],
    )


def _document(row: sa.Row[Any]) -> Document:
    return Document(
        code="FINISH",
        document_type=type_of(row.name),
        gmt_modified=row.created_at * 1000,
        id=row.id,
        message="success",
        name=row.name,
        size=row.size,
        source_id=row.id,
        status="FINISH",
    )
