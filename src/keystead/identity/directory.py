"""Callers in memory: bounded, loaded on first use, dropped when something they depend on changes.

The directory is a snapshot whose age is stated: a change made here is applied before it is acknowledged, one made
elsewhere when the feed brings it.  A record says what it depends on; a change drops exactly the records that depend on
it.  What was loaded from before a change is used but not kept.
"""

from __future__ import annotations

import asyncio
import gc
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from keystead import arn
from keystead.identity import network_policy, preferences, providers
from keystead.identity.callers import Caller, IdentityType, Key, Role
from keystead.identity.keyring import Keyring
from keystead.identity.model_keys import ModelKey, Workspace, digest
from keystead.identity.providers import Provider
from keystead.identity.studio import load_model_key, load_workspace
from keystead.identity.transaction import Tx
from keystead.policy import SYSTEM_POLICIES, Attached, Layer, LayerKind, compile_policy
from keystead.store import directory as store
from keystead.store import studio
from keystead.store.database import Database

Subject = tuple[str, str]
"""What changes name: (kind, entity id), for instance ("user", "2…")."""

Value = TypeVar("Value")

_ENTITY_WORDS = {"user": "RamUser", "group": "RamGroup", "role": "RamRole"}
_REMEMBERED_CHANGES = 1024
_FREEZE_EVERY = 1000
"""New records after which the collector is told to pass over what is in memory."""


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Value]):
    """A value and what it depends on; the value is None for something that does not exist."""

    value: Value | None
    depends: frozenset[Subject]


