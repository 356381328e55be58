"""One request, from the wire to the answer, on one page.

    find the claim and the action → who is it, is it genuine, is it fresh → read the parameters → may it → run it

Up to running it everything happens on the event loop, in memory; an unknown caller is loaded once, in a thread.
Console and Cloud Shell enter at `invoke`, with a caller of their own: same authorization, same audit, same limits.
Source of the order: reference/request-signing.md 10.5, reference/ram-behaviour.md section 3.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import structs
from sqlalchemy.exc import SQLAlchemyError

from keystead import ids, signing
from keystead.clock import Clock
from keystead.faults import Fault, FaultKind
from keystead.identity import denial, replay, sessions
from keystead.identity.authentication import Authentication
from keystead.identity.callers import ANONYMOUS, IdentityType
from keystead.identity.directory import Directory
from keystead.identity.embedding import Embedding
from keystead.identity.federation import Federation
from keystead.identity.keyring import Keyring, SealBrokenError
from keystead.identity.refused_signatures import RefusedSignatures
from keystead.identity.replay import UnsignedNonces
from keystead.identity.transaction import Quotas, Tx
from keystead.percent import Pairs
from keystead.policy import context_key
from keystead.products.action import Action
from keystead.products.desk import Desk
from keystead.server import authorization
from keystead.server.audit import Auditor
from keystead.server.authorization import Facts, Judged
from keystead.server.call import Call, Origin
from keystead.server.feed import Follower
from keystead.server.limits import RateLimits
from keystead.server.routes import Routes
from keystead.server.rows import audit_event, parameters_of
from keystead.signing import Claim
from keystead.store import audit, nonces
from keystead.store.database import Database
from keystead.wire import answers
from keystead.wire.answers import Answer, Output
from keystead.wire.parameters import unknown_names
from keystead.wire.request import WireRequest

if TYPE_CHECKING:
    from keystead.server.shared import SharedWindows

INTERNAL = FaultKind(
    "InternalError",
    500,
    "The request processing has failed due to some unknown error.",
    "Give the request ID to the operator: the log has the cause under it.",
)
UNAVAILABLE = FaultKind(
    "ServiceUnavailable",
    503,
    "The request has failed due to a temporary failure of the server. {why}",
    "Try again in a moment.",
)
NO_PROOF = FaultKind(
    "MissingAccessKeyId",
    400,
    "AccessKeyId is mandatory for this action.",
    "Sign the request with an AccessKey pair.",
)

Result = TypeVar("Result")

_log = logging.getLogger("keystead.server")


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """The parts that answer requests, put together by `app`.  help_at: where the pages of the error codes are."""

    routes: Routes
    directory: Directory
    federation: Federation
    database: Database[Tx]
    authentication: Authentication
    refused: RefusedSignatures
    keyring: Keyring
    quotas: Quotas
    policy_extensions: bool
    follower: Follower
    auditor: Auditor
    unsigned: UnsignedNonces
    limits: RateLimits
    shared: SharedWindows | None
    clock: Clock
    help_at: str
    embedding: Embedding | None = None
    troubled: Callable[[], Mapping[str, tuple[int, bool]]] = dict

    async def answer(self, request: WireRequest) -> Answer:
        """The answer to a signed request, in the family's envelope; never raises."""
        request_id = ids.request_id()
        xml = False
        try:
            xml = answers.wants_xml(request)
            call = await self._arrive(request, request_id)
            output = await self.invoke(call)
            name, member = call.action.name, call.action.request_id
            answer = answers.success(output, name, request_id, xml=xml, member=member)
            if call.given:
                _tell_ignored(answer, call)
            if call.action.deprecated:
                _tell_deprecated(answer, call)
        except Exception as error:  # noqa: BLE001 - the one place where anything becomes an answer
            fault = as_fault(error, request_id)
            host = request.headers.get("host", "")
            return answers.failure(fault, host, request_id, xml=xml, help_at=self.help_at)
        return answer

    async def _arrive(self, request: WireRequest, request_id: str) -> Call:
        """Who calls what: claim, action, key, signature, nonce.  Raises the authentication faults."""
        claim = signing.read_claim(request)
        action, in_path = self.routes.find(request, *signing.operation(request, claim))
        self.follower.check()
        now = self.clock()
        if action.anonymous:
            return await self._arrive_unsigned(request, claim, action, request_id, now)
        if claim is None:
            raise NO_PROOF()
        origin = Origin(request_id, request.peer, request.secure, request.headers.get("user-agent", ""))
        try:
            held = self.authentication.check_held(request, claim, now, request.peer)
            key, pairs = held or await self.authentication.check(request, claim, now, request.peer)
            mark, until = self.authentication.remember(request, claim, now, writes=action.writes)
            if self.shared is not None and mark:
                await _in_a_task()
                await self.shared.accept(mark, until)
        except Fault as fault:
            self._audit_refused(claim.access_key_id, Call(action, ANONYMOUS, {}, origin, now), fault)
            self._keep_refused(request, claim, Call(action, ANONYMOUS, {}, origin, now), fault)
            raise
        given = _given(request, claim, pairs) | in_path if pairs or request.body or in_path else {}
        call = Call(action, key.caller, given, origin, now, mark, until)
        if key.caller.kind is not IdentityType.SESSION:
            self.auditor.used(key.id, call)
        return call

    async def _arrive_unsigned(
        self, request: WireRequest, claim: Claim | None, action: Action, request_id: str, now: float
    ) -> Call:
        """A call that proves itself by its parameters.  A signature that comes along must be right, and then counts
        for nothing; a nonce is refused on reuse among all such callers (reference/request-signing.md section 8)."""
        origin = Origin(request_id, request.peer, request.secure, request.headers.get("user-agent", ""))
        if claim is None:
            claim = signing.read_anonymous(request)
            if claim.timestamp is not None:
                signing.check_window(claim, now, self.authentication.window_seconds)
            pairs = signing.parameters(request)
        else:
            _, pairs = await self.authentication.check(request, claim, now, request.peer)
        if claim.nonce:
            until = (claim.timestamp or now) + self.authentication.window_seconds
            self.unsigned.accept(replay.digest(request.peer, claim.nonce), until, now)
        return Call(action, ANONYMOUS, _given(request, claim, pairs), origin, now)

    def _audit_refused(self, access_key_id: str, call: Call, fault: Fault) -> None:
        """A request that names a known pair but did not prove it: the pair's account should hear of it."""
        loaded = self.directory.key(access_key_id)
        if loaded is not None and loaded.value is not None:
            self.auditor.note(structs.replace(call, caller=loaded.value.caller), "", fault.code)

    def _keep_refused(self, request: WireRequest, claim: Claim, call: Call, fault: Fault) -> None:
        """Keep what DebugSignature looks into, but for a pair that does not exist: nobody could ask for it."""
        loaded = self.directory.key(claim.access_key_id)
        if loaded is None or loaded.value is not None:
            self.refused.add(
                call.origin.request_id,
                claim.access_key_id,
                request,
                now=call.now,
                code=fault.code,
                secrets=call.action.secrets,
                sure=loaded is not None or sessions.is_ours(self.keyring, claim),
            )

    async def invoke(self, call: Call) -> Output:
        """Read, authorize, run and audit one call.  Raises `Fault`."""
        action, caller = call.action, call.caller
        resource = permission = ""
        try:
            if self.shared is None:
                self.limits.take(*_counted(call), call.now)
            else:
                await _in_a_task()
                await self.shared.take(*_counted(call), call.now)
            asked = wanted = action.complete(action.read(call.given), caller)
            if action.behind is not None:
                await _in_a_task()
                caller = await action.behind(self.directory, wanted)
                call = structs.replace(call, caller=caller)
            if action.resolve is not None:
                wanted = await self._in_reader(call, partial(_swapped, action.resolve, asked))
            facts: Facts = {}
            if action.permission is not None:
                names = action.resource_names(wanted, caller)
                resource = names[0][0]
                facts = authorization.facts(call, wanted) | await self._target_fact(call, wanted)
                if not caller.is_account:
                    judged = await self._tagged(call, names, facts)
                    authorization.check(call, asked, wanted, judged, facts, self.keyring)
                    permission = action.permission_for(wanted, caller)
            if action.at_once:
                output = action.handler(self._desk(call, facts, None), caller, wanted)
            else:
                output = await self._run(call, wanted, facts, resource)
        except Fault as fault:
            # Refused by policy behind the first check: a right of its own that the action asked for.
            used = "" if denial.message_of(fault) else permission
            self.auditor.note(call, resource, fault.code, denial.message_of(fault), used)
            raise
        if action.writes:
            self.auditor.wrote(call, permission)
        else:
            self.auditor.note(call, resource, "Success", None, permission)
        return output

    def lacks(self, call: Call) -> str:
        """The permission that the caller of a call not made yet lacks, or ""; see `authorization.foreseen`."""
        return authorization.foreseen(call, self.keyring)

    async def _target_fact(self, call: Call, wanted: Any) -> dict[str, str | tuple[str, ...]]:
        """What the action knows of its target, where a policy of the caller asks for it."""
        if call.action.target_fact is None:
            return {}
        key, look_up = context_key(call.action.target_fact[0]), call.action.target_fact[1]
        if not any(key in layer.keys for layer in call.caller.layers):
            return {}
        found = await self._in_reader(call, partial(_swapped, look_up, wanted))
        return {key: found} if found is not None else {}

    async def _spend(self, call: Call, mark: bytes, until: int) -> None:
        """Accept a mark once: in this process at once, then in the database, for every node and every restart."""
        self.authentication.window.accept(mark, until, call.now)

        def write() -> None:
            with self.database.writing(call.now, "") as tx:
                if not nonces.accept(tx, mark, until):
                    raise replay.NONCE_USED()

        await asyncio.shield(asyncio.wrap_future(self.database.submit(write, writes=True)))

    async def _tagged(self, call: Call, names: list[tuple[str, ...]], facts: Facts) -> list[Judged]:
        """Each resource with the facts that it is judged by: those of the request, and its own tags where asked."""
        tags_of = call.action.target_tags
        if tags_of is None or not authorization.asks_for_tags(call.caller):
            return [Judged(alternatives, facts) for alternatives in names]

        def read(tx: Tx) -> list[Judged]:
            return [Judged(one, {**facts, **authorization.tag_facts(tags_of(tx, one[0]))}) for one in names]

        return await self._in_reader(call, read)

    async def _run(self, call: Call, wanted: Any, facts: Facts, resource: str) -> Output:
        action, caller = call.action, call.caller
        ready = None
        if action.first is not None:
            first = action.first
            ready = await self._in_reader(call, lambda tx: first(tx, caller, wanted))
        if action.memory or action.prepare is not None:
            if action.anonymous:
                facts = authorization.facts(call, wanted)
            desk = self._desk(call, facts, ready)
            if action.prepare is not None:
                await _in_a_task()
                ready = await action.prepare(desk, wanted, caller)
                desk = structs.replace(desk, prepared=ready)
            if action.memory:
                return action.handler(desk, caller, wanted)
        handle = partial(self._handle, call, wanted, facts)
        if not action.writes:
            return await self._in_reader(call, handle, ready)
        loop = asyncio.get_running_loop()
        work = self.database.submit(lambda: self._write(call, handle, ready, resource, loop), writes=True)
        return await asyncio.shield(asyncio.wrap_future(work))

    def _handle(self, call: Call, wanted: Any, facts: Facts, tx: Tx) -> Output:
        """The action's own work, in a transaction."""
        # An action that everybody may call was not judged, but what else its caller may do is, by the same facts.
        known = facts if call.action.permission is not None else authorization.facts(call, wanted)
        tx.rights = authorization.CallersRights(call, known, self.keyring, tx)
        return call.action.handler(tx, call.caller, wanted)

    def _desk(self, call: Call, facts: Facts, ready: Any) -> Desk:
        return Desk(
            call.now,
            self.keyring,
            self.quotas,
            self.policy_extensions,
            facts,
            self.directory,
            self.federation,
            partial(self._spend, call),
            self.authentication,
            self.refused,
            ready,
            self.embedding,
            self.troubled,
        )

    async def _in_reader(self, call: Call, work: Callable[[Tx], Result], ready: Any = None) -> Result:
        """Run `work` in a reading transaction of the caller's account, in a worker thread."""

        def read() -> Result:
            with self.database.reading(call.now, call.caller.account_id) as tx:
                tx.prepared = ready
                return work(tx)

        return await asyncio.wrap_future(self.database.submit(read, writes=False))

    def _write(
        self,
        call: Call,
        handle: Callable[[Tx], Output],
        ready: Any,
        resource: str,
        loop: asyncio.AbstractEventLoop,
    ) -> Output:
        """Nonce, handler, audit and change rows in one transaction; then the directory hears of it, before the caller.

        INVARIANT: `apply` is queued on the loop before this returns, so it runs before the answer is written.
        """
        refused: Fault | None = None
        with self.database.writing(call.now, call.caller.account_id) as tx:
            tx.prepared, tx.by = ready, call.caller.arn[:256]
            if call.mark and not nonces.accept(tx, call.mark, call.until):
                raise replay.NONCE_USED()
            try:
                output = handle(tx)
            except Fault as fault:
                if not fault.keeps:
                    raise
                refused = fault  # what was written up to here stands: a wrong password is counted
            else:
                audit.insert(tx, [audit_event(call, parameters_of(call), resource, "Success")])
        loop.call_soon_threadsafe(self.directory.apply, tx.touched)
        if refused is not None:
            raise refused
        return output


