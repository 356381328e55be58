"""Embeds texts for knowledge bases, as a call of the model: granted to the workspace, limited, metered."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sys import byteorder
from typing import Any

import msgspec

from keystead import ids
from keystead.faults import Fault
from keystead.gateway import authorization, faults, reading
from keystead.gateway.catalogue import EMBEDDED, Catalogue, Model
from keystead.gateway.embedding_server import revision as embedded_revision
from keystead.gateway.limits import Limiter
from keystead.gateway.lines import Tokens
from keystead.gateway.metering import INTERRUPTED, Meter
from keystead.gateway.pool import Pool
from keystead.gateway.scopes import ScopeLimits
from keystead.gateway.values import Visitor
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.directory import Directory
from keystead.identity.embedding import Embedded, Payer

MOST_DIMENSIONS = 8192


class _Part(msgspec.Struct, frozen=True):
    embedding: list[float]
    index: int | None = None


class _Answer(msgspec.Struct, frozen=True):
    data: list[_Part]
    usage: Tokens | None = None


_decode = msgspec.json.Decoder(_Answer).decode


@dataclass(frozen=True, slots=True)
class Embedder:
    """`identity.embedding.Embedding` over the gateway's parts.  longest: seconds that a call may take."""

    default: str
    catalogue: Catalogue
    pool: Pool
    limiter: Limiter
    scopes: ScopeLimits
    meter: Meter
    directory: Directory
    clock: Callable[[], float]
    longest: int

    async def embed(self, payer: Payer, model: str, texts: Sequence[str], *, query: bool) -> Embedded:
        """See `Embedding.embed`."""
        found = (await self.catalogue.models()).get(model)
        if found is None:
            raise faults.MODEL_UNKNOWN(model=model)
        workspace = await self.directory.load_workspace(payer.account_id, payer.workspace_id)
        if workspace is None:
            raise faults.WORKSPACE_REFUSED(why=f"The workspace {payer.workspace_id!r} does not exist.")
        account = Caller(kind=IdentityType.ACCOUNT, account_id=payer.account_id, arn=payer.principal)
        visitor = Visitor(account, workspace.id, workspace.is_default, (workspace.layer,), workspace.limits, "")
        authorization.check_granted(visitor, model, {})
        limits = workspace.limits
        if payer.application_id:
            limits += await self.scopes.of(payer.account_id, "application", payer.application_id)
        call_id, now, inputs = ids.request_id(), self.clock(), reading.estimate(list(texts))
        ticket = await self.limiter.reserve(payer.account_id, limits, found, call_id, inputs, 0, now)
        row = _row(payer, found, call_id, now, inputs)
        self.meter.begin(row)
        outcome, used, upstream = INTERRUPTED, 0, ""
        try:
            async with asyncio.timeout(self.longest):
                vectors, used, upstream = await self._ask(found, texts, call_id, query=query)
            outcome = "Success"
        except TimeoutError:
            raise faults.TIMEOUT(seconds=self.longest) from None
        except Fault as fault:
            outcome = fault.code
            raise
        finally:
            spent = {"input_tokens": used, "cost": found.cost(used, 0), "estimated": False, "upstream_id": upstream}
            took = int((self.clock() - now) * 1000)
            self.meter.end({**row, **spent, "outcome": outcome[:64], "duration_ms": took})
            await asyncio.shield(self.limiter.settle(ticket, used, 0))
        return Embedded(f"{revision(found)}/{len(vectors[0]) // 4}", vectors)

    async def revisions(self) -> dict[str, str]:
        """What makes the vectors of each model, without the dimensions, which only its answers tell."""
        return {name: revision(model) for name, model in (await self.catalogue.models()).items()}

    async def _ask(
        self, model: Model, texts: Sequence[str], call_id: str, *, query: bool
    ) -> tuple[tuple[bytes, ...], int, str]:
        """The vectors, the tokens that they took, and the server that made them."""
        body: dict[str, Any] = {"input": list(texts)}
        if query and all(each.url.startswith(EMBEDDED) for each in model.upstreams):
            body["input_type"] = "query"  # not every server takes it
        async with self.pool.open(model, "/embeddings", body, call_id) as reply:
            raw = await reply.whole()
            try:
                answer = _decode(raw)
            except msgspec.DecodeError:
                raise faults.SERVING(why="its answer has no embeddings") from None
            vectors = _in_order(answer.data, len(texts))
            used = answer.usage.total_tokens or answer.usage.prompt_tokens if answer.usage else 0
            return vectors, used or reading.estimate(list(texts)), reply.upstream.id


def revision(model: Model) -> str:
    """What its vectors depend on: the names that its servers know the model by, and the embedded one's package."""
    names = {
        f"{each.model}@{embedded_revision()}" if each.url.startswith(EMBEDDED) else each.model
        for each in model.upstreams
    }
    return "|".join(sorted(names))[:480].replace("/", ":")


def _in_order(parts: list[_Part], wanted: int) -> tuple[bytes, ...]:
    """The vectors in the order of the texts, all of the same dimensions.  Raises `ModelServingError`."""
    found = {number if each.index is None else each.index: each.embedding for number, each in enumerate(parts)}
    if sorted(found) != list(range(wanted)) or len(parts) != wanted:
        raise faults.SERVING(why=f"it answered {len(parts)} embeddings for {wanted} texts")
    sizes = {len(each) for each in found.values()}
    if len(sizes) != 1 or not 1 <= sizes.pop() <= MOST_DIMENSIONS:
        raise faults.SERVING(why=f"its embeddings have no or several dimensions, or more than {MOST_DIMENSIONS}")
    return tuple(_unit(found[number]) for number in range(wanted))


def _unit(numbers: list[float]) -> bytes:
    """The vector with length 1, so that an inner product is the cosine."""
    length = math.hypot(*numbers)
    if not math.isfinite(length) or length == 0:
        raise faults.SERVING(why="one of its embeddings has no direction")
    vector = array("f", [each / length for each in numbers])
    if byteorder == "big":
        vector.byteswap()
    return vector.tobytes()


def _row(payer: Payer, model: Model, call_id: str, now: float, inputs: int) -> dict[str, object]:
    """The columns of `store.tables.usage` for a call that begins."""
    return {
        "call_id": call_id,
        "account_id": payer.account_id,
        "at": int(now * 1000),
        "workspace_id": payer.workspace_id,
        "application_id": payer.application_id,
        "key_id": 0,
        "owner_id": payer.owner_id,
        "principal": payer.principal,
        "model": model.name,
        "operation": "embeddings",
        "input_tokens": inputs,
        "output_tokens": 0,
        "estimated": True,
        "cost": model.cost(inputs, 0),
        "outcome": INTERRUPTED,
        "upstream_id": "",
        "duration_ms": 0,
    }
