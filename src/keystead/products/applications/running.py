"""The store's part of calling an application: read what a call needs, keep what was answered.

A session belongs to its application, lives for an hour after its last use, and holds a bounded number of rounds
(reference/model-studio.md d.3).  Its ID is a random 128-bit number that only the caller was told.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.embedding import Embedded
from keystead.identity.transaction import Tx
from keystead.products.applications import compose as composing
from keystead.products.applications import config as configs
from keystead.products.applications.compose import PARAMETER, Composition, Material, Question, Rounds
from keystead.products.applications.config import ApplicationConfig, RagConfig, SampleLibrary
from keystead.products.applications.retrieval import Passage, search
from keystead.store import agents, knowledge, prompts

SESSION_SECONDS = 3600
MOST_NODES = 500

NO_APPLICATION = FaultKind(
    "App.AccessDenied",
    403,
    "App access denied. The application {id!r} does not exist in the workspace {workspace}.",
    "ListPublishedAgent shows the applications of the workspace; use a key of the workspace that it is in.",
)
NO_MEMORY = FaultKind(
    "Memory.MemoryIdNotFound",
    404,
    "The memory {id!r} does not exist in the workspace {workspace}.",
    "ListMemories shows the memories of the workspace.",
)
BASE_GONE = FaultKind(
    "RetrivalFailed",
    500,
    "The application looks things up in the knowledge base {id!r}, which does not exist in the workspace any more.",
    "Take it out of the application's ragConfig or sampleLibrary with UpdateAndPublishAgentSelective.",
)

_SESSION = re.compile(r"[0-9a-f]{32}")


def bases(tx: Tx, workspace_id: str, agent_id: str, question: Question) -> list[sa.Row[Any]]:
    """The knowledge bases that a call will look things up in.  Raises as `prepare`."""
    row, config = _application(tx, workspace_id, agent_id, question)
    wanted, _ = _wanted_bases(question, config.rag_config or RagConfig())
    samples = configs.stored(row.samples, SampleLibrary)
    return _existing(tx, workspace_id, (*wanted, *_samples(samples)))


def prepare(
    tx: Tx, workspace_id: str, agent_id: str, question: Question, meanings: Mapping[str, Embedded] | None = None
) -> tuple[Composition, str]:
    """The model call that answers `question`, and the ID of its session.  meanings: see `retrieval.search`.

    An unknown session and one that has ended begin anew, under a new ID.  Raises `App.AccessDenied`,
    `InvalidParameter`, `UnsupportedOperation`, `Memory.MemoryIdNotFound` and `RetrivalFailed`.
    """
    row, config = _application(tx, workspace_id, agent_id, question)
    session_id, rounds = _session(tx, agent_id, question)
    material = Material(
        model=row.model,
        instructions=row.instructions,
        config=config,
        rounds=rounds,
        memory=_memory(tx, workspace_id, question),
        found=_found(tx, workspace_id, question, config.rag_config or RagConfig(), meanings),
        examples=_examples(tx, workspace_id, question, row, meanings),
    )
    return composing.compose(material, question, tx.now), session_id


def _application(tx: Tx, workspace_id: str, agent_id: str, question: Question) -> tuple[sa.Row[Any], ApplicationConfig]:
    row = agents.get(tx, workspace_id, agent_id)
    if row is None:
        raise NO_APPLICATION(id=agent_id, workspace=workspace_id)
    config = configs.stored(row.config, ApplicationConfig)
    composing.check(question, config, row.model)
    return row, config


def remember(tx: Tx, agent_id: str, session_id: str, asked: str, answer: str) -> None:
    """Add a round to a session, and begin the hour anew."""
    row = agents.session(tx, agent_id, session_id, tx.now - SESSION_SECONDS, lock=True)
    rounds = composing.kept(_rounds(tx, row), asked, answer)
    sealed = tx.keyring.seal(json.dumps(rounds).encode(), _purpose(agent_id, session_id))
    agents.put_session(tx, agent_id, session_id, sealed)


def forget(tx: Tx) -> int:
    """Remove the sessions whose hour is over; returns how many."""
    return agents.forget_sessions(tx, tx.now - SESSION_SECONDS)


def _session(tx: Tx, agent_id: str, question: Question) -> tuple[str, Rounds]:
    asked = question.session_id
    if asked and not question.messages:
        if not _SESSION.fullmatch(asked):
            raise PARAMETER(problem="'session_id' must be the 32 hexadecimal digits that an answer named.")
        row = agents.session(tx, agent_id, asked, tx.now - SESSION_SECONDS)
        if row is not None:
            return asked, _rounds(tx, row)
    return secrets.token_hex(16), ()


def _rounds(tx: Tx, row: sa.Row[Any] | None) -> Rounds:
    if row is None:
        return ()
    opened = tx.keyring.open(row.sealed_rounds, _purpose(row.agent_id, row.id))
    return tuple((asked, answer) for asked, answer in json.loads(opened))


def _purpose(agent_id: str, session_id: str) -> str:
    return f"agent-session:{agent_id}:{session_id}"


def _memory(tx: Tx, workspace_id: str, question: Question) -> list[str]:
    wanted = question.given.get("memory_id")
    if not wanted:
        return []
    row = prompts.memory(tx, workspace_id, str(wanted)[:64])
    if row is None:
        raise NO_MEMORY(id=str(wanted)[:64], workspace=workspace_id)
    return prompts.node_contents(tx, row.id, MOST_NODES)


def _wanted_bases(question: Question, rag: RagConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The knowledge bases that a question is looked up in, and the files in them; no files: all."""
    asked, file_ids = _rag_options(question, rag)
    return (asked or rag.knowledge_base_code_list or ()) if rag.enable_search else (), file_ids


