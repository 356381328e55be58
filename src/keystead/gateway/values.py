"""What the parts of the gateway hand one another."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from keystead.faults import Fault
from keystead.gateway.faults import Plane
from keystead.identity.callers import Caller
from keystead.identity.model_keys import Limit, ModelKey
from keystead.policy import Layer
from keystead.wire.request import WireRequest

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who makes a model call.

    layers: each must allow.  limits: those of key, owner, workspace and account.  name: what the audit calls the
    credential: an AccessKey ID, or a key's ID.  key: the API key, None for a signed call.
    """

    caller: Caller
    workspace_id: str
    workspace_is_default: bool
    layers: tuple[Layer, ...]
    limits: tuple[Limit, ...]
    name: str
    key: ModelKey | None = None

    @property
    def key_id(self) -> int:
        """The API key's ID, 0 for a signed call."""
        return self.key.id if self.key is not None else 0


class Writer(Protocol):
    """Turns a server's answer into a plane's.  One per call."""

    usage: Any
    tokens: int
    finished: bool
    broken: Fault | None
    upstream_model: str

    @property
    def text(self) -> str:
        """The answer's text so far, where this writer keeps it."""
        ...

    def whole(self, raw: bytes) -> bytes:
        """The answer's body from the server's."""
        ...

    def feed(self, block: bytes) -> bytes:
        """What to send for whole lines of the server's stream."""
        ...

    def end(self) -> bytes:
        """What to send when the server's stream is over."""
        ...

    def fail(self, error: bytes, status: int) -> bytes:
        """What to send when it broke: `error` is the plane's error object."""
        ...


@dataclass(slots=True)
class Ask:
    """What a plane read from a request.

    operation: chat, completions, embeddings or rerank, which is also the server's path.  body: what the server is
    sent, without the model's name.  inputs: bytes of text in it, for estimates.  application: its ID, for a call of
    one.  limits: those of the application.
    """

    operation: str
    model: str
    body: dict[str, Any]
    stream: bool
    writer: Writer
    inputs: int
    most_output: int | None = None
    application: str = ""
    limits: tuple[Limit, ...] = ()
    finished: Callable[[str], Awaitable[None]] | None = None


@dataclass(slots=True)
class Visit:
    """One request on its way.  begun: it is metered and audited as a call.
    started: the answer's head is sent, so a failure travels inside the stream.
    upstream: the server that answers.  spoken_id: the request ID that the answer says, where the client chose it.
    model: the one that is called, once it is sure that there is one.  outcome: how a call that was begun has ended.
    arrived, answered: by the clock of `time.perf_counter`, when it came and when its answer began."""

    request: WireRequest
    plane: Plane
    request_id: str
    now: float
    visitor: Visitor | None = None
    action: str = ""
    resource: str = ""
    facts: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    begun: bool = False
    started: bool = False
    upstream: str = ""
    spoken_id: str = ""
    model: str = ""
    outcome: str = ""
    arrived: float = field(default_factory=time.perf_counter)
    answered: float | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """What calling an application means: a model and the conversation to give it.

    limits: those that bind the application.  remember: keeps the answer in the session's history.
    references: `doc_references` of the answer.
    """

    model: str
    messages: list[dict[str, Any]]
    parameters: dict[str, Any]
    session_id: str
    limits: tuple[Limit, ...] = ()
    references: list[dict[str, Any]] = field(default_factory=list)
    remember: Callable[[str], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class ApplicationCall:
    """What a caller sent for an application, in one form for all planes.

    messages wins over prompt and session; history is the legacy plane's.  given: the request's other members.
    """

    prompt: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    session_id: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)


class ApplicationRunner(Protocol):
    """What the gateway needs of applications; `app` passes it."""

    async def compose(self, account_id: str, workspace_id: str, application_id: str, call: ApplicationCall) -> Composed:
        """The model call that an application answers by.

        Raises a `Fault` with `App.AccessDenied` for an application that is not in the workspace, in the words of one
        that does not exist.
        """
        ...