async def _in_a_task() -> None:
    """Go on in a task: the connection begins a call without one, and libraries that bound a wait need one."""
    if asyncio.current_task() is None:
        await asyncio.sleep(0)


def _counted(call: Call) -> tuple[str, str]:
    """What a call counts as, and with whose calls.

    Whoever has proven nothing is counted by address, so that none of them uses up what the others may.
    """
    kind = "sts" if call.action.product == "Sts" else "write" if call.action.writes else "read"
    return kind, call.caller.account_id or call.origin.address


def _given(request: WireRequest, claim: Claim, pairs: Pairs) -> dict[str, str]:
    """The action's own parameters: what the signature covers, without the protocol's.

    A JSON body counts where its content type is signed: the bytes always are, but what they mean must be too.
    """
    given = {name: value for name, value in pairs if name not in signing.COMMON_PARAMETERS}
    is_json = request.headers.get("content-type", "").lower().startswith("application/json")
    if request.body and is_json and "content-type" in claim.signed_headers.split(";"):
        given |= request.members
    return given


def as_fault(error: Exception, request_id: str) -> Fault:
    """What a failure looks like on the wire; the log has the cause of what is not a fault, under the request ID."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, SealBrokenError):
        _log.error("%s: a stored secret cannot be opened: %s", request_id, error)
        return UNAVAILABLE(why="This node's master key file lacks a key that a stored secret was sealed with.")
    if isinstance(error, SQLAlchemyError):
        _log.warning("%s: the database failed: %s", request_id, type(error).__name__)
        return UNAVAILABLE(why="The database did not answer.")
    _log.error("%s: failed", request_id, exc_info=error)
    return INTERNAL()


def _swapped(work: Callable[[Tx, Any], Result], wanted: Any, tx: Tx) -> Result:
    return work(tx, wanted)


def _tell_deprecated(answer: Answer, call: Call) -> None:
    """Say in the answer (RFC 9745) and in the log that an action is deprecated, and what replaces it."""
    answer.headers.append((b"deprecation", b"@1704067200"))
    answer.headers.append((b"x-keystead-deprecated", call.action.deprecated.encode("latin-1")))
    _log.warning(
        "%s: %s called %s. %s", call.origin.request_id, call.caller.arn, call.action.name, call.action.deprecated
    )


def _tell_ignored(answer: Answer, call: Call) -> None:
    """Name the parameters that no rule reads, so that a misspelt one is not silent."""
    unknown = unknown_names(call.action.input, call.given)
    if unknown:
        names = ",".join(name for name in unknown[:10] if name.isascii() and name.isprintable())
        answer.headers.append((b"x-keystead-ignored-parameters", names[:256].encode()))
