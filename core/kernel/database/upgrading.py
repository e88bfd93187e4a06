"""A store that an earlier leadbench wrote is brought up to date when it is opened."""

from pathlib import Path

import duckdb

from core.kernel.errors import StoreTooNew
from core.kernel.migrations import Migration, known_migrations, pending


def migrate(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Bring the store of this folder up to date; StoreTooNew where a newer leadbench wrote it."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (number INTEGER NOT NULL, name VARCHAR NOT NULL)")
    row = connection.execute("SELECT coalesce(max(number), 0) FROM schema_version").fetchone()
    version, steps = (row[0] if row else 0), known_migrations()
    if steps and version > steps[-1].number:
        raise StoreTooNew(directory, version, steps[-1].number)
    for step in pending(version, steps):
        _apply(connection, step)


def _apply(connection: duckdb.DuckDBPyConnection, step: Migration) -> None:
    connection.execute("BEGIN TRANSACTION")
    for statement in step.statements:
        connection.execute(statement)
    connection.execute("INSERT INTO schema_version VALUES (?, ?)", [step.number, step.name])
    connection.execute("COMMIT")
