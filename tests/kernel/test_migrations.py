from datetime import UTC, datetime

import duckdb
import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.kernel.keys import KeyFile
from core.kernel.migrations import known_migrations, pending

CLOCK = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
STEPS = known_migrations()


def shape(database: Database) -> list[tuple]:
    query = "SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY ALL"
    return database.read(query).rows()


def test_the_numbers_run_without_a_gap():
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))


def test_only_later_steps_are_pending():
    assert pending(2, STEPS) == STEPS[2:]


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_every_earlier_store_is_upgraded(tmp_path, version):
    with Database.open(tmp_path / "new", CLOCK) as fresh:
        expected = shape(fresh)
    old = tmp_path / "old"
    old.mkdir()
    with duckdb.connect(str(old / "store.duckdb")) as connection:
        connection.execute("CREATE TABLE schema_version (number INTEGER NOT NULL, name VARCHAR NOT NULL)")
        for step in STEPS[:version]:
            for statement in step.statements:
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [step.number, step.name])
        connection.execute("INSERT INTO lead_keys VALUES ('kept', 'x'::BLOB)")
    KeyFile(old / "keys" / "master.key").create()
    with Database.open(old, CLOCK) as upgraded:
        assert shape(upgraded) == expected
        assert upgraded.scalar("SELECT lead_id FROM lead_keys") == "kept"
