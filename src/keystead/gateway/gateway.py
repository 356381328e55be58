"""The data planes: a request that the edge has bounded and read, to its answer.  One page; it never raises."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from keystead import ids
from keystead.clock import Clock
from keystead.faults import Fault, FaultKind
from keystead.gateway import (
    applications,
    authorization,
    compatible,
    faults,
    listing,
    native,
    reading,
    responses,
    routes,
    tokens,
)
from keystead.gateway.arrival import Arrivals
from keystead.gateway.calls import Calls, audit_event, send_whole
from keystead.gateway.files import Files
from keystead.gateway.routes import Route
from keystead.gateway.values import ApplicationCall, ApplicationRunner, Ask, Composed, Receive, Send, Visit, Visitor
from keystead.identity import model_keys
from keystead.identity.keyring import Keyring
from keystead.wire.request import WireRequest

INTERNAL = FaultKind(
    "InternalError",
    500,
    "An internal error has occurred.",
    "Give the request ID to the operator: the log has the cause under it.",
)
DATABASE = FaultKind("ModelUnavailable", 503, "The database did not answer.", "Try again in a moment.")

_log = logging.getLogger("keystead.gateway")
_MODEL_ROUTES = {
    "chat": compatible.chat,
    "completions": compatible.completions,
    "vectors": compatible.embeddings,
    "ranks": compatible.rerank,
}
_CONVERSATIONS = frozenset({"chat", "generation"})
_NATIVE_ROUTES = {
    "generation": native.generation,
    "multimodal": native.multimodal,
    "embeddings": native.embeddings,
    "rerank": native.rerank,
}


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts that answer on the data side.  check: raises when this node cannot follow changes.  runner: composes
    applications, None while there are none.  files: those that calls name.  help_at: where the error codes have pages.
    """

    arrivals: Arrivals
    calls: Calls
    keyring: Keyring
    runner: ApplicationRunner | None
    files: Files
    check: Callable[[], None]
    clock: Clock
    help_at: str

    @staticmethod
    def serves(path: str) -> bool:
        """Whether an address belongs here."""
        return routes.serves(path)

    async def answer(self, request: WireRequest, receive: Receive, send: Send) -> int:
        """Answer a request; returns the HTTP status that it began with."""
        request_id = ids.request_id()
        path = request.raw_path.partition("?")[0]
        route = routes.find(request.method, path)
        visit = Visit(request, route.plane, request_id, self.clock(), spoken_id=request_id)
        status = 200

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.calls.metrics.open += 1
        try:
            self.check()
            if not route.name:
                raise faults.URL_UNKNOWN(method=request.method[:10], path=path[:100])  # noqa: TRY301
            visit.visitor = await self.arrivals.identify(visit)
            visit.facts = authorization.facts_of(visit.visitor, request, visit.now)
            await self._serve(visit, visit.visitor, route, receive, sending)
        except Exception as error:  # noqa: BLE001 - the one place where anything becomes an answer
            fault = _as_fault(error, request_id)
            visit.outcome = visit.outcome or fault.code
            if not visit.started:
                await self._refuse(visit, fault, sending)
        finally:
            self.calls.metrics.open -= 1
            self._count(visit)
        return status

    def _count(self, visit: Visit) -> None:
        """Count a request that has ended."""
        first = None if visit.answered is None else visit.answered - visit.arrived
        whole = time.perf_counter() - visit.arrived
        self.calls.metrics.called(visit.plane.value, visit.model, visit.outcome or "Success", first, whole)

    async def refuse(self, path: str, fault: Fault, send: Send) -> int:
        """A refusal of a request that could not be read, in the envelope of its plane."""
        request_id = ids.request_id()
        visit = Visit(
            WireRequest("GET", path, "", {}), routes.plane_of(path), request_id, self.clock(), spoken_id=request_id
        )
        visit.outcome = fault.code
        await self._refuse(visit, fault, send)
        self._count(visit)
        return fault.status

    async def _serve(self, visit: Visit, visitor: Visitor, route: Route, receive: Receive, send: Send) -> None:
        request, name = visit.request, route.name
        if name in _CONVERSATIONS:
            request = await self.files.into(visit, visitor)
        if name in _MODEL_ROUTES:
            ask = _MODEL_ROUTES[name](request)
        elif name in _NATIVE_ROUTES:
            ask = _NATIVE_ROUTES[name](request, visit.request_id)
        elif name == "responses":
            ask = responses.responses(request, visit.now)
        elif name in ("application", "agent", "legacy"):
            ask = await self._application(visit, visitor, route)
        else:
            await send_whole(visit, send, 200, await self._tell(visit, visitor, route))
            return
        if not ask.application:
            visit.action = "InvokeModel"
            visit.resource = model_keys.model_arn(visitor.caller.account_id, ask.model)
        await self.calls.make(visit, visitor, ask, receive, send)

    async def _tell(self, visit: Visit, visitor: Visitor, route: Route) -> bytes:
        """What is answered without calling a model."""
        if route.name == "task":
            raise faults.NO_TASK(id=route.id)
        if route.name == "uploads":
            raise faults.UNSUPPORTED(what="Sending media here", next="Put it into the message, as a data: URL.")
        if route.name in ("files", "file content"):
            body = await self.files.answer(visit, visitor, route)
            if visit.request.method == "GET":
                self.calls.audit(audit_event(visit, visitor, "Success", {"fileId": route.id} if route.id else {}))
            return body
        if route.name == "tokens":
            visit.action = "CreateTemporaryKey"
            body, person = tokens.make(visit, visitor, self.keyring)
            self.calls.audit(audit_event(visit, visitor, "Success", {"person": person}))
            return body
        known = await self.calls.catalogue.models()
        shown = [each for each in known.values() if authorization.may_call_model(visitor, each.name, visit.facts)]
        if route.name == "models":
            return listing.native(shown, visit.request)
        if route.name == "one model":
            return listing.one(shown, route.id)
        return listing.compatible(shown)

    async def _application(self, visit: Visit, visitor: Visitor, route: Route) -> Ask:
        """Read a call of an application in any of its three forms, ask whether it may be made, compose it."""
        request, application = visit.request, route.id
        call: ApplicationCall
        if route.name == "application":
            call, stream, incremental = applications.native_call(request)
        elif route.name == "agent":
            call, stream = applications.response_call(request)
        else:
            application, call, how, spoken = applications.legacy_call(request)
            stream, visit.spoken_id = how["stream"], spoken or visit.request_id
        visit.action = "InvokeApplication"
        visit.resource = model_keys.application_arn(visitor.caller.account_id, application)
        authorization.check_application(visitor, application, visit.facts)
        composed = await self._composed(visitor, application, call)
        inputs = reading.estimate(None, composed.messages)
        writer: Any
        if route.name == "application":
            writer = applications.ApplicationWriter(visit.request_id, inputs, composed, incremental=incremental)
        elif route.name == "agent":
            writer = responses.ResponsesWriter("", visit.now, inputs, lines=True, session_id=composed.session_id)
        else:
            writer = applications.LegacyWriter(
                visit.spoken_id, inputs, composed, incremental=how["incremental"], message=how["message"]
            )
        return applications.ask_of(composed, application, writer, inputs, stream=stream)

    async def _composed(self, visitor: Visitor, application: str, call: ApplicationCall) -> Composed:
        if self.runner is None:
            raise faults.NO_APPLICATIONS(id=application)
        account_id = visitor.caller.account_id
        composed = await self.runner.compose(account_id, visitor.workspace_id, application, call)
        bound = await self.arrivals.scopes.of(account_id, "application", application)
        if not bound:
            return composed
        return Composed(
            composed.model,
            composed.messages,
            composed.parameters,
            composed.session_id,
            composed.limits + bound,
            composed.references,
            composed.remember,
        )

    async def _refuse(self, visit: Visit, fault: Fault, send: Send) -> None:
        """Answer a fault, and audit it where it is known whose it is and no call was begun."""
        visitor = visit.visitor
        if visitor is not None and visit.action and not visit.begun:
            self.calls.audit(audit_event(visit, visitor, fault.code, {}))
        more = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fault.headers]
        body = faults.body(visit.plane, fault, visit.spoken_id, self.help_at)
        await send_whole(visit, send, fault.status, body, more)


def _as_fault(error: Exception, request_id: str) -> Fault:
    """What a failure looks like; the log has the cause of what is not a fault, under the request ID."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, RecursionError):
        return faults.PARAMETER(problem="The body is nested too deeply.")
    if isinstance(error, SQLAlchemyError):
        _log.warning("%s: the database failed: %s", request_id, type(error).__name__)
        return DATABASE()
    _log.error("%s: failed", request_id, exc_info=error)
    return INTERNAL()
