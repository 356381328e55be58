"""The models and the servers behind them, in memory; loaded again when the change feed names a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from keystead.identity.keyring import Keyring, SealBrokenError
from keystead.identity.transaction import Tx
from keystead.store import upstreams as store
from keystead.store.database import Database

EMBEDDED = "embedded:"
"""The address that stands for the model that this program runs itself."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One server of a model.  url: with its /v1 and no slash at the end.  secret: sent as Bearer, or empty."""

    id: str
    url: str
    model: str
    secret: str
    weight: int

    def __repr__(self) -> str:
        return f"Upstream({self.id!r}, {self.url!r})"  # never the secret


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be called.  prices: currency units per million tokens, in and out."""

    name: str
    created_at: int
    details: dict[str, Any]
    input_price: float
    output_price: float
    upstreams: tuple[Upstream, ...]

    def cost(self, input_tokens: int, output_tokens: int) -> int:
        """What a call costs, in millionths of the currency."""
        return round(input_tokens * self.input_price + output_tokens * self.output_price)


class Catalogue:
    """The snapshot; used from the event loop."""

    def __init__(self, database: Database[Tx], keyring: Keyring, clock: Callable[[], float]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._models: dict[str, Model] | None = None
        self._last: dict[str, Model] = {}
        self._loading: asyncio.Future[dict[str, Model]] | None = None
        self._version = 0

    def changed(self, kind: str) -> None:
        """Called for every subject of the change feed, "" for all of them."""
        if kind in ("model", ""):
            # INVARIANT: a load that began before a change is never kept after it.
            self._version += 1
            self._models = None
            self._loading = None

    async def models(self) -> dict[str, Model]:
        """Every model by name."""
        if self._models is not None:
            return self._models
        version = self._version
        if self._loading is None:
            self._loading = asyncio.wrap_future(self._database.submit(self._load, writes=False))
        future = self._loading
        try:
            found = await asyncio.shield(future)
        finally:
            if self._loading is future:
                self._loading = None
        if version == self._version:
            self._models = self._last = found
        return found

    def last(self) -> list[Model]:
        """Every model as it was loaded last, for who only watches."""
        return list(self._last.values())

    def _load(self) -> dict[str, Model]:
        with self._database.reading(self._clock()) as tx:
            behind: dict[str, list[Upstream]] = {}
            for row in store.all_upstreams(tx):
                behind.setdefault(row.model, []).append(
                    Upstream(row.id, row.url, row.upstream_model, opened(self._keyring, row), row.weight)
                )
            return {row.name: _model(row, tuple(behind.get(row.name, ()))) for row in store.all_models(tx)}


def opened(keyring: Keyring, row: Any) -> str:
    """A server's secret, "" where it has none or no master key opens it: the server will then refuse, and say so."""
    if row.sealed_secret is None:
        return ""
    try:
        return keyring.open(row.sealed_secret, purpose(row.id)).decode()
    except SealBrokenError:
        return ""


def purpose(upstream_id: str) -> str:
    """What a server's secret is sealed for."""
    return f"upstream:{upstream_id}"


def _model(row: Any, behind: tuple[Upstream, ...]) -> Model:
    details = msgspec.json.decode(row.details or b"{}")
    return Model(
        row.name,
        row.created_at,
        details,
        float(details.get("inputPrice") or 0),
        float(details.get("outputPrice") or 0),
        behind,
    )
