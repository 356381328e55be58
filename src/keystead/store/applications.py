"""Statements over OAuth applications, their secrets and their installations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.store.database import Tx
from keystead.store.tables import application_secrets, applications, installations

_MINE = applications.c.account_id == sa.bindparam("account")
_ID = applications.c.id == sa.bindparam("application")
_GET = sa.select(applications).where(_MINE, _ID)
_ANY = sa.select(applications).where(_ID)
_NAMED = sa.select(applications).where(_MINE, applications.c.name_key == sa.bindparam("name_key"))
_ALL = sa.select(applications).where(_MINE).order_by(applications.c.name_key)
_INSERT = sa.insert(applications)
_DELETE = sa.delete(applications).where(_MINE, _ID)

_SECRETS = (
    sa.select(application_secrets)
    .where(application_secrets.c.application_id == sa.bindparam("application"))
    .order_by(application_secrets.c.created_at, application_secrets.c.id)
)
_ADD_SECRET = sa.insert(application_secrets)
_DROP_SECRET = sa.delete(application_secrets).where(application_secrets.c.id == sa.bindparam("secret"))

_HERE = installations.c.account_id == sa.bindparam("account")
_INSTALLED = (
    sa.select(
        installations,
        applications.c.account_id.label("owner"),
        applications.c.name,
        applications.c.display_name,
    )
    .join(applications, applications.c.id == installations.c.application_id)
    .where(_HERE)
    .order_by(applications.c.name_key, applications.c.id)
)
_ADD_INSTALLATION = sa.insert(installations)
_DROP_INSTALLATION = sa.delete(installations).where(
    _HERE, installations.c.application_id == sa.bindparam("application")
)


def get(tx: Tx, application_id: str) -> sa.Row[Any] | None:
    """The account's own application of that ID."""
    return tx.row(_GET, account=tx.account_id, application=application_id)


def of_any_account(tx: Tx, application_id: str) -> sa.Row[Any] | None:
    """The application of that ID, whoever made it."""
    return tx.row(_ANY, application=application_id)


def named(tx: Tx, name: str) -> sa.Row[Any] | None:
    """The account's own application of that name, without regard to case."""
    return tx.row(_NAMED, account=tx.account_id, name_key=name.lower())


def all_of(tx: Tx) -> list[sa.Row[Any]]:
    """The account's own applications in order of name; a quota bounds them."""
    return tx.rows(_ALL, account=tx.account_id)


def insert(tx: Tx, application_id: str, name: str, values: dict[str, object]) -> None:
    """Add an application; `values` holds the other columns but the times."""
    tx.run(
        _INSERT,
        id=application_id,
        account_id=tx.account_id,
        name=name,
        name_key=name.lower(),
        created_at=tx.now,
        updated_at=tx.now,
        **values,
    )
    tx.touch("application", application_id)


def update(tx: Tx, application_id: str, values: dict[str, object]) -> None:
    """Change columns of an application."""
    changed = (applications.c.account_id == tx.account_id) & (applications.c.id == application_id)
    tx.run(sa.update(applications).where(changed).values(updated_at=tx.now, **values))
    tx.touch("application", application_id)


def delete(tx: Tx, application_id: str) -> None:
    """Remove an application, its secrets, and its installations in every account."""
    tx.run(_DELETE, account=tx.account_id, application=application_id)
    tx.touch("application", application_id)


def secrets(tx: Tx, application_id: str) -> list[sa.Row[Any]]:
    """The secrets of an application as (id, digest, tail, created_at), oldest first."""
    return tx.rows(_SECRETS, application=application_id)


def add_secret(tx: Tx, application_id: str, secret_id: str, digest: bytes, tail: str) -> None:
    """Add a secret by its SHA-256; `tail` is its last characters."""
    tx.run(_ADD_SECRET, id=secret_id, application_id=application_id, digest=digest, tail=tail, created_at=tx.now)
    tx.touch("application", application_id)


def drop_secret(tx: Tx, application_id: str, secret_id: str) -> None:
    """Remove a secret for good."""
    tx.run(_DROP_SECRET, secret=secret_id)
    tx.touch("application", application_id)


def installed(tx: Tx) -> list[sa.Row[Any]]:
    """What is installed in the account, with `owner`, name and display_name; a quota bounds it."""
    return tx.rows(_INSTALLED, account=tx.account_id)


def install(tx: Tx, application_id: str, scopes: str) -> None:
    """Note that the account installed an application, with the granted scopes as JSON."""
    tx.run(
        _ADD_INSTALLATION,
        account_id=tx.account_id,
        application_id=application_id,
        scopes=scopes,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.touch("application", application_id)


def regrant(tx: Tx, application_id: str, scopes: str) -> None:
    """Replace the granted scopes of an installation."""
    changed = (installations.c.account_id == tx.account_id) & (installations.c.application_id == application_id)
    tx.run(sa.update(installations).where(changed).values(scopes=scopes, updated_at=tx.now))
    tx.touch("application", application_id)


def uninstall(tx: Tx, application_id: str) -> None:
    """Remove the account's installation of an application."""
    tx.run(_DROP_INSTALLATION, account=tx.account_id, application=application_id)
    tx.touch("application", application_id)
