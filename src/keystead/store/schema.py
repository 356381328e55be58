"""The schema's revision: brought up to date at start under a lock, refused when newer than the program."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from keystead.store import tables

_log = logging.getLogger("keystead.store")

HEAD = "0001"
"""The newest revision in `migrations/versions`; a contract test holds it there."""

_LOCK = 0x6B657973  # any fixed number: the advisory lock that two starting nodes contend for

TRIGRAM_INDEXES = {
    "ix_users_trgm": "users USING gin (id gin_trgm_ops, name_key gin_trgm_ops, display_name gin_trgm_ops)",
    "ix_access_keys_trgm": "access_keys USING gin (id gin_trgm_ops, note gin_trgm_ops)",
    "ix_api_keys_trgm": "api_keys USING gin (description gin_trgm_ops)",
    "ix_api_keys_last_four_trgm": "api_keys (account_id, last_four)",  # is asked for beside a part of the description
}
"""Indexes that PostgreSQL has where it has pg_trgm; no migration knows them."""


class SchemaTooNewError(Exception):
    """The database was written by a newer program; carries its revision."""


def revision(connection: sa.Connection) -> str | None:
    """The revision of the database, or None where it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def current(engine: sa.Engine) -> str:
    """The revision of the database, "" for an empty one; changes nothing."""
    with engine.connect() as connection:
        return revision(connection) or ""


def upgrade(engine: sa.Engine) -> str:
    """Bring the database to `HEAD`; returns the revision it had before ("" for an empty one).

    Raises `SchemaTooNewError` for a revision that this program does not know.
    """
    with engine.connect() as plain:
        connection = plain.execution_options(keystead_writes=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            before = revision(connection)
            if before is None:
                _create(connection)
            elif before != HEAD:
                migrate(connection, before)
        if plain.dialect.name == "postgresql":
            _use(connection, "vector")
            if _use(connection, "pg_trgm"):
                _index_parts_of_names(connection)
    return before or ""


def _create(connection: sa.Connection) -> None:
    """Make an empty database what the migrations make it, without the time that they and Alembic take."""
    tables.metadata.create_all(connection, checkfirst=False)
    connection.execute(sa.insert(tables.change_counter), {"id": 1, "last": 0})
    connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(sa.text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


def _use(connection: sa.Connection, extension: str) -> bool:
    """Whether the database has an extension; it gets it where the server has it and this user may."""
    there = sa.text("SELECT installed_version FROM pg_available_extensions WHERE name = :name")
    with connection.begin():
        found = connection.execute(there, {"name": extension}).one_or_none()
        if found is None or found.installed_version is not None:
            return found is not None
        try:
            with connection.begin_nested():
                connection.execute(sa.text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        except sa.exc.DBAPIError as error:
            _log.info("%s is there but not used: %s", extension, str(error.orig).splitlines()[0])
            return False
    return True


def _index_parts_of_names(connection: sa.Connection) -> None:
    """Index what lists and the search look for parts of names in: half a million rows take a second without."""
    with connection.begin():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        for name, on in TRIGRAM_INDEXES.items():
            connection.execute(sa.text(f"CREATE INDEX IF NOT EXISTS {name} ON {on}"))


def alembic_config(connection: sa.Connection | None = None) -> Any:
    """Alembic's configuration over our migrations folder."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: sa.Connection, before: str | None) -> None:
    """Run the migrations from a revision, None for an empty database.  Raises `SchemaTooNewError`."""
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise SchemaTooNewError(before)
    command.upgrade(config, "head")
