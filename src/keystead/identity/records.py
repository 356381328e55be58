"""What the directory keeps, read from the database: pairs, people, roles, providers, each with what it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Row

from keystead import arn
from keystead.identity import network_policy, preferences, providers
from keystead.identity.callers import Caller, IdentityType, Key, Role
from keystead.identity.providers import Provider
from keystead.identity.transaction import Tx
from keystead.policy import SYSTEM_POLICIES, Attached, Layer, LayerKind, compile_policy
from keystead.store import directory as store

Subject = tuple[str, str]
"""What changes name: (kind, entity id), for instance ("user", "2…")."""

Value = TypeVar("Value")

_ENTITY_WORDS = {"user": "RamUser", "group": "RamGroup", "role": "RamRole"}


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Value]):
    """A value and what it depends on; the value is None for something that does not exist."""

    value: Value | None
    depends: frozenset[Subject]


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


def load_user(tx: Tx, user_id: str) -> Loaded[Caller]:
    """Read a RAM user with all that decides for it; nobody where it is frozen or gone."""
    depends: set[Subject] = {("user", user_id)}
    row = store.user(tx, user_id)
    if row is None or row.status != "active":
        return Loaded(None, frozenset(depends))
    depends.add(("account", row.account_id))
    caller = Caller(
        kind=IdentityType.USER,
        account_id=row.account_id,
        arn=arn.ram(row.account_id, f"user/{row.name}"),
        user_id=row.id,
        user_name=row.name,
        layers=(user_layer(tx, row.id, depends),),
        self_service=self_service(tx, row.account_id, depends),
    )
    return Loaded(caller, frozenset(depends))


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
        sessions_until=row.sessions_until,
    )
    return Loaded(role, frozenset(depends))


def load_provider(tx: Tx, provider_id: str) -> Loaded[Provider]:
    """Read an identity provider of either kind."""
    return Loaded(providers.load(tx, provider_id), frozenset({("provider", provider_id)}))


def owner_layer(tx: Tx, kind: str, owner_id: str, depends: set[Subject]) -> Layer:
    """The policies of an API key's owner."""
    if kind == "user":
        return user_layer(tx, owner_id, depends)
    depends.add(("role", owner_id))
    return identity_layer(tx, [owner_id], depends)


def identity_layer(tx: Tx, entities: list[str], depends: set[Subject]) -> Layer:
    """The policies attached to any of these users, groups or roles; adds the custom ones to `depends`."""
    rows = store.attached(tx, entities)
    depends.update(("policy", row.policy_id) for row in rows if row.policy_type == "Custom" and _counts(row))
    return _account_layer(tuple(_grant(row) for row in rows if _counts(row)))


class Held(NamedTuple):
    """The policies of an identity as a layer, and by policy (type, name) the entities that it has it by."""

    layer: Layer
    by: dict[tuple[str, str], list[str]]


def held(tx: Tx, identities: Mapping[str, Sequence[str]]) -> dict[str, Held]:
    """What `identity_layer` makes for each of many, read by one statement.

    identities: the entities whose policies each has: a user's ID and those of its groups, or a role's ID alone.
    """
    entities = sorted({each for wanted in identities.values() for each in wanted})
    rows: dict[str, list[Row[Any]]] = {each: [] for each in entities}
    for row in store.attached(tx, entities) if entities else ():
        if _counts(row):
            rows[row.entity_id].append(row)
    found = {}
    for identity, wanted in identities.items():
        mine = [row for each in sorted(wanted) for row in rows[each]]
        by: dict[tuple[str, str], list[str]] = {}
        for row in mine:
            by.setdefault((row.policy_type, _grant(row)[0]), []).append(row.entity_id)
        found[identity] = Held(_account_layer(tuple(_grant(row) for row in mine)), by)
    return found


def _counts(row: Row[Any]) -> bool:
    """Whether an attachment grants anything: no resource is in a resource group here, so a policy in one matches
    nothing; nor does a system policy that this version no longer ships."""
    return not row.resource_group_id and (row.policy_type != "System" or row.policy_id in SYSTEM_POLICIES)


def _grant(row: Row[Any]) -> tuple[str, str, str, str, str]:
    """Name, type, version, the kind of who has it, and text of an attached policy."""
    word = _ENTITY_WORDS[row.entity_kind]
    if row.policy_type == "System":
        system = SYSTEM_POLICIES[row.policy_id]
        return system.name, "System", system.version, word, system.document
    return row.name, "Custom", f"v{row.default_version}", word, row.document


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