class _Cache(Generic[Value]):
    """A bounded map in order of use, with an index from subject to the entries that depend on it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, Loaded[Value]] = OrderedDict()
        self._dependents: dict[Subject, set[str]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Loaded[Value] | None:
        return self._entries.get(key)

    def put(self, key: str, loaded: Loaded[Value]) -> None:
        self.drop(key)
        while len(self._entries) >= self._size:
            self.drop(next(iter(self._entries)))
        self._entries[key] = loaded
        for subject in loaded.depends:
            self._dependents.setdefault(subject, set()).add(key)

    def drop(self, key: str) -> None:
        loaded = self._entries.pop(key, None)
        if loaded is None:
            return
        for subject in loaded.depends:
            keys = self._dependents.get(subject)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._dependents[subject]

    def forget(self, subject: Subject) -> None:
        for key in tuple(self._dependents.get(subject, ())):
            self.drop(key)

    def clear(self) -> None:
        self._entries.clear()
        self._dependents.clear()


class Directory:
    """Looks up AccessKey pairs and roles; used from the event loop only."""

    def __init__(self, database: Database[Tx], keyring: Keyring, clock: Callable[[], float], size: int) -> None:
        """`size` bounds the pairs held in memory, and separately those known not to exist, and the roles."""
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._keys: _Cache[Key] = _Cache(size)
        self._absent: _Cache[Key] = _Cache(size)
        self._roles: _Cache[Role] = _Cache(size)
        self._providers: _Cache[Provider] = _Cache(size)
        self._studio: _Cache[Any] = _Cache(size)  # API keys and workspaces
        self._studio_absent: _Cache[Any] = _Cache(size)
        self._loading: dict[tuple[str, str], asyncio.Future[Loaded[Any]]] = {}
        self._changes = 0
        self._frozen = 0
        self._recent: deque[tuple[int, Subject]] = deque(maxlen=_REMEMBERED_CHANGES)
        self._watchers: list[Callable[[str], None]] = []

    def __len__(self) -> int:
        return len(self._keys) + len(self._roles)

    def key(self, access_key_id: str) -> Loaded[Key] | None:
        """The pair if it is in memory (its value None when known not to exist); None when it must be loaded."""
        return self._keys.get(access_key_id) or self._absent.get(access_key_id)

    def role(self, role_id: str) -> Loaded[Role] | None:
        """The role if it is in memory; None when it must be loaded."""
        return self._roles.get(role_id)

    async def load_key(self, access_key_id: str) -> Key | None:
        """The pair from the database, once however many ask; None when there is none."""
        loaded = await self._load("key", access_key_id, lambda tx: load_key(tx, access_key_id))
        return loaded.value

    async def load_role(self, role_id: str) -> Role | None:
        """The role from the database; None when there is none."""
        loaded = await self._load("role", role_id, lambda tx: load_role(tx, role_id))
        return loaded.value

    async def role_named(self, account_id: str, name: str) -> Role | None:
        """The role of that name, without regard to case."""
        key = f"{account_id}/{name.lower()}"
        loaded = self._roles.get(key) or await self._load(
            "role name", key, lambda tx: load_role(tx, store.role_id(tx, account_id, name) or "")
        )
        return loaded.value

    def provider(self, provider_id: str) -> Loaded[Provider] | None:
        """The identity provider if it is in memory; None when it must be loaded."""
        return self._providers.get(provider_id)

    async def load_provider(self, provider_id: str) -> Provider | None:
        """The identity provider from the database; None when there is none."""
        loaded = await self._load("provider", provider_id, lambda tx: load_provider(tx, provider_id))
        return loaded.value

    async def provider_named(self, account_id: str, relative: str) -> Provider | None:
        """The identity provider that an ARN names, by `saml-provider/<name>` or `oidc-provider/<name>`."""
        key = f"{account_id}/{relative.lower()}"
        loaded = self._providers.get(key) or await self._load(
            "provider name", key, lambda tx: load_provider(tx, providers.id_of(tx, account_id, relative) or "")
        )
        return loaded.value

    def model_key(self, value: str) -> Loaded[ModelKey] | None:
        """The API key of that value if it is in memory (its value None when known not to exist)."""
        key = f"value {digest(value).hex()}"
        return self._studio.get(key) or self._studio_absent.get(key)

    async def load_model_key(self, value: str) -> ModelKey | None:
        """The API key of that value from the database; None when there is none."""
        mark = digest(value)

        def read(tx: Tx) -> Loaded[ModelKey]:
            depends: set[Subject] = {("apikey", mark.hex())}
            found = load_model_key(tx, studio.key(tx, mark), mark, _owner_layer, depends)
            return Loaded(found, frozenset(depends))

        return (await self._load("studio", f"value {mark.hex()}", read)).value

    def model_key_by_id(self, key_id: int) -> Loaded[ModelKey] | None:
        """The API key of that ID if it is in memory."""
        return self._studio.get(f"id {key_id}")

    async def load_model_key_by_id(self, key_id: int) -> ModelKey | None:
        """The API key of that ID from the database; None when there is none."""

        def read(tx: Tx) -> Loaded[ModelKey]:
            depends: set[Subject] = {("apikey", str(key_id))}
            found = load_model_key(tx, studio.key_by_id(tx, key_id), b"", _owner_layer, depends)
            return Loaded(found, frozenset(depends))

        return (await self._load("studio", f"id {key_id}", read)).value

    def workspace(self, account_id: str, which: str) -> Loaded[Workspace] | None:
        """The account's workspace if it is in memory: by ID or AgentKey, the default one for ""."""
        return self._studio.get(f"{account_id}/{which}")

    async def load_workspace(self, account_id: str, which: str) -> Workspace | None:
        """The account's workspace from the database: by ID or AgentKey, the default one for ""."""

        def read(tx: Tx) -> Loaded[Workspace]:
            depends: set[Subject] = {("workspaces", account_id)}
            row = (
                studio.workspace_by_agent_key(tx, account_id, digest(which))
                if which.endswith("_p_efm")
                else studio.workspace(tx, account_id, which)
            )
            return Loaded(load_workspace(tx, row, depends), frozenset(depends))

        return (await self._load("studio", f"{account_id}/{which}", read)).value

    async def _load(self, kind: str, key: str, read: Callable[[Tx], Loaded[Any]]) -> Loaded[Any]:
        waiting = self._loading.get((kind, key))
        if waiting is not None:
            return await asyncio.shield(waiting)
        began = self._changes
        future = asyncio.wrap_future(self._database.submit(lambda: self._read(read), writes=False))
        self._loading[kind, key] = future
        try:
            loaded = await asyncio.shield(future)
        finally:
            if self._loading.get((kind, key)) is future:
                del self._loading[kind, key]
        self._keep(kind, key, loaded, began)
        return loaded

    async def read(self, work: Callable[[Tx], Value]) -> Value:
        """Run `work` in a reading transaction, in a worker thread; nothing of it is kept."""

        def run() -> Value:
            with self._database.reading(self._clock()) as tx:
                return work(tx)

        return await asyncio.wrap_future(self._database.submit(run, writes=False))

    def _read(self, read: Callable[[Tx], Loaded[Any]]) -> Loaded[Any]:
        with self._database.reading(self._clock()) as tx:
            return read(tx)

    def _keep(self, kind: str, key: str, loaded: Loaded[Any], began: int) -> None:
        # INVARIANT: nothing read from before a change is kept after it.
        if self._changes - began > _REMEMBERED_CHANGES:
            return
        if any(number > began and subject in loaded.depends for number, subject in self._recent):
            return
        if kind == "studio":
            (self._studio_absent if loaded.value is None else self._studio).put(key, loaded)
        elif kind != "key":
            if loaded.value is not None:
                (self._providers if kind.startswith("provider") else self._roles).put(key, loaded)
        elif loaded.value is None:
            self._absent.put(key, loaded)
        else:
            self._keys.put(key, loaded)
        self._spare_the_collector()

    def _spare_the_collector(self) -> None:
        """A full collection walks every record and stops the loop: seconds with 100,000 pairs.  Records hold no cycles,
        so they are freed without it.  Only growth freezes, so what else is caught in it is bounded."""
        if len(self) - self._frozen >= _FREEZE_EVERY:
            self._frozen = len(self)
            gc.collect(1)
            gc.freeze()

    def watch(self, changed: Callable[[str], None]) -> None:
        """Have `changed` called with the kind of every subject that changes, "" for a loss of everything."""
        self._watchers.append(changed)

    def apply(self, subjects: Iterable[Subject]) -> None:
        """Drop every record that depends on one of the changed subjects."""
        for subject in subjects:
            for changed in self._watchers:
                changed(subject[0])
            self._changes += 1
            self._recent.append((self._changes, subject))
            # A load under way may have begun before this change: whoever asks from now on starts a new one.
            self._loading.clear()
            self._keys.forget(subject)
            self._absent.forget(subject)
            self._roles.forget(subject)
            self._studio.forget(subject)
            self._studio_absent.forget(subject)
            self._providers.forget(subject)

    def clear(self) -> None:
        """Drop everything: the feed was lost for longer than its rows are kept."""
        self._changes += _REMEMBERED_CHANGES + 1
        self._frozen = 0
        for changed in self._watchers:
            changed("")
        self._loading.clear()
        for cache in (self._studio, self._studio_absent, self._keys, self._absent, self._roles, self._providers):
            cache.clear()

    def open_secret(self, sealed: bytes, access_key_id: str) -> str:
        """Open an AccessKey secret as it is stored."""
        return self._keyring.open(sealed, f"access-key:{access_key_id}").decode()


