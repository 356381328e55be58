"""Why was a signature refused?  A pasted request, or one that this node has just refused, looked into.

The secret is never asked for: the stored one is tried here, and the answer says yes or no.  Only pairs of the caller's
own account are looked at; those of other identities need the right to look up events.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from keystead import signing
from keystead.clock import iso
from keystead.faults import Fault, FaultKind
from keystead.identity import replay, sessions
from keystead.identity.callers import Caller, IdentityType, Key
from keystead.identity.records import load_key
from keystead.identity.refused_signatures import Refusal
from keystead.identity.transaction import Tx
from keystead.policy import Query, decide
from keystead.products.desk import Desk
from keystead.products.keystead.denials import EVENTS
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.signature_answers import DebugSignatureOutput, Found, answer
from keystead.signing import Claim
from keystead.signing.diagnosis import Cause, Diagnosis, Pair, Texts, causes, diagnose
from keystead.store import access_keys, nonces
from keystead.wire import pasted
from keystead.wire.parameters import Input, Text

ONE_REQUEST = FaultKind(
    "InvalidParameter.FailedRequestId",
    400,
    "Exactly one of Request and FailedRequestId must be sent; {count} were.",
    "Send one of them.",
)
REFUSAL_NOT_FOUND = FaultKind(
    "EntityNotExist.RefusedRequest",
    404,
    "No refused request {id} that you may see is kept here. A node keeps the last eight of each AccessKey pair, until "
    "it is started again.",
    "Paste the request itself, or make it once more against this node.",
)


class DebugSignatureInput(Input, frozen=True):
    request: (
        Annotated[str, Text(1, 65536, secret=True, doc="raw HTTP, a curl command, a URL or JSON, with its signature")]
        | None
    ) = None
    failed_request_id: Annotated[str, Text(36, 36, r"[0-9A-Fa-f-]+", doc="of the request that was refused")] | None = (
        None
    )
    string_to_sign: Annotated[str, Text(0, 65536, secret=True, doc="what your client signed")] = ""
    canonical_request: Annotated[str, Text(0, 65536, secret=True, doc="your client's, of ACS3 and ACS4")] = ""


async def _prepare(desk: Desk, wanted: DebugSignatureInput, caller: Caller) -> Found:
    """Everything, away from the event loop: hundreds of texts may have to be signed and compared."""
    count = (wanted.request is not None) + (wanted.failed_request_id is not None)
    if count != 1:
        raise ONE_REQUEST(count=count)
    refusal = None
    if wanted.failed_request_id is not None:
        refusal = await _refusal(desk, wanted.failed_request_id.upper(), caller)
        assert desk.refused is not None  # noqa: S101 - it had the refusal
        request = await asyncio.to_thread(desk.refused.request, refusal)
    else:
        request = await asyncio.to_thread(pasted.read, wanted.request or "")
    try:
        claim = signing.read_claim(request)
    except Fault as fault:
        cause = causes.REFUSED_BEFORE(message=fault.message, next=fault.next_step)
        return Found(request, None, Diagnosis.of(cause), "", refusal)
    if claim is None or not claim.signature:
        return Found(request, claim, Diagnosis.of(causes.NO_PROOF()), "", refusal)
    pair, state, first = await _pair(desk, claim, caller)
    others: list[Pair] = []
    spent = False
    if pair is not None and isinstance(state, Key):
        others, spent = await desk.directory.read(lambda tx: _around(tx, claim, state))
    client = Texts(wanted.string_to_sign, wanted.canonical_request)
    found = await asyncio.to_thread(diagnose, claim, request, client, pair, others)
    more = [*first, *_timely(desk, claim, refusal), *_repeated(desk, claim, found, refusal, spent=spent)]
    if found.genuine is None and first:
        found = found._replace(causes=())  # nothing could be tried: what is wrong with the pair comes first
    return Found(request, claim, found.among(more), _tried(pair, found), refusal)


def _tried(pair: Pair | None, found: Diagnosis) -> str:
    if pair is None or found.genuine is None:
        return "NotChecked"
    return "Yes" if found.genuine else "No"


async def _refusal(desk: Desk, request_id: str, caller: Caller) -> Refusal:
    found = desk.refused.get(request_id) if desk.refused is not None else None
    if found is None or desk.refused is None:
        raise REFUSAL_NOT_FOUND(id=request_id)
    claim = signing.read_claim(desk.refused.request(found))
    owner = await _owner(desk, claim) if claim is not None else None
    if owner is None or not _may_see(desk, caller, owner):
        raise REFUSAL_NOT_FOUND(id=request_id)
    return found


async def _owner(desk: Desk, claim: Claim) -> Caller | None:
    """Whose pair a claim names; a session by its role."""
    if claim.access_key_id.startswith("STS."):
        try:
            session = sessions.read(desk.keyring, claim.security_token or "", claim.access_key_id, 0)
        except Fault:
            return None
        role = await desk.directory.load_role(session.role_id)
        if role is None:
            return None
        return Caller(
            IdentityType.SESSION, role.account_id, role.arn, role_id=role.id, session_name=session.session_name
        )
    key = await _key(desk, claim.access_key_id)
    return key.caller if key is not None else None


async def _key(desk: Desk, access_key_id: str) -> Key | None:
    if not (access_key_id.isascii() and access_key_id.isprintable()):
        return None
    loaded = desk.directory.key(access_key_id)
    return loaded.value if loaded is not None else await desk.directory.load_key(access_key_id)


def _may_see(desk: Desk, caller: Caller, owner: Caller) -> bool:
    """Whether the caller may look into the pairs of that identity."""
    if owner.account_id != caller.account_id:
        return False
    if caller.is_account or owner.principal_id == caller.principal_id:
        return True
    query = Query("keystead:LookupEvents", EVENTS.format(account=caller.account_id), desk.facts)
    return decide(query, caller.layers).allowed


async def _pair(desk: Desk, claim: Claim, caller: Caller) -> tuple[Pair | None, Key | None, list[Cause]]:
    """The stored pair that a claim names, where the caller may have it tried, and what is wrong with it."""
    if claim.access_key_id.startswith("STS."):
        return await _session_pair(desk, claim, caller)
    named = claim.access_key_id.strip()
    found: list[Cause] = []
    if named != claim.access_key_id:
        found.append(causes.KEY_BLANK(id=claim.access_key_id[:128]))
    key = await _key(desk, named)
    if key is None or key.caller.account_id != caller.account_id:
        return None, None, [*found, causes.KEY_UNKNOWN(id=named[:128])]
    if not _may_see(desk, caller, key.caller):
        return None, None, found
    if key.has_expired(desk.now):
        found.append(causes.KEY_EXPIRED(id=key.id))
    elif not key.active:
        found.append(causes.KEY_INACTIVE(id=key.id))
    return Pair(key.id, key.secret), key, found


async def _session_pair(desk: Desk, claim: Claim, caller: Caller) -> tuple[Pair | None, Key | None, list[Cause]]:
    try:
        session = sessions.read(desk.keyring, claim.security_token or "", claim.access_key_id, desk.now)
    except Fault as fault:
        return None, None, [causes.REFUSED_BEFORE(message=fault.message, next=fault.next_step)]
    owner = await _owner(desk, claim)
    if owner is None or session.account_id != caller.account_id:
        return None, None, [causes.KEY_UNKNOWN(id=claim.access_key_id[:128])]
    if not _may_see(desk, caller, owner):
        return None, None, []
    return Pair(session.access_key_id, session.secret), None, []


def _around(tx: Tx, claim: Claim, key: Key) -> tuple[list[Pair], bool]:
    """The owner's other pairs, and whether the database has accepted this request's nonce before."""
    tx.account_id = key.caller.account_id
    rows = access_keys.of_owner(tx, key.caller.user_id or None)
    loaded = [load_key(tx, row.id).value for row in rows[:8] if row.id != key.id]
    pairs = [Pair(each.id, each.secret) for each in loaded if each is not None]
    return pairs, nonces.accepted(tx, _mark(claim))


def _mark(claim: Claim) -> bytes:
    return replay.digest(claim.access_key_id, claim.nonce or claim.signature.hex())


def _timely(desk: Desk, claim: Claim, refusal: Refusal | None) -> list[Cause]:
    """What is wrong with the time of the request, against the time at which it was refused or now."""
    if claim.timestamp is None or desk.authentication is None:
        return []
    window = desk.authentication.window_seconds
    at = refusal.at if refusal is not None else desk.now
    off = at - claim.timestamp
    if abs(off) <= window:
        return []
    minutes, way = round(abs(off) / 60), "behind" if off > 0 else "ahead of"
    if refusal is not None:
        return [causes.CLOCK(minutes=minutes, way=way, limit=round(window / 60))]
    return [causes.OLD_REQUEST(client=iso(claim.timestamp), minutes=minutes,
                               way="before" if off > 0 else "after", limit=round(window / 60))]  # fmt: skip


def _repeated(desk: Desk, claim: Claim, found: Diagnosis, refusal: Refusal | None, *, spent: bool) -> list[Cause]:
    """Whether the nonce was used: a question for who holds the secret only."""
    if refusal is not None and refusal.code == replay.NONCE_USED.code:
        return [causes.NONCE()]
    window = desk.authentication.window if desk.authentication is not None else None
    if found.genuine and (spent or (window is not None and window.seen(_mark(claim), desk.now))):
        return [causes.NONCE()]
    return []


@KEYSTEAD.action(
    "DebugSignature",
    memory=True,
    prepare=_prepare,
    faults=(ONE_REQUEST, pasted.UNREADABLE, REFUSAL_NOT_FOUND),
)
def debug_signature(desk: Desk, _caller: Caller, _wanted: DebugSignatureInput) -> DebugSignatureOutput:
    """Say why a signature does not match: both canonical forms, the first byte that differs, and its named cause.

    The secret is never asked for. A refused request can be named by its request ID on the node that refused it.
    """
    return answer(desk.prepared)
