"""Temporary model keys and the tokens of the legacy flow: sealed, nothing stored, and dying with what they came from.

A temporary key is made from an API key or by a member of a workspace with an AccessKey pair or role session; a legacy
token by an AccessKey pair with an AgentKey.  Each carries the generation of its source: raising that number revokes
all that were made before, without a clock in between.  What a person's token may do, the person's policies decide at
each call, together with the workspace.  Source: reference/model-studio.md a.1, d.4.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

import msgspec

from keystead import arn
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.directory import Directory
from keystead.identity.keyring import Keyring, SealBrokenError
from keystead.identity.model_keys import ModelKey, Scope, Workspace, is_well_formed, scope_layer
from keystead.identity.network_policy import NetworkPolicy
from keystead.identity.studio import is_super_administrator
from keystead.policy import Attached, Layer, LayerKind, compile_policy

TEMPORARY = "st-"
AGENT = "at-"
EVERYTHING = Scope()
"""The scope that narrows nothing."""
_PURPOSE = "model-token"
_MAX_TOKEN = 8192


class Token(msgspec.Struct, frozen=True, array_like=True):
    """What a token carries.  Times are seconds since 1970.

    api_key_id: the key it was made from, or 0.  access_key_id, role_id, session_name, session_policy: the pair or the
    role session that made it.  generation: of the key or the membership, workspace_generation: of the workspace, both
    as they were then.  user_id: the RAM user that made it on the console, without a pair; pair, role and user are empty
    for the account itself there.  models, applications: what it narrows its source to, None for nothing.  person: for
    whom it is.
    """

    prefix: str
    account_id: str
    workspace_id: str
    issued_at: int
    expires_at: int
    api_key_id: int = 0
    access_key_id: str = ""
    role_id: str = ""
    session_name: str = ""
    session_policy: str = ""
    generation: int = 0
    workspace_generation: int = 0
    models: tuple[str, ...] | None = None
    person: str = ""
    applications: tuple[str, ...] | None = None
    user_id: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Token)


def seal(keyring: Keyring, token: Token) -> str:
    """The text that a client holds."""
    return token.prefix + base64.urlsafe_b64encode(keyring.seal(_encode(token), _PURPOSE)).decode().rstrip("=")


def unseal(keyring: Keyring, value: str) -> Token | None:
    """The token in a text; None where this server did not make it."""
    if len(value) > _MAX_TOKEN or not value.isascii():
        return None
    body = value[len(TEMPORARY) :]
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        token = _decoder.decode(keyring.open(raw, _PURPOSE))
    except (binascii.Error, ValueError, SealBrokenError, msgspec.DecodeError):
        return None
    return token if value.startswith(token.prefix) else None


def issue(
    keyring: Keyring,
    caller: Caller,
    place: Workspace | None,
    *,
    prefix: str,
    now: float,
    seconds: int,
    narrowed: Scope = EVERYTHING,
    person: str = "",
) -> tuple[str, int] | None:
    """A token of a caller for a workspace, and when it ends (seconds): at the latest with the caller's own session.

    None where the workspace does not exist or the caller is not in it.
    """
    if place is None:
        return None
    member = place.members.get(caller.user_id or caller.role_id)
    if member is None and not is_super_administrator(caller):
        return None
    expires_at = int(now) + seconds
    if caller.expires_at is not None:
        expires_at = min(expires_at, caller.expires_at)
    token = Token(
        prefix=prefix,
        account_id=place.account_id,
        workspace_id=place.id,
        issued_at=int(now),
        expires_at=expires_at,
        access_key_id="" if is_on_console(caller) else caller.access_key_id,
        role_id=caller.role_id,
        session_name=caller.session_name,
        session_policy=caller.session_policy,
        user_id=caller.user_id if is_on_console(caller) else "",
        generation=member.generation if member else 0,
        workspace_generation=place.generation,
        models=narrowed.models,
        person=person,
        applications=narrowed.applications,
    )
    return seal(keyring, token), expires_at


def is_on_console(caller: Caller) -> bool:
    """Whether a caller is a person signed in to the console, or uses the credentials that its Cloud Shell exports."""
    return not caller.role_id and (not caller.access_key_id or caller.access_key_id.startswith("STS."))


def issue_from_key(
    keyring: Keyring, key: ModelKey, *, now: float, seconds: int, narrowed: Scope, person: str
) -> tuple[str, int]:
    """A temporary key with the rights of an API key, or fewer, and when it ends (seconds): at the latest with the key's
    value, or with the key itself."""
    ends = [int(each) for each in (key.expires_at, key.ends_at) if each is not None]
    expires_at = min([int(now) + seconds, *ends])
    token = Token(
        prefix=TEMPORARY,
        account_id=key.account_id,
        workspace_id=key.workspace_id,
        issued_at=int(now),
        expires_at=expires_at,
        api_key_id=key.id,
        generation=key.generation,
        models=narrowed.models,
        person=person,
        applications=narrowed.applications,
    )
    return seal(keyring, token), expires_at


async def find(directory: Directory, keyring: Keyring, value: str, now: float) -> ModelKey | None:
    """The key that a bearer value is: an API key, a temporary key or a legacy token; None where it is none of ours.

    What is found may be inactive, and says why.  Whether it may be used from an address, its `permits` says.
    """
    if is_well_formed(value):
        loaded = directory.model_key(value)
        found = loaded.value if loaded is not None else await directory.load_model_key(value)
        if found is not None and found.expires_at is not None and now >= found.expires_at:
            return None  # the value from before a rotation
        return found
    if not value.startswith((TEMPORARY, AGENT)):
        return None
    token = unseal(keyring, value)
    if token is None:
        return None
    made = await (_from_key(directory, token) if token.api_key_id else _from_pair(directory, token, now))
    if made is not None and now >= token.expires_at and not made.has_ended(now):
        return replace(made, active=False, why_inactive=f"It expired {int(now - token.expires_at)} seconds ago.")
    return made


async def _from_key(directory: Directory, token: Token) -> ModelKey | None:
    loaded = directory.model_key_by_id(token.api_key_id)
    source = loaded.value if loaded is not None else await directory.load_model_key_by_id(token.api_key_id)
    if source is None:
        return None
    made = replace(
        source,
        kind="temporary",
        expires_at=float(token.expires_at),
        layers=source.layers + _narrowing(token),
        prefix=TEMPORARY,
        person=token.person,
    )
    if source.generation != token.generation:
        return replace(made, active=False, why_inactive="It was revoked, with all that were made before it.")
    return made


async def _from_pair(directory: Directory, token: Token, now: float) -> ModelKey | None:
    workspace = directory.workspace(token.account_id, token.workspace_id)
    place = (
        workspace.value
        if workspace is not None
        else await directory.load_workspace(token.account_id, token.workspace_id)
    )
    if token.role_id:
        source = await _role_session(directory, token)
    else:
        source = await (_pair(directory, token, now) if token.access_key_id else _person(directory, token))
    if place is None or source is None:
        return None
    caller, active, network = source
    why = "" if active else "The AccessKey pair that it was made with is disabled."
    why = why or _why_outside(place, caller, token)
    return ModelKey(
        id=0,
        account_id=token.account_id,
        workspace_id=place.id,
        workspace_is_default=place.is_default,
        owner=caller,
        active=not why,
        why_inactive=why,
        addresses=network,
        layers=(place.layer, *caller.layers, *_narrowing(token)),
        limits=place.limits,
        prefix=token.prefix,
        last_four="",
        expires_at=float(token.expires_at),
        kind="agent" if token.prefix == AGENT else "temporary",
        person=token.person,
    )


def _why_outside(place: Workspace, caller: Caller, token: Token) -> str:
    """Why a token of this caller does not count in the workspace; empty where it does."""
    member = place.members.get(caller.user_id or caller.role_id)
    if member is None and not is_super_administrator(caller):
        return "Who made it is no longer in its workspace."
    if (member.generation if member else 0) != token.generation or place.generation != token.workspace_generation:
        return "It was revoked, with all that were made before it."
    return ""


async def _pair(directory: Directory, token: Token, now: float) -> tuple[Caller, bool, NetworkPolicy | None] | None:
    loaded = directory.key(token.access_key_id)
    key = loaded.value if loaded is not None else await directory.load_key(token.access_key_id)
    return None if key is None else (key.caller, key.active and not key.has_expired(now), key.network)


async def _person(directory: Directory, token: Token) -> tuple[Caller, bool, NetworkPolicy | None] | None:
    """Who made it on the console: a RAM user as it may act now, or the account itself."""
    if token.user_id:
        user = await directory.user(token.user_id)
        return None if user is None else (user, True, None)
    root = arn.ram(token.account_id, "root")
    return Caller(kind=IdentityType.ACCOUNT, account_id=token.account_id, arn=root), True, None


async def _role_session(directory: Directory, token: Token) -> tuple[Caller, bool, NetworkPolicy | None] | None:
    loaded = directory.role(token.role_id)
    role = loaded.value if loaded is not None else await directory.load_role(token.role_id)
    if role is None or token.issued_at <= role.sessions_until:
        return None
    layers: tuple[Layer, ...] = (role.layer,)
    if token.session_policy:
        policy = compile_policy(token.session_policy)
        narrowing = Attached("SessionPolicy", "Custom", "v1", "RamRole", "Account", policy)
        layers = (Layer.of(LayerKind.SESSION, [narrowing]), role.layer)
    caller = Caller(
        kind=IdentityType.SESSION,
        account_id=role.account_id,
        arn=f"acs:ram::{role.account_id}:assumed-role/{role.name}/{token.session_name}",
        access_key_id=token.access_key_id,
        role_id=role.id,
        role_name=role.name,
        session_name=token.session_name,
        layers=layers,
    )
    return caller, True, None


def _narrowing(token: Token) -> tuple[Layer, ...]:
    if token.models is None and token.applications is None:
        return ()
    scope = Scope(models=token.models, applications=token.applications)
    return (scope_layer(token.account_id, "TemporaryKey", scope),)
