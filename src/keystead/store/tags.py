"""Statements over tags of users, roles and policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import policies, roles, tags, users

_OWNERS = {"user": users, "role": roles, "policy": policies}

_OF = (
    sa.select(tags.c.entity_id, tags.c.tag_key, tags.c.tag_value)
    .where(
        tags.c.account_id == sa.bindparam("account"),
        tags.c.entity_id.in_(sa.bindparam("entities", expanding=True)),
    )
    .order_by(tags.c.entity_id, tags.c.tag_key)
)
_INSERT = sa.insert(tags)
_DELETE = sa.delete(tags).where(
    tags.c.account_id == sa.bindparam("account"),
    tags.c.entity_id == sa.bindparam("entity"),
    tags.c.tag_key.in_(sa.bindparam("keys", expanding=True)),
)
_CLEAR = sa.delete(tags).where(tags.c.account_id == sa.bindparam("account"), tags.c.entity_id == sa.bindparam("entity"))


def _page(owner: sa.Table) -> sa.Select[Any]:
    """Tags of a kind of thing in order of its name and the tag's key."""
    later = (owner.c.name_key > sa.bindparam("after_name")) | (
        (owner.c.name_key == sa.bindparam("after_name")) & (tags.c.tag_key > sa.bindparam("after_key"))
    )
    return (
        sa.select(
            owner.c.id,
            owner.c.name,
            tags.c.tag_key,
            tags.c.tag_value,
            (owner.c.name_key + "/" + tags.c.tag_key).label("place"),
        )
        .select_from(tags.join(owner, owner.c.id == tags.c.entity_id))
        .where(tags.c.account_id == sa.bindparam("account"), later)
        .order_by(owner.c.name_key, tags.c.tag_key)
        .limit(sa.bindparam("most"))
    )


def _named(owner: sa.Table) -> sa.Select[Any]:
    """Tags of the one thing of a name."""
    return (
        sa.select(tags.c.tag_key, tags.c.tag_value)
        .select_from(tags.join(owner, owner.c.id == tags.c.entity_id))
        .where(owner.c.account_id == sa.bindparam("account"), owner.c.name_key == sa.bindparam("name_key"))
    )


_PAGES = {kind: _page(owner) for kind, owner in _OWNERS.items()}
_NAMED = {kind: _named(owner) for kind, owner in _OWNERS.items()}


def holding(entity: sa.Column[Any], wanted: Iterable[tuple[str, str | None]]) -> list[sa.ColumnElement[bool]]:
    """Conditions that the entity carries every wanted tag; a value of None stands for any."""
    return [
        sa.exists().where(
            tags.c.entity_id == entity,
            tags.c.tag_key == key,
            sa.true() if value is None else tags.c.tag_value == value,
        )
        for key, value in wanted
    ]


def of(tx: Tx, entity_ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """The (key, value) pairs of each entity, in order of key; an entity without tags is not in the answer."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in tx.rows(_OF, account=tx.account_id, entities=list(entity_ids)) if entity_ids else ():
        found.setdefault(row.entity_id, []).append((row.tag_key, row.tag_value))
    return found


def of_named(tx: Tx, kind: str, name: str) -> dict[str, str]:
    """The tags, value by key, of the user, role or policy of that name; none of what does not exist or has none."""
    if kind not in _NAMED:
        return {}
    return {row.tag_key: row.tag_value for row in tx.rows(_NAMED[kind], account=tx.account_id, name_key=name.lower())}


def page(
    tx: Tx,
    kind: str,
    after: tuple[str, str],
    most: int,
    *,
    name_keys: Sequence[str] | None,
    wanted: Sequence[tuple[str, str | None]],
) -> list[sa.Row[Any]]:
    """Tags of users, roles or policies after (name key, tag key), at most `most`.

    name_keys: of these alone.  wanted: only those of this key, and value where it is not None; several are
    alternatives.  `place` in a row is `<name key>/<tag key>`.
    """
    statement = _PAGES[kind]
    if name_keys is not None:
        statement = statement.where(_OWNERS[kind].c.name_key.in_(name_keys))
    if wanted:
        statement = statement.where(
            sa.or_(
                *(
                    (tags.c.tag_key == key) & (sa.true() if value is None else tags.c.tag_value == value)
                    for key, value in wanted
                )
            )
        )
    return tx.rows(statement, account=tx.account_id, after_name=after[0], after_key=after[1], most=most)


def put(tx: Tx, kind: str, entity_id: str, given: Mapping[str, str]) -> None:
    """Set tags of an entity; a key that it has gets the new value."""
    if not given:
        return
    remove(tx, kind, entity_id, tuple(given))
    for key, value in given.items():
        tx.run(
            _INSERT,
            account_id=tx.account_id,
            entity_kind=kind,
            entity_id=entity_id,
            tag_key=key,
            tag_value=value,
        )


def remove(tx: Tx, kind: str, entity_id: str, keys: Sequence[str]) -> None:
    """Take tags off an entity; keys that it does not have are passed over."""
    tx.run(_DELETE, account=tx.account_id, entity=entity_id, keys=list(keys))
    tx.touch(kind, entity_id)


def clear(tx: Tx, kind: str, entity_id: str) -> None:
    """Take every tag off an entity."""
    tx.run(_CLEAR, account=tx.account_id, entity=entity_id)
    tx.touch(kind, entity_id)
