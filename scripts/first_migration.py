"""Write the first migration from the declared tables.

Until the first release there is one migration, made again from `keystead.store.tables` whenever a table changes; after
it every change of a table brings a migration of its own, written by hand and never edited.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateIndexOp

from keystead.store.tables import metadata

TARGET = Path(__file__).parents[1] / "src/keystead/store/migrations/versions/0001_spine.py"

HEAD = '''"""The first schema.  Made by scripts/first_migration.py."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
'''
TAIL = """
    op.execute("INSERT INTO change_counter (id, last) VALUES (1, 0)")
"""


def _over_expressions() -> Iterator[CreateIndexOp]:
    """The indexes that autogeneration leaves out, as it could not compare them later."""
    for table in metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            if not all(isinstance(each, sa.Column) for each in index.expressions):
                yield CreateIndexOp.from_index(index)


def main() -> None:
    """Render, write and format the file."""
    with sa.create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression")
            operations = produce_migrations(context, metadata).upgrade_ops
    assert operations is not None  # noqa: S101 - produce_migrations always gives one
    operations.ops.extend(_over_expressions())
    lines = [line for line in render_python_code(operations).splitlines() if "Alembic" not in line]
    TARGET.write_text(HEAD + "\n".join(["    " + lines[0].strip(), *lines[1:]]) + TAIL)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", TARGET], check=True)


if __name__ == "__main__":
    main()
