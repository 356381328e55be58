"""Which embedding model a knowledge base has, what a question means to it, and how its chunks get their vectors.

Chunks are found by their words at once; their vectors are made behind the answer, by whichever node takes the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.faults import Fault
from keystead.identity.callers import Caller
from keystead.identity.embedding import Embedded, Embedding, Payer
from keystead.identity.transaction import Tx
from keystead.products.applications import retrieval
from keystead.products.applications.product import NOT_BUILT
from keystead.products.desk import Desk
from keystead.products.workspaces.access import Place
from keystead.store import model_catalogue, vectors

NONE = "none"
"""The name that asks for no embedding model."""

MOST_AT_ONCE = 16
MOST_CHARACTERS = 8000
"""Of chunks that are embedded in one call; one chunk has at most 6,000."""

LEASE_SECONDS = 180
_LONGEST_PAUSE = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """The embedding model that a request chose.  name: "" for none, None where it chose nothing.  offered: the models
    that the workspace may call, none where no vectors can be compared."""

    name: str | None
    payer: Payer
    offered: frozenset[str]


def payer_of(caller: Caller, workspace_id: str) -> Payer:
    """A person or program that asks on its own behalf."""
    return Payer(
        caller.account_id, workspace_id, caller.arn[:256], caller.user_id or caller.role_id or caller.account_id
    )


def chosen(tx: Tx, caller: Caller, place: Place, named: str | None) -> Choice:
    """What CreateIndex and UpdateIndex ask for, read before the write.  Raises `UnsupportedOperation` where no vectors
    can be compared."""
    name = "" if named == NONE else named or None
    if name and not vectors.can_search(tx):
        raise NOT_BUILT(
            what=f"EmbeddingModelName {name}",
            why="nothing here compares vectors",
            next="Install keystead[embeddings], or pgvector in PostgreSQL; or leave it out.",
        )
    offered = frozenset(model_catalogue.every(tx)) if vectors.can_search(tx) else frozenset()
    if not (place.row.is_default or place.row.all_models):
        offered &= {each for each, row in model_catalogue.grants(tx, place.row.id).items() if row.inference}
    return Choice(name, payer_of(caller, place.row.id), offered)


async def settled(desk: Desk, choice: Choice) -> str:
    """The model's name, tried out where the request named it; else the default one, where the workspace may call it.

    Raises what a call of the model raises.
    """
    if choice.name is None:
        default = desk.embedding.default if desk.embedding is not None else ""
        return default if default in choice.offered else ""
    if choice.name:
        if desk.embedding is None:
            raise NOT_BUILT(what="EmbeddingModelName", why="no models can be called here", next="Leave it out.")
        await desk.embedding.embed(choice.payer, choice.name, ["A text to see whether it embeds."], query=False)
    return choice.name


async def understood(
    embedding: Embedding | None, payer: Payer, bases: Sequence[sa.Row[Any]], question: str
) -> dict[str, Embedded]:
    """A question's vector by each embedding model that these knowledge bases have vectors of.

    Raises what a call of the model raises: a search that silently knew less would be worse.
    """
    models = {base.embedding_model for base in bases if base.embedding_model and base.embedding_revision}
    if embedding is None or not question.strip():
        return {}
    asked = question[:MOST_CHARACTERS]
    return {model: await embedding.embed(payer, model, [asked], query=True) for model in sorted(models)}


def change(tx: Tx, row: sa.Row[Any], model: str) -> None:
    """Give a knowledge base another embedding model; its chunks get new vectors behind the answer."""
    if model == row.embedding_model:
        return
    vectors.drop(tx, row.id)
    vectors.state(tx, row.id, model=model, revision="", due=bool(model), lease=0, failures=0, problem="")


def wait(tx: Tx, row: sa.Row[Any]) -> None:
    """Say that chunks of a knowledge base wait for their vectors."""
    if row.embedding_model:
        vectors.state(tx, row.id, due=True, lease=0, failures=0, problem="")


def pending(tx: Tx, row: sa.Row[Any]) -> set[str]:
    """The files of a knowledge base that still wait for vectors."""
    return vectors.waiting_files(tx, row.id) if row.embedding_due else set()


def claim(tx: Tx, row: sa.Row[Any]) -> bool:
    """Take a knowledge base, so that no other node embeds the same chunks."""
    return vectors.claim(tx, row.id, tx.now + LEASE_SECONDS)


def batch(tx: Tx, row: sa.Row[Any]) -> dict[str, str]:
    """The next chunks that wait: their texts by ID."""
    found: dict[str, str] = {}
    size = 0
    for each in vectors.waiting(tx, row.id, MOST_AT_ONCE):
        text = tx.keyring.open(each.sealed_text, retrieval.purpose(each.id)).decode()
        size += len(text)
        if found and size > MOST_CHARACTERS:
            break
        found[each.id] = text
    return found


def keep(tx: Tx, row: sa.Row[Any], ids: list[str], made: Embedded) -> bool:
    """Write the vectors of chunks; False where the knowledge base is gone, or has another model meanwhile.

    Where another revision made the vectors that are there, they go, and their chunks wait anew.
    """
    model, revision = vectors.made_by(tx, row.id)
    if model != row.embedding_model:
        return False
    if revision != made.revision:
        vectors.drop(tx, row.id)
    vectors.add(tx, row.id, dict(zip(ids, made.vectors, strict=True)))
    vectors.state(tx, row.id, revision=made.revision, failures=0, problem="", lease=tx.now + LEASE_SECONDS)
    return True


def finish(tx: Tx, row: sa.Row[Any]) -> None:
    """Let go of a knowledge base in which no chunk waits."""
    vectors.state(tx, row.id, due=bool(vectors.waiting(tx, row.id, 1)), lease=0)


def failed(tx: Tx, row: sa.Row[Any], fault: Fault) -> None:
    """Note why vectors could not be made; it is tried again after a while, longer each time."""
    failures = row.embedding_failures + 1
    pause = min(_LONGEST_PAUSE, 5 * 2 ** min(failures, 10))
    problem = f"{fault.code}: {fault.message}"[:500]
    vectors.state(tx, row.id, failures=failures, problem=problem, lease=tx.now + pause)


def outdated(tx: Tx, revisions: Mapping[str, str]) -> int:
    """Have knowledge bases embedded anew whose vectors another revision of their model made; returns how many.

    revisions: by model, without the dimensions, which only its vectors tell.
    """
    found = 0
    for row in vectors.embedded(tx):
        current = revisions.get(row.embedding_model)
        if current is not None and row.embedding_revision.rpartition("/")[0] != current:
            vectors.drop(tx, row.id)
            vectors.state(tx, row.id, revision="", due=True, lease=0, failures=0, problem="")
            found += 1
    return found
