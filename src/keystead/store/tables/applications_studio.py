"""Model Studio's applications, and what they draw on: prompts, memories, files, knowledge bases, talks.

Source: reference/model-studio.md c.  `applications` without "studio" holds those of OAuth.  Conversations, memories and
texts of files are sealed by the master keys where nothing has to search in them.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from keystead.store.tables.spine import account_column, metadata


def _workspace_column() -> Column[str]:
    """The workspace that a row belongs to."""
    return Column("workspace_id", String(64), ForeignKey("workspaces.id"), nullable=False)


agents = Table(
    "agents",
    metadata,
    Column("id", String(32), primary_key=True),  # the application code
    account_column(),
    _workspace_column(),
    Column("name", String(128), nullable=False),
    Column("model", String(128), nullable=False),
    Column("instructions", Text, nullable=False),
    Column("config", Text, nullable=False),  # JSON: applicationConfig as it was given
    Column("samples", Text, nullable=False),  # JSON: sampleLibrary as it was given
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "workspace_id", "created_at", "id"),
)

# One talk with an application; it lives for an hour after its last use.
agent_sessions = Table(
    "agent_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("agent_id", String(32), ForeignKey("agents.id"), primary_key=True),
    Column("sealed_rounds", LargeBinary, nullable=False),  # JSON: [[question, answer], …], bounded
    Column("used_at", BigInteger, nullable=False, index=True),
    Index(None, "agent_id"),
)

prompt_templates = Table(
    "prompt_templates",
    metadata,
    Column("id", String(32), primary_key=True),
    account_column(),
    _workspace_column(),
    Column("name", String(128), nullable=False),
    Column("content", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "workspace_id", "id"),
)

memories = Table(
    "memories",
    metadata,
    Column("id", String(32), primary_key=True),
    account_column(),
    _workspace_column(),
    Column("description", String(50), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "workspace_id", "id"),
)

memory_nodes = Table(
    "memory_nodes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("memory_id", String(32), ForeignKey("memories.id"), nullable=False),
    Column("content", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "memory_id", "id"),
)

file_categories = Table(
    "file_categories",
    metadata,
    Column("id", String(64), primary_key=True),
    account_column(),
    _workspace_column(),
    Column("name", String(128), nullable=False),
    Column("parent_id", String(64), nullable=False),  # empty at the top
    Column("created_at", BigInteger, nullable=False),
    Index(None, "workspace_id", "id"),
)

# The right to send one file, and what was sent, until AddFile takes it.
upload_leases = Table(
    "upload_leases",
    metadata,
    Column("id", String(64), primary_key=True),
    account_column(),
    _workspace_column(),
    Column("category_id", String(64), nullable=False),
    Column("name", String(256), nullable=False),
    Column("md5", String(32), nullable=False),  # hex
    Column("size", BigInteger, nullable=False),
    Column("token_digest", LargeBinary(32), nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("content", LargeBinary, nullable=True),
    Index(None, "workspace_id"),
)

files = Table(
    "files",
    metadata,
    Column("id", String(64), primary_key=True),
    account_column(),
    _workspace_column(),
    Column("category_id", String(64), nullable=False),  # default, or of a category
    Column("name", String(256), nullable=False),
    Column("parser", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("status", String(32), nullable=False),  # PARSE_SUCCESS, PARSE_FAILED
    Column("problem", String(256), nullable=False),
    Column("tags", Text, nullable=False),  # JSON list
    Column("sealed_text", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "workspace_id", "id"),
    Index(None, "category_id"),
)

indices = Table(
    "indices",
    metadata,
    Column("id", String(32), primary_key=True),
    account_column(),
    _workspace_column(),
    Column("name", String(128), nullable=False),
    Column("description", String(1024), nullable=False),
    Column("chunk_size", Integer, nullable=False),
    Column("overlap", Integer, nullable=False),
    Column("separator", String(64), nullable=False),
    Column("source_type", String(32), nullable=False),
    Column("wanted", Text, nullable=False),  # JSON: files and categories that the next job takes
    Column("embedding_model", String(128), nullable=False),  # empty: texts are found by their words only
    Column("embedding_revision", String(512), nullable=False),  # what made the vectors; empty while there are none
    Column("embedding_due", Boolean, nullable=False),  # chunks may wait for their vectors
    Column("embedding_lease", BigInteger, nullable=False),  # seconds: until then one node is at it, or none tries
    Column("embedding_failures", Integer, nullable=False),  # tries in a row that failed
    Column("embedding_problem", String(512), nullable=False),  # why the last of them failed
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "workspace_id", "id"),
    Index(None, "embedding_due", "embedding_lease"),
)

index_jobs = Table(
    "index_jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("index_id", String(32), ForeignKey("indices.id"), nullable=False, index=True),
    Column("status", String(16), nullable=False),  # COMPLETED, FAILED
    Column("documents", Text, nullable=False),  # JSON
    Column("created_at", BigInteger, nullable=False),
)

index_chunks = Table(
    "index_chunks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("index_id", String(32), ForeignKey("indices.id"), nullable=False),
    Column("file_id", String(64), ForeignKey("files.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("sealed_text", LargeBinary, nullable=False),
    Column("terms", Integer, nullable=False),  # how many words it has
    Index(None, "index_id", "file_id", "position"),
)

# How often a word stands in a chunk: what ranking needs.
index_terms = Table(
    "index_terms",
    metadata,
    Column("index_id", String(32), primary_key=True),
    Column("term", String(64), primary_key=True),
    Column("chunk_id", String(32), ForeignKey("index_chunks.id"), primary_key=True),
    Column("count", Integer, nullable=False),
    Index(None, "chunk_id"),
)

# Embeddings of length 1: 32-bit floats, little-endian; on PostgreSQL an array, which pgvector compares by a cast.
index_vectors = Table(
    "index_vectors",
    metadata,
    Column("chunk_id", String(32), ForeignKey("index_chunks.id"), primary_key=True),
    Column("index_id", String(32), nullable=False, index=True),
    Column("vector", LargeBinary().with_variant(ARRAY(REAL), "postgresql"), nullable=False),
)
