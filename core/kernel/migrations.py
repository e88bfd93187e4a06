"""Numbered forward migrations: each file runs once, in order, in its own transaction."""

import re
from dataclasses import dataclass
from pathlib import Path

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
