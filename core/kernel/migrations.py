"""Numbered forward migrations: each file runs once, in order, in its own transaction."""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.kernel.errors import StoreTooNew

FOLDER = Path(__file__).with_name("migrations")
_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True)
class Migration:
    """One step of the schema: its number, its name and its statements."""

    number: int
    name: str
    statements: tuple[str, ...]


def known_migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All migrations in order of their numbers."""
    found = [(match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    steps = [Migration(int(match[1]), match[2], _statements(path.read_text())) for match, path in found]
    return tuple(sorted(steps, key=lambda step: step.number))


def _statements(text: str) -> tuple[str, ...]:
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return tuple(part.strip() for part in code.split(";") if part.strip())


def pending(version: int, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """The migrations that a store at `version` has not had yet."""
    return tuple(step for step in migrations if step.number > version)


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