def load_key(tx: Tx, access_key_id: str) -> Loaded[Key]:
    """Read an AccessKey pair with its caller and all that decides for it."""
    depends: set[Subject] = {("key", access_key_id)}
    row = store.key(tx, access_key_id)
    if row is None:
        return Loaded(None, frozenset(depends))
    depends.add(("account", row.account_id))
    secret = tx.keyring.open(row.sealed_secret, f"access-key:{access_key_id}").decode()
    if row.user_id is None:
        root = arn.ram(row.account_id, "root")
        caller = Caller(kind=IdentityType.ACCOUNT, account_id=row.account_id, arn=root, access_key_id=row.id)
    else:
        caller = Caller(
            kind=IdentityType.USER,
            account_id=row.account_id,
            arn=arn.ram(row.account_id, f"user/{row.user_name}"),
            access_key_id=row.id,
            user_id=row.user_id,
            user_name=row.user_name,
            layers=(user_layer(tx, row.user_id, depends),),
            self_service=self_service(tx, row.account_id, depends),
        )
    active = row.status == "Active" and row.user_status in (None, "active")  # a frozen user's pairs are dead too
    network = network_policy.effective(row.network_policy, row.account_network_policy)
    return Loaded(Key(row.id, secret, active, caller, network, row.expires_at), frozenset(depends))


