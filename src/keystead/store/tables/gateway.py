"""Where model calls go, and what they used.  The models themselves stand in `studio`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table

from keystead.store.tables.spine import metadata

upstreams = Table(
    "upstreams",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("model", String(128), nullable=False, index=True),  # what callers name
    Column("url", String(512), nullable=False),  # base of an OpenAI-compatible server, with its /v1; or embedded:
    Column("upstream_model", String(256), nullable=False),  # what the server calls it
    Column("sealed_secret", LargeBinary, nullable=True),  # the server's own key, sent as Bearer
    Column("weight", Integer, nullable=False),  # share of the calls; 0 only when no other answers
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("call_id", String(36), primary_key=True),  # the request ID: a row that is written twice counts once
    Column("account_id", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),  # milliseconds, when the call came
    Column("workspace_id", String(64), nullable=False),
    Column("application_id", String(64), nullable=False),  # empty for a call of a model
    Column("key_id", BigInteger, nullable=False),  # of the API key; 0 where an AccessKey pair signed
    Column("owner_id", String(64), nullable=False),  # account, user or role ID
    Column("principal", String(256), nullable=False),  # ARN
    Column("model", String(128), nullable=False),
    Column("operation", String(16), nullable=False),  # chat, completions, embeddings, rerank
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("estimated", Boolean, nullable=False),  # counted here: the upstream did not say
    Column("cost", BigInteger, nullable=False),  # millionths of the currency, by the price on that day
    Column("outcome", String(64), nullable=False),  # Success or an error code
    Column("upstream_id", String(32), nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Index(None, "account_id", "at"),
    Index(None, "account_id", "workspace_id", "at"),
    Index(None, "account_id", "key_id", "at"),
    Index(None, "account_id", "model", "at"),
)
