"""What an action works with where it has no transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from keystead.identity.authentication import Authentication
from keystead.identity.directory import Directory
from keystead.identity.embedding import Embedding
from keystead.identity.federation import Federation
from keystead.identity.keyring import Keyring
from keystead.identity.refused_signatures import RefusedSignatures
from keystead.identity.transaction import Quotas


class Desk(msgspec.Struct, frozen=True):
    """now: seconds.  facts: the request's condition keys.  prepared: what the action's `prepare` has loaded; in
    `prepare` itself, what its `first` has read.  embedding: None where no model can be called.

    spend: accepts a mark, kept until a time in seconds, once for good: on every node and across restarts; raises
    `SignatureNonceUsed` for one that was spent before.  authentication, refused: how requests are believed, and those
    that were not.

    troubled: the model servers that this node has trouble with, by ID: failures in a row, and whether it leaves them
    alone.
    """

    now: float
    keyring: Keyring
    quotas: Quotas
    policy_extensions: bool
    facts: Mapping[str, str | tuple[str, ...]]
    directory: Directory
    federation: Federation
    spend: Callable[[bytes, int], Awaitable[None]]
    authentication: Authentication | None = None
    refused: RefusedSignatures | None = None
    prepared: Any = None
    embedding: Embedding | None = None
    troubled: Callable[[], Mapping[str, tuple[int, bool]]] = dict