def _found(
    tx: Tx, workspace_id: str, question: Question, rag: RagConfig, meanings: Mapping[str, Embedded] | None
) -> list[Passage]:
    wanted, file_ids = _wanted_bases(question, rag)
    most = rag.top_k or configs.DEFAULT_CHUNKS
    rows = _existing(tx, workspace_id, wanted)
    return search(tx, rows, composing.query_of(question), most, file_ids, meanings)


def _rag_options(question: Question, rag: RagConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The knowledge bases and files that a call narrows the search to; never others than the application's own."""
    options = question.parameters.get("rag_options")
    if not options:
        return (), ()
    if not isinstance(options, dict):
        raise PARAMETER(problem="'rag_options' must be an object.")
    lists: dict[str, tuple[str, ...]] = {"pipeline_ids": (), "file_ids": ()}
    for name, value in options.items():
        if not value:
            continue
        if name not in lists:
            raise PARAMETER(problem=f"'rag_options.{name[:64]}' is not supported; there are pipeline_ids and file_ids.")
        if not isinstance(value, list) or len(value) > 100 or not all(isinstance(each, str) for each in value):
            raise PARAMETER(problem=f"'rag_options.{name}' must be a list of at most 100 IDs.")
        lists[name] = tuple(value)
    if any(lists.values()) and not rag.enable_search:
        raise PARAMETER(problem="'rag_options' is given, but the application's ragConfig.enableSearch is off.")
    for each in lists["pipeline_ids"]:
        if each not in (rag.knowledge_base_code_list or ()):
            raise PARAMETER(problem=f"'rag_options.pipeline_ids' names {each[:64]!r}, which the application has not.")
    return lists["pipeline_ids"], lists["file_ids"]


def _samples(samples: SampleLibrary) -> tuple[str, ...]:
    return (samples.sample_library_id_list or ()) if samples.enable_sample else ()


def _examples(
    tx: Tx, workspace_id: str, question: Question, row: sa.Row[Any], meanings: Mapping[str, Embedded] | None
) -> list[Passage]:
    samples = configs.stored(row.samples, SampleLibrary)
    rows = _existing(tx, workspace_id, _samples(samples))
    most = samples.top_k or configs.DEFAULT_CHUNKS
    return search(tx, rows, composing.query_of(question), most, meanings=meanings)


def _existing(tx: Tx, workspace_id: str, wanted: tuple[str, ...]) -> list[sa.Row[Any]]:
    found = []
    for each in wanted:
        row = knowledge.get(tx, workspace_id, each)
        if row is None:
            raise BASE_GONE(id=each)
        found.append(row)
    return found