def self_service(tx: Tx, account_id: str, depends: set[Subject]) -> frozenset[str]:
    """What the account's security preference lets its users do to themselves."""
    depends.add(("account", account_id))
    return preferences.granted(preferences.get(tx, account_id))


def user_layer(tx: Tx, user_id: str, depends: set[Subject]) -> Layer:
    """The policies of a user and of its groups; adds what they depend on to `depends`."""
    depends.add(("user", user_id))
    groups = [row.id for row in store.groups_of(tx, user_id)]
    depends.update(("group", group) for group in groups)
    return identity_layer(tx, [user_id, *groups], depends)


def load_role(tx: Tx, role_id: str) -> Loaded[Role]:
    """Read a role with its trust policy and its own policies."""
    depends: set[Subject] = {("role", role_id)}
    row = store.role(tx, role_id)
    if row is None:
        return Loaded(None, frozenset(depends))
    trust = Attached(row.name, "Custom", "v1", "RamRole", "Account", compile_policy(row.trust_policy))
    role = Role(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        trust=Layer.of(LayerKind.TRUST, [trust]),
        max_session_duration=row.max_session_duration,
        layer=identity_layer(tx, [role_id], depends),
    )
    return Loaded(role, frozenset(depends))


def load_provider(tx: Tx, provider_id: str) -> Loaded[Provider]:
    """Read an identity provider of either kind."""
    return Loaded(providers.load(tx, provider_id), frozenset({("provider", provider_id)}))


def _owner_layer(tx: Tx, kind: str, owner_id: str, depends: set[Subject]) -> Layer:
    """The policies of an API key's owner."""
    if kind == "user":
        return user_layer(tx, owner_id, depends)
    depends.add(("role", owner_id))
    return identity_layer(tx, [owner_id], depends)


def identity_layer(tx: Tx, entities: list[str], depends: set[Subject]) -> Layer:
    """The policies attached to any of these users, groups or roles; adds the custom ones to `depends`."""
    found = []
    for row in store.attached(tx, entities):
        if row.resource_group_id:
            continue  # no resource is in a resource group here, so such a policy matches nothing
        if row.policy_type == "System":
            system = SYSTEM_POLICIES.get(row.policy_id)
            if system is None:
                continue  # a policy that this version no longer ships grants nothing
            name, version, text = system.name, system.version, system.document
        else:
            depends.add(("policy", row.policy_id))
            name, version, text = row.name, f"v{row.default_version}", row.document
        word = _ENTITY_WORDS[row.entity_kind]
        found.append((name, row.policy_type, version, word, text))
    return _account_layer(tuple(found))


@lru_cache(maxsize=1024)
def _account_layer(found: tuple[tuple[str, str, str, str, str], ...]) -> Layer:
    """One layer for all who have the same policies: most users do, and a layer is what their records weigh."""
    return Layer.of(
        LayerKind.ACCOUNT,
        [
            Attached(name, kind, version, word, "Account", compile_policy(text))
            for name, kind, version, word, text in found
        ],
    )
