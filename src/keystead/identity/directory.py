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
from typing import Any, Generic

from keystead.identity import providers
from keystead.identity.callers import Caller, Key, Role
from keystead.identity.keyring import Keyring
from keystead.identity.model_keys import ModelKey, Workspace, digest
from keystead.identity.providers import Provider
from keystead.identity.records import (
    Loaded,
    Subject,
    Value,
    load_key,
    load_provider,
    load_role,
    load_user,
    owner_layer,
)
from keystead.identity.studio import load_model_key, load_workspace
from keystead.identity.transaction import Tx
from keystead.store import directory as store
from keystead.store import studio
from keystead.store.database import Database

_REMEMBERED_CHANGES = 1024
_FREEZE_EVERY = 1000
"""New records after which the collector is told to pass over what is in memory."""


class _Cache(Generic[Value]):
    """A bounded map in order of use, with an index from subject to the entries that depend on it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, Loaded[Value]] = OrderedDict()
        self._dependents: dict[Subject, set[str]] = {}
        self.get: Callable[[str], Loaded[Value] | None] = self._entries.get

    def __len__(self) -> int:
        return len(self._entries)

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
        self._people: _Cache[Caller] = _Cache(size)  # RAM users by ID, for sessions that have no pair
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

    async def user(self, user_id: str) -> Caller | None:
        """The RAM user of that ID as a caller without a pair; None when there is none, or it is frozen."""
        loaded = self._people.get(user_id) or await self._load("person", user_id, lambda tx: load_user(tx, user_id))
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
            found = load_model_key(tx, studio.key(tx, mark), mark, owner_layer, depends)
            return Loaded(found, frozenset(depends))

        return (await self._load("studio", f"value {mark.hex()}", read)).value

    def model_key_by_id(self, key_id: int) -> Loaded[ModelKey] | None:
        """The API key of that ID if it is in memory."""
        return self._studio.get(f"id {key_id}")

    async def load_model_key_by_id(self, key_id: int) -> ModelKey | None:
        """The API key of that ID from the database; None when there is none."""

        def read(tx: Tx) -> Loaded[ModelKey]:
            depends: set[Subject] = {("apikey", str(key_id))}
            found = load_model_key(tx, studio.key_by_id(tx, key_id), b"", owner_layer, depends)
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
        elif kind == "person":
            if loaded.value is not None:
                self._people.put(key, loaded)
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
            self._people.forget(subject)
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
        for cache in (
            *(self._studio, self._studio_absent, self._keys, self._absent),
            *(self._roles, self._people, self._providers),
        ):
            cache.clear()

    def open_secret(self, sealed: bytes, access_key_id: str) -> str:
        """Open an AccessKey secret as it is stored."""
        return self._keyring.open(sealed, f"access-key:{access_key_id}").decode()
