"""One model call, from the reservation to the last row: what happens whatever goes wrong.

INVARIANT: a call that was begun is settled, metered and audited exactly once, also when the client leaves, the server
dies, this node stops or is killed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import structs

from keystead.clock import Clock
from keystead.faults import Fault
from keystead.gateway import authorization, faults
from keystead.gateway.arrival import owner_id
from keystead.gateway.catalogue import Catalogue, Model
from keystead.gateway.limits import Limiter, Ticket
from keystead.gateway.metering import INTERRUPTED, Meter
from keystead.gateway.metrics import GatewayMetrics
from keystead.gateway.pool import Pool, Reply
from keystead.gateway.values import Ask, Receive, Send, Visit, Visitor
from keystead.gateway.writers import usage_of
from keystead.store.audit import Event

_PATHS = {"chat": "/chat/completions", "completions": "/completions", "embeddings": "/embeddings", "rerank": "/rerank"}
_AGENT_NOTICE = b"AgentKey is deprecated: call with an API key, the application ID and the workspace ID"
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("keystead.gateway")


@dataclass(frozen=True, slots=True)
class Calls:
    """Makes model calls.  audit: queues an event of what is no call.  longest: seconds after which a call is ended."""

    catalogue: Catalogue
    pool: Pool
    limiter: Limiter
    meter: Meter
    metrics: GatewayMetrics
    audit: Callable[[Event], None]
    clock: Clock
    longest: int

    async def make(self, visit: Visit, visitor: Visitor, ask: Ask, receive: Receive, send: Send) -> None:
        """Authorize, reserve, call, answer; raises a `Fault` only while nothing of the answer was sent."""
        model = await self._allowed(visit, visitor, ask)
        ticket = await self.limiter.reserve(
            visitor.caller.account_id,
            visitor.limits + ask.limits,
            model,
            visit.request_id,
            ask.inputs,
            ask.most_output,
            visit.now,
        )
        row = _row(visit, visitor, ask, model, ask.inputs)
        event = audit_event(visit, visitor, INTERRUPTED, _told(model, ask.inputs, 0))
        call = _Call(visit, visitor, ask, model, ticket, row, event)
        await self._begin(call)
        outcome = INTERRUPTED
        try:
            async with asyncio.timeout(self.longest):
                await _until_left(self._exchange(call, send), receive)
            outcome = "Success"
        except TimeoutError:
            fault = faults.TIMEOUT(seconds=self.longest)
            outcome = fault.code
            await _fail(call, fault, send)
        except Fault as fault:
            outcome = fault.code
            await _fail(call, fault, send)
        finally:
            if call.settled:
                self._record(call, outcome)  # nothing is awaited, so nothing needs a task of its own
            else:
                await asyncio.shield(self._finish(call, outcome))

    async def _begin(self, call: _Call) -> None:
        """Note the call in the journal: what cannot be metered is not made."""
        try:
            self.meter.begin(call.row, call.event)
        except OSError as error:
            await self.limiter.settle(call.ticket, 0, 0)
            _log.error("%s: the usage journal cannot be written (%s): no call is made", call.visit.request_id, error)
            raise faults.UNMETERED() from None
        call.visit.begun = True

    async def _allowed(self, visit: Visit, visitor: Visitor, ask: Ask) -> Model:
        """The model, once it is sure that it may be called; what may not be called is not told from what is not."""
        if ask.application:
            authorization.check_granted(visitor, ask.model, visit.facts)
        else:
            expected = ask.inputs + self.limiter.outputs(ask.most_output)
            authorization.check_model(visitor, ask.model, expected, visit.facts)
        model = (await self.catalogue.models()).get(ask.model)
        if model is None:
            kind = faults.MODEL_UNKNOWN if visit.plane is faults.Plane.COMPATIBLE else faults.MODEL_UNKNOWN_NATIVE
            raise kind(model=ask.model)
        visit.model = model.name
        return model

    async def _exchange(self, call: _Call, send: Send) -> None:
        """Ask the server and answer the caller.  INVARIANT: nothing is awaited behind an answer's last byte, for from
        then on the client counts as gone."""
        visit, ask = call.visit, call.ask
        whole = b""
        async with self.pool.open(call.model, _PATHS[ask.operation], ask.body, visit.request_id) as reply:
            visit.upstream = reply.upstream.id
            ask.writer.upstream_model = reply.upstream.model
            if ask.stream:
                await _pass_on(visit, ask, reply, send)
            else:
                whole = ask.writer.whole(await reply.whole())
        await _remember(visit, ask)
        await self._settle(call)
        if not ask.stream:
            await send_whole(visit, send, 200, whole)
            return
        if not visit.started:
            await _start_stream(visit, send)
        await send({"type": "http.response.body", "body": ask.writer.end()})

    async def _settle(self, call: _Call) -> None:
        """Put what was used in place of what was reserved, once.

        Before an answer's last byte, so that who has read it all may ask again.
        """
        given, made, _ = _used(call)
        if not call.settled:
            call.settled = True
            if call.ticket.counters:  # whoever leaves now, what was reserved is given back
                await asyncio.shield(self.limiter.settle(call.ticket, given, made))

    async def _finish(self, call: _Call, outcome: str) -> None:
        """Settle, meter, audit."""
        await self._settle(call)
        self._record(call, outcome)

    def _record(self, call: _Call, outcome: str) -> None:
        """Meter and audit a call that is settled."""
        visit, model = call.visit, call.model
        visit.outcome = outcome
        given, made, estimated = _used(call)
        row = {
            **call.row,
            "input_tokens": given,
            "output_tokens": made,
            "estimated": estimated,
            "cost": model.cost(given, made),
            "outcome": outcome[:64],
            "upstream_id": visit.upstream,
            "duration_ms": int((self.clock() - visit.now) * 1000),
        }
        told = _parameters(call.visitor, _told(model, given, made))
        self.meter.end(row, structs.replace(call.event, outcome=outcome[:128], parameters=told))
        self.metrics.used(model.name, given, made)


@dataclass(slots=True)
class _Call:
    """A call that has its reservation.  row, event: what is written if its end is never seen.  settled: the
    reservation was given back."""

    visit: Visit
    visitor: Visitor
    ask: Ask
    model: Model
    ticket: Ticket
    row: dict[str, object]
    event: Event
    settled: bool = False


def _used(call: _Call) -> tuple[int, int, bool]:
    """Tokens in and out, and whether they are estimated; of a call that no server was reached for, none."""
    return usage_of(call.ask.writer, call.ask.inputs) if call.visit.upstream else (0, 0, False)


async def _pass_on(visit: Visit, ask: Ask, reply: Reply, send: Send) -> None:
    """Pass a stream on as it comes, up to its end."""
    async for block in reply.blocks():
        out = ask.writer.feed(block)
        if out:
            if not visit.started:
                await _start_stream(visit, send)
            await send({"type": "http.response.body", "body": out, "more_body": True})
        if ask.writer.broken is not None:
            raise ask.writer.broken
    if not ask.writer.finished:
        raise faults.SERVING(why="it ended its answer before the end")


async def _fail(call: _Call, fault: Fault, send: Send) -> None:
    """Tell of a failure inside the stream; before it began, raise it."""
    if fault.code == "ClientDisconnect":
        return
    if not call.visit.started:
        raise fault
    body = faults.body(call.visit.plane, fault, call.visit.spoken_id)
    await send({"type": "http.response.body", "body": call.ask.writer.fail(body, fault.status)})


async def _remember(visit: Visit, ask: Ask) -> None:
    """Keep a session's round before its answer ends: the next call of the session may come at once."""
    if ask.finished is None:
        return
    try:
        await ask.finished(ask.writer.text)
    except Exception:  # noqa: BLE001 - the answer is there; that it is not remembered is said in the log
        _log.exception("%s: the session's history could not be kept", visit.request_id)


