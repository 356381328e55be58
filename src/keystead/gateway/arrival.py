"""Who makes a model call: by API key, temporary key or legacy token, or by signature; and in which workspace.

The workspace comes from the key, from the host name or from a header; where two of them speak they must agree.
Source: reference/model-studio.md d.1, d.6, b.10; reference/request-signing.md 7.2.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from keystead import signing
from keystead.clock import iso
from keystead.faults import Fault
from keystead.gateway import faults
from keystead.gateway.scopes import ScopeLimits
from keystead.gateway.values import Visit, Visitor
from keystead.identity import model_tokens
from keystead.identity.authentication import Authentication
from keystead.identity.callers import Caller
from keystead.identity.directory import Directory
from keystead.identity.keyring import Keyring
from keystead.identity.model_keys import Limit, ModelKey, Workspace
from keystead.identity.studio import is_super_administrator
from keystead.signing import MODEL_BEARER, Claim
from keystead.wire.request import WireRequest

WORKSPACE_HEADER = "x-dashscope-workspace"
_HOST = re.compile(r"((?:llm|ws)[-_][a-z0-9]{1,60})\.[a-z0-9.-]{1,180}", re.IGNORECASE)
_COVERS_BODY = ("ACS3-", "ACS4-")
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Tells who is there.  once: marks a signed call's nonce as spent on every node.  refused: audits a refusal of
    somebody who is known."""

    directory: Directory
    keyring: Keyring
    authentication: Authentication
    scopes: ScopeLimits
    once: Callable[[bytes, int], Awaitable[None]] | None
    refused: Callable[[Visit, Visitor, Fault], None]

    async def identify(self, visit: Visit) -> Visitor:
        """The caller.  Raises the 401 and 403 of section d.6, and for signed calls the authentication faults."""
        request = visit.request
        anthropic = request.headers.get("x-api-key", "")
        claim = signing.read_claim(request)
        if claim is None and anthropic:
            return await self._by_key(visit, anthropic)
        if claim is None:
            raise faults.KEY_INVALID(why="The request brings no key: it has no Authorization header.")
        if claim.scheme == MODEL_BEARER and claim.bearer:
            return await self._by_key(visit, claim.bearer)
        if not claim.scheme.startswith(_COVERS_BODY):
            # INVARIANT: only a signature over the body's digest counts: what is asked stands in the body.
            raise faults.KEY_INVALID(why=f"{claim.scheme} does not cover the body.")
        return await self._by_signature(visit, claim)

    async def _by_key(self, visit: Visit, value: str) -> Visitor:
        request = visit.request
        key = await model_tokens.find(self.directory, self.keyring, value, visit.now)
        if key is None:
            raise faults.KEY_INVALID(why="No such key.")
        visitor = Visitor(
            key.owner,
            key.workspace_id,
            key.workspace_is_default,
            key.layers,
            key.limits if key.id else key.limits + await self._owner_limits(key.owner),
            _called_by(key),
            key,
        )
        try:
            if not key.active:
                raise faults.KEY_INVALID(why=key.why_inactive)
            if key.has_ended(visit.now):
                raise faults.KEY_EXPIRED(last_four=key.last_four, until=iso(key.ends_at or 0))
            if not key.permits(request.peer):
                raise faults.ADDRESS_REFUSED(last_four=key.last_four, address=request.peer or "(unknown)")
            self._check_named(request, key)
        except Fault as fault:
            self.refused(visit, visitor, fault)
            raise
        return visitor

    def _check_named(self, request: WireRequest, key: ModelKey) -> None:
        """Header and host name must name the key's own workspace, where they name one."""
        named = request.headers.get(WORKSPACE_HEADER, "")
        if named and named != key.workspace_id:
            raise faults.WORKSPACE_REFUSED(why=f"The header names {named[:64]!r}, the key is for another one.")
        host = host_workspace(request)
        if host and host != key.workspace_id:
            raise faults.ENDPOINT_REFUSED(host=host)

    async def _by_signature(self, visit: Visit, claim: Claim) -> Visitor:
        """An AccessKey pair or a role session; its workspace is named, else the default one."""
        request, now = visit.request, visit.now
        key, _ = await self.authentication.check(request, claim, now, request.peer)
        mark, until = self.authentication.remember(request, claim, now, writes=True)
        if self.once is not None and mark:
            await self.once(mark, until)
        caller = key.caller
        try:
            workspace = await self._workspace(request, caller)
        except Fault as fault:
            self.refused(visit, Visitor(caller, "", False, (), (), key.id), fault)
            raise
        return Visitor(
            caller,
            workspace.id,
            workspace.is_default,
            (workspace.layer, *caller.layers),
            workspace.limits + await self._owner_limits(caller),
            key.id,
        )

    async def _workspace(self, request: WireRequest, caller: Caller) -> Workspace:
        """INVARIANT: a workspace that is unknown and one that the caller has not joined are refused alike."""
        named, host = request.headers.get(WORKSPACE_HEADER, ""), host_workspace(request)
        if named and host and named != host:
            raise faults.ENDPOINT_REFUSED(host=host)
        which = named or host
        found = None
        if not which or _NAMED.fullmatch(which):
            loaded = self.directory.workspace(caller.account_id, which)
            found = (
                loaded.value if loaded is not None else await self.directory.load_workspace(caller.account_id, which)
            )
        inside = found is not None and (
            (caller.user_id or caller.role_id) in found.members or is_super_administrator(caller)
        )
        if found is None or not inside:
            shown = f"the workspace {which[:64]!r}" if which else "the default workspace"
            raise faults.WORKSPACE_REFUSED(why=f"You are not in {shown}, or it does not exist.")
        return found

    async def _owner_limits(self, caller: Caller) -> tuple[Limit, ...]:
        return await self.scopes.of(caller.account_id, "owner", owner_id(caller))


def host_workspace(request: WireRequest) -> str:
    """The workspace in a host name like `llm-….cn-beijing.maas.example.com`, or ""."""
    host = request.headers.get("host", "").rpartition("//")[2].partition("/")[0].partition(":")[0]
    found = _HOST.fullmatch(host)
    return found[1] if found else ""


def _called_by(key: ModelKey) -> str:
    """What stands for the key where an event names an AccessKey ID; who holds a console session has none."""
    if key.id:
        return f"apikey/{key.id}"
    return f"{key.kind}/{key.owner.access_key_id}" if key.owner.access_key_id else key.kind


def owner_id(caller: Caller) -> str:
    """Whose call it is, as keys, limits and usage rows name him."""
    return caller.user_id or caller.role_id or caller.account_id
