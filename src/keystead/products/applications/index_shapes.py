"""What knowledge bases look like on the wire.  Source: reference/model-studio.md c.3.

Many parameters ask for what is not built; they are read so that they can be refused by name: see `UNBUILT`.
`ConfgModel` and `Filed` are the wire names (f.12).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keystead.products.applications.product import NOT_BUILT, DataEnvelope, DataInput
from keystead.wire.answers import Output
from keystead.wire.parameters import Flag, Items, Text, Whole

MOST_RESULTS = 50

UNBUILT = {
    "columns": "there are no tables",
    "table_ids": "there are no tables",
    "table": "there are no tables",
    "database": "there are no connectors",
    "datasource_code": "there are no connectors",
    "connect_id": "there are no connectors",
    "channel_type": "there are no connectors",
    "rerank_model_name": "no model reranks what was found",
    "rerank_mode": "no model reranks what was found",
    "rerank_instruct": "no model reranks what was found",
    "rerank_min_score": "no model reranks what was found",
    "rerank": "no model reranks what was found",
    "enable_reranking": "no model reranks what was found",
    "enable_rewrite": "no model rewrites questions",
    "rewrite": "no model rewrites questions",
    "query_history": "no model rewrites questions",
    "images": "pictures are not looked for",
    "search_filters": "there are no metadata to filter by",
    "meta_extract_columns": "no model extracts metadata",
    "enable_headers": "there are no tables",
    "save_retriever_history": "questions are not kept",
}


def refuse_unbuilt(wanted: DataInput) -> None:
    """Raise `UnsupportedOperation` for the first parameter that asks for what is not built."""
    for field in msgspec.structs.fields(type(wanted)):
        why = UNBUILT.get(field.name)
        if why and getattr(wanted, field.name) not in (None, "", "[]", "{}", False):
            raise NOT_BUILT(
                what=field.encode_name, why=why, next="Leave it out; docs/guides/applications.md says what there is."
            )


Id = Annotated[str, Text(1, 64, r"[A-Za-z0-9_-]{1,64}", wrong="Format", doc="a knowledge base's ID")]
OneId = Annotated[str, Text(1, 64, r"[A-Za-z0-9_-]{1,64}", wrong="Format", doc="an ID")]
Ids = Annotated[tuple[str, ...], Items(1000, doc="IDs")]
Unbuilt = Annotated[str, Text(0, 65536, doc="refused: not built")]
UnbuiltFlag = Annotated[bool, Flag(doc="refused where true: not built")]
ChunkSize = Annotated[int, Whole(1, 6000, doc="characters of a chunk")]
Overlap = Annotated[int, Whole(0, 1024, doc="characters that a chunk repeats of the one before")]
EmbeddingModel = Annotated[
    str, Text(1, 128, doc="the model that makes the chunks' vectors; none: texts are found by their words only")
]
Separator = Annotated[str, Text(0, 64, doc="where chunks end, if they can")]
PageNumber = Annotated[int, Whole(1, 100_000)]
PageSize = Annotated[int, Whole(1, 100)]


class CreateIndexInput(DataInput, frozen=True, kw_only=True):
    """Sink, structure and commercial parameters are read and must say what there is."""

    name: Annotated[str, Text(1, 64, doc="what people see")]
    description: Annotated[str, Text(0, 1000, doc="free text")] = ""
    structure_type: Annotated[str, Text(0, 32, doc="unstructured")] = "unstructured"
    source_type: Annotated[str, Text(0, 64, doc="DATA_CENTER_FILE or DATA_CENTER_CATEGORY")] = ""
    sink_type: Annotated[str, Text(0, 32, doc="BUILT_IN or DEFAULT")] = ""
    sink_instance_id: Unbuilt = ""
    sink_region: Unbuilt = ""
    category_ids: Ids = ()
    document_ids: Ids = ()
    chunk_size: ChunkSize = 500
    overlap_size: Overlap = 100
    separator: Separator = ""
    create_index_type: Annotated[str, Text(0, 32)] = ""
    chunk_mode: Annotated[str, Text(0, 32, doc="h1, h2, …: not built; length")] = msgspec.field(
        default="", name="chunkMode"
    )
    columns: Unbuilt = ""
    table_ids: Unbuilt = ""
    embedding_model_name: EmbeddingModel | None = None
    enable_rewrite: UnbuiltFlag = False
    rerank_instruct: Unbuilt = ""
    rerank_min_score: Unbuilt = ""
    rerank_mode: Unbuilt = ""
    rerank_model_name: Unbuilt = ""
    channel_type: Unbuilt = msgspec.field(default="", name="channelType")
    connect_id: Unbuilt = msgspec.field(default="", name="connectId")
    database: Unbuilt = msgspec.field(default="", name="database")
    datasource_code: Unbuilt = msgspec.field(default="", name="datasourceCode")
    enable_headers: UnbuiltFlag = msgspec.field(default=False, name="enableHeaders")
    knowledge_scene: Annotated[str, Text(0, 64)] = msgspec.field(default="", name="knowledgeScene")
    knowledge_type: Annotated[str, Text(0, 64)] = msgspec.field(default="", name="knowledgeType")
    meta_extract_columns: Unbuilt = msgspec.field(default="", name="metaExtractColumns")
    table: Unbuilt = msgspec.field(default="", name="table")


class IndexInput(DataInput, frozen=True):
    index_id: Id


class UpdateIndexInput(DataInput, frozen=True):
    id: Id
    name: Annotated[str, Text(1, 64, doc="what people see")] | None = None
    description: Annotated[str, Text(0, 1000, doc="free text")] | None = None
    embedding_model_name: EmbeddingModel | None = None
    rerank_min_score: Unbuilt = ""


class ListIndicesInput(DataInput, frozen=True):
    index_name: Annotated[str, Text(0, 64, doc="a part of it")] = ""
    page_number: PageNumber = 1
    page_size: PageSize = 10


class AddDocumentsInput(DataInput, frozen=True):
    index_id: Id
    source_type: Annotated[str, Text(0, 64, doc="DATA_CENTER_FILE or DATA_CENTER_CATEGORY")] = ""
    category_ids: Ids = ()
    document_ids: Ids = ()
    chunk_size: ChunkSize | None = None
    overlap_size: Overlap | None = None
    separator: Separator | None = None
    enable_headers: UnbuiltFlag = False


class JobStatusInput(DataInput, frozen=True):
    index_id: Id
    job_id: OneId
    page_number: PageNumber = 1
    page_size: PageSize = msgspec.field(default=10, name="pageSize")


class ListDocumentsInput(DataInput, frozen=True):
    index_id: Id
    document_name: Annotated[str, Text(0, 256, doc="a name, or a part of it")] = ""
    document_status: Annotated[str, Text(0, 32, doc="FINISH")] = ""
    enable_name_like: Annotated[str, Text(0, 5, doc="true: a part of the name")] = ""
    page_number: PageNumber = 1
    page_size: PageSize = 10


class DeleteDocumentInput(DataInput, frozen=True):
    index_id: Id
    document_ids: Ids


class ListChunksInput(DataInput, frozen=True):
    index_id: Id
    file_id: Annotated[str, Text(0, 64, doc="only of this file")] = ""
    filed: Annotated[str, Text(0, 64, doc="an older name of FileId")] = ""
    fields: Annotated[tuple[str, ...], Items(100, doc="all are answered")] = ()
    page_num: PageNumber = 1
    page_size: PageSize = 10


class RetrieveInput(DataInput, frozen=True):
    index_id: Id
    query: Annotated[str, Text(0, 20_000, doc="what is looked for")] = ""
    dense_similarity_top_k: Annotated[int, Whole(0, 100, doc="chunks considered by their meaning")] | None = None
    sparse_similarity_top_k: Annotated[int, Whole(0, 100, doc="chunks considered by their words")] | None = None
    rerank_top_n: Annotated[int, Whole(1, MOST_RESULTS, doc="how many results")] = 5
    enable_reranking: UnbuiltFlag = False
    enable_rewrite: UnbuiltFlag = False
    images: Unbuilt = ""
    query_history: Unbuilt = ""
    rerank: Unbuilt = ""
    rerank_min_score: Unbuilt = ""
    rewrite: Unbuilt = ""
    save_retriever_history: UnbuiltFlag = False
    search_filters: Unbuilt = ""


class IdKey(Output, frozen=True):
    id: str


class IdOutput(DataEnvelope, frozen=True, kw_only=True):
    data: IdKey


class JobKey(Output, frozen=True):
    id: str
    index_id: str


class JobOutput(DataEnvelope, frozen=True, kw_only=True):
    data: JobKey


class JobDocument(Output, frozen=True):
    code: str
    doc_id: str
    doc_name: str
    gmt_modified: int
    message: str
    status: str


class Job(Output, frozen=True):
    documents: list[JobDocument]
    job_id: str
    status: str


class JobStatusOutput(DataEnvelope, frozen=True, kw_only=True):
    data: Job


class Index(Output, frozen=True):
    """A knowledge base as ListIndices answers it."""

    id: str
    name: str
    description: str
    chunk_size: int
    overlap_size: int
    separator: str
    source_type: str
    document_ids: list[str]
    confg_model: str = ""
    embedding_model_name: str = ""
    enable_rewrite: bool = False
    pipeline_commercial_cu: int = 0
    pipeline_commercial_type: str = ""
    pipeline_storage_usage: float = 0.0
    rerank_min_score: str = ""
    rerank_model_name: str = ""
    sink_instance_id: str = ""
    sink_region: str = ""
    sink_type: str = "BUILT_IN"
    structure_type: str = "unstructured"
    structured_index_config: tuple[dict[str, Any], ...] = ()


class IndexPage(Output, frozen=True):
    indices: list[Index]
    page_number: int
    page_size: int
    total_count: int


class ListIndicesOutput(DataEnvelope, frozen=True, kw_only=True):
    data: IndexPage


class Document(Output, frozen=True):
    code: str
    document_type: str
    gmt_modified: int
    id: str
    message: str
    name: str
    size: int
    source_id: str
    status: str


class DocumentPage(Output, frozen=True):
    documents: list[Document]
    index_id: str
    page_number: int
    page_size: int
    total_count: int


class ListDocumentsOutput(DataEnvelope, frozen=True, kw_only=True):
    data: DocumentPage


class DeletedDocuments(Output, frozen=True):
    deleted_document: list[str]


class DeleteDocumentOutput(DataEnvelope, frozen=True, kw_only=True):
    data: DeletedDocuments


class Node(Output, frozen=True):
    """A chunk.  score: 0 to 1, greater is better; of a list without a question 0."""

    text: str
    score: float
    metadata: dict[str, Any]


class NodePage(Output, frozen=True):
    nodes: list[Node]
    total: int


class ListChunksOutput(DataEnvelope, frozen=True, kw_only=True):
    data: NodePage


class Nodes(Output, frozen=True):
    nodes: list[Node]


class RetrieveOutput(DataEnvelope, frozen=True, kw_only=True):
    data: Nodes
