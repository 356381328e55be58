"""Migrations make exactly the tables that the program declares, on both databases; a newer schema is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from keystead.app import opened
from keystead.settings import OperatorError, Settings
from keystead.store import schema, tables
from services.postgres import Cluster


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'keystead.db'}"
    else:
        with request.getfixturevalue("postgres_cluster").database() as found:
            yield found.replace("postgresql://", "postgresql+psycopg://")


def test_the_named_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(schema.alembic_config()).get_current_head() == schema.HEAD


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression")  # asked for below
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.parametrize("how", ["by migrations", "at the first start"])
def test_both_ways_make_the_declared_tables(url: str, how: str) -> None:
    engine = sa.create_engine(url)
    if how == "by migrations":
        with engine.begin() as connection:
            schema.migrate(connection, None)
    else:
        assert schema.upgrade(engine) == ""
    with engine.connect() as connection:
        assert schema.revision(connection) == schema.HEAD
        assert connection.execute(sa.select(tables.change_counter)).all() == [(1, 0)]
        options = {"compare_type": True, "include_object": lambda _it, name, *_: name not in schema.TRIGRAM_INDEXES}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        sqlite, other = "SELECT name FROM sqlite_master WHERE type = 'index'", "SELECT indexname FROM pg_indexes"
        made = {row[0] for row in connection.exec_driver_sql(sqlite if engine.dialect.name == "sqlite" else other)}
        assert {str(index.name) for table in tables.metadata.tables.values() for index in table.indexes} <= made
    engine.dispose()


def test_postgresql_looks_for_parts_of_names_along_an_index(postgres_cluster: Cluster) -> None:
    with postgres_cluster.database() as url:
        engine = sa.create_engine(url)
        for _ in range(2):  # the second start finds them there
            schema.upgrade(engine)
        with engine.connect() as connection:
            made = {row[0] for row in connection.exec_driver_sql("SELECT indexname FROM pg_indexes")}
            assert set(schema.TRIGRAM_INDEXES) <= made
        engine.dispose()


def test_starting_again_changes_nothing(url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database=url)
    for _ in range(2):
        with opened(settings) as instance, instance.database.reading(0) as tx:
            assert tx.connection.execute(sa.select(tables.change_counter.c.last)).scalar_one() == 0


def test_a_newer_schema_is_refused_clearly(url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database=url)
    with opened(settings) as instance, instance.database.writing(0, "") as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OperatorError, match=r"9999.*newer"), opened(settings):
        pass


def test_another_master_key_is_refused_clearly(url: str, tmp_path: Path) -> None:
    with opened(Settings(data_dir=tmp_path / "data", database=url)):
        pass
    other = Settings(data_dir=tmp_path / "other", database=url)
    with pytest.raises(OperatorError, match="sealed with other keys"), opened(other):
        pass
    assert not (tmp_path / "other" / "master.keys").exists()


def test_a_command_beside_the_server_does_not_migrate(url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database=url)
    with pytest.raises(OperatorError, match="needs"), opened(settings, migrate=False):
        pass
    with opened(settings):
        pass
    with opened(settings, migrate=False) as instance, instance.database.reading(0) as tx:
        assert tx.connection.execute(sa.select(tables.change_counter.c.last)).scalar_one() == 0


def test_what_the_program_makes_is_its_own(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with opened(settings):
        modes = {path.name: path.stat().st_mode & 0o777 for path in [settings.data_dir, *settings.data_dir.iterdir()]}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