async def _until_left(work: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Do `work` to its end, or until the client leaves; then it is cancelled, and with it the server's call.

    It is done in the task that asks for it: only who watches for the client's end has one of its own.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    left = False

    async def watch() -> None:
        nonlocal left
        await _gone(receive)
        left = True
        task.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        await work
    except asyncio.CancelledError:
        if not left:
            raise
        task.uncancel()
        raise faults.LEFT() from None
    finally:
        watching.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def headers_of(visit: Visit, kind: bytes, more: list[tuple[bytes, bytes]] | None = None) -> list[tuple[bytes, bytes]]:
    """The headers of an answer: the request ID under each name that a client looks for."""
    mark = visit.request_id.encode()
    found = [(b"content-type", kind), (b"x-request-id", mark), (b"x-acs-request-id", mark), *(more or ())]
    if visit.visitor is not None and visit.visitor.key is not None and visit.visitor.key.kind == "agent":
        found.append((b"x-keystead-deprecated", _AGENT_NOTICE))
    return found


async def send_whole(
    visit: Visit, send: Send, status: int, body: bytes, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Send an answer in one piece."""
    headers = headers_of(visit, b"application/json;charset=utf-8", more)
    headers.append((b"content-length", str(len(body)).encode()))
    visit.started, visit.answered = True, time.perf_counter()
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _start_stream(visit: Visit, send: Send) -> None:
    more = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
    visit.started, visit.answered = True, time.perf_counter()
    headers = headers_of(visit, b"text/event-stream;charset=UTF-8", more)
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _row(visit: Visit, visitor: Visitor, ask: Ask, model: Model, given: int) -> dict[str, object]:
    """The columns of `store.tables.usage`, of a call that has begun."""
    caller = visitor.caller
    return {
        "call_id": visit.request_id,
        "account_id": caller.account_id,
        "at": int(visit.now * 1000),
        "workspace_id": visitor.workspace_id,
        "application_id": ask.application,
        "key_id": visitor.key_id,
        "owner_id": owner_id(caller),
        "principal": caller.arn[:256],
        "model": model.name,
        "operation": ask.operation,
        "input_tokens": given,
        "output_tokens": 0,
        "estimated": True,
        "cost": model.cost(given, 0),
        "outcome": INTERRUPTED,
        "upstream_id": "",
        "duration_ms": 0,
    }


def _told(model: Model, given: int, made: int) -> dict[str, str]:
    """What the audit tells of a call."""
    return {"model": model.name, "inputTokens": str(given), "outputTokens": str(made)}


def audit_event(visit: Visit, visitor: Visitor, outcome: str, told: dict[str, str], kind: str = "read") -> Event:
    """What the trail keeps of a visit; no text of the call is in it."""
    caller, request = visitor.caller, visit.request
    return Event(
        account_id=caller.account_id,
        at=int(visit.now * 1000),
        request_id=visit.request_id,
        product="ModelStudio",
        action=visit.action or "Authenticate",
        kind=kind,
        identity_type=caller.kind.value,
        principal=caller.arn[:256],
        access_key_id=visitor.name[:128],
        resource=visit.resource[:512],
        outcome=outcome[:128],
        address=request.peer[:64],
        agent=request.headers.get("user-agent", "")[:256],
        parameters=_parameters(visitor, told),
    )


def _parameters(visitor: Visitor, told: dict[str, str]) -> str:
    return _encode({"workspaceId": visitor.workspace_id, **_person(visitor), **told}).decode()


def _person(visitor: Visitor) -> dict[str, str]:
    """For whom a temporary key was made."""
    return {"person": visitor.key.person} if visitor.key is not None and visitor.key.person else {}
