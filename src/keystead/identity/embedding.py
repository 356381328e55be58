"""What rules need of embedding models; the gateway has them, and `app` passes them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Payer:
    """On whose behalf texts are embedded: limits of the workspace and application bind, and usage is theirs."""

    account_id: str
    workspace_id: str
    principal: str
    owner_id: str
    application_id: str = ""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of length 1, as 32-bit floats, little-endian, in the order of the texts.

    revision: what made them; vectors of different revisions cannot be compared.
    """

    revision: str
    vectors: tuple[bytes, ...]


class Embedding(Protocol):
    """Embeds texts."""

    @property
    def default(self) -> str:
        """The embedding model of knowledge bases that name none, "" where there is no such."""
        ...

    async def embed(self, payer: Payer, model: str, texts: Sequence[str], *, query: bool) -> Embedded:
        """The vectors of these texts; query: they are questions.

        Raises what a call of the model would raise: `Model.AccessDenied`, `ModelNotFound`, `Throttling…`, `Model…`.
        """
        ...
